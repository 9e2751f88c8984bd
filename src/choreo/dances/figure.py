"""A dancer with volume: rounded limbs in their depth order, on a floor."""

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
_TURN = np.linspace(0, 2 * np.pi, 20, endpoint=False)
_ROUND = np.stack([np.cos(_TURN), np.sin(_TURN)], -1)
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


def draw_floor_lines(image, floor, unit, travel):
    """Draw lines on the floor, which pass by where the picture follows the dancer.

    Parameters
    ----------
    image : ndarray of uint8, shape (height, width, 3)
        RGB; drawn on in place.
    floor, unit, travel : float
        See `choreo.dances.framing.Framed`.
    """
    height, width = image.shape[:2]
    horizon, apart = floor - _HORIZON * height, 2.4 * unit
    spread = (height - horizon) / (floor - horizon)
    first = -(travel % apart) - apart * np.ceil(width / apart)
    for x in np.arange(first, 2 * width, apart):
        # From the far edge, where half as much is seen of it, to the picture's lower edge.
        far, at_feet = (x - width / 2) * 0.72, x - width / 2
        near = far + (at_feet - far) * spread
        ends = [(width / 2 + far, horizon), (width / 2 + near, height)]
        cv2.line(image, *_fixed(ends), _LINE, 1, cv2.LINE_AA, _SUBPIXEL)


def draw_figure(image, joints, skeleton, unit, floor, turned=0.0):
    """Draw a dancer with volume and her shadow.

    Two dimensions don't tell what is in front. What is used: the order of the shoulders
    tells front from back, and where the nose is to the ears tells which side is turned
    away, which is drawn first and darker.

    Parameters
    ----------
    image : ndarray of uint8, shape (height, width, 3)
        RGB; drawn on in place.
    joints : ndarray, shape (J, 2)
        Pixels; limbs with a NaN joint are left out.
    skeleton : str
    unit : float
        Length of the torso in pixels.
    floor : float
        Height of the floor in the picture.
    turned : float
        How far the face is turned to the picture's right, -1 to 1 (`turning`).
    """
    at = {
        name: point
        for name, point in zip(SKELETONS[skeleton].joints, np.asarray(joints, float), strict=True)
        if np.isfinite(point).all()
    }
    _draw_shadow(image, at, unit, floor)
    shapes = _Shapes()
    near = "left" if turned < 0 else "right"
    far = "right" if near == "left" else "left"
    from_behind = _from_behind(at)
    darker = 1 - (1 - _FAR) * min(1.0, abs(turned) * 1.5)

    def part(kind, side):
        _add_limb(shapes, at, kind, side, unit, turned, darker if side == far else 1.0)

    part("arm", far)
    if from_behind:
        part("arm", near)
    part("leg", far)
    part("leg", near)
    if from_behind:
        _add_head(shapes, at, unit, from_behind)
    _add_torso(shapes, at, unit)
    if not from_behind:
        _add_head(shapes, at, unit, from_behind)
        if abs(turned) < 0.25:  # seen from the front both arms are before the body
            part("arm", far)
        part("arm", near)
    shapes.draw(image)


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


def _from_behind(at):
    if "left_shoulder" not in at or "right_shoulder" not in at:
        return False
    return at["left_shoulder"][0] < at["right_shoulder"][0]


def _draw_shadow(image, at, unit, floor):
    feet = [at[name] for name in ("left_ankle", "right_ankle") if name in at]
    if not feet:
        return
    middle = np.mean([foot[0] for foot in feet])
    spread = 0.5 * (max(f[0] for f in feet) - min(f[0] for f in feet)) + 0.42 * unit
    _ellipse(image, (middle, floor), (spread, 0.13 * unit), _SHADOW[0])
    for foot in feet:
        # The higher a foot, the smaller what it darkens.
        raised = np.clip((floor - foot[1]) / unit - 0.15, 0, 1)
        if raised < 0.9:
            size = 0.24 * unit * (1 - 0.7 * raised)
            _ellipse(image, (foot[0], floor), (size, 0.30 * size), _SHADOW[1])


def _add_limb(shapes, at, kind, side, unit, turned, brightness):
    colour = _times(LEFT if side == "left" else RIGHT, brightness)
    chain = [(f"{side}_{a}", f"{side}_{b}", ra, rb) for a, b, ra, rb in _LIMBS[kind]]
    last = chain[-1]
    parts = [
        (at[a], at[b], ra * unit, rb * unit, colour)
        for a, b, ra, rb in chain
        if a in at and b in at
    ]
    if last[1] in at:
        end = at[last[1]]
        if kind == "leg":
            toe = at.get(f"{side}_big_toe")
            if toe is None:
                outwards = 0.10 if side == "left" else -0.10
                outwards = -outwards if _from_behind(at) else outwards
                toe = end + unit * np.array([0.26 * turned + outwards * (1 - abs(turned)), 0.10])
            shoe = _times(colour, 0.62)
            parts.append((end, toe, _FOOT[0] * unit, _FOOT[1] * unit, shoe))
        elif last[0] in at:
            along = end - at[last[0]]
            along = along / max(np.linalg.norm(along), 1e-6)
            hand = end + along * 0.09 * unit
            parts.append((end, hand, 0.055 * unit, _HAND * unit, _times(_SKIN, brightness)))
    # Hands and shoes lie under the limb that they belong to.
    for start, end, r_start, r_end, paint in reversed(parts):
        shapes.limb(start, end, r_start, r_end, paint)


def _add_torso(shapes, at, unit):
    corners = [("left_shoulder", 0.105), ("right_shoulder", 0.105), ("right_hip", 0.13)]
    corners += [("left_hip", 0.13)]
    found = [(at[name], radius * unit) for name, radius in corners if name in at]
    if len(found) < 3:
        return
    centres, radii = (np.array(values) for values in zip(*found, strict=True))
    for grown, colour in ((0.02 * unit, _times(_BODY, _SHADE)), (0.0, _BODY)):
        points = centres[:, None] + (radii + grown)[:, None, None] * _ROUND
        hull = cv2.convexHull(points.reshape(-1, 2).astype(np.float32))[:, 0]
        shapes.polygon(hull, colour)
    # Light from the upper left: a lighter band down the body.
    top = np.mean([p for p, _ in found[:2]], axis=0)
    bottom = np.mean([p for p, _ in found[2:]], axis=0)
    shift = np.array([-0.07 * unit, 0.02 * unit])
    inner = 0.25 * (bottom - top)
    shapes.capsule(
        top + inner + shift,
        bottom - inner + shift,
        0.10 * unit,
        0.08 * unit,
        _times(_BODY, _LIGHT),
    )


def _add_head(shapes, at, unit, from_behind):
    ears = [at[name] for name in ("left_ear", "right_ear") if name in at]
    face = [at[name] for name in ("nose", "left_eye", "right_eye") if name in at]
    shoulders = [at[name] for name in ("left_shoulder", "right_shoulder") if name in at]
    if not (ears or face):
        return
    centre = np.mean(ears or face, axis=0)
    if shoulders:
        base = np.mean(shoulders, axis=0)
        shapes.limb(base, centre, _NECK * unit * 1.1, _NECK * unit, _times(_SKIN, 0.86))
        up = centre - base
        up = up / max(np.linalg.norm(up), 1e-6)
    else:
        up = np.array([0.0, -1.0])
    centre = centre + 0.03 * unit * up
    tilt = np.degrees(np.arctan2(up[0], -up[1]))
    wide, tall = _HEAD[0] * unit, _HEAD[1] * unit
    shapes.ellipse(centre, (wide * 1.06, tall * 1.06), _times(_HAIR, 0.8), tilt)
    shapes.ellipse(centre, (wide, tall), _HAIR, tilt)
    if from_behind or not face:
        return
    look = np.mean(face, axis=0) - centre
    shift = look * 0.55 - up * 0.045 * unit
    shapes.ellipse(centre + shift, (wide * 0.82, tall * 0.80), _SKIN, tilt)


def _times(colour, factor):
    return tuple(int(min(255, round(c * factor))) for c in colour)


class _Shapes:
    """What is drawn, in its order; all outlines of capsules are made at once, which is fast."""

    def __init__(self):
        self._drawn, self._capsules = [], []

    def limb(self, start, end, r_start, r_end, colour):
        """Add a tapered limb: its dark edge, itself, and a lighter band."""
        self.capsule(start, end, r_start * 1.14, r_end * 1.14, _times(colour, _SHADE))
        self.capsule(start, end, r_start, r_end, colour)
        x, y = _LIT
        light = (start[0] + x * r_start, start[1] + y * r_start)
        ends = light, (end[0] + x * r_end, end[1] + y * r_end)
        self.capsule(*ends, r_start * 0.42, r_end * 0.42, _times(colour, _LIGHT))

    def capsule(self, start, end, r_start, r_end, colour):
        """Add two discs and what lies between them."""
        self._drawn.append(("capsule", len(self._capsules), colour))
        self._capsules.append((*start, *end, r_start, r_end))

    def polygon(self, outline, colour):
        """Add a convex polygon."""
        self._drawn.append(("polygon", _fixed_array(outline), colour))

    def ellipse(self, centre, axes, colour, angle):
        """Add a filled ellipse."""
        self._drawn.append(("ellipse", (centre, axes, angle), colour))

    def draw(self, image):
        """Draw all, the first at the back."""
        outlines = _fixed_array(_outlines(np.array(self._capsules))) if self._capsules else []
        for kind, shape, colour in self._drawn:
            if kind == "ellipse":
                centre, axes, angle = shape
                _ellipse(image, centre, axes, colour, angle)
            else:
                outline = outlines[shape] if kind == "capsule" else shape
                cv2.fillConvexPoly(image, outline, colour, cv2.LINE_AA, _SUBPIXEL)


def _outlines(capsules):
    """Outlines (N, 18, 2) of N capsules: x, y, x, y and the two radii."""
    x1, y1, x2, y2, r_start, r_end = capsules.T[:, :, None]
    along = np.arctan2(y2 - y1, x2 - x1)
    first, second = _ARC + along + np.pi, _ARC + along
    xs = np.concatenate([x1 + r_start * np.cos(first), x2 + r_end * np.cos(second)], 1)
    ys = np.concatenate([y1 + r_start * np.sin(first), y2 + r_end * np.sin(second)], 1)
    return np.stack([xs, ys], -1)


def _ellipse(image, centre, axes, colour, angle=0.0):
    scaled = _fixed([centre, axes])
    cv2.ellipse(image, *scaled, angle, 0, 360, colour, -1, cv2.LINE_AA, _SUBPIXEL)


def _fixed(points):
    return [tuple(point) for point in _fixed_array(np.asarray(points, float)).tolist()]


def _fixed_array(points):
    return np.round(np.clip(points, -1e4, 1e4) * (1 << _SUBPIXEL)).astype(np.int32)
