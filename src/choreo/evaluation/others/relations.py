"""The 32 relations between joints of AIST++'s geometric features (FID_g), in 3-D.

After Müller et al. (2005): which way a hand moves, whether a knee is bent, and so on.
"""

import numpy as np

SIZES = {
    "humerus": 0.2568381092115207,
    "shoulders": 0.39084835854945527,
    "hips": 0.11924706586886204,
}
"""Metres of SMPL's mean body that the released code measures every dancer by."""

RELATIONS = 32
_UP = np.array([0.0, 1.0, 0.0])
_SIDES = (("right", "left"), ("left", "right"))


def relations_3d(at, floor, *, fps, sizes, as_released=False):
    """Which relations hold from each frame to the next.

    Parameters
    ----------
    at : dict of str to ndarray, shape (T, 3)
        Joints: ``pelvis belly chest neck`` and of both sides ``hip knee ankle toe shoulder elbow
        wrist``; y upwards.
    floor : ndarray, shape (T,)
        Height of the lowest joint in each frame.
    fps : float
        Frames a second.
    sizes : dict of str to float
        ``humerus``, ``shoulders`` and ``hips``: lengths that distances and speeds are told by.
    as_released : bool
        Whether the relations that compare two joints' ways look, as the released code does, at
        the third joint that they name where the fourth is meant.

    Returns
    -------
    ndarray of bool, shape (T - 1, 32)
    """
    arm, wide, hips = sizes["humerus"], sizes["shoulders"], sizes["hips"]
    now = {name: joint[1:] for name, joint in at.items()}
    moved = {name: np.diff(joint, axis=0) * fps for name, joint in at.items()}
    floor = floor[1:]

    def across(a, b, c, p, least):
        """Whether p goes, as seen from a, along the normal of the plane of a, b and c."""
        normal = _unit(np.cross(now[c] - now[a], now[b] - now[a]))
        return _dot(moved[p] - moved[a], normal) > least

    def along(a, b, start, p, least):
        """Whether p goes away from another joint in the direction from a to b."""
        from_, goes = (a, start) if as_released else (start, p)
        return _dot(moved[goes] - moved[from_], _unit(now[b] - now[a])) > least

    def beyond(a, b, origin, p, least):
        """Whether p is that far from `origin` in the direction from a to b."""
        return _dot(now[p] - now[origin], _unit(now[b] - now[a])) > least

    def before(a, b, c, p, least):
        """Whether p is that far from the plane of a, b and c."""
        normal = _unit(np.cross(now[c] - now[a], now[b] - now[a]))
        return _dot(now[p] - now[a], normal) > least

    def within(one, other, low, high):
        cosine = np.clip(_dot(_unit(one), _unit(other)), -1, 1)
        angle = np.degrees(np.arccos(cosine))
        return (angle > low) & (angle < high)

    def angle_at(corner, one, other, low, high):
        return within(now[one] - now[corner], now[other] - now[corner], low, high)

    def fast(joint, least):
        return np.linalg.norm(moved[joint], axis=-1) > least

    def each(relation):
        return [relation(side, other) for side, other in _SIDES]

    def hand_away(side, other):
        # The released relations name the other hand as the start, and never look at it.
        start = other if as_released else side
        return along(f"{side}_wrist", "pelvis", f"{start}_wrist", "pelvis", 1.4 * arm)

    found = [
        *each(lambda s, o: across("neck", f"{s}_hip", f"{o}_hip", f"{s}_wrist", 1.8 * arm)),
        *each(lambda s, o: beyond("chest", "neck", "neck", f"{s}_wrist", 0.2 * arm)),
        *each(lambda s, o: along("belly", "chest", "chest", f"{s}_wrist", 1.8 * arm)),
        *each(lambda s, o: angle_at(f"{s}_elbow", f"{s}_shoulder", f"{s}_wrist", 0, 110)),
        beyond("left_shoulder", "right_shoulder", "left_wrist", "right_wrist", 2.5 * wide),
        along("left_wrist", "right_wrist", "right_wrist", "left_wrist", 1.4 * arm),
        *each(hand_away),
        *each(lambda s, o: fast(f"{s}_wrist", 2.5 * arm)),
        before("pelvis", "left_hip", "left_toe", "right_ankle", 0.38 * arm),
        before("pelvis", "right_hip", "right_toe", "left_ankle", 0.38 * arm),
        *each(lambda s, o: now[f"{s}_ankle"][:, 1] - floor > 1.2 * arm),
        beyond("left_hip", "right_hip", "left_ankle", "right_ankle", 2.1 * hips),
        *each(lambda s, o: angle_at(f"{s}_knee", f"{s}_hip", f"{s}_ankle", 0, 110)),
        *each(lambda s, o: fast(f"{s}_ankle", 2.5 * arm)),
        *each(lambda s, o: _limb(now, within, s, "shoulder", "elbow", 25)),
        *each(lambda s, o: _limb(now, within, s, "hip", "knee", 50)),
        before("right_ankle", "neck", "left_ankle", "pelvis", 0.5 * arm),
        within(now["pelvis"] - now["neck"], np.broadcast_to(_UP, now["neck"].shape), 70, 110),
        *each(lambda s, o: now[f"{s}_wrist"][:, 1] - floor < 1.2 * arm),
        fast("pelvis", 2.3 * arm),
    ]
    return np.stack(found, axis=-1)


def _limb(now, within, side, upper, lower, low):
    """Whether an upper arm or a thigh is turned away from the spine."""
    limb = now[f"{side}_{lower}"] - now[f"{side}_{upper}"]
    return within(now["pelvis"] - now["neck"], limb, low, 180)


def own_sizes(at):
    """Sizes of the dancer: medians over the dance, in the unit of `at`."""

    def length(*ends):
        return np.median(np.linalg.norm(at[ends[0]] - at[ends[1]], axis=-1))

    arms = [length(f"{side}_shoulder", f"{side}_elbow") for side in ("left", "right")]
    return {
        "humerus": float(np.mean(arms)),
        "shoulders": float(length("left_shoulder", "right_shoulder")),
        "hips": float(length("left_hip", "right_hip")),
    }


def _dot(a, b):
    return (a * b).sum(-1)


def _unit(vectors):
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
