"""A clip cut into 5-second chunks of pose and audio (thesis section 4.1)."""

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
        Number of the chunk among all of the clip's, dropped ones included.
    start_seconds : ndarray of float64, shape (N,)
        Time of the chunk's first pose in the video and the song.
    dropped : dict of str to int
        Reason -> number of chunks that were left out.
    remainder_seconds : float
        What follows the last whole chunk and is not used.
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


def thesis_bounds(n_frames, n_samples, stride_seconds=CHUNK_SECONDS):
    """Bounds of the whole chunks of a clip, consecutive or overlapping by the stride.

    What is left after the last whole chunk is not used. Sound that ends less than one
    pose (0.1 s) before the last chunk does counts as whole: a video's sound and picture
    seldom end together.

    Parameters
    ----------
    n_frames, n_samples : int
        Poses at 10 frames a second, and samples at 16 kHz from the time of pose 0 on.
    stride_seconds : float
        See `stride_frames`.

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
            slice(first, first + CHUNK_FRAMES),
            slice(first * FRAME_SAMPLES, first * FRAME_SAMPLES + CHUNK_SAMPLES),
        )
        for first in range(0, frames - CHUNK_FRAMES + 1, stride)
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


def cut(normalised, audio, *, stride_seconds=CHUNK_SECONDS, where=None):
    """Cut a clip into chunks and leave out those that can't be used.

    A chunk is dropped, and counted, where a joint is missing ("missing joints"), where
    a coordinate is outside [-1, 1] and `normalised.outside` is "drop" ("outside"), and,
    with ``method="released"``, where the sound is too short ("short sound").

    Parameters
    ----------
    normalised : Normalised
        The poses, and with them the method.
    audio : ndarray of int16, shape (n,)
        The stored samples of the whole video, from its first frame on.
    stride_seconds : float
        Step between the chunks; less than 5 makes them overlap. The cuts of `released` have
        no other.
    where : str, optional
        What an error names, such as the video's id.

    Returns
    -------
    Chunks

    Raises
    ------
    ItemError
        Where the clip has no whole chunk, or all of them are dropped.
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
    audio = np.asarray(audio)[round(normalised.start_seconds * SAMPLE_RATE) :]
    sizes = len(normalised.poses), len(audio)
    bounds = released_bounds(*sizes) if released else thesis_bounds(*sizes, stride_seconds)
    if sizes[0] < CHUNK_FRAMES or not bounds:
        raise ItemError(
            f"shorter than one {CHUNK_SECONDS}-second chunk: poses for "
            f"{sizes[0] / POSE_FPS:.1f} s, sound for {sizes[1] / SAMPLE_RATE:.1f} s",
            where=where,
            remedy="Take a longer clip (`start` and `end` in the videos table), or leave it out",
        )
    kept, dropped = [], Counter()
    for index, (frames, samples) in enumerate(bounds):
        reason = _unusable(normalised, frames, len(audio[samples]))
        if reason:
            dropped[reason] += 1
        else:
            kept.append((index, frames, samples))
    if not kept:
        reasons = ", ".join(f"{reason}: {n}" for reason, n in sorted(dropped.items()))
        raise ItemError(
            f"none of its {len(bounds)} chunks can be used ({reasons})",
            where=where,
            remedy="Look at the cleaned track with `choreo render`; clean with other settings, "
            "set dataset.outside to clip or rescale, or leave the video out",
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
        remainder_seconds=(sizes[0] - bounds[-1][0].stop) / POSE_FPS,
    )


def _unusable(normalised, frames, n_samples):
    poses = normalised.poses[frames]
    if not np.isfinite(poses).all():
        return "missing joints"
    if normalised.outside == "drop" and (np.abs(poses) > 1).any():
        return "outside"
    if n_samples <= CHUNK_SAMPLES - (1 if normalised.method == "released" else FRAME_SAMPLES):
        return "short sound"
    return None


def _filled(samples):
    """Repeat the last sample up to 5 s: no click, as a jump to zero could be."""
    return np.pad(samples, (0, CHUNK_SAMPLES - len(samples)), mode="edge")
