"""The figure's surface: skin, clothes, hair and face as closed tubes of small facets."""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from choreo.pose.skeletons import HALPE26

_JOINT = {name: index for index, name in enumerate(HALPE26.joints)}


@dataclass(frozen=True)
class Mesh:
    """What is drawn of a figure; the points move, all else stays.

    Attributes
    ----------
    facets : ndarray of int, shape (Q, 4)
        Corners in the order that turns clockwise on the picture when seen from outside.
    colours : ndarray, shape (Q, 3)
        RGB, 0 to 255.
    bias : ndarray, shape (Q,)
        Metres by which a facet counts as nearer than it is (eyes on a face).
    flat : ndarray of bool, shape (Q,)
        Facets that are not shaded (the white of an eye).
    """

    facets: np.ndarray
    colours: np.ndarray
    bias: np.ndarray
    flat: np.ndarray


class _Parts:
    """Collects points of all frames, and facets."""

    def __init__(self):
        self.points, self.facets, self.colours, self.bias, self.flat = [], [], [], [], []
        self.count = 0

    def add(self, points, facets, colours, bias=0.0, flat=False):
        """Points (T, N, 3), facets (Q, 4) into them, colours (Q, 3) or (3,), bias (Q,) or one."""
        self.facets.append(facets + self.count)
        self.colours.append(np.broadcast_to(np.asarray(colours, float), (len(facets), 3)))
        self.bias.append(np.broadcast_to(np.asarray(bias, float), len(facets)))
        self.flat.append(np.full(len(facets), flat))
        self.points.append(points)
        self.count += points.shape[1]

    def tube(
        self, centres, first, second, a, b, segments, colours, *, keep=None, square=2.0, bias=0.0
    ):
        """Add a tube of elliptic rings.

        Parameters
        ----------
        centres : ndarray, shape (T, R, 3)
        first, second : ndarray, shape (T, R, 3)
            Unit axes of the ellipses, so that first x second points to the next
            ring.
        a, b : ndarray, shape (R,) or (R, segments)
            Half axes.
        segments : int
        colours : ndarray, shape (3,) or (R - 1, segments, 3)
        keep : ndarray of bool, shape (R - 1, segments), optional
            Facets that are there.
        square : float
            Exponent of the superellipse; 2 is an ellipse.
        bias : float or ndarray, shape (R - 1, 1)
            See `Mesh.bias`.
        """
        angle = 2 * np.pi * np.arange(segments) / segments
        cos, sin = np.cos(angle), np.sin(angle)
        round_ = (np.abs(cos) ** square + np.abs(sin) ** square) ** (-1 / square)
        a, b = (
            np.broadcast_to(np.asarray(v, float).reshape(len(v), -1), (len(v), segments))
            for v in (a, b)
        )
        points = (
            centres[:, :, None]
            + first[:, :, None] * (a * cos * round_)[..., None]
            + second[:, :, None] * (b * sin * round_)[..., None]
        )
        frames, rings = centres.shape[:2]
        index = np.arange(rings * segments).reshape(rings, segments)
        following = np.roll(index, -1, axis=1)
        facets = np.stack([index[:-1], index[1:], following[1:], following[:-1]], -1)
        colours = np.broadcast_to(np.asarray(colours, float), (rings - 1, segments, 3))
        keep = np.ones((rings - 1, segments), bool) if keep is None else keep
        bias = np.broadcast_to(bias, keep.shape)
        self.add(points.reshape(frames, -1, 3), facets[keep], colours[keep], bias[keep])


def make_surface(dancer, pose):
    """Surface of a figure at all times of a pose.

    Parameters
    ----------
    dancer : choreo.synth.dancers.Dancer
    pose : choreo.synth.body.Pose

    Returns
    -------
    points : ndarray of float32, shape (T, V, 3)
        World positions in metres.
    mesh : Mesh
    """
    parts = _Parts()
    body, look = dancer.body, dancer.look
    _trunk(parts, body, look, pose)
    _neck(parts, body, look, pose)
    _head(parts, body, look, pose)
    for i in (0, 1):
        _arm(parts, body, look, pose, i)
        _hand(parts, body, look, pose, i)
        _leg(parts, body, look, pose, i)
        _shoe(parts, body, look, pose, i)
    mesh = Mesh(
        np.concatenate(parts.facets),
        np.concatenate(parts.colours),
        np.concatenate(parts.bias),
        np.concatenate(parts.flat),
    )
    return np.concatenate(parts.points, 1).astype(np.float32), mesh


def _unit(vector):
    return vector / np.maximum(np.linalg.norm(vector, axis=-1, keepdims=True), 1e-9)


def _between(a, b, share):
    """Interpolate points or directions (T, 3) at shares (R,), shape (T, R, 3)."""
    return a[:, None] + share[None, :, None] * (b - a)[:, None]


def _profile(at, *columns):
    """Smooth curves through control values, evaluated at `at`."""
    knots = columns[0]
    return [PchipInterpolator(knots, column)(at) for column in columns[1:]]


def _axes(frame, rings):
    """Left and forward axes of one frame (T, 3, 3) for all rings."""
    shape = (len(frame), rings, 3)
    return (np.broadcast_to(frame[:, None, :, k], shape) for k in (0, 2))


# Levels 0 mid hip, 1 waist, 2 ribs' lower end, 3 neck's base (and on the same scale
# beyond the ends); half width, half depth, forward offset, in shares of the height.
_TRUNK = np.array(
    [
        (-0.62, 0.030, 0.036, 0.000),
        (-0.50, 0.064, 0.055, -0.002),
        (-0.25, 0.090, 0.066, -0.004),
        (0.00, 0.097, 0.070, -0.004),
        (0.50, 0.090, 0.064, 0.000),
        (1.00, 0.080, 0.057, 0.002),
        (1.50, 0.080, 0.057, 0.003),
        (2.00, 0.088, 0.063, 0.003),
        (2.40, 0.099, 0.069, 0.003),
        (2.66, 0.103, 0.063, 0.000),
        (2.80, 0.098, 0.054, -0.003),
        (2.92, 0.074, 0.045, -0.004),
        (3.02, 0.045, 0.038, -0.003),
        (3.10, 0.033, 0.033, -0.001),
    ]
).T


def _trunk(parts, body, look, pose):
    h, rings, segments = body.height, 30, 30
    level = np.linspace(_TRUNK[0, 0], _TRUNK[0, -1], rings)
    a, b, ahead = _profile(level, *_TRUNK)
    width = np.interp(level, [0, 1, 2, 2.7], [body.hips, body.girth, body.girth, body.shoulders])
    loose = 1 + 0.16 * look.loose * np.interp(level, [-0.2, 0.0, 2.2, 2.9], [0.5, 1, 0.5, 0])
    a, b = a * width * loose * h, b * body.girth * loose * h
    down = level[::-1]  # from the neck to the crotch: the tube's direction
    centres = np.stack([_spine_at(pose, body, value) for value in down], 1)
    left = np.stack([_blend(pose, value, 0) for value in down], 1)
    front = np.stack([_blend(pose, value, 2) for value in down], 1)
    centres = centres + front * (ahead[::-1] * h)[None, :, None]
    colours = np.empty((rings - 1, segments, 3))
    middle = (down[:-1] + down[1:]) / 2
    angle = 2 * np.pi * (np.arange(segments) + 0.5) / segments  # 90 degrees is the front
    for r, value in enumerate(middle):
        colours[r] = look.shirt if value > -0.12 else look.trousers
        if value > 0.2:
            striped = look.pattern == "stripes" and int(value * 5.5) % 2
            if striped or (look.pattern == "yoke" and value > 2.2):
                colours[r] = look.accent
            elif look.pattern == "panel":
                colours[r, np.abs(np.sin(angle)) > 0.8] = look.accent
    colours[middle > 2.99] = look.skin
    # The shirt hangs over the trousers, also where a thigh is a little farther in front.
    bias = np.interp(middle, [-0.13, -0.12, 0.6, 1.0], [0, 0.05, 0.05, 0])[:, None]
    parts.tube(centres, left, front, a[::-1], b[::-1], segments, colours, square=2.5, bias=bias)


def _spine_at(pose, body, level):
    if level <= 0:
        return pose.spine[:, 0] + pose.pelvis[:, :, 1] * (level * body.trunk[0] * 1.5)
    i = min(int(level), 2)
    a, b = pose.spine[:, i], pose.spine[:, i + 1]
    return a + (level - i) * (b - a)


def _blend(pose, level, axis):
    """An axis of the trunk at a level of the spine."""
    frames = (pose.pelvis, pose.waist, pose.chest)
    place = np.clip(level - 0.5, 0, 2)
    i = min(int(place), 1)
    a, b = frames[i][:, :, axis], frames[i + 1][:, :, axis]
    return _unit(a + (place - i) * (b - a))


def _neck(parts, body, look, pose):
    h = body.height
    share = np.linspace(0, 1, 4)
    top = pose.skull - 0.030 * h * pose.head[:, :, 1] - 0.010 * h * pose.head[:, :, 2]
    low = pose.spine[:, 3] - 0.02 * h * pose.chest[:, :, 1]
    left = _unit(_between(pose.head[:, :, 0], pose.chest[:, :, 0], share))
    front = _unit(_between(pose.head[:, :, 2], pose.chest[:, :, 2], share))
    radius = np.array([0.031, 0.030, 0.032, 0.040]) * h * (0.5 + 0.5 * body.girth)
    parts.tube(
        _between(top, low, share), left, front, radius, radius, 12, np.multiply(look.skin, 0.93)
    )


# Height over the head's centre, half width, half depth, forward offset.
_SKULL = np.array(
    [
        (-0.070, 0.006, 0.008, 0.030),
        (-0.066, 0.018, 0.018, 0.026),
        (-0.052, 0.030, 0.034, 0.016),
        (-0.030, 0.0385, 0.046, 0.007),
        (-0.005, 0.0425, 0.053, 0.001),
        (0.020, 0.0445, 0.056, -0.003),
        (0.042, 0.0415, 0.052, -0.005),
        (0.060, 0.030, 0.038, -0.007),
        (0.069, 0.014, 0.018, -0.008),
        (0.071, 0.004, 0.005, -0.008),
    ]
).T


def _skull(height):
    """Half width, half depth and forward offset at heights over the head's centre."""
    return _profile(height, *_SKULL)


def _placed(pose, body, points):
    """Points of the head (..., 3), in shares of the height, in the world: (T, ..., 3)."""
    flat = np.reshape(points, (-1, 3)) * body.height
    world = pose.skull[:, None] + np.einsum("tij,nj->tni", pose.head, flat)
    return world.reshape(len(world), *np.shape(points))


def _head(parts, body, look, pose):
    h, rings, segments = body.height, 18, 28
    up = np.linspace(_SKULL[0, -1], _SKULL[0, 0], rings)
    a, b, ahead = _skull(up)
    left, front = _axes(pose.head, rings)
    local = np.stack([0 * up, up, ahead], -1)
    parts.tube(_placed(pose, body, local), left, front, a * h, b * h, segments, look.skin)
    _hair(parts, body, look, pose, up, segments)
    _face(parts, body, look, pose)


_SHELL = {"short": 1.07, "bun": 1.06, "long": 1.08, "afro": 1.08, "cap": 1.09}


def _hair(parts, body, look, pose, up, segments):
    h, grow = body.height, _SHELL[look.cut]
    rings = len(up)
    a, b, ahead = _skull(up)
    local = np.stack([0 * up, up * (grow + 0.04) + 0.002, ahead - 0.003], -1)
    left, front = _axes(pose.head, rings)
    angle = 2 * np.pi * (np.arange(segments) + 0.5) / segments
    forward = np.sin(angle)[None]
    middle = ((up[:-1] + up[1:]) / 2)[:, None]
    # The hairline: high over the face, down to the ears at the sides, to the neck behind.
    line = np.interp(forward, [-0.5, -0.2, 0.15, 0.5, 0.75], [-0.045, -0.03, 0.0, 0.030, 0.037])
    if look.cut == "long":
        line = np.interp(forward, [0.05, 0.3, 0.6, 0.8], [-0.066, -0.02, 0.034, 0.039])
    colour = np.asarray(look.accent if look.cut == "cap" else look.hair, float)
    colours = np.broadcast_to(colour, (rings - 1, segments, 3)).copy()
    if look.cut == "cap":
        colours[np.broadcast_to(middle < 0.02, colours.shape[:2])] = look.hair
    centres = _placed(pose, body, local)
    keep = middle > line
    parts.tube(centres, left, front, a * grow * h, b * grow * h, segments, colours, keep=keep)
    if look.cut == "bun":
        _ball(parts, body, pose, (0, 0.062, -0.058), 0.026, look.hair)
    if look.cut == "afro":
        _ball(parts, body, pose, (0, 0.036, -0.026), 0.072, look.hair)
    if look.cut == "long":
        height = np.linspace(0.0, -0.155, 7)
        width = np.array([0.044, 0.046, 0.046, 0.044, 0.040, 0.032, 0.014])
        deep = np.array([0.020, 0.022, 0.022, 0.021, 0.019, 0.015, 0.006])
        local = np.stack([0 * height, height, -0.044 - 0.05 * (height / 0.155) ** 2 * 0.3], -1)
        left, front = _axes(pose.head, 7)
        parts.tube(_placed(pose, body, local), left, front, width * h, deep * h, 12, look.hair)
    if look.cut == "cap":
        across = np.linspace(-1, 1, 7)
        edge = np.stack([0.040 * across, 0 * across + 0.030, 0.048 + 0.0 * across], -1)
        brim = np.stack(
            [0.042 * across, 0 * across + 0.028, 0.062 + 0.045 * np.sqrt(1 - 0.8 * across**2)], -1
        )
        points = _placed(pose, body, np.concatenate([edge, brim]))
        i = np.arange(6)
        facets = np.stack([i, i + 7, i + 8, i + 1], -1)
        dark = np.multiply(look.accent, 0.8)
        parts.add(points, facets, dark, 0.01)
        parts.add(points, facets[:, ::-1], dark, 0.01)


def _ball(parts, body, pose, centre, radius, colour):
    up = radius * np.cos(np.linspace(0, np.pi, 10))
    size = np.sqrt(np.maximum(radius**2 - up**2, 1e-8)) * body.height
    local = np.asarray(centre) + np.stack([0 * up, up, 0 * up], -1)
    left, front = _axes(pose.head, 10)
    parts.tube(_placed(pose, body, local), left, front, size, size, 16, colour)


def _patch(parts, pose, body, centre, half, colour, *, bias, tilt=0.0):
    """Add an ellipse on the face, bent to the head's surface."""
    angle = np.linspace(0, 2 * np.pi, 9)[:-1]
    x = centre[0] + half[0] * np.cos(angle)
    y = centre[1] + half[1] * np.sin(angle) + tilt * half[0] * np.cos(angle)
    a, b, ahead = _skull(y)
    z = ahead + b * np.sqrt(np.maximum(1 - (x / a) ** 2, 0.05)) + 0.001
    points = _placed(pose, body, np.stack([x, y, z], -1))
    facets = np.array([[0, 1, 2, 3], [0, 3, 4, 7], [7, 4, 5, 6]])[:, ::-1]
    parts.add(points, facets, colour, bias, True)


def _smile(parts, pose, body, half, thick, colour, bias):
    """Add a mouth: a strip whose corners are up."""
    x = np.linspace(-half, half, 7)
    y = -0.0415 + 0.006 * (x / half) ** 2
    thick = thick * np.sqrt(1.02 - (x / half) ** 2)
    rows = []
    for sign in (1, -1):
        level = y + sign * thick
        a, b, ahead = _skull(level)
        z = ahead + b * np.sqrt(np.maximum(1 - (x / a) ** 2, 0.05)) + 0.001
        rows.append(np.stack([x, level, z], -1))
    i = np.arange(6)
    facets = np.stack([i, i + 1, i + 8, i + 7], -1)
    parts.add(_placed(pose, body, np.concatenate(rows)), facets, colour, bias, True)


def _face(parts, body, look, pose):
    h = body.height
    skin = np.asarray(look.skin, float)
    for sign in (1, -1):
        eye = (sign * 0.0190, 0.009)
        _patch(parts, pose, body, eye, (0.0096, 0.0052), 0.66 * skin, bias=0.012)
        _patch(parts, pose, body, eye, (0.0082, 0.0038), (238, 236, 232), bias=0.014)
        _patch(parts, pose, body, eye, (0.0042, 0.0040), (38, 26, 20), bias=0.016)
        brow = (sign * 0.0195, 0.0205)
        colour = 0.75 * np.asarray(look.hair, float)
        _patch(parts, pose, body, brow, (0.0110, 0.0022), colour, bias=0.012, tilt=-sign * 0.12)
        # The ear: a flat ellipsoid at the side of the head.
        up = 0.017 * np.cos(np.linspace(0, np.pi, 6))
        size = np.sqrt(np.maximum(0.017**2 - up**2, 1e-8))
        local = np.stack([0 * up + sign * 0.0445, up - 0.002, 0 * up - 0.006], -1)
        left, front = _axes(pose.head, 6)
        parts.tube(
            _placed(pose, body, local), left, front, 0.35 * size * h, 0.62 * size * h, 8, 0.9 * skin
        )
    lips = 0.78 * skin * (1.05, 0.72, 0.72)
    _smile(parts, pose, body, 0.0165, 0.0042, lips, 0.012)
    _smile(parts, pose, body, 0.0150, 0.0014, (232, 226, 220), 0.014)
    # The nose: a wedge of two sides and an underside.
    nose = np.array(
        [
            (0, 0.010, 0.053),
            (0, -0.012, 0.0665),
            (0.0085, -0.0165, 0.051),
            (-0.0085, -0.0165, 0.051),
            (0, -0.0185, 0.055),
        ]
    )
    points = _placed(pose, body, nose)
    parts.add(points, np.array([[0, 2, 1, 1], [0, 1, 3, 3]]), skin, 0.012)
    parts.add(points, np.array([[1, 2, 4, 4], [1, 4, 3, 3]]), 0.72 * skin, 0.012)


def _limb(upper, lower, joints, share, bend):
    """Centres and axes along a limb of two bones.

    `upper`, `lower` are frames (T, 3, 3), `joints` the three ends (T, 3) each, `share`
    places from 0 to 2, and `bend` the length (share) over which the frames change over.
    """
    centres, left, front = [], [], []
    for value in share:
        a, b = (joints[0], joints[1]) if value < 1 else (joints[1], joints[2])
        part = value if value < 1 else value - 1
        centres.append(a + part * (b - a))
        mix = np.clip((value - 1) / bend * 0.5 + 0.5, 0, 1)
        frame = upper + mix * (lower - upper)
        left.append(_unit(frame[:, :, 0]))
        front.append(_unit(frame[:, :, 2]))
    return (np.stack(part, 1) for part in (centres, left, front))


_ARM = np.array(
    [
        (-0.115, 0.006),
        (-0.09, 0.019),
        (-0.03, 0.0285),
        (0.06, 0.0310),
        (0.25, 0.0300),
        (0.60, 0.0265),
        (0.95, 0.0225),
        (1.05, 0.0225),
        (1.25, 0.0235),
        (1.60, 0.0195),
        (1.95, 0.0150),
        (2.03, 0.0145),
    ]
).T


def _arm(parts, body, look, pose, i):
    h = body.height
    side = ("left", "right")[i]
    ends = [pose.joints[:, _JOINT[f"{side}_{name}"]] for name in ("shoulder", "elbow", "wrist")]
    share = np.concatenate([[-0.115, -0.10, -0.07], np.linspace(-0.02, 2.03, 16)])
    (radius,) = _profile(share, *_ARM)
    sleeve = 2 * look.sleeve
    covered = (share <= sleeve) & (sleeve > 0)
    if sleeve == 0:
        covered = share < -0.02  # a vest still has shoulder straps
    wide = 0.04 + 0.26 * look.loose * np.clip(share / max(sleeve, 0.1), 0, 1)
    cloth = 1 + np.where(covered, wide, 0)
    radius = radius * h * body.girth * cloth
    middle = (share[:-1] + share[1:]) / 2
    colours = np.where(
        ((middle <= sleeve) if sleeve > 0 else (middle < -0.05))[:, None], look.shirt, look.skin
    )
    if look.pattern == "yoke" and sleeve > 0:
        colours[(middle <= sleeve) & (middle < 0.3)] = look.accent
    elif look.pattern == "stripes" and sleeve > 0:
        colours[(middle <= sleeve) & ((middle * 9).astype(int) % 2 == 1)] = look.accent
    centres, left, front = _limb(pose.arms[:, i], pose.hands[:, i], ends, share, 0.22)
    parts.tube(centres, left, front, radius, radius, 14, colours[:, None])


def _hand(parts, body, look, pose, i):
    h, frame = body.height, pose.hands[:, i]
    wrist = pose.joints[:, _JOINT[("left_wrist", "right_wrist")[i]]]
    down = np.array([-0.004, 0.015, 0.035, 0.055, 0.075, 0.090, 0.096]) * h
    thin = np.array([0.0135, 0.0130, 0.0130, 0.0115, 0.0095, 0.0070, 0.0020]) * h
    wide = np.array([0.0150, 0.0190, 0.0230, 0.0220, 0.0200, 0.0140, 0.0040]) * h
    left, front = _axes(frame, len(down))
    centres = wrist[:, None] - frame[:, None, :, 1] * down[None, :, None]
    parts.tube(centres, left, front, thin, wide, 10, look.skin)
    thumb = np.linspace(0, 1, 5)
    radius = np.array([0.0080, 0.0085, 0.0078, 0.0060, 0.0015]) * h
    base = wrist - 0.012 * h * frame[:, :, 1] + 0.014 * h * frame[:, :, 2]
    tip = wrist - 0.052 * h * frame[:, :, 1] + 0.036 * h * frame[:, :, 2]
    left, front = _axes(frame, 5)
    parts.tube(_between(base, tip, thumb), left, front, radius, radius, 8, look.skin)


_LEG = np.array(
    [
        (-0.10, 0.030),
        (-0.04, 0.046),
        (0.10, 0.0520),
        (0.45, 0.0455),
        (0.85, 0.0350),
        (1.00, 0.0330),
        (1.12, 0.0315),
        (1.35, 0.0335),
        (1.65, 0.0260),
        (1.92, 0.0195),
        (2.04, 0.0200),
    ]
).T


def _leg(parts, body, look, pose, i):
    h = body.height
    side = ("left", "right")[i]
    hip, knee, ankle = (
        pose.joints[:, _JOINT[f"{side}_{name}"]] for name in ("hip", "knee", "ankle")
    )
    ahead = pose.pelvis[:, :, 2] + 1.2 * pose.feet[:, i, :, 2]
    frames = [_bone_frame(a, b, ahead) for a, b in ((hip, knee), (knee, ankle))]
    share = np.linspace(-0.10, 2.04, 20)
    (radius,) = _profile(share, *_LEG)
    covered = share <= 2 * look.leg + 0.05
    cloth = 1 + np.where(
        covered, 0.06 + look.loose * np.interp(share, [0, 1, 2], [0.08, 0.25, 0.6]), 0
    )
    radius = radius * h * body.girth * cloth
    middle = (share[:-1] + share[1:]) / 2
    colours = np.where((middle <= 2 * look.leg + 0.05)[:, None], look.trousers, look.skin)[:, None]
    colours = np.broadcast_to(colours, (len(middle), 16, 3)).astype(float).copy()
    if look.pattern == "panel":
        outer = np.cos(2 * np.pi * (np.arange(16) + 0.5) / 16) * (1 - 2 * i) > 0.9
        colours[np.ix_(middle <= 2 * look.leg, outer)] = look.accent
    centres, left, front = _limb(*frames, (hip, knee, ankle), share, 0.3)
    parts.tube(centres, left, front, radius, radius, 16, colours)


def _bone_frame(top, bottom, ahead):
    up = _unit(top - bottom)
    front = _unit(ahead - (ahead * up).sum(-1, keepdims=True) * up)
    return np.stack([np.cross(up, front), up, front], -1)


# Place from heel to toe, half width, height of the top over the sole, in shares.
_SHOE = np.array(
    [
        (-0.046, 0.006, 0.018),
        (-0.042, 0.017, 0.034),
        (-0.020, 0.0215, 0.050),
        (0.010, 0.0215, 0.053),
        (0.040, 0.0230, 0.042),
        (0.075, 0.0270, 0.030),
        (0.100, 0.0265, 0.025),
        (0.120, 0.0180, 0.020),
        (0.126, 0.0060, 0.013),
    ]
).T


def _shoe(parts, body, look, pose, i):
    h, frame = body.height, pose.feet[:, i]
    ankle = pose.joints[:, _JOINT[("left_ankle", "right_ankle")[i]]]
    at, segments = np.linspace(-0.046, 0.126, 13), 12
    half, top = _profile(at, *_SHOE)
    sole = ankle - frame[:, :, 1] * body.ankle
    centres = (
        sole[:, None]
        + frame[:, None, :, 2] * (at * h)[None, :, None]
        + frame[:, None, :, 1] * (top / 2 * h)[None, :, None]
    )
    shape = (len(frame), len(at), 3)
    left = np.broadcast_to(frame[:, None, :, 0], shape)
    up = np.broadcast_to(frame[:, None, :, 1], shape)
    angle = 2 * np.pi * (np.arange(segments) + 0.5) / segments
    colours = np.broadcast_to(np.asarray(look.shoes, float), (len(at) - 1, segments, 3)).copy()
    bright = np.mean(look.shoes) > 150
    colours[:, np.sin(angle) < -0.55] = (120, 116, 112) if bright else (235, 235, 232)
    parts.tube(centres, left, up, half * h, top / 2 * h, segments, colours, square=2.6)
