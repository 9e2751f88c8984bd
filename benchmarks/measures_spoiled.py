"""How well each measure that hears no music tells a real dance from a dance that is spoiled.

``python benchmarks/measures_spoiled.py NAME=FOLDER ... [--made N] -o DANCES [--summary TABLE]``
reads dances as ``measures_worth.py`` does (beats are not used) and brings them to the dataset's
canvas at 10 poses a second, in segments of 5 s. Each is spoiled a little in five ways (`SPOILT`).
Dancers are halved: what is real is told by the one half, dances of the other are measured, and
the other way round, so that the extractor of features has seen no dance that it measures.

An area is the share of real dances, of other groups, that have less of a measure, all of which
damage raises, than the spoiled one, each group weighing alike: the area under the curve of one
dance, 0.5 where a measure tells nothing, as it is for dances that are not spoiled. For the FID,
which one dance has not, it is the squared distance of its mean features from the other half's.
``-o`` keeps every dance's areas; ``--summary`` keeps their means over groups with 95% intervals,
of each way and of all that a measure is meant to notice.
"""

import re
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from measures_worth import arguments, given, interval, less

from choreo.dataset.normalise import normalise
from choreo.evaluation.extractor import train_extractor
from choreo.evaluation.invention import measure_invention
from choreo.evaluation.metrics import METRICS
from choreo.evaluation.motion_quality import motion_quality
from choreo.evaluation.segments import Segments, join, segments_from_chunks
from choreo.evaluation.sensitivity import damage
from choreo.pose.skeletons import OPENPOSE18
from choreo.pose.track import PoseTrack
from choreo.rates import CHUNK_SECONDS

SPOILT = {"jitter": 2.0, "freeze": 0.2, "swap": 0.1, "tempo": 1.2, "copied": 0.4}
"""Way -> how much: pixels of noise (a dancer is 200 high), share of each segment that is frozen,
of frames with left and right swapped, how many times as fast, share of each segment that is
laid over with a stretch of a dance of the other half."""
NOTICES = {
    "frechet": ("jitter", "freeze", "swap", "tempo"),
    "copied_share": ("copied",),
    **{n: METRICS[n].notices for n in ("energy", "jerk", "freeze", "limb_drift", "foot_sliding")},
}
"""Metric -> the ways that it is meant to notice."""
MEANT, UNSPOILT = "meant to notice", "not at all"
SEED = 1
_SIZE = 100.0


@dataclass(frozen=True)
class Dances:
    """Segments of dances.

    Attributes
    ----------
    about : pandas.DataFrame
        `dancers`, `genre`, `group` and `dance`, one row a dance.
    real, faster : Segments
        As danced, and played faster; `dances` are places in `about`.
    """

    about: pd.DataFrame
    real: Segments
    faster: Segments


def main():
    """Measure every dance and print the means."""
    options = arguments(__doc__).parse_args()
    if sets := given(options):
        table = pd.concat([measured(segmented(dances)) for dances in sets], ignore_index=True)
        table.to_csv(options.output, index=False, float_format="%.4f")
    found = summary(pd.read_csv(options.output))
    if options.summary:
        found.to_csv(options.summary, index=False, float_format="%.4f")
    print(found.to_string(index=False, float_format="%.3f"))


def segmented(dances):
    """Dances on the dataset's canvas, without those too short for a segment when faster.

    Parameters
    ----------
    dances : list of measures_worth.Dance

    Returns
    -------
    Dances
    """
    about, real, faster = [], [], []
    for dance in dances:
        pair = [_segments(dance, pace, len(about)) for pace in (1.0, SPOILT["tempo"])]
        if all(map(len, pair)):
            keys = ("dancers", "genre", "group")
            about.append({key: getattr(dance, key) for key in keys} | {"dance": dance.name})
            real.append(pair[0])
            faster.append(pair[1])
    return Dances(pd.DataFrame(about), join(real), join(faster))


def _segments(dance, pace, number):
    poses = dance.poses * _SIZE / max(np.ptp(dance.poses[:, :, 1], axis=1).max(), 1e-9)
    if poses[:, 0, 1].mean() > poses[:, 15:, 1].mean():  # y goes upwards
        poses = poses * (1, -1)
    scores = np.ones(poses.shape[:2])
    clip = normalise(PoseTrack(poses, scores, dance.fps * pace, (640, 320), "coco17", {}))
    frames = round(CHUNK_SECONDS * clip.fps)
    count = len(clip.poses) // frames
    return segments_from_chunks(
        clip.poses[: count * frames].reshape(count, frames, len(OPENPOSE18), 2),
        [str(number)] * count,
        canvas=clip.canvas,
        fps=clip.fps,
    )


def measured(dances):
    """Areas of every dance.

    Parameters
    ----------
    dances : Dances

    Returns
    -------
    pandas.DataFrame
        `about` of the dances, and of each metric and way a column ``metric | way``.
    """
    halves = halved(dances.about.group)
    areas = [{} for _ in halves]
    for half in (0, 1):
        mine = np.flatnonzero(halves == half)
        own = _of(dances.real, mine)
        other = _of(dances.real, np.flatnonzero(halves != half))
        extractor = train_extractor(other.pixels, other.songs, seed=SEED)
        centre = extractor.features(other.pixels).mean(0)
        spoilt = {way: spoil(own, other, way) for way in SPOILT if way != "tempo"}
        spoilt["tempo"] = _of(dances.faster, mine)
        away = {
            way: values(part, other, extractor, centre)
            for way, part in {UNSPOILT: own, **spoilt}.items()
        }
        groups = dances.about.group.to_numpy()[mine]
        # Every group counts alike, as it does in the means: else who dances much is the measure.
        weights = 1 / np.array([(groups == group).sum() for group in groups])
        for place, dance in enumerate(mine):
            others = groups != groups[place]
            for way, found in away.items():
                for metric, far in found.items():
                    real = away[UNSPOILT][metric][others]
                    areas[dance][f"{metric} | {way}"] = less(far[place], real, weights[others])
    return pd.concat([dances.about, pd.DataFrame(areas)], axis=1)


def halved(groups):
    """0 or 1 for each group: dancers in turn, where the groups name them, else groups."""
    dancers = [(re.findall(r"_(d\d\d)_", group) or [group])[0] for group in groups]
    number = {dancer: k for k, dancer in enumerate(sorted(set(dancers)))}
    return np.array([number[dancer] % 2 for dancer in dancers])


def spoil(own, other, way):
    """Segments spoiled in a way of `SPOILT` other than the tempo, `other` being there to copy."""
    if way != "copied":
        return damage(own, None, way, SPOILT[way], seed=SEED)[0]
    rng = np.random.default_rng(SEED)
    pixels = own.pixels.copy()
    frames = round(SPOILT[way] * pixels.shape[1])
    first = rng.integers(0, pixels.shape[1] - frames + 1, len(pixels))
    source = rng.integers(0, len(other), len(pixels))
    for segment, at, of in zip(pixels, first, source, strict=True):
        segment[at : at + frames] = other.pixels[of, at : at + frames]
    return replace(own, pixels=pixels)


def values(segments, training, extractor, centre):
    """Every metric of each dance, shape (dances,)."""
    each = motion_quality(segments) | measure_invention(segments, training)
    each["frechet"] = extractor.features(segments.pixels)
    rows = [segments.dances == dance for dance in dict.fromkeys(segments.dances.tolist())]
    found = {
        metric: np.array([_mean(np.asarray(each[metric], float)[own]) for own in rows])
        for metric in NOTICES
    }
    return found | {"frechet": np.square(found["frechet"] - centre).sum(1)}


def _mean(part):
    known = np.isfinite(part)
    # A dance without a planted foot has no foot sliding.
    return part.mean(0) if known.all() else part[known].mean() if known.any() else np.nan


def _of(segments, dances):
    return segments.take(np.isin(segments.dances, [str(dance) for dance in dances]))


def summary(table):
    """Mean areas over groups with their intervals, one row of dancers, metric and way."""
    rows = []
    for dancers, part in table.groupby("dancers", sort=False):
        for metric, meant in NOTICES.items():
            part = part.assign(**{MEANT: part[[f"{metric} | {way}" for way in meant]].mean(axis=1)})
            for way in (MEANT, UNSPOILT, *SPOILT):
                column = way if way == MEANT else f"{metric} | {way}"
                row = {"dancers": dancers, "metric": metric, "spoilt": way}
                rows.append(row | interval(part, column, f"{metric}{way}"))
    return pd.DataFrame(rows)


if __name__ == "__main__":
    main()
