"""How much a dance jumps where its pieces meet."""

import numpy as np

from choreo.dances.generate import OVERLAP
from choreo.dataset.chunks import CHUNK_FRAMES
from choreo.errors import ItemError


def seam_jumps(track):
    """Speed and acceleration where pieces meet, against those inside pieces.

    Parameters
    ----------
    track : PoseTrack
        A generated dance; its ``meta`` says how its pieces were joined. Where they were
        cross-faded, the whole fade counts as the join.

    Returns
    -------
    dict of str to float
        ``speed`` and ``acceleration``: the mean at joins divided by the mean inside; 1
        where no one could tell. A speed belongs to the step between two frames, an
        acceleration to the change between two steps.

    Raises
    ------
    ItemError
        Where the dance has only one piece, or its ``meta`` doesn't say how it was joined.
    """
    join = track.meta.get("join")
    if join not in ("initial_pose", "cross_fade"):
        raise ItemError("not a generated dance: its meta has no `join`", value=join)
    overlap = OVERLAP if join == "cross_fade" else 0
    hop = CHUNK_FRAMES - overlap
    frames = np.arange(len(track))
    # First frames of pieces; with an overlap, all frames of the fade and the one after.
    at_join = (frames >= hop - overlap) & ((frames - (hop - overlap)) % hop <= overlap)
    if not at_join.any():
        raise ItemError("a dance of one piece has no joins", value=len(track))
    speed = np.linalg.norm(np.diff(track.keypoints, axis=0), axis=-1).mean(1)
    change = np.linalg.norm(np.diff(track.keypoints, n=2, axis=0), axis=-1).mean(1)
    meets = at_join[1:]
    bends = meets[1:] | meets[:-1]
    return {
        "speed": float(speed[meets].mean() / speed[~meets].mean()),
        "acceleration": float(change[bends].mean() / change[~bends].mean()),
    }
