"""How much of a dance is copied from the training dances: its longest run beside one of them."""

import numpy as np

from choreo.evaluation.segments import parts_of
from choreo.pose.skeletons import OPENPOSE18

NEAR = 0.1
"""Torsos: root mean square distance of the joints, at most, of poses that count as the same."""
COPIED_SECONDS = 1.0
"""A run of at least this many seconds beside one training dance counts as copied."""
_BLOCK = 16
"""Frames that are compared at once with all training frames: bounds the memory."""
_ROWS = 1 << 15
"""Training frames, and as many of their gaps, that are laid out at once: 5 MB."""
_NECK, _HIPS = OPENPOSE18.index("neck"), [OPENPOSE18.index(f"{s}_hip") for s in ("left", "right")]


def measure_invention(segments, training):
    """Longest copied run of each dance, and the share of it that is copied.

    Poses are taken relative to the middle of the hips, in torsos (neck to hips, median of the
    dance). A run is a stretch of frames that are, one after the other, near to the frames of
    one training dance or of its mirror image, a frame early or late.

    Parameters
    ----------
    segments : Segments
    training : Segments
        Real training dances, of the same frame rate; no sound needed.

    Returns
    -------
    dict of str to ndarray, shape (N,)
        Of the dance that each segment was cut from: `copied_run`, seconds of the longest run;
        `copied_share`, share of its frames that lie in runs of `COPIED_SECONDS` or more. A
        dance is not compared with itself: training dances of the same name are left out.
    """
    run, share = np.zeros(len(segments)), np.zeros(len(segments))
    needed = round(COPIED_SECONDS * segments.fps)
    of = {d: np.flatnonzero(segments.dances == d) for d in dict.fromkeys(segments.dances.tolist())}
    parts = {d: [_normalised(poses) for poses, _ in parts_of(segments, of[d])] for d in of}
    found = {d: [np.zeros(len(poses), int) for poses in parts[d]] for d in of}
    # No run goes from one training dance to the next, so that they need not be there at once.
    for known, names in _training(training):
        for dance in of:
            reference, itself = known, names == dance
            if itself.any():
                reference = np.where(itself[:, None], np.float32(np.inf), known)
            for poses, lengths in zip(parts[dance], found[dance], strict=True):
                np.maximum(lengths, _run_lengths(poses, reference), out=lengths)
    for dance, own in of.items():
        longest, copied, frames = 0, 0, 0
        for lengths in found[dance]:
            longest = max(longest, int(lengths.max()))
            inside = np.zeros(len(lengths), bool)
            for end in np.flatnonzero(lengths >= needed):
                inside[end - lengths[end] + 1 : end + 1] = True
            copied, frames = copied + inside.sum(), frames + len(lengths)
        run[own], share[own] = longest / segments.fps, copied / frames
    return {"copied_run": run, "copied_share": share}


def _training(training):
    """Training poses and mirror images, shape (U, 36), with a gap after each part, in blocks.

    Yields
    ------
    poses : ndarray of float32, shape (U, 36)
        Of whole dances, `_ROWS` or as many as one dance has.
    names : ndarray of str, shape (U,)
        Their dances.
    """
    poses, names = [], []
    for dance in dict.fromkeys(training.dances.tolist()):
        for part, _ in parts_of(training, np.flatnonzero(training.dances == dance)):
            one = _normalised(part).reshape(len(part), len(OPENPOSE18), 2)
            for each in (one, OPENPOSE18.mirrored(one)):
                poses += [each.reshape(len(part), -1), np.full((1, each[0].size), np.inf)]
                names += [dance] * (len(part) + 1)
        if len(names) >= _ROWS:
            yield np.concatenate(poses).astype(np.float32), np.array(names)
            poses, names = [], []
    if names:
        yield np.concatenate(poses).astype(np.float32), np.array(names)


def _normalised(poses):
    """Poses (T, 36) relative to the hips, in torsos."""
    hips = poses[:, _HIPS].mean(1)
    torso = np.median(np.linalg.norm(poses[:, _NECK] - hips, axis=-1))
    return ((poses - hips[:, None]) / max(torso, 1e-6)).reshape(len(poses), -1)


def _run_lengths(poses, reference):
    """For each frame, how long the longest run is that ends there, in frames."""
    limit = NEAR**2 * len(OPENPOSE18)
    there = np.isfinite(reference[:, 0])
    safe = np.where(there[:, None], reference, 0)
    squares = np.where(there, (safe**2).sum(1), np.inf)
    lengths, run = np.zeros(len(poses), int), np.zeros(len(reference), np.int32)
    for first in range(0, len(poses), _BLOCK):
        block = poses[first : first + _BLOCK].astype(np.float32)
        distance = (block**2).sum(1)[:, None] + squares - 2 * block @ safe.T
        near = distance <= limit
        # A frame early or late: copies at a slightly other tempo are copies. No run goes over
        # the gap after a part.
        late = near.copy()
        late[:, 1:] |= near[:, :-1]
        late[:, :-1] |= near[:, 1:]
        late &= there
        for row, close in enumerate(late):
            run[1:] = run[:-1] + 1
            run[0] = 1
            run *= close
            lengths[first + row] = run.max()
    return lengths
