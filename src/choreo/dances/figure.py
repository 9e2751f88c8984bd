"""A dancer with volume: rounded limbs in their depth order, on a floor."""

import functools

import cv2
import numpy as np

from choreo.drawing import LEFT, RIGHT
from choreo.pose.skeletons import SKELETONS

WALL_TOP, WALL_BOTTOM = np.array([226, 230, 236]), np.array([246, 247, 249])
_FLOOR_FAR, _FLOOR_NEAR = np.array([214, 214, 212]), np.array([192, 192, 190])
_SHADOW = (150, 150, 150), (128, 128, 128)
_LINE = (200, 200, 198)
_BODY, _SKIN, _HAIR = (74, 80, 94), (222, 186, 160), (64, 52, 46)

_HORIZON = 0.10
"""Height of the floor's far edge above the dancer's feet, as a share of the picture's."""
_SHADE, _LIGHT = 0.72, 1.22
_FAR = 0.66
"""How much darker the side that is turned away is."""
_ARC = np.linspace(-np.pi / 2, np.pi / 2, 9)
_TURN = np.linspace(0, 2 * np.pi, 36, endpoint=False)
_LIT = -0.25, -0.28
"""Where light falls on a limb, in its radii from the middle."""
_SUBPIXEL = 4

# Radii at the ends of a limb, in lengths of the torso.
_LIMBS = {
    "arm": (("shoulder", "elbow", 0.105, 0.085), ("elbow", "wrist", 0.085, 0.058)),
    "leg": (("hip", "knee", 0.165, 0.115), ("knee", "ankle", 0.112, 0.070)),
}
_HAND, _FOOT, _NECK = 0.075, (0.075, 0.052), 0.085
_HEAD = (0.185, 0.235)


_SIDES = "left", "right"
_ELLIPSES = "shadow", "left_foot", "right_foot", "hair_edge", "hair", "face"
_LIMB_NAMES = (
    *(f"{side}_{part}" for side in _SIDES for part in ("hand", "lower_arm", "upper_arm")),
    *(f"{side}_{part}" for side in _SIDES for part in ("shoe", "lower_leg", "upper_leg")),
    "neck",
)
_CAPSULES = (
    *((name, layer) for name in _LIMB_NAMES for layer in ("edge", "itself", "light")),
    ("torso", "light"),
)
_TORSO = (
    ("left_shoulder", 0.105),
    ("right_shoulder", 0.105),
    ("right_hip", 0.13),
    ("left_hip", 0.13),
)
_TORSO_EDGE = 0.02
_FRAMES = 256
"""Frames whose outlines are held at a time."""


def stage(size, floor):
    """Draw wall and floor.

    Parameters
    ----------
    size : (int, int)
        Width and height in pixels.
    floor : float
        Height of the dancer's feet in the picture.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        RGB.
    """
    width, height = size
    horizon = round(floor - _HORIZON * height)
    rows = np.arange(height)[:, None]
    wall = WALL_TOP + (WALL_BOTTOM - WALL_TOP) * rows / max(1, horizon)
    ground = _FLOOR_FAR + (_FLOOR_NEAR - _FLOOR_FAR) * (rows - horizon) / (height - horizon)
    colours = np.where(rows < horizon, wall, ground)
    image = np.repeat(colours[:, None], width, axis=1)
    # A soft edge between the two.
    edge = slice(max(0, horizon - 2), horizon + 3)
    image[edge] = image[edge].mean(0)
    return np.clip(np.round(image), 0, 255).astype(np.uint8)


def floor_lines(size, floor, unit, travel):
    """Lines on the floor, which pass by where the picture follows the dancer.

    Parameters
    ----------
    size : (int, int)
        Width and height of the picture in pixels.
    floor, unit : float
    travel : ndarray, shape (T,)
        See `choreo.dances.framing.Framed`.

    Returns
    -------
    ndarray of int32, shape (T, n, 2, 2)
        Ends of the lines of each frame, for `draw_lines`.
    """
    width, height = size
    horizon, apart = floor - _HORIZON * height, 2.4 * unit
    spread = (height - horizon) / (floor - horizon)
    first = -(np.asarray(travel) % apart) - apart * np.ceil(width / apart)
    x = first[:, None] + apart * np.arange(np.ceil(3 * width / apart) + 2) - width / 2
    # From the far edge, where half as much is seen of it, to the picture's lower edge.
    far = 0.72 * x
    near = far + (x - far) * spread
    ends = [
        np.stack([width / 2 + at, np.full_like(at, y)], -1)
        for at, y in ((far, horizon), (near, height))
    ]
    return _fixed(np.stack(ends, 2))


def draw_lines(image, ends):
    """Draw the lines of one frame of `floor_lines`, in place.

    Returns
    -------
    (slice, slice)
        Rows and columns that were drawn on.
    """
    for start, end in ends.tolist():
        cv2.line(image, start, end, _LINE, 1, cv2.LINE_AA, _SUBPIXEL)
    return slice(max(0, (int(ends[0, 0, 1]) >> _SUBPIXEL) - 2), None), slice(None)


class Figure:
    """A dancer with volume and her shadow, in each frame of a dance.

    Two dimensions don't tell what is in front. What is used: the order of the shoulders
    tells front from back, and where the nose is to the ears tells which side is turned
    away, which is drawn first and darker.

    Parameters
    ----------
    keypoints : ndarray, shape (T, J, 2)
        Pixels; limbs with a NaN joint are left out.
    skeleton : str
    unit : float
        Length of the torso in pixels.
    floor : float
        Height of the floor in the picture.
    turned : ndarray, shape (T,), optional
        How far the face is turned to the picture's right, -1 to 1; by default `turning`.
    """

    def __init__(self, keypoints, skeleton, unit, floor, turned=None):
        self._keypoints, self._names = np.asarray(keypoints, float), SKELETONS[skeleton].joints
        self._turned = turning(self._keypoints, skeleton, unit) if turned is None else turned
        self._unit, self._floor = unit, floor
        self._number, self._outlines = None, None

    def draw(self, image, frame):
        """Draw one frame, in place.

        Parameters
        ----------
        image : ndarray of uint8, shape (height, width, 3)
            RGB.
        frame : int

        Returns
        -------
        (slice, slice)
            Rows and columns that were drawn on.
        """
        number, frame = divmod(frame, _FRAMES)
        if number != self._number:
            at = slice(number * _FRAMES, (number + 1) * _FRAMES)
            joints = _Joints(self._keypoints[at], self._names)
            made = joints, self._unit, self._floor, self._turned[at]
            self._number, self._outlines = number, _Outlines(*made)
        return self._outlines.draw(image, frame)


def turning(keypoints, skeleton, unit):
    """How far the face is turned to the picture's right in each frame, -1 to 1.

    Parameters
    ----------
    keypoints : ndarray, shape (T, J, 2)
    skeleton : str
    unit : float
        Length of the torso in the same pixels.

    Returns
    -------
    ndarray, shape (T,)
        0 where nose or ears are missing.
    """
    names = SKELETONS[skeleton].joints
    wanted = [names.index(name) for name in ("nose", "left_ear", "right_ear")]
    nose, left, right = keypoints[:, wanted, 0].T
    return np.nan_to_num(np.clip((nose - (left + right) / 2) / (0.2 * unit), -1, 1))


class _Joints:
    """Joints of T frames by their names; NaN where there is none."""

    def __init__(self, keypoints, names):
        given = np.isfinite(keypoints).all(-1, keepdims=True)
        self._at = dict(zip(names, np.where(given, keypoints, np.nan).swapaxes(0, 1), strict=True))
        self._none = np.full((len(keypoints), 2), np.nan)

    def __getitem__(self, name):
        return self._at.get(name, self._none)

    def both(self, part):
        """Left and right, shape (2, T, 2)."""
        return np.stack([self[f"{side}_{part}"] for side in _SIDES])


class _Outlines:
    """Polygons of T frames. All of a kind are made at once, which takes a tenth of the time."""

    def __init__(self, at, unit, floor, turned):
        turned = np.asarray(turned, float)
        shoulders = at.both("shoulder")
        self._behind = shoulders[0, :, 0] < shoulders[1, :, 0]
        self._left_is_near, self._front = turned < 0, np.abs(turned) < 0.25
        # The side that is turned away is darker.
        darker = 1 - (1 - _FAR) * np.minimum(1, np.abs(turned) * 1.5)
        bright = np.stack([np.where(turned < 0, 1, darker), np.where(turned < 0, darker, 1)])
        up, centre, base = _head(at, unit)
        ellipses, painted = _ellipses(at, unit, floor, self._behind, up, centre)
        capsules, colours = _capsules(at, unit, turned, bright, self._behind, centre, base)
        self._polygons = _fixed(ellipses), _fixed(capsules)
        self._given = np.concatenate([np.isfinite(e).all((2, 3)) for e in (ellipses, capsules)], 1)
        self._colours = np.concatenate([painted, colours], 1).tolist()
        corners = np.stack([at[name] for name, _ in _TORSO], 1)
        radii = np.array([radius * unit for _, radius in _TORSO])
        discs = radii + np.array([_TORSO_EDGE * unit, 0])[:, None]
        around = discs[..., None, None] * np.stack([np.cos(_TURN), np.sin(_TURN)], -1)
        self._corners = np.isfinite(corners).all(-1)
        self._discs = _fixed(corners[:, None, :, None] + around)
        self._bounds = self._extent()

    def _extent(self):
        """Least and greatest pixels that are drawn on, shape (T, 2, 2)."""
        count = len(self._given)
        lows, highs = [], []
        split = len(_ELLIPSES)
        groups = zip(self._polygons, (self._given[:, :split], self._given[:, split:]))
        for points, given in (*groups, (self._discs[:, 0], self._corners)):
            given = given[..., None, None]
            lows.append(points.min((1, 2), where=given, initial=1 << 20))
            highs.append(points.max((1, 2), where=given, initial=-(1 << 20)))
        ends = np.min(lows, 0), np.max(highs, 0)
        return np.stack([(ends[0] >> _SUBPIXEL) - 2, (ends[1] >> _SUBPIXEL) + 3], 1).reshape(
            count, 2, 2
        )

    def draw(self, image, frame):
        """See `Figure.draw`."""
        given, colours = self._given[frame].tolist(), self._colours[frame]
        polygons = [*self._polygons[0][frame], *self._polygons[1][frame]]
        view = self._left_is_near[frame], self._behind[frame], self._front[frame]
        for number in _order(*map(bool, view)):
            if number is None:
                self._draw_torso(image, frame)
            elif given[number]:
                cv2.fillConvexPoly(image, polygons[number], colours[number], cv2.LINE_AA, _SUBPIXEL)
        (left, top), (right, bottom) = np.maximum(self._bounds[frame], 0).tolist()
        return slice(top, bottom), slice(left, right)

    def _draw_torso(self, image, frame):
        given = self._corners[frame]
        if given.sum() < 3:
            return
        for discs, colour in zip(self._discs[frame], (_times(_BODY, _SHADE), _BODY)):
            hull = cv2.convexHull(discs[given].reshape(-1, 2))
            cv2.fillConvexPoly(image, hull, colour, cv2.LINE_AA, _SUBPIXEL)


@functools.cache
def _order(left_is_near, behind, front):
    """Numbers of ellipses and capsules from the back to the front; None is the torso."""
    near, far = _SIDES if left_is_near else _SIDES[::-1]

    def limbs(*names):
        own = [k for name in names for k, (of, _) in enumerate(_CAPSULES) if of == name]
        return [len(_ELLIPSES) + k for k in own]

    def ellipses(*names):
        return [_ELLIPSES.index(name) for name in names]

    # Hands and shoes lie under the limb that they belong to.
    arm, leg = ("hand", "lower_arm", "upper_arm"), ("shoe", "lower_leg", "upper_leg")
    arms = {side: limbs(*(f"{side}_{part}" for part in arm)) for side in _SIDES}
    legs = {side: limbs(*(f"{side}_{part}" for part in leg)) for side in _SIDES}
    head = [*limbs("neck"), *ellipses("hair_edge", "hair", "face")]
    torso = [None, *limbs("torso")]
    order = ellipses("shadow", "left_foot", "right_foot")
    if behind:
        return (*order, *arms[far], *arms[near], *legs[far], *legs[near], *head, *torso)
    # Seen from the front both arms are before the body.
    first, then = ([], arms[far]) if front else (arms[far], [])
    return (*order, *first, *legs[far], *legs[near], *torso, *head, *then, *arms[near])


def _head(at, unit):
    """Where the head's up is, its middle, and where its neck begins, each (T, 2)."""
    ears, face = _mean(at.both("ear")), _mean([at["nose"], *at.both("eye")])
    middle, base = np.where(np.isfinite(ears), ears, face), _mean(at.both("shoulder"))
    up = middle - base
    up = up / np.maximum(np.linalg.norm(up, axis=-1, keepdims=True), 1e-6)
    up = np.where(np.isfinite(up), up, [0.0, -1.0])
    return up, middle + 0.03 * unit * up, base


def _ellipses(at, unit, floor, behind, up, centre):
    """Outlines (T, n, 36, 2) of `_ELLIPSES` and their colours (T, n, 3)."""
    feet, across = at.both("ankle"), np.broadcast_to([0.0, -1.0], up.shape)
    middle = _mean(feet)[:, 0]
    apart = np.abs(np.diff(feet[..., 0], axis=0))[0]
    spread = 0.5 * np.nan_to_num(apart) + 0.42 * unit
    on_floor = [np.stack([x, np.full_like(x, floor)], -1) for x in (middle, *feet[..., 0])]
    # The higher a foot, the smaller what it darkens.
    raised = np.clip((floor - feet[..., 1]) / unit - 0.15, 0, 1)
    size = np.where(raised < 0.9, 0.24 * unit * (1 - 0.7 * raised), np.nan)
    wide, tall = (np.full(len(up), size * unit) for size in _HEAD)
    look = _mean([at["nose"], *at.both("eye")]) - centre
    face = centre + look * 0.55 - up * 0.045 * unit
    face = np.where(behind[:, None], np.nan, face)
    found = [
        (on_floor[0], spread, np.full(len(up), 0.13 * unit), across, _SHADOW[0]),
        *((p, s, 0.30 * s, across, _SHADOW[1]) for p, s in zip(on_floor[1:], size)),
        (centre, wide * 1.06, tall * 1.06, up, _times(_HAIR, 0.8)),
        (centre, wide, tall, up, _HAIR),
        (face, wide * 0.82, tall * 0.80, up, _SKIN),
    ]
    centres, wide, tall, up = (np.stack(values, 1) for values in list(zip(*found))[:4])
    beside = np.stack([-up[..., 1], up[..., 0]], -1)
    outlines = (
        centres[:, :, None]
        + (wide[..., None] * np.cos(_TURN))[..., None] * beside[:, :, None]
        - (tall[..., None] * np.sin(_TURN))[..., None] * up[:, :, None]
    )
    colours = np.array([colour for *_, colour in found])
    return outlines, np.broadcast_to(colours, (len(outlines), *colours.shape))


def _capsules(at, unit, turned, bright, behind, centre, base):
    """Outlines (T, n, 18, 2) of `_CAPSULES` and their colours (T, n, 3)."""
    limbs = {}
    for side, colour, brightness in zip(_SIDES, (LEFT, RIGHT), bright):
        colour = _painted(colour, brightness)
        for kind, chain in _LIMBS.items():
            for place, (a, b, r_start, r_end) in zip(("upper", "lower"), chain):
                ends = at[f"{side}_{a}"], at[f"{side}_{b}"]
                limbs[f"{side}_{place}_{kind}"] = *ends, r_start, r_end, colour
        wrist, ankle, toe = (at[f"{side}_{name}"] for name in ("wrist", "ankle", "big_toe"))
        along = wrist - at[f"{side}_elbow"]
        along = along / np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1e-6)
        skin = _painted(_SKIN, brightness)
        limbs[f"{side}_hand"] = wrist, wrist + 0.09 * unit * along, 0.055, _HAND, skin
        outwards = np.where(behind, -1, 1) * (0.10 if side == "left" else -0.10)
        guess = 0.26 * turned + outwards * (1 - np.abs(turned))
        guess = ankle + unit * np.stack([guess, np.full_like(guess, 0.10)], -1)
        toe = np.where(np.isfinite(toe), toe, guess)
        limbs[f"{side}_shoe"] = ankle, toe, *_FOOT, _painted(colour, 0.62)
    limbs["neck"] = (
        base,
        centre,
        _NECK * 1.1,
        _NECK,
        _painted(_times(_SKIN, 0.86), np.ones(len(base))),
    )
    parts = [(name, *_layered(*limbs[name], unit)) for name in _LIMB_NAMES]
    capsules = [layer for _, layers, _ in parts for layer in layers]
    colours = [colour for _, _, painted in parts for colour in painted]
    # Light from the upper left: a lighter band down the body.
    top, bottom = _mean(at.both("shoulder")), _mean(at.both("hip"))
    ends = np.isfinite(np.stack([at[name] for name, _ in _TORSO])).all(-1).sum(0) >= 3
    shift, inner = np.array([-0.07 * unit, 0.02 * unit]), 0.25 * (bottom - top)
    top = np.where(ends[:, None], top + inner + shift, np.nan)
    capsules.append((top, bottom - inner + shift, 0.10 * unit, 0.08 * unit))
    colours.append(np.broadcast_to(_times(_BODY, _LIGHT), (len(top), 3)))
    starts, ends = (np.stack([capsule[k] for capsule in capsules], 1) for k in (0, 1))
    radii = np.array([capsule[2:] for capsule in capsules])
    return _around(starts, ends, *radii.T), np.stack(colours, 1)


def _layered(start, end, r_start, r_end, colour, unit):
    """Capsules of a tapered limb and their colours: its dark edge, itself, a lighter band."""
    r_start, r_end = r_start * unit, r_end * unit
    where = np.array(_LIT)
    light = start + where * r_start, end + where * r_end
    layers = (
        (start, end, r_start * 1.14, r_end * 1.14),
        (start, end, r_start, r_end),
        (*light, r_start * 0.42, r_end * 0.42),
    )
    return layers, (_painted(colour, _SHADE), colour, _painted(colour, _LIGHT))


def _around(starts, ends, r_start, r_end):
    """Outlines (T, n, 18, 2) of two discs each and what lies between them."""
    along = ends - starts
    length = np.linalg.norm(along, axis=-1, keepdims=True)
    along = np.divide(along, length, out=along * 0 + [1.0, 0.0], where=~(length == 0))
    across = np.stack([-along[..., 1], along[..., 0]], -1)
    ways = np.cos(_ARC)[:, None] * along[:, :, None] + np.sin(_ARC)[:, None] * across[:, :, None]
    return np.concatenate(
        [
            starts[:, :, None] - r_start[:, None, None] * ways,
            ends[:, :, None] + r_end[:, None, None] * ways,
        ],
        2,
    )


def _mean(points):
    """Mean of those points (n, T, 2) that are given; NaN where none is."""
    points = np.asarray(points)
    given = np.isfinite(points)
    count = given.sum(0)
    total = np.where(given, points, 0).sum(0)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _times(colour, factor):
    return tuple(int(min(255, round(c * factor))) for c in colour)


def _painted(colour, factor):
    """`_times` of colours (3,) or (T, 3) by a factor or one of each frame (T,)."""
    colour = np.asarray(colour) * np.asarray(factor)[..., None]
    return np.minimum(255, np.rint(colour)).astype(int)


def _fixed(points):
    """Points in the fractions of a pixel that cv2 draws at; 0 where there is none."""
    scaled = np.clip(np.nan_to_num(points), -1e4, 1e4) * (1 << _SUBPIXEL)
    return np.round(scaled).astype(np.int32)
