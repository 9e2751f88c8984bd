"""How well each beat measure tells a dancer's own music from other music.

``python benchmarks/measures_worth.py NAME=FOLDER ... [--made N] -o DANCES [--summary TABLE]``
reads every ``FOLDER/*.npz``, a dance to music whose beats are known: ``keypoints_coco17`` (T, 17,
2 or more), pixels or any unit; ``fps``; ``beats`` in seconds; and optionally ``group`` (a name:
dances of one group count as one), ``genre``, and ``phase_known``, false where only the tempo of
the beats is known. ``--made N`` adds N made dances, one to each of N made songs, under the name
"made". Each measure is taken of the dance with its own beats and with

- beats of other tempi (`choreo.beats.locking.DETUNED`), each at 8 phases;
- its own beats later by 1/8 to 7/8 of a beat;
- the beats of up to 8 dances of the folder with another tempo ("songs").

An area is the share of the others that score less: the area under the curve of one dance, 0.5
where a measure tells nothing. Measures of beats come twice: raw, and less their chance level, the
mean over circular shifts of the dance against the same beats; fast music is near every moment,
so that raw scores are of the tempo, too. ``-o`` keeps every dance's areas; a dance that it has
is not measured again (delete it to begin anew), and without a folder the tables are of what it
has. Printed are means over groups, with intervals of 2,000 resamplings of groups; ``--summary``
keeps the rows that stand for a metric of Table 2x.
"""

import argparse
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from choreo.beats.locking import DETUNED, LEVELS, hit_locking, phase_locking
from choreo.beats.motion import speed_drops
from choreo.evaluation.alignment import F_TOLERANCE, SIGMA, motion_tempo, tempi_agree
from choreo.evaluation.beat_scores import TOLERANCE
from choreo.evaluation.listening import OTHER_SONGS
from choreo.evaluation.others import published, right
from choreo.synth.clips import make_truth
from choreo.synth.kinds import KINDS
from choreo.synth.names import PREFIX

RATE = 10
"""Poses a second, as the thesis's dataset has them, beside the dances' own rate."""
PHASES = np.arange(8) / 8
SHIFTS = 32
"""Circular shifts of a dance for the chance level, spread by the golden ratio."""
TEMPO_APART = 0.03
"""Share by which the tempo of another song differs at least."""
SEED = 14
"""Of the made dances."""
AGAINST = ("tempi", "shifted", "songs")
_ROUNDING = 1e-9


def hits(motion, music):
    """Share of motion beats within the thesis's tolerance of a music beat."""
    return (_gaps(motion, music).min(-1) <= TOLERANCE + _ROUNDING).mean(-1)


def f_measure(motion, music):
    """F-measure of motion beats at 70 ms, of music whose beats are 140 ms apart or more."""
    # A motion beat is near one music beat at most, so that those which have any are matched.
    matched = (_gaps(motion, music).min(-2) <= F_TOLERANCE + _ROUNDING).sum(-1)
    return 2 * matched / (motion.shape[-1] + _count(music))


def to_music(motion, music):
    """Mean closeness of the motion beats to the music's."""
    return _close(_gaps(motion, music).min(-1)).mean(-1)


def to_motion(motion, music):
    """Mean closeness of the music beats to the motion's."""
    return _close(_gaps(motion, music).min(-2)).sum(-1) / _count(music)


def _gaps(motion, music):
    """Seconds between motion beats (..., m) and music beats (..., k): shape (..., m, k)."""
    return np.abs(motion[..., :, None] - music[..., None, :])


def _close(seconds):
    return np.exp(-((seconds / SIGMA) ** 2) / 2)


def _count(music):
    return np.maximum(np.isfinite(music).sum(-1), 1)


@dataclass(frozen=True)
class Measure:
    """A measure of motion beats against music beats.

    Attributes
    ----------
    text : str
    motion : callable
        Poses (T, J, 2) and frames a second -> seconds of motion beats.
    score : callable
        Motion beats (..., m) and music beats (..., k) in seconds, infinite behind the last ->
        values of shape (...).
    metric : str or None
        Its name in `choreo.evaluation.metrics`, where Table 2x has it, over chance.
    drops : tuple of (str, str)
        What it is compared with, and the name there of what is lost with that.
    published : bool
        Whether it takes 60 frames a second, and music beats for whole frames, as released.
    """

    text: str
    motion: Callable
    score: Callable
    metric: str | None = None
    drops: tuple = ()
    published: bool = False


def _drops(poses, fps):
    return np.flatnonzero(speed_drops(poses[None])[1][0]) / fps


def _mint(poses, _):
    return published.mint_beats(poses) / published.FPS


def _bailando(poses, _):
    return published.bailando_beats(poses) / published.FPS


MEASURES = (
    Measure(
        "hit rate (thesis, 0.15 s)",
        _drops,
        hits,
        "beat_hit_rate",
        (("songs", "hit_drop_other"), ("shifted", "hit_drop_shifted")),
    ),
    Measure("F-measure (70 ms)", _drops, f_measure, "f_measure"),
    Measure("beat alignment, motion to music", _drops, to_music, "motion_to_music"),
    Measure("beat alignment, music to motion", _drops, to_motion, "music_to_motion"),
    Measure("published, motion to music (AIST++)", _mint, to_music, published=True),
    Measure("published, music to motion (Bailando)", _bailando, to_motion, published=True),
    Measure("put right, motion to music", right.motion_beats, to_music),
    Measure("put right, music to motion", right.motion_beats, to_motion),
)
LOCKING = "phase locking"
HITS = "phase of sharp hits"
SIGNALS = ("height", "knees", "hands", "feet", "speed")
"""Of `choreo.beats.locking.rhythm_signals`."""
METRICS = {
    (LOCKING, "tempi"): "phase_locking",
    (LOCKING, "songs"): "locking_drop_other",
    ("tempo agreement", "tempi"): "tempo_agreement",
    ("beat coverage", "tempi"): "beat_coverage",
}
"""Measure and what it is compared with -> name in `choreo.evaluation.metrics`."""
for _measure in MEASURES:
    if _measure.metric:
        METRICS[f"{_measure.text}, over chance", "tempi"] = _measure.metric
    METRICS |= {(_measure.text, against): name for against, name in _measure.drops}
COLUMNS = (
    (LOCKING, "tempi"),
    (LOCKING, "songs"),
    *((f"{LOCKING}, level {level:g}", "tempi") for level in LEVELS),
    *((f"{LOCKING}, {signal}", "tempi") for signal in SIGNALS),
    (HITS, "tempi"),
    *((f"{HITS}, level {level:g}", "tempi") for level in LEVELS),
    *((name, key) for name in ("tempo agreement", "beat coverage") for key in ("tempi", "songs")),
    *((m.text, key) for m in MEASURES for key in AGAINST),
    # The own music has the same chance level later.
    *((f"{m.text}, over chance", key) for m in MEASURES for key in ("tempi", "songs")),
)
"""Measure and what it is compared with."""


@dataclass(frozen=True)
class Dance:
    """A dance to music whose beats are known; `poses` (T, 17, 2), `beats` in seconds."""

    dancers: str
    name: str
    group: str
    genre: str
    poses: np.ndarray
    fps: float
    beats: np.ndarray
    phase_known: bool = True

    @property
    def step(self):
        """Seconds of a beat."""
        return float(np.median(np.diff(self.beats)))


def main():
    """Measure every dance and print the tables."""
    parser = arguments(__doc__)
    parser.add_argument("--only", default="", metavar="REGEX", help="print dances of such names")
    parser.add_argument(
        "--groups", metavar="REGEX", help="what it finds in a group's name is the group"
    )
    parser.add_argument(
        "--values",
        action="store_true",
        help="only print what the scores put right have over chance",
    )
    options = parser.parse_args()
    known = set()
    if options.output.exists():
        known = set(pd.read_csv(options.output)[["dancers", "dance"]].itertuples(index=False))
    sets = given(options)
    if options.values:
        print(over_chance(sets).to_string(index=False, float_format="%.3f"))
        return
    for dances in sets:
        for dance in dances:
            if (dance.dancers, dance.name) in known:
                continue
            measured(dance, dances).to_csv(
                options.output,
                mode="a",
                header=not options.output.exists(),
                index=False,
                float_format="%.4f",
            )
    table = pd.read_csv(options.output)
    if options.summary:
        stands = summary(table).query("metric != ''")
        stands.to_csv(options.summary, index=False, float_format="%.4f")
    table = table[table.dance.str.contains(options.only)]
    if options.groups:
        table["group"] = table.group.str.extract(f"({options.groups})", expand=False)
    print(summary(table).to_string(index=False, float_format="%.3f"))
    print(genres(table).to_string(index=False, float_format="%.3f"))


def arguments(text):
    """What both benchmarks of worth are told, of which `text` says what they are."""
    parser = argparse.ArgumentParser(description=text.split("\n")[0])
    parser.add_argument("folders", nargs="*", metavar="NAME=FOLDER")
    parser.add_argument("--made", type=int, default=0, metavar="N", help="made dances")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="every dance's areas (.csv)"
    )
    parser.add_argument("--summary", type=Path, help="also write the means here (.csv)")
    return parser


def given(options):
    """The sets of dances that the arguments name."""
    sets = [stored(*text.partition("=")[::2]) for text in options.folders]
    return [*sets, made(options.made)] if options.made else sets


def stored(dancers, folder):
    """The dances of a folder."""
    dances = []
    for path in sorted(Path(folder).glob("*.npz")):
        with np.load(path) as file:
            dances.append(
                Dance(
                    dancers,
                    path.stem,
                    str(file["group"]) if "group" in file else path.stem,
                    str(file["genre"]) if "genre" in file else "",
                    file["keypoints_coco17"][..., :2].astype(float),
                    float(file["fps"]),
                    file["beats"].astype(float),
                    bool(file["phase_known"]) if "phase_known" in file else True,
                )
            )
    return dances


def made(count):
    """Made dances, whose songs are of all kinds in turn."""
    kinds, dances = list(KINDS), []
    for number in range(count):
        kind = kinds[number % len(kinds)]
        song = f"{kind}-worth-{number // len(kinds):02d}"
        track, music = make_truth(f"{PREFIX}{song}/worth{number:03d}/1", seed=SEED)
        dances.append(
            Dance("made", song, song, kind, track.keypoints.astype(float), track.fps, music.beats)
        )
    return dances


def resampled(keypoints, fps, rate):
    """Poses at another rate, on lines between the frames."""
    at = np.arange(0, (len(keypoints) - 1) / fps, 1 / rate) * fps
    before = np.minimum(np.floor(at).astype(int), len(keypoints) - 2)
    share = (at - before)[:, None, None]
    return keypoints[before] * (1 - share) + keypoints[before + 1] * share


def measured(dance, dances):
    """A dance's areas: one row a rate, a column for each measure and what it is compared with."""
    songs = other_songs(dance, dances)
    about = {"dancers": dance.dancers, "genre": dance.genre, "group": dance.group}
    rows = []
    for rate, poses, fps in (
        ("own", dance.poses, dance.fps),
        (f"{RATE}", resampled(dance.poses, dance.fps, RATE), RATE),
    ):
        found = worths(poses, fps, dance.beats, songs, dance.phase_known)
        areas = {f"{name} | {against}": found[name, against] for name, against in COLUMNS}
        rows.append(about | {"dance": dance.name, "rate": rate} | areas)
    return pd.DataFrame(rows)


def other_songs(dance, dances):
    """First beat and step of other songs that a dance is laid under, at most `OTHER_SONGS`."""
    tempi = {round(other.step, 4): float(other.beats[0]) for other in dances}
    steps = sorted(tempi)
    at = np.searchsorted(steps, dance.step)
    apart = [step for step in steps[at:] + steps[:at] if abs(step / dance.step - 1) > TEMPO_APART]
    return [(tempi[step], step) for step in apart[:OTHER_SONGS]]


def regular(first, step, phase, seconds):
    """Beats a step apart from the start to the end, the first later by a share of a step.

    Music that begins later than its first beat's step begins there.
    """
    start = 0.0 if first < step else first
    return np.arange(start + (first - start + phase * step) % step, seconds, step)


def worths(poses, fps, beats, songs=(), phase_known=True):
    """Areas of every measure of one dance.

    Parameters
    ----------
    poses : ndarray, shape (T, 17, 2)
    fps : float
    beats : ndarray
        Seconds.
    songs : sequence of (float, float)
        First beat and step of other songs.
    phase_known : bool
        Whether it is known where the beats are, and not only their tempo.

    Returns
    -------
    dict of (str, str) to float
        By `COLUMNS`, NaN where there is none.
    """
    seconds = len(poses) / fps
    step = float(np.median(np.diff(beats)))
    found = {}
    locked = phase_locking(poses, fps, beats, "coco17")
    lost = [
        phase_locking(poses, fps, regular(first, of, 0, seconds), "coco17").above
        for first, of in songs
    ]
    found[LOCKING] = {"tempi": locked.above, "songs": less(locked.above, lost)}
    sharp = hit_locking(poses, fps, beats, "coco17")
    found[HITS] = {"tempi": sharp.above}
    for name, one in ((LOCKING, locked), (HITS, sharp)):
        for level in LEVELS:
            found[f"{name}, level {level:g}"] = {"tempi": one.level_above.get(level, np.nan)}
    for signal in SIGNALS:
        found[f"{LOCKING}, {signal}"] = {"tempi": locked.signal_above.get(signal, np.nan)}
    danced = motion_tempo(poses[None], fps)[0]
    steps = {"tempi": step / DETUNED, "songs": np.array([of for _, of in songs])}
    found["tempo agreement"] = {
        against: less(tempi_agree(danced, 60 / step), tempi_agree(danced, 60 / others))
        for against, others in steps.items()
    }
    if phase_known:
        found |= beat_worths(poses, fps, beats, songs, seconds)
    return {
        (name, against): float(found.get(name, {}).get(against, np.nan))
        for name, against in COLUMNS
    }


def beat_worths(poses, fps, beats, songs, seconds):
    """Areas of the measures that compare motion beats with music beats."""
    step, first = float(np.median(np.diff(beats))), float(beats[0])
    music = {
        "own": beats[None],
        "tempi": _padded([regular(first, step / t, p, seconds) for t in DETUNED for p in PHASES]),
        "shifted": _padded([regular(first, step, p, seconds) for p in PHASES[1:]]),
        "songs": _padded([regular(begin, of, 0, seconds) for begin, of in songs]),
    }
    music = {key: rows for key, rows in music.items() if len(rows)}
    # Motion beats a music beat: the same motion to music of another tempo.
    covered = {key: 1 / _count(rows) for key, rows in music.items() if key != "shifted"}
    found = {"beat coverage": _areas(covered)}
    drawn = np.modf(np.arange(1, SHIFTS + 1) * (np.sqrt(5) - 1) / 2)[0][:, None]
    for measure in MEASURES:
        rate, danced, given = fps, poses, music
        if measure.published:
            rate, danced = published.FPS, resampled(poses, fps, published.FPS)
            given = {key: in_frames(rows, len(danced)) for key, rows in music.items()}
        moved = np.asarray(measure.motion(danced, rate), float)
        if not len(moved):
            raw = over = {key: np.zeros(len(rows)) for key, rows in given.items()}
        else:
            shifted = (moved + np.rint(drawn * seconds * rate) / rate) % seconds
            raw, over = {}, {}
            for key, rows in given.items():
                raw[key] = measure.score(moved, rows)
                # Over all shifts it is the same whatever the phase.
                one = rows[:: len(PHASES)] if key == "tempi" else rows
                chance = np.array([measure.score(shifted, row).mean() for row in one])
                over[key] = raw[key] - np.repeat(chance, len(rows) // len(one))
        found[measure.text] = _areas(raw)
        found[f"{measure.text}, over chance"] = _areas(over)
    return found


def in_frames(music, frames):
    """Music beats as the released code takes them: whole frames of 60 a second in the dance."""
    at = np.rint(music * published.FPS)
    return np.sort(np.where((at >= 0) & (at < frames), at / published.FPS, np.inf), axis=-1)


def _padded(rows):
    """Rows of beats as one array, infinite behind the last beat of each."""
    found = np.full((len(rows), max((len(row) for row in rows), default=0)), np.inf)
    for values, row in zip(found, rows):
        values[: len(row)] = row
    return found


def _areas(values):
    return {key: less(values["own"][0], of) for key, of in values.items() if key != "own"}


def less(own, others, weights=None):
    """Share of others that are less than the own one; equal ones count half."""
    others = np.asarray(others, float)
    known = np.isfinite(others)
    if not known.any() or np.isnan(own):
        return np.nan
    difference = float(own) - others[known]
    won = (difference > _ROUNDING) + (np.abs(difference) <= _ROUNDING) / 2
    return np.average(won, weights=None if weights is None else weights[known])


def summary(table):
    """Mean areas over groups with their intervals, one row of dancers, rate and measure."""
    rows = []
    for (dancers, rate), part in table.groupby(["dancers", "rate"]):
        for measure, against in COLUMNS:
            row = {"dancers": dancers, "metric": METRICS.get((measure, against), "")}
            row |= {"measure": measure, "against": against, "rate": rate}
            row |= interval(part, f"{measure} | {against}", f"{measure}{rate}")
            if row["dances"]:
                rows.append(row)
    return pd.DataFrame(rows).sort_values(
        ["dancers", "rate", "against", "area"], ascending=[True, True, False, False], kind="stable"
    )


def genres(table):
    """The same of phase locking and of sharp hits for each genre."""
    rows = []
    known = table[table.genre.fillna("").ne("")]
    for measure in (LOCKING, HITS):
        for key, part in known.groupby(["dancers", "rate", "genre"]):
            row = {"measure": measure} | dict(zip(("dancers", "rate", "genre"), key, strict=True))
            rows.append(row | interval(part, f"{measure} | tempi", measure + "".join(key)))
    return pd.DataFrame(rows)


def over_chance(sets):
    """The field's scores put right, less their chance: means over groups with their intervals."""
    rows = []
    for dance in (dance for dances in sets for dance in dances):
        poses = resampled(dance.poses, dance.fps, published.FPS)
        moved = right.motion_beats(poses, published.FPS)
        both = right.alignment_over_chance(moved, dance.beats, len(poses), published.FPS)
        found = {name: value for name, (value, _) in both.items()}
        rows.append({"dancers": dance.dancers, "group": dance.group} | found)
    return pd.DataFrame(
        [
            {"dancers": dancers, "score": name, "mean of dances": part[name].mean()}
            | interval(part, name, dancers + name)
            for dancers, part in pd.DataFrame(rows).groupby("dancers")
            for name in found
        ]
    ).rename(columns={"area": "mean of groups"})


def interval(part, column, key):
    """Mean over groups with its 95% interval, and how many groups and dances there are."""
    groups = part.groupby("group")[column].mean().dropna().to_numpy()
    area = low = high = np.nan
    if len(groups):
        area = groups.mean()
        rng = np.random.default_rng(int(hashlib.sha256(key.encode()).hexdigest()[:8], 16))
        low, high = np.percentile(rng.choice(groups, (2000, len(groups))).mean(1), [2.5, 97.5])
    count = {"groups": len(groups), "dances": int(part[column].notna().sum())}
    return {"area": area, "low": low, "high": high} | count


if __name__ == "__main__":
    main()
