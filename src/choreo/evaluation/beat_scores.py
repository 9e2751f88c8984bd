"""Beat coverage and beat hit rate (Lee et al. 2019, thesis section 4.4), and their chance.

All functions take one entry a *segment*: a chunk of a dance and the music under it.
"""

from dataclasses import dataclass

import numpy as np

from choreo.errors import ItemError
from choreo.statistics.summaries import mean, ratio

TOLERANCE = 0.15
"""Seconds between a motion beat and a music beat that still count as aligned.

The thesis's text gives none; this is its released code's."""
_ROUNDING = 1e-9


@dataclass(frozen=True)
class BeatCounts:
    """Beats of every segment; each field but `tolerance` is an array of shape (N,).

    Attributes
    ----------
    music : ndarray of int
        Music beats that coverage is measured against.
    motion : ndarray of int
        Motion beats.
    aligned : ndarray of int
        Motion beats within `tolerance` of a music beat.
    chance : ndarray of float
        Mean of `aligned` when the motion beats of the segment are shifted round by every
        whole number of frames but 0.
    tolerance : float
        Seconds.
    """

    music: np.ndarray
    motion: np.ndarray
    aligned: np.ndarray
    chance: np.ndarray
    tolerance: float = TOLERANCE


def count_beats(motion, coverage, alignment, *, frames, fps, tolerance=TOLERANCE):
    """Count beats and aligned beats of every segment.

    Parameters
    ----------
    motion : list of ndarray
        Motion beats of each segment in seconds from its start.
    coverage, alignment : list of ndarray
        Its music beats; the same set twice in the method "thesis".
    frames : int
        Frames of a segment.
    fps : float
        Frames a second.
    tolerance : float
        Seconds.

    Returns
    -------
    BeatCounts

    Raises
    ------
    ItemError
        Where the lists differ in length.
    """
    if not len(motion) == len(coverage) == len(alignment):
        raise ItemError(
            "motion and music beats are of different segments",
            value=(len(motion), len(coverage), len(alignment)),
        )
    chance = [
        np.mean(distance(shifts(beats, frames, fps), music) <= tolerance + _ROUNDING) * len(beats)
        if len(beats) and frames > 1
        else 0.0
        for beats, music in zip(motion, alignment)
    ]
    return BeatCounts(
        music=np.array([len(beats) for beats in coverage], int),
        motion=np.array([len(beats) for beats in motion], int),
        aligned=aligned(motion, alignment, tolerance),
        chance=np.array(chance, float),
        tolerance=tolerance,
    )


def shifts(times, frames, fps):
    """Shift times round their segment by every whole number of frames but 0.

    What a shifted dance scores against the same music is its chance level: the dance
    keeps its rhythm and loses its relation to the music.

    Parameters
    ----------
    times : ndarray, shape (M,)
        Seconds from the start of the segment.
    frames : int
        Frames of the segment.
    fps : float
        Frames a second.

    Returns
    -------
    ndarray, shape (frames - 1, M)
        Seconds in [0, frames / fps), not sorted.
    """
    moved = np.asarray(times, float) + np.arange(1, frames)[:, None] / fps
    # The margin keeps what is the end of the segment but for rounding from staying there.
    return np.maximum(np.mod(moved + _ROUNDING, frames / fps) - _ROUNDING, 0)


def aligned(motion, music, tolerance=TOLERANCE):
    """Count motion beats within `tolerance` seconds of any music beat of their segment.

    Parameters
    ----------
    motion, music : list of ndarray
        Seconds from the start of each segment, `music` rising.
    tolerance : float
        Seconds, inclusive.

    Returns
    -------
    ndarray of int, shape (N,)
    """
    return np.array(
        [
            np.count_nonzero(distance(a, b) <= tolerance + _ROUNDING)
            for a, b in zip(motion, music, strict=True)
        ],
        int,
    )


def distance(times, references):
    """Distance of each time to the nearest of `references` (rising), in their unit.

    Returns
    -------
    ndarray, the shape of `times`
        Infinite where there are no references.
    """
    times = np.asarray(times, float)
    if not len(references):
        return np.full(times.shape, np.inf)
    edges = np.concatenate([[-np.inf], references, [np.inf]])
    after = np.searchsorted(edges, times)
    return np.minimum(edges[after] - times, times - edges[after - 1])


def beat_rates(counts, aggregate):
    """Beat coverage and beat hit rate over all segments.

    Parameters
    ----------
    counts : BeatCounts
    aggregate : {"pooled", "chunks"}
        "pooled": ratio of the sums over all segments, which every segment enters. "chunks":
        mean over the segments of each segment's ratio, as the thesis's released code has
        it; a segment without music beats (coverage) or motion beats (hit rate), on which
        that code stops with a division by zero, is left out and counted.

    Returns
    -------
    dict
        `beat_coverage` (motion beats to music beats, can pass 1), `beat_hit_rate`,
        `chance_hit_rate`: shares, NaN where nothing can be divided; `chunks_without_music_beats`,
        `chunks_without_motion_beats`: counts.
    """
    if aggregate == "pooled":
        ratios = [
            float(ratio(a.sum(), b.sum()))
            for a, b in (
                (counts.motion, counts.music),
                (counts.aligned, counts.motion),
                (counts.chance, counts.motion),
            )
        ]
    elif aggregate == "chunks":
        music_beats, moved = counts.music > 0, counts.motion > 0
        ratios = [
            mean(counts.motion[music_beats] / counts.music[music_beats]),
            mean(counts.aligned[moved] / counts.motion[moved]),
            mean(counts.chance[moved] / counts.motion[moved]),
        ]
    else:
        raise ItemError(
            "unknown way to aggregate beats", value=aggregate, remedy="Use pooled or chunks"
        )
    return dict(
        zip(("beat_coverage", "beat_hit_rate", "chance_hit_rate"), ratios, strict=True),
        chunks_without_music_beats=int(np.count_nonzero(counts.music == 0)),
        chunks_without_motion_beats=int(np.count_nonzero(counts.motion == 0)),
    )
