"""``choreo videos`` and ``choreo videos-table``."""

from pathlib import Path

from click import Choice

from choreo.cli.arguments import argument, given, json_option, option, path_option
from choreo.cli.command import verb
from choreo.cli.messages import say, tell
from choreo.cli.outputs import output
from choreo.cli.parameter_types import constant, setting, words
from choreo.config import Row, Videos
from choreo.errors import ItemError

STANDARDISE = "choreo.videos.standardise:standardise"
TABLE = "choreo.dataset.importers.aist:write_table"

VIDEOS = """\
examples:
  choreo videos phone.mov -o videos/                        phone.mp4, phone.wav, phone.json
  choreo videos class.mp4 --start 12 --end 72 -o videos/    one minute of it
"""

TABLES = """\
LIST has a name or an address of a video a line (gBR_sBM_c01_d04_mBR0_ch01), such as the
list of all videos on https://aistdancedb.ongaaccel.jp; AIST++'s lists of sequences (cAll in
the place of the camera) do as well. Videos may be downloaded by whoever accepts AIST's
terms of use.

example:
  choreo videos-table video_list.txt -o config/lock.tsv --genres LO,HO --dancers d13,d20

A study has its table under `table`: copy config/aist.yaml and name it there.
"""


def _own_or_rate(text):
    return None if text == "own" else setting(Videos, "fps")(text)


fps_option = option(
    "--fps",
    type=_own_or_rate,
    metavar="RATE",
    of=STANDARDISE,
    help="frames a second (default `own`: the video's even rate; one of a variable rate gets 60)",
)


def standardised(name, folder):
    """Paths of what `standardise` writes; dots of the name are kept."""
    kinds = {"video": ".mp4", "audio": ".wav", "probe": ".json"}
    return {kind: Path(folder, name + suffix) for kind, suffix in kinds.items()}


@verb(epilog=VIDEOS)
@argument("video", help="any file that ffmpeg reads")
@output(
    "DIR",
    "folder for NAME.mp4, NAME.wav and NAME.json (the probe)",
    what="a video",
    files=lambda options, folder: list(standardised(options.video.stem, folder).values()),
)
@option(
    "--start",
    type=setting(Row, "start"),
    of=STANDARDISE,
    help="seconds into the video where the clip begins",
)
@option(
    "--end", type=setting(Row, "end"), of=STANDARDISE, help="seconds into the video where it ends"
)
@fps_option
@option(
    "--channels",
    type=Choice(constant("choreo.videos.audio:CHANNELS")),
    of=STANDARDISE,
    help="how the song is made mono (left: as dataset.method released)",
)
@option(
    "--height",
    type=setting(Videos, "height"),
    of=STANDARDISE,
    help="scale to this height in pixels",
)
@json_option
def videos(video, output, **settings):
    """Standardise a video: upright, constant frame rate, H.264, 16 kHz mono sound."""
    from choreo.videos.standardise import standardise

    files = standardised(video.stem, output)
    if not given("force"):
        _check_same_source(files["probe"], video)
    probe = standardise(video, **files, **settings, require_sound=False, min_seconds=0.0)
    even = probe["source"]["fps_even"]
    own = "no constant rate from 10 to 60" if even is None else f"{even:g} fps"
    lines = (
        f"{files['video']}: {probe['frames']} frames of {probe['width']}x{probe['height']} "
        f"at {probe['fps']:g} fps (the source has {own})"
    )
    say(probe, [lines])


def _check_same_source(probe, video):
    """Refuse to replace what was made of another video of the same name."""
    from choreo.files import sha256
    from choreo.files.outside import load_json, reading

    if not (probe.is_file() and video.is_file()):
        return
    with reading(probe, "a probe", remedy="Name another folder, or delete it"):
        made_of = load_json(probe, "a probe")["source"]
        name, digest = made_of["name"], made_of.get("sha256")
        same = (name, made_of["bytes"]) == (video.name, video.stat().st_size)
    # Cameras give the same names again, and without compression the same lengths.
    if not same or digest != sha256(video):
        raise ItemError(
            "this was made of another video of this name",
            where=probe,
            value=name,
            remedy="Name another folder, or give --force to replace it",
        )


@verb("videos-table", epilog=TABLES)
@argument("list", help="text file; see below")
@output("TABLE", "a .tsv", what="a videos table", suffixes=(".tsv",))
@option("--genres", type=words, metavar="G,G", of=TABLE, help="such as BR,HO (default: all)")
@option("--dancers", type=words, metavar="D,D", of=TABLE, help="such as d04 (default: all)")
@option("--camera", metavar="NAME", of=TABLE, help="c01 is in front")
@path_option(
    "--lists", metavar="DIR", help="AIST++'s splits/ and ignore_list.txt: fills the column `split`"
)
def videos_table(list, output, lists, **chosen):
    """Make a videos table of solo dances from the AIST Dance Video Database's names."""
    from choreo.dataset.importers.aist import read_names, read_splits, write_table

    if not list.is_file():
        raise ItemError(
            "a folder, not a list" if list.is_dir() else "no such list",
            where=list,
            remedy="It can be had from https://aistdancedb.ongaaccel.jp (all videos) or "
            "https://google.github.io/aistplusplus_dataset (AIST++'s splits)",
        )
    names = read_names(list)
    if not names:
        raise ItemError("the list holds no name", where=list, remedy="Write one a line")
    count = write_table(names, output, **chosen, splits=read_splits(lists) if lists else None)
    tell(f"{output}: {count} videos")
