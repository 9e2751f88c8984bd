"""A clip cut into chunks of pose and audio, of 5 seconds in the thesis (section 4.1)."""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from choreo.dataset.description import DataDescription
from choreo.errors import ConfigError, ItemError
from choreo.media import SAMPLE_RATE
from choreo.pose.runs import runs
from choreo.rates import CHUNK_SECONDS

USUAL = DataDescription()
MAX_REPAIRED = 0.2
"""Share of joints that cleaning made up above which a chunk is left out."""


@dataclass(frozen=True)
class Chunks:
    """The usable chunks of one clip, in order.

    Attributes
    ----------
    poses : ndarray of float32, shape (N, T, J, 2)
        In [-1, 1].
    audio : ndarray of int16, shape (N, samples)
        Stored samples (`choreo.dataset.audio.decode` makes them what networks get).
    initial_poses : ndarray of float32, shape (N, J, 2)
        What a generator is told to begin from.
    repaired : ndarray of bool, shape (N, T, J)
        What was made up (`choreo.dataset.normalise.Normalised`).
    index : ndarray of int32, shape (N,)
        Number of the chunk among all of the clip's, dropped ones included. Of overlapping
        chunks, those whose number divides by a chunk's length over the stride are consecutive.
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


def stride_frames(stride_seconds, data=USUAL):
    """Poses between the starts of two chunks.

    A chunk must be a whole number of strides and a stride a whole number of poses, so
    that the consecutive chunks that validation and test take are among the overlapping
    ones.

    Parameters
    ----------
    stride_seconds : float or None
        None: a chunk's length, which makes them consecutive.
    data : DataDescription

    Raises
    ------
    ConfigError
        For any other stride.
    """
    if stride_seconds is None:
        return data.chunk_frames
    frames, whole = round(stride_seconds * data.fps), data.chunk_frames
    if abs(frames - stride_seconds * data.fps) > 1e-6 or frames < 1 or whole % frames:
        allowed = [f / data.fps for f in range(1, whole + 1) if not whole % f]
        raise ConfigError(
            f"the stride must divide a chunk of {data.chunk_seconds:g} s into whole poses",
            where="dataset.stride_seconds",
            value=stride_seconds,
            remedy=f"Use one of {', '.join(f'{s:g}' for s in allowed)}",
        )
    return frames


def thesis_bounds(n_frames, n_samples, stride_seconds=None, *, first=0, data=USUAL):
    """Bounds of the whole chunks of some poses in a row, consecutive or overlapping.

    What is left after the last whole chunk is not used. Sound that ends less than one
    pose before the last chunk does counts as whole: a video's sound and picture
    seldom end together.

    Parameters
    ----------
    n_frames, n_samples : int
        Poses up to the last one, and samples from the time of pose 0 on.
    stride_seconds : float, optional
        See `stride_frames`.
    first : int
        Pose with which the first chunk begins.
    data : DataDescription

    Returns
    -------
    list of (slice, slice)
        Of poses and samples; each a chunk long, the last slice of samples less than one
        pose past the end.
    """
    stride = stride_frames(stride_seconds, data)
    frames, length = min(n_frames, data.frames_of(n_samples)), data.chunk_frames
    starts = range(first, frames - length + 1, stride)
    sound = [data.samples_at(start) for start in starts]
    return [
        (slice(start, start + length), slice(at, at + data.chunk_samples))
        for start, at in zip(starts, sound)
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
    poses, samples = USUAL.chunk_frames, USUAL.chunk_samples
    last = max(0, -(-n_frames // poses) - 1)
    bounds = [
        (
            slice(i * poses, (i + 1) * poses),
            slice(min(i * samples, n_samples), min((i + 1) * samples, n_samples)),
        )
        for i in range(last)
    ]
    ends = slice(max(0, n_frames - poses), n_frames)
    return [*bounds, (ends, slice(max(0, n_samples - samples), n_samples))]


def initial_poses(poses, index, method):
    """Pose that each chunk begins from.

    Parameters
    ----------
    poses : ndarray, shape (N, T, J, 2)
        Chunks of one clip in [-1, 1].
    index : ndarray of int, shape (N,)
        Numbers of the chunks in the clip.
    method : {"thesis", "released"}
        ``thesis``: the first frame of the sequence (section 4.2.2). ``released``: the
        same, but zeros (the middle of the canvas) for a clip's first chunk.

    Returns
    -------
    ndarray, shape (N, J, 2)
    """
    first = np.array(poses[:, 0])
    if method == "released":
        first[np.asarray(index) == 0] = 0
    return first


def cut(
    normalised,
    audio,
    *,
    chunk_seconds=CHUNK_SECONDS,
    stride_seconds=None,
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
        The poses, and with them the method and the rate.
    audio : ndarray of int16, shape (n,)
        The stored samples of the whole video, from its first frame on.
    chunk_seconds : float
        Length of a chunk; of `released` 5.
    stride_seconds : float, optional
        Step between the chunks; less than their length makes them overlap, and None gives
        that. The cuts of `released` have no other.
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
        For a length or stride that can't be; of `released`, any but 5.
    """
    released, data = normalised.method == "released", normalised.description(chunk_seconds)
    for setting, value in (("chunk_seconds", chunk_seconds), ("stride_seconds", stride_seconds)):
        if released and value not in (None, CHUNK_SECONDS):
            raise ConfigError(
                f"method released cuts consecutive chunks of {CHUNK_SECONDS:g} s only",
                where=f"dataset.{setting}",
                value=value,
                remedy="Leave it out, or use method thesis",
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
        rows = [released_bounds(*sizes)] if sizes[0] >= data.chunk_frames else []
        step = 1
    else:
        runs = complete_runs(normalised.poses)
        rows = [
            thesis_bounds(stop, sizes[1], stride_seconds, first=first, data=data)
            for first, stop in runs
        ]
        step = data.chunk_frames // stride_frames(stride_seconds, data)
    if not any(rows):
        raise _no_chunk(runs, sizes, data, where)
    kept, dropped = [], Counter()
    for index, frames, samples in _numbered(rows, step):
        reason = _unusable(normalised, frames, len(audio[samples]), data, max_repaired)
        if reason:
            dropped[reason] += 1
        else:
            kept.append((index, frames, samples))
    if not kept:
        reasons = ", ".join(f"{_SAID.get(why, why)}: {n}" for why, n in sorted(dropped.items()))
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
        audio=np.stack([_filled(audio[samples], data) for _, _, samples in kept]),
        initial_poses=initial_poses(poses, index, normalised.method),
        repaired=np.stack([normalised.repaired[frames] for _, frames, _ in kept]),
        index=index,
        start_seconds=normalised.start_seconds + starts / data.fps,
        dropped=dict(sorted(dropped.items())),
        remainder_seconds=(sizes[0] - _covered(rows)) / data.fps,
    )


def too_repaired(repaired, method, max_repaired=MAX_REPAIRED):
    """Tell which chunks hold too much that cleaning made up: the one rule, wherever they pass.

    Parameters
    ----------
    repaired : ndarray of bool, shape (N, 50, 18)
    method : {"thesis", "released"}
        The code had no such rule: of `released` every chunk is taken.
    max_repaired : float
        Largest share of made-up joints of a chunk; 1 takes all.

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
    return [(first, last + 1) for first, last in runs(np.isfinite(poses).all((1, 2)))]


def laid_out(parts, starts, fill=0.0):
    """Lay the parts of a video where they were.

    Parameters
    ----------
    parts : sequence of ndarray, each of shape (L, ...)
        Poses or samples, alike in shape.
    starts : array_like of int, shape (N,)
        Index of the first of each.
    fill : float
        What stands where no part is.

    Returns
    -------
    ndarray, shape (max(starts) + L, ...)
        Where parts overlap, the later one.
    """
    length = len(parts[0])
    whole = np.full((np.max(starts) + length, *parts[0].shape[1:]), fill, parts[0].dtype)
    for part, start in zip(parts, starts, strict=True):
        whole[start : start + length] = part
    return whole


def rows_in_a_row(starts, rows, chunk_seconds=CHUNK_SECONDS):
    """Lists of rows whose chunks follow each other without a gap or an overlap.

    Parameters
    ----------
    starts : ndarray of float64, shape (N,)
        Seconds at which the chunks begin, rising.
    rows : ndarray of int, shape (N,)
        What is given back of each.
    chunk_seconds : float

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
        end = start + chunk_seconds
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


def _no_chunk(runs, sizes, data, where):
    """Why a clip has no chunk, for the user."""
    longest = max((stop - first for first, stop in runs), default=0)
    if longest < data.chunk_frames <= sizes[0]:
        return ItemError(
            f"no {data.chunk_seconds:g} seconds on end have all joints: {longest / data.fps:.1f} "
            f"of {sizes[0] / data.fps:.1f} s at most",
            where=where,
            remedy="Look at the cleaned track with `choreo render`; let cleaning bridge longer "
            "gaps (cleaning.max_gap_seconds), or leave the video out",
        )
    return ItemError(
        f"shorter than one {data.chunk_seconds:g}-second chunk: poses for "
        f"{sizes[0] / data.fps:.1f} s, sound for {sizes[1] / SAMPLE_RATE:.1f} s",
        where=where,
        remedy="Take a longer clip (`start` and `end` in the videos table), or leave it out",
    )


_SAID = {"outside": "outside [-1, 1]", "repaired": "joints repaired, or outside the picture"}
"""What a person reads in the place of reasons that are kept in records."""

_REMEDIES = {
    "outside": "set dataset.outside to clip or rescale",
    "repaired": "raise dataset.max_repaired",
    "short sound": "take a longer song",
}
"""What else may help against each reason."""


def _unusable(normalised, frames, n_samples, data, max_repaired):
    if normalised.outside == "drop" and (np.abs(normalised.poses[frames]) > 1).any():
        return "outside"
    missing = 1 if normalised.method == "released" else data.audio_frame
    if n_samples <= data.chunk_samples - missing:
        return "short sound"
    if too_repaired(normalised.repaired[None, frames], normalised.method, max_repaired)[0]:
        return "repaired"
    return None


def _filled(samples, data):
    """Repeat the last sample up to a chunk's end: no click, as a jump to zero could be."""
    return np.pad(samples, (0, data.chunk_samples - len(samples)), mode="edge")
