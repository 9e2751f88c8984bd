"""A clip cut into 5-second chunks of pose and audio (thesis section 4.1)."""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from choreo.dataset.audio import FRAME_SAMPLES
from choreo.dataset.normalise import POSE_FPS
from choreo.errors import ConfigError, ItemError
from choreo.media import SAMPLE_RATE

CHUNK_SECONDS = 5
CHUNK_FRAMES = CHUNK_SECONDS * POSE_FPS
CHUNK_SAMPLES = CHUNK_SECONDS * SAMPLE_RATE
MAX_REPAIRED = 0.2
"""Share of joints that cleaning made up above which a chunk is left out."""


@dataclass(frozen=True)
class Chunks:
    """The usable chunks of one clip, in order.

    Attributes
    ----------
    poses : ndarray of float32, shape (N, 50, 18, 2)
        In [-1, 1].
    audio : ndarray of int16, shape (N, 80000)
        Stored samples (`choreo.dataset.audio.decode` makes them what networks get).
    initial_poses : ndarray of float32, shape (N, 18, 2)
        What a generator is told to begin from.
    repaired : ndarray of bool, shape (N, 50, 18)
        What cleaning filled in.
    index : ndarray of int32, shape (N,)
        Number of the chunk among all of the clip's, dropped ones included. Of overlapping
        chunks, those whose number divides by 5 seconds over the stride are consecutive.
    start_seconds : ndarray of float64, shape (N,)
        Time of the chunk's first pose in the video and the song.
    dropped : dict of str to int
        Reason -> number of chunks that were left out.
    remainder_seconds : float
        Time that no chunk covers: gaps, and what follows the last whole chunk before a
        gap or the end.
    """

    poses: np.ndarray
    audio: np.ndarray
    initial_poses: np.ndarray
    repaired: np.ndarray
    index: np.ndarray
    start_seconds: np.ndarray
    dropped: dict
    remainder_seconds: float

    def __len__(self):
        return len(self.poses)


def stride_frames(stride_seconds):
    """Poses between the starts of two chunks.

    5 seconds must be a whole number of strides and a stride a whole number of poses, so
    that the consecutive chunks that validation and test take are among the overlapping
    ones.

    Raises
    ------
    ConfigError
        For any other stride.
    """
    frames = round(stride_seconds * POSE_FPS)
    if abs(frames - stride_seconds * POSE_FPS) > 1e-6 or frames < 1 or CHUNK_FRAMES % frames:
        allowed = [f / POSE_FPS for f in range(1, CHUNK_FRAMES + 1) if not CHUNK_FRAMES % f]
        raise ConfigError(
            "the stride must divide a 5-second chunk into whole poses",
            where="dataset.stride_seconds",
            value=stride_seconds,
            remedy=f"Use one of {', '.join(f'{s:g}' for s in allowed)}",
        )
    return frames


def thesis_bounds(n_frames, n_samples, stride_seconds=CHUNK_SECONDS, *, first=0):
    """Bounds of the whole chunks of some poses in a row, consecutive or overlapping.

    What is left after the last whole chunk is not used. Sound that ends less than one
    pose (0.1 s) before the last chunk does counts as whole: a video's sound and picture
    seldom end together.

    Parameters
    ----------
    n_frames, n_samples : int
        Poses at 10 frames a second up to the last one, and samples at 16 kHz from the time
        of pose 0 on.
    stride_seconds : float
        See `stride_frames`.
    first : int
        Pose with which the first chunk begins.

    Returns
    -------
    list of (slice, slice)
        Of poses and samples; each 50 poses long, the last slice of samples at most
        1,599 samples past the end.
    """
    stride = stride_frames(stride_seconds)
    frames = min(n_frames, -(-n_samples // FRAME_SAMPLES))
    return [
        (
            slice(start, start + CHUNK_FRAMES),
            slice(start * FRAME_SAMPLES, start * FRAME_SAMPLES + CHUNK_SAMPLES),
        )
        for start in range(first, frames - CHUNK_FRAMES + 1, stride)
    ]


def released_bounds(n_frames, n_samples):
    """Bounds of a clip's chunks as the released code cuts them.

    Consecutive, but the last chunk is the clip's last 50 poses and last 80,000 samples:
    it overlaps the one before, and its sound and picture need not start together. A
    short clip or song gives chunks that are too short.

    Parameters
    ----------
    n_frames, n_samples : int
        Poses at 10 frames a second and samples at 16 kHz.

    Returns
    -------
    list of (slice, slice)
        Of poses and samples.
    """
    last = max(0, -(-n_frames // CHUNK_FRAMES) - 1)
    bounds = [
        (
            slice(i * CHUNK_FRAMES, (i + 1) * CHUNK_FRAMES),
            slice(min(i * CHUNK_SAMPLES, n_samples), min((i + 1) * CHUNK_SAMPLES, n_samples)),
        )
        for i in range(last)
    ]
    ends = slice(max(0, n_frames - CHUNK_FRAMES), n_frames)
    return [*bounds, (ends, slice(max(0, n_samples - CHUNK_SAMPLES), n_samples))]


def initial_poses(poses, index, method):
    """Pose that each chunk begins from.

    Parameters
    ----------
    poses : ndarray, shape (N, 50, 18, 2)
        Chunks of one clip in [-1, 1].
    index : ndarray of int, shape (N,)
        Numbers of the chunks in the clip.
    method : {"thesis", "released"}
        ``thesis``: the first frame of the sequence (section 4.2.2). ``released``: the
        same, but zeros (the middle of the canvas) for a clip's first chunk.

    Returns
    -------
    ndarray, shape (N, 18, 2)
    """
    first = np.array(poses[:, 0])
    if method == "released":
        first[np.asarray(index) == 0] = 0
    return first


def cut(
    normalised,
    audio,
    *,
    stride_seconds=CHUNK_SECONDS,
    max_repaired=MAX_REPAIRED,
    where=None,
):
    """Cut a clip into chunks and leave out those that can't be used.

    Of `thesis`, every gap (poses with a joint missing) ends a row of chunks and begins the
    next with the first pose after it. A chunk is dropped, and counted, where a coordinate
    is outside [-1, 1] and `normalised.outside` is "drop" ("outside"), where cleaning made up
    more of its joints than `max_repaired` ("repaired"), and, with ``method="released"``,
    where the sound is too short ("short sound").

    Parameters
    ----------
    normalised : Normalised
        The poses, and with them the method.
    audio : ndarray of int16, shape (n,)
        The stored samples of the whole video, from its first frame on.
    stride_seconds : float
        Step between the chunks; less than 5 makes them overlap. The cuts of `released` have
        no other.
    max_repaired : float
        See `too_repaired`.
    where : str, optional
        What an error names, such as the video's id.

    Returns
    -------
    Chunks

    Raises
    ------
    ItemError
        Where the clip has no whole chunk, all of them are dropped, or its start is no time.
    ConfigError
        For a stride that can't be; of `released`, any but 5.
    """
    released = normalised.method == "released"
    if released and stride_seconds != CHUNK_SECONDS:
        raise ConfigError(
            "method released cuts consecutive chunks only",
            where="dataset.stride_seconds",
            value=stride_seconds,
            remedy=f"Leave it at {CHUNK_SECONDS}, or use method thesis",
        )
    if not (math.isfinite(normalised.start_seconds) and normalised.start_seconds >= 0):
        raise ItemError(
            "the poses begin at no second of the song",
            where=where,
            value=normalised.start_seconds,
            remedy="Give the seconds from the song's first sample on, 0 or more",
        )
    audio = np.asarray(audio)[round(normalised.start_seconds * SAMPLE_RATE) :]
    sizes = len(normalised.poses), len(audio)
    if released:
        runs = [(0, sizes[0])]
        rows = [released_bounds(*sizes)] if sizes[0] >= CHUNK_FRAMES else []
        step = 1
    else:
        runs = complete_runs(normalised.poses)
        rows = [thesis_bounds(stop, sizes[1], stride_seconds, first=first) for first, stop in runs]
        step = CHUNK_FRAMES // stride_frames(stride_seconds)
    if not any(rows):
        raise _no_chunk(runs, sizes, where)
    kept, dropped = [], Counter()
    for index, frames, samples in _numbered(rows, step):
        reason = _unusable(normalised, frames, len(audio[samples]), max_repaired)
        if reason:
            dropped[reason] += 1
        else:
            kept.append((index, frames, samples))
    if not kept:
        reasons = ", ".join(f"{reason}: {n}" for reason, n in sorted(dropped.items()))
        raise ItemError(
            f"none of its {dropped.total()} chunks can be used ({reasons})",
            where=where,
            remedy="Look at the cleaned track with `choreo render`; clean with other settings, "
            + " or ".join(_REMEDIES[reason] for reason in sorted(dropped) if reason in _REMEDIES)
            + ", or leave the video out",
        )
    index = np.array([i for i, _, _ in kept], np.int32)
    poses = np.stack([normalised.poses[frames] for _, frames, _ in kept])
    starts = np.array([frames.start for _, frames, _ in kept])
    return Chunks(
        poses=poses,
        audio=np.stack([_filled(audio[samples]) for _, _, samples in kept]),
        initial_poses=initial_poses(poses, index, normalised.method),
        repaired=np.stack([normalised.repaired[frames] for _, frames, _ in kept]),
        index=index,
        start_seconds=normalised.start_seconds + starts / POSE_FPS,
        dropped=dict(sorted(dropped.items())),
        remainder_seconds=(sizes[0] - _covered(rows)) / POSE_FPS,
    )


def too_repaired(repaired, method, max_repaired=MAX_REPAIRED):
    """Tell which chunks hold too much that cleaning made up: the one rule, wherever they pass.

    Parameters
    ----------
    repaired : ndarray of bool, shape (N, 50, 18)
    method : {"thesis", "released"}
        The code had no such rule: of `released` every chunk is taken.
    max_repaired : float
        Largest share of repaired joints of a chunk; 1 takes all.

    Returns
    -------
    ndarray of bool, shape (N,)
    """
    share = np.mean(repaired, axis=(1, 2))
    return np.zeros(len(share), bool) if method == "released" else share > max_repaired


def complete_runs(poses):
    """First and one past the last of every run of poses that have all joints.

    Parameters
    ----------
    poses : ndarray, shape (n, J, 2)
        NaN where there is none.

    Returns
    -------
    list of (int, int)
    """
    complete = np.isfinite(poses).all((1, 2)).astype(np.int8)
    edges = np.flatnonzero(np.diff(complete, prepend=0, append=0))
    return [(int(first), int(stop)) for first, stop in edges.reshape(-1, 2)]


def rows_in_a_row(starts, rows):
    """Lists of rows whose chunks follow each other without a gap or an overlap.

    Parameters
    ----------
    starts : ndarray of float64, shape (N,)
        Seconds at which the chunks begin, rising.
    rows : ndarray of int, shape (N,)
        What is given back of each.

    Returns
    -------
    list of list of int
        Of overlapping chunks only the consecutive ones are taken.
    """
    runs, end = [], -np.inf
    for start, row in zip(starts, rows.tolist()):
        if start < end - 1e-6:
            continue
        if not runs or start > end + 1e-6:
            runs.append([])
        runs[-1].append(row)
        end = start + CHUNK_SECONDS
    return runs


def _numbered(rows, step):
    """Give the bounds of rows of chunks with their numbers; a row begins at a multiple of `step`.

    So the consecutive chunks of each row can be told from their numbers alone.
    """
    index = 0
    for bounds in rows:
        index = -(-index // step) * step
        for frames, samples in bounds:
            yield index, frames, samples
            index += 1


def _covered(rows):
    """Poses that lie in a chunk; in a row, chunks follow each other or overlap."""
    return sum(bounds[-1][0].stop - bounds[0][0].start for bounds in rows if bounds)


def _no_chunk(runs, sizes, where):
    """Why a clip has no chunk, for the user."""
    longest = max((stop - first for first, stop in runs), default=0)
    if longest < CHUNK_FRAMES <= sizes[0]:
        return ItemError(
            f"no {CHUNK_SECONDS} seconds on end have all joints: {longest / POSE_FPS:.1f} of "
            f"{sizes[0] / POSE_FPS:.1f} s at most",
            where=where,
            remedy="Look at the cleaned track with `choreo render`; let cleaning bridge longer "
            "gaps (cleaning.max_gap_seconds), or leave the video out",
        )
    return ItemError(
        f"shorter than one {CHUNK_SECONDS}-second chunk: poses for "
        f"{sizes[0] / POSE_FPS:.1f} s, sound for {sizes[1] / SAMPLE_RATE:.1f} s",
        where=where,
        remedy="Take a longer clip (`start` and `end` in the videos table), or leave it out",
    )


_REMEDIES = {
    "outside": "set dataset.outside to clip or rescale",
    "repaired": "raise dataset.max_repaired",
    "short sound": "take a longer song",
}
"""What else may help against each reason."""


def _unusable(normalised, frames, n_samples, max_repaired):
    if normalised.outside == "drop" and (np.abs(normalised.poses[frames]) > 1).any():
        return "outside"
    if n_samples <= CHUNK_SAMPLES - (1 if normalised.method == "released" else FRAME_SAMPLES):
        return "short sound"
    if too_repaired(normalised.repaired[None, frames], normalised.method, max_repaired)[0]:
        return "repaired"
    return None


def _filled(samples):
    """Repeat the last sample up to 5 s: no click, as a jump to zero could be."""
    return np.pad(samples, (0, CHUNK_SAMPLES - len(samples)), mode="edge")
