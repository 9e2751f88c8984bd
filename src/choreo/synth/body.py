"""The articulated figure: proportions, joint angles, and where they put the joints.

World frame: x to the camera's right, y up, z towards the camera; metres; the floor is
y = 0. A figure with yaw 0 faces the camera, so its left is +x. Angles are in radians in
the channels and in degrees where people write them (motifs, limits).

Segment lengths are shares of the standing height after Winter (2009), *Biomechanics and
Motor Control of Human Movement*, table of body segment lengths.
"""

from dataclasses import dataclass

import numpy as np

from choreo.pose.skeletons import HALPE26

CHANNELS = (
    # where the pelvis is, and which way the figure faces
    "x z facing dip hip_yaw hip_roll "
    # chest against pelvis, head against chest
    "bend side twist head_yaw head_pitch head_roll "
    # arms
    "left_flex left_abduct left_rotate left_elbow "
    "right_flex right_abduct right_rotate right_elbow"
).split()
"""What a key pose sets. `x`, `z`, `dip` in metres, all others in radians."""

INDEX = {name: index for index, name in enumerate(CHANNELS)}

LIMITS = {
    "hip_yaw": (-50, 50),
    "hip_roll": (-20, 20),
    "bend": (-30, 75),
    "side": (-35, 35),
    "twist": (-50, 50),
    "head_yaw": (-75, 75),
    "head_pitch": (-50, 50),
    "head_roll": (-40, 40),
    "flex": (-55, 175),
    "abduct": (-40, 175),
    "rotate": (-90, 90),
    "elbow": (0, 150),
}
"""Range of motion in degrees (American Academy of Orthopaedic Surgeons, rounded)."""

KNEE_LIMIT = 150
"""Largest knee flexion in degrees; 0 is a straight leg."""

_REACH = 0.985
"""Largest share of the leg's length between hip and ankle: a knee never locks."""


@dataclass(frozen=True)
class Body:
    """Proportions of a figure.

    Attributes
    ----------
    height : float
        Standing height in metres.
    girth : float
        Thickness of limbs and trunk against the average, 1 for average.
    shoulders, hips : float
        Width against the average.
    legs : float
        Length of the legs against the average.
    """

    height: float = 1.72
    girth: float = 1.0
    shoulders: float = 1.0
    hips: float = 1.0
    legs: float = 1.0

    @property
    def thigh(self):
        """Hip to knee in metres."""
        return 0.245 * self.height * self.legs

    @property
    def shank(self):
        """Knee to ankle in metres."""
        return 0.246 * self.height * self.legs

    @property
    def ankle(self):
        """Height of the ankle above the floor in metres."""
        return 0.045 * self.height

    @property
    def upper_arm(self):
        """Shoulder to elbow in metres."""
        return 0.172 * self.height

    @property
    def forearm(self):
        """Elbow to wrist in metres."""
        return 0.150 * self.height

    @property
    def hip_half(self):
        """Half the distance between the hip joints in metres."""
        return 0.056 * self.height * self.hips

    @property
    def shoulder_half(self):
        """Half the distance between the shoulder joints in metres."""
        return 0.103 * self.height * self.shoulders

    @property
    def trunk(self):
        """Lengths from mid hip: to the waist, the ribs' lower end and the neck's base."""
        return 0.075 * self.height, 0.085 * self.height, 0.155 * self.height


@dataclass(frozen=True)
class Pose:
    """A figure at T times.

    Attributes
    ----------
    joints : ndarray, shape (T, 26, 3)
        World positions in metres, in the order of `choreo.pose.skeletons.HALPE26`.
    pelvis, waist, chest, head : ndarray, shape (T, 3, 3)
        Orientations; columns are the part's left, up and forward in the world.
    arms, hands, feet : ndarray, shape (T, 2, 3, 3)
        Orientations of upper arms, forearms with hands, and feet; left first.
    spine : ndarray, shape (T, 4, 3)
        Mid hip, waist, ribs' lower end, neck's base.
    skull : ndarray, shape (T, 3)
        Centre of the head.
    """

    joints: np.ndarray
    pelvis: np.ndarray
    waist: np.ndarray
    chest: np.ndarray
    head: np.ndarray
    arms: np.ndarray
    hands: np.ndarray
    feet: np.ndarray
    spine: np.ndarray
    skull: np.ndarray


def about(axis, angle):
    """Rotation matrices about a coordinate axis.

    Parameters
    ----------
    axis : {"x", "y", "z"}
    angle : ndarray, shape (...)
        Radians.

    Returns
    -------
    ndarray, shape (..., 3, 3)
    """
    angle = np.asarray(angle, float)
    c, s = np.cos(angle), np.sin(angle)
    out = np.zeros((*angle.shape, 3, 3))
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    k = 3 - i - j
    out[..., k, k] = 1
    out[..., i, i] = out[..., j, j] = c
    out[..., i, j], out[..., j, i] = -s, s
    return out


def _about_vector(vector):
    """Rotation matrices from rotation vectors, shape (..., 3), by Rodrigues' formula."""
    angle = np.linalg.norm(vector, axis=-1)[..., None, None]
    x, y, z = np.moveaxis(vector, -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*x.shape, 3, 3)
    return np.eye(3) + np.sinc(angle / np.pi) * cross + _versine(angle) * (cross @ cross)


def _versine(angle):
    """(1 - cos a) / a^2, without dividing by 0."""
    return 0.5 * np.sinc(angle / (2 * np.pi)) ** 2


def _along(rotation, vector):
    """Apply (..., 3, 3) rotations to one vector."""
    return rotation @ np.asarray(vector, float)


def pose(body, channels, feet, lift):
    """Place all joints.

    Parameters
    ----------
    body : Body
    channels : ndarray, shape (T, C)
        In the order of `CHANNELS`.
    feet : ndarray, shape (T, 2, 4)
        Left and right foot: x, height above the floor, z (metres) of the point under the
        ankle, and yaw (radians).
    lift : ndarray, shape (T,)
        Height of a jump in metres, added to pelvis and feet.

    Returns
    -------
    Pose
    """
    value = {name: channels[:, index] for name, index in INDEX.items()}
    feet = feet.copy()
    feet[:, :, 1] += lift[:, None]
    ankles = feet[:, :, :3] + [0, body.ankle, 0]

    pelvis = about("y", value["facing"] + value["hip_yaw"]) @ about("z", -value["hip_roll"])
    half = [
        about("y", share * value["twist"])
        @ about("x", share * value["bend"])
        @ about("z", -share * value["side"])
        for share in (0.5, 1.0)
    ]
    # The trunk leans against the upright, not against a tilted pelvis.
    upright = about("y", value["facing"] + value["hip_yaw"])
    waist, chest = upright @ half[0], upright @ half[1]
    nod = (
        about("y", value["head_yaw"])
        @ about("x", value["head_pitch"])
        @ about("z", -value["head_roll"])
    )
    head = chest @ nod

    middle = _pelvis(body, value, pelvis, ankles, lift)
    hips = middle[:, None] + np.stack(
        [_along(pelvis, [sign * body.hip_half, 0, 0]) for sign in (1, -1)], 1
    )
    knees = np.stack([_knee(body, hips[:, i], ankles[:, i], feet[:, i], pelvis) for i in (0, 1)], 1)

    low, mid, high = body.trunk
    spine = [middle, middle + _along(pelvis, [0, low, 0])]
    spine.append(spine[-1] + _along(waist, [0, mid, 0]))
    spine.append(spine[-1] + _along(chest, [0, high, 0]))
    spine = np.stack(spine, 1)

    h = body.height
    skull = (
        spine[:, 3]
        + _along(chest, [0, 0.035 * h, 0.004 * h])
        + _along(head, [0, 0.058 * h, 0.012 * h])
    )
    shoulders, elbows, wrists, arms, hands = _arms(body, value, chest, spine[:, 3])
    foot_frames, toes, heels = _feet(body, feet, ankles)

    places = {
        "nose": skull + _along(head, [0, -0.010 * h, 0.064 * h]),
        "head": skull + _along(head, [0, 0.072 * h, -0.008 * h]),
        "neck": spine[:, 3],
        "hip": middle,
    }
    for i, (side, sign) in enumerate((("left", 1), ("right", -1))):
        places[f"{side}_eye"] = skull + _along(head, [sign * 0.0195 * h, 0.010 * h, 0.050 * h])
        places[f"{side}_ear"] = skull + _along(head, [sign * 0.044 * h, -0.002 * h, -0.006 * h])
        places[f"{side}_shoulder"] = shoulders[:, i]
        places[f"{side}_elbow"] = elbows[:, i]
        places[f"{side}_wrist"] = wrists[:, i]
        places[f"{side}_hip"] = hips[:, i]
        places[f"{side}_knee"] = knees[:, i]
        places[f"{side}_ankle"] = ankles[:, i]
        places[f"{side}_big_toe"] = toes[0][:, i]
        places[f"{side}_small_toe"] = toes[1][:, i]
        places[f"{side}_heel"] = heels[:, i]
    joints = np.stack([places[name] for name in HALPE26.joints], 1)
    return Pose(joints, pelvis, waist, chest, head, arms, hands, foot_frames, spine, skull)


def _pelvis(body, value, pelvis, ankles, lift):
    """Mid hip: over the keyed place, as high as wanted and as both legs reach."""
    length = body.thigh + body.shank
    x, z = value["x"], value["z"]
    heights = [_REACH * length + body.ankle - value["dip"] + lift]
    for i, sign in enumerate((1, -1)):
        offset = _along(pelvis, [sign * body.hip_half, 0, 0])
        across = (x + offset[:, 0] - ankles[:, i, 0]) ** 2 + (
            z + offset[:, 2] - ankles[:, i, 2]
        ) ** 2
        reach = (_REACH * length) ** 2
        heights.append(
            ankles[:, i, 1] + np.sqrt(reach - np.minimum(across, 0.8 * reach)) - offset[:, 1]
        )
    # A smooth minimum: a hard one would kick the whole figure where it changes over.
    soft = 0.012
    height = -soft * np.log(np.exp(-np.stack(heights) / soft).sum(0))
    return np.stack([x, height, z], -1)


def _knee(body, hip, ankle, foot, pelvis):
    """Knee of the two-bone leg, bent towards where pelvis and foot point."""
    bone = ankle - hip
    distance = np.linalg.norm(bone, axis=-1, keepdims=True)
    along = bone / distance
    share = (distance**2 + body.thigh**2 - body.shank**2) / (2 * distance)
    out = np.sqrt(np.maximum(body.thigh**2 - share**2, 0))
    yaw = foot[:, 3]
    pole = pelvis[:, :, 2] + 1.2 * np.stack([np.sin(yaw), 0 * yaw, np.cos(yaw)], -1)
    pole[:, 1] += 0.3
    pole -= (pole * along).sum(-1, keepdims=True) * along
    pole /= np.linalg.norm(pole, axis=-1, keepdims=True)
    return hip + share * along + out * pole


def _arms(body, value, chest, neck):
    shoulders, elbows, wrists, arms, hands = [], [], [], [], []
    for side, sign in (("left", 1), ("right", -1)):
        flex, abduct = value[f"{side}_flex"], value[f"{side}_abduct"]
        swing = np.stack([-flex, 0 * flex, sign * abduct], -1)
        # The collar bone rises with the arm from about 40 degrees on.
        raised = np.clip((np.hypot(flex, abduct) - 0.7) / 2.1, 0, 1)
        collar = np.radians(22) * raised**2 * (3 - 2 * raised)
        bone = about("z", sign * collar) @ np.array([sign * body.shoulder_half, 0, 0])
        bone[:, 1] -= 0.030 * body.height * np.cos(collar)
        shoulder = neck + (chest @ bone[..., None])[..., 0]
        upper = chest @ _about_vector(swing) @ about("y", sign * value[f"{side}_rotate"])
        lower = upper @ about("x", -value[f"{side}_elbow"])
        elbow = shoulder + _along(upper, [0, -body.upper_arm, 0])
        shoulders.append(shoulder)
        elbows.append(elbow)
        wrists.append(elbow + _along(lower, [0, -body.forearm, 0]))
        arms.append(upper)
        hands.append(lower)
    return [np.stack(part, 1) for part in (shoulders, elbows, wrists, arms, hands)]


def _feet(body, feet, ankles):
    # Toes point down as soon as a foot is in the air.
    pitch = np.radians(38) * (1 - np.exp(-np.maximum(feet[:, :, 1], 0) / 0.12))
    frames = about("y", feet[:, :, 3]) @ about("x", pitch)
    h, down = body.height, -0.75 * body.ankle
    toes = [
        np.stack(
            [
                ankles[:, i] + _along(frames[:, i], [sign * aside * h, down, 0.098 * h])
                for i, sign in enumerate((1, -1))
            ],
            1,
        )
        for aside in (-0.010, 0.024)
    ]
    heels = np.stack(
        [ankles[:, i] + _along(frames[:, i], [0, down, -0.032 * h]) for i in (0, 1)], 1
    )
    return frames, toes, heels
