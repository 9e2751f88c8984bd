"""How well picture and sound agree after every stage, for many kinds of files.

``python benchmarks/synchrony.py [-o docs/synchrony] [--minutes 10]`` makes clips that flash
and click together, takes each through `videos`, cleaning and `dataset`, at the default frame
rate and (what is not 30 or 60 fps) at 30, and writes a table (.md, .csv) and a figure (.png).
About five minutes on one core.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

from choreo import figures
from choreo.files import whole, write_text
from choreo.tables import Table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "videos"))
from flash_and_click import chain, make, phone
from made_clips import encoders, ffmpeg

_LOST = (
    [3000 * (k + 10 * (k >= 150)) for k in range(350)],
    "(N+gte(N,150)*10)*3000",
)
KINDS = {
    "23.976 fps": {"rate": "24000/1001"},
    "24 fps": {"rate": "24"},
    "25 fps": {"rate": "25"},
    "29.97 fps": {"rate": "30000/1001"},
    "30 fps": {},
    "50 fps": {"rate": "50"},
    "59.94 fps": {"rate": "60000/1001"},
    "60 fps": {"rate": "60"},
    "12 fps": {"rate": "12"},
    "variable, 15 to 60 fps": {"phone": True},
    "rotated by 90°": {"rotated": 90},
    "sound 0.7 s late": {"late": 0.7},
    "44.1 kHz, mono": {"channels": 1},
    "48 kHz, 5.1": {"sample_rate": 48_000, "channels": 6},
    "16 kHz, mono": {"sample_rate": 16_000, "channels": 1},
    "pictures lost, the last too": {"ticks": _LOST, "early_end": 20},
    "HEVC": {"encoder": "libx265"},
    "VP9": {"encoder": "libvpx-vp9"},
    "AV1": {"encoder": "libsvtav1"},
    "matroska, Opus": {"container": "mkv", "sound_encoder": "libopus", "sample_rate": 48_000},
}
# Sources that 30 fps moves in time.
AT_30 = ["23.976 fps", "24 fps", "25 fps", "29.97 fps", "50 fps", "59.94 fps", "12 fps"]
AT_30 += ["variable, 15 to 60 fps"]
KINDS |= {f"{name}, at 30": KINDS[name] | {"fps": 30.0} for name in AT_30}
LONG = {
    "variable, 15 to 60 fps": {"phone": True},
    "29.97 fps, at 30": {"rate": "30000/1001", "fps": 30.0},
}
INTRODUCTION = """\
# Offsets of picture and sound

Does a pose in the dataset still belong to its moment of the song? Clips of many kinds, in which a
light flashes and a click sounds at known times, go through the whole pipeline
([videos](videos.md#from-the-file-to-the-dataset)). Each number is how many milliseconds later than
that something is found; a frame at 30 fps lasts 33. *Largest* is without its sign.

![Offsets of every kind of clip, a dot a flash, and over ten minutes](synchrony.png)

"""
COLUMNS = {
    "flash": "Flash",
    "picture": "Picture",
    "held": "Seen",
    "sound": "Click",
    "pose": "Pose",
    "chunk_sound": "Chunk's sound",
}


def measure(name, kind, folder):
    """Offsets of one kind, or None where the ffmpeg at hand can't make it."""
    kind = dict(kind)
    needs = {kind.get("encoder", "libx264"), kind.get("sound_encoder", "aac")}
    if not needs <= encoders():
        print(f"{name}: this ffmpeg can't make it")
        return None
    rotated, container = kind.pop("rotated", None), kind.pop("container", "mp4")
    fps = kind.pop("fps", None)
    if kind.pop("phone", False):
        kind["ticks"] = phone(kind["seconds"])
    clip, times = make(folder / f"clip.{container}", **kind)
    if rotated:
        clip = folder / "turned.mp4"
        ffmpeg("-display_rotation", rotated, "-i", folder / "clip.mp4", "-c", "copy", clip)
    return chain(clip, times, folder / "out", fps)


def table(found):
    """Tabulate offsets: mean and largest of each kind in milliseconds."""
    rows = []
    for name, offsets in found.items():
        row = {"kind": name, "flashes": len(offsets.times)}
        for column in COLUMNS:
            values = 1000 * getattr(offsets, column)
            row |= {
                f"{column}_mean_ms": values.mean() if len(values) else np.nan,
                f"{column}_largest_ms": np.abs(values).max() if len(values) else np.nan,
            }
        rows.append(row)
    headers = {"kind": "Source", "flashes": "Flashes"}
    for column, title in COLUMNS.items():
        headers[f"{column}_mean_ms"] = f"{title}: mean"
        headers[f"{column}_largest_ms"] = f"{title}: largest"
    return Table(
        pd.DataFrame(rows),
        "Time after the truth in milliseconds of what flashes and clicks together: in the "
        "standardised video and song, and in the dataset's chunks of poses and sound.",
        headers,
        formats={key: ".2f" for key in headers if key.endswith("ms")},
        notes=(
            "At the default rate (each source's own, 60 for the variable one) and, where it says "
            "so, at 30. Flash: the first frame of a light that is there at once. Picture: "
            "middle of a light that swells and fades, each picture counted once, when it begins. "
            "Seen: the same over all frames, later by half of what pictures stand longer than a "
            "frame. Pose: middle of a movement that goes with that light.",
        ),
    )


# Attribute of `Offsets`, what it is, mark, colour.
_MARKS = (
    ("sound", "click", "|", 0),
    ("flash", "flash", "v", 2),
    ("picture", "picture", "o", 5),
    ("chunk_sound", "click in the dataset", "x", 3),
    ("pose", "poses in the dataset", "s", 1),
)


def draw(found, long):
    """Offsets of every kind, and over the minutes of the long ones."""
    rows = len(found)
    with matplotlib.rc_context(figures.STYLE):
        figure, axes = figures.plt.subplot_mosaic(
            [["kinds", name] for name in long],
            figsize=(13, 0.34 * rows + 1.6),
            layout="constrained",
            width_ratios=[1, 1.1],
        )
        left = axes.pop("kinds")
        for place, (column, title, mark, colour) in enumerate(_MARKS):
            for row, offsets in enumerate(found.values()):
                values = 1000 * getattr(offsets, column)
                at = row + (place - 2) * 0.17
                _dots(left, values, at, mark, colour, None if row else title)
        left.axvspan(-10, 10, color="0.92", zorder=0)
        left.set(
            yticks=range(rows),
            yticklabels=list(found),
            xlim=(-25, 25),
            ylim=(rows - 0.4, -0.6),
            xlabel="ms after the truth",
            title="12 seconds of each kind",
        )
        for name, panel in axes.items():
            offsets = long[name]
            for column, _, mark, colour in (_MARKS[4], _MARKS[2], _MARKS[1], _MARKS[3]):
                per_flash = column in ("picture", "flash")
                at = (offsets.times if per_flash else offsets.chunk_times) / 60
                _dots(panel, at, 1000 * getattr(offsets, column), mark, colour, None, size=3)
            panel.axhspan(-10, 10, color="0.92", zorder=0)
            panel.set(ylim=(-20, 20), xlabel="minutes", ylabel="ms after the truth")
            panel.set_title(f"{name}, {offsets.times[-1] / 60:.0f} minutes")
        figure.legend(loc="outside lower center", ncols=5, handletextpad=0.1)
    return figure


def _dots(axes, x, y, mark, colour, label, size=5):
    axes.plot(
        x,
        np.broadcast_to(y, np.shape(x)),
        mark,
        color=figures.COLOURS[colour],
        fillstyle="none",
        markersize=size,
        linestyle="none",
        label=label,
    )


def main():
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/synchrony"))
    parser.add_argument("--minutes", type=float, default=10.0, help="of the long clips")
    parser.add_argument("--only", help="only kinds whose name holds this")
    options = parser.parse_args()
    found, long = {}, {}
    for kinds, results, seconds in ((KINDS, found, 12.0), (LONG, long, 60 * options.minutes)):
        for name, kind in kinds.items():
            if options.only and options.only not in name:
                continue
            with tempfile.TemporaryDirectory() as folder:
                offsets = measure(name, {"seconds": seconds, **kind}, Path(folder))
            if offsets is not None:
                results[name] = offsets
                print(f"{name}: {len(offsets.times)} flashes", file=sys.stderr)
    minutes = f" over {options.minutes:g} minutes"
    result = table(found | {name + minutes: offsets for name, offsets in long.items()})
    print(result.markdown())
    for suffix, text in (
        (".md", INTRODUCTION + result.markdown()),
        (".csv", result.frame.to_csv(index=False, lineterminator="\n")),
    ):
        write_text(options.output.with_suffix(suffix), text)
    with whole(options.output.with_suffix(".png")) as temporary:
        draw(found, long).savefig(temporary, metadata={"Software": None}, dpi=110)


if __name__ == "__main__":
    main()
