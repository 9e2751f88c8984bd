"""What the camera sees: figures, their truth in pixels, and people who walk past."""

from dataclasses import dataclass

import numpy as np

from choreo.pose.skeletons import HALPE26
from choreo.pose.track import PoseTrack
from choreo.synth.body import INDEX, Pose, pose
from choreo.synth.dancers import Dancer, make_dancer
from choreo.synth.motifs import ARMS
from choreo.synth.motion import bump, minimum_jerk
from choreo.synth.names import derived_seed

EYE_LEVEL = 1.25
"""Height of the camera above the floor in metres."""

DISTANCE = 5.6
"""From the camera to the middle of the stage in metres."""

_MARGIN = 0.04

_BRAKING = 0.8
"""Seconds in which a walker comes to a stand, and sets off again."""


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that looks level along -z.

    Attributes
    ----------
    size : tuple of int
        Width and height of the picture in pixels.
    focal : float
        Focal length in pixels.
    centre : tuple of float
        Where the axis meets the picture, in pixels.
    """

    size: tuple
    focal: float
    centre: tuple

    def depth(self, points):
        """Distance along the axis in metres, shape (...)."""
        return DISTANCE - points[..., 2]

    def project(self, points):
        """World points (..., 3) in metres to pixels (..., 2), y downwards."""
        scale = self.focal / np.maximum(self.depth(points), 0.05)
        return np.stack(
            [
                self.centre[0] + scale * points[..., 0],
                self.centre[1] + scale * (EYE_LEVEL - points[..., 1]),
            ],
            -1,
        )


def fit_camera(size, joints, share):
    """Camera that keeps a dance inside the picture.

    Parameters
    ----------
    size : tuple of int
        Width and height in pixels.
    joints : ndarray, shape (T, J, 3)
        All that must be seen, in metres.
    share : float
        Wanted height of a person of 1.72 m in the middle of the stage, as a share of the
        picture's height; smaller where the dance would leave the picture.

    Returns
    -------
    Camera
    """
    width, height = size
    near = DISTANCE - joints[..., 2]
    ground = 0.945 * height
    wanted = share * height * DISTANCE / 1.72
    # Everything scales with the focal length, about the middle of the feet's line.
    across = np.abs(joints[..., 0] / near).max()
    foot = EYE_LEVEL / DISTANCE
    above = (foot - (EYE_LEVEL - joints[..., 1] - 0.06) / near).max()
    below = ((EYE_LEVEL - joints[..., 1] + 0.06) / near - foot).max()
    focal = min(
        wanted,
        (0.5 - _MARGIN) * width / (across + 0.03),
        (ground - _MARGIN * height) / above,
    )
    ground = min(ground, (1 - 0.01) * height - focal * below)
    return Camera((int(width), int(height)), float(focal), (width / 2, ground - focal * foot))


@dataclass(frozen=True)
class Walker:
    """Someone who walks through the picture in a straight line, and may stop on the way.

    Attributes
    ----------
    dancer : Dancer
        Proportions and looks.
    start : float
        Seconds at which the middle of the stage is passed, or would be without the stop.
    speed : float
        Metres a second to the camera's right (negative: to the left).
    z : float
        Path's distance towards the camera from the middle of the stage, in metres.
    phase : float
        Where in the gait, in steps; a whole number for those who stop, so that both feet
        are then on the floor.
    stop : int
        Steps before (negative) or after the middle at which they stand still.
    pause : float
        Seconds for which they stand there; 0 for those who walk on.
    """

    dancer: Dancer
    start: float
    speed: float
    z: float
    phase: float
    stop: int = 0
    pause: float = 0.0

    def _walked(self, t):
        """Seconds of walking since the middle of the stage, at song times `t`."""
        if not self.pause:
            return t - self.start
        place = self.stop * 0.40 * self.dancer.body.height / abs(self.speed)
        since = t - (self.start + place - _BRAKING / 2)
        slowing = np.clip(since, 0, _BRAKING)
        going = np.clip(since - _BRAKING - self.pause, 0, _BRAKING)
        after = np.maximum(since - 2 * _BRAKING - self.pause, 0)
        return (
            place
            - _BRAKING / 2
            + np.minimum(since, 0)
            + slowing
            + (going**2 - slowing**2) / (2 * _BRAKING)
            + after
        )

    def pose(self, t):
        """Pose at song times `t` (seconds), shape (T,)."""
        t = np.asarray(t, float)
        body = self.dancer.body
        facing = np.sign(self.speed) * np.pi / 2
        step = 0.40 * body.height
        walked = self._walked(t)
        x = self.speed * walked
        cycle = np.abs(x) / step * np.sign(walked) + self.phase
        channels = np.zeros((len(t), len(INDEX)))
        feet = np.zeros((len(t), 2, 4))
        feet[:, :, 3] = facing
        turn = np.sign(self.speed)
        for i, side in enumerate(("left", "right")):
            # Each foot stands for one step and swings over two in the next.
            own = (cycle + i) / 2
            number = np.floor(own)
            share = np.clip((own - number) * 2 - 1, 0, 1)
            place = 2 * (number + minimum_jerk(share)) - i + 0.5 - self.phase
            feet[:, i, 0] = turn * place * step
            feet[:, i, 1] = 0.09 * bump(share)
            feet[:, i, 2] = self.z - turn * (1 - 2 * i) * 0.8 * body.hip_half
            swing = np.sin(np.pi * (cycle + i - 0.5))
            for part, angle in zip(("flex", "abduct", "rotate", "elbow"), ARMS["rest"]):
                channels[:, INDEX[f"{side}_{part}"]] = np.radians(angle)
            channels[:, INDEX[f"{side}_flex"]] += 0.35 * swing
            channels[:, INDEX[f"{side}_elbow"]] += 0.15 + 0.15 * swing
        channels[:, INDEX["x"]] = x
        channels[:, INDEX["z"]] = self.z
        channels[:, INDEX["facing"]] = facing
        channels[:, INDEX["dip"]] = 0.03 - 0.012 * np.cos(2 * np.pi * cycle)
        channels[:, INDEX["bend"]] = 0.06
        if self.pause:
            # Nobody stands like a statue.
            channels[:, INDEX["twist"]] = 0.15 * np.sin(1.9 * t + self.phase)
            channels[:, INDEX["head_yaw"]] = 0.3 * np.sin(0.7 * t)
        return pose(body, channels, feet, np.zeros(len(t)))


def bystanders(count, start, end, seed):
    """People who are about while a dance is filmed.

    Three kinds take turns, beginning with one that the seed chooses: someone who walks
    past nearer the camera than the dancer, someone who crosses behind the dancer, and
    someone who comes in nearer the camera, stands there, beside the dancer or half in
    front, for half the clip or more, and goes on.

    Parameters
    ----------
    count : int
    start, end : float
        Song time of the clip in seconds.
    seed : int

    Returns
    -------
    list of Walker
    """
    rng = np.random.default_rng(derived_seed("bystanders", seed))
    first = int(rng.integers(3))
    walkers = []
    for i in range(count):
        dancer = make_dancer(f"bystander-{int(rng.integers(1 << 30))}")
        share = (i + 0.5 + rng.uniform(-0.2, 0.2)) / count
        middle = start + share * (end - start)
        near, far = rng.uniform(1.3, 1.7), rng.uniform(-1.5, -1.1)
        speed = rng.uniform(1.0, 1.4) * (1 if rng.random() < 0.5 else -1)
        phase = float(rng.uniform(0, 2))
        stop, stay = (1 if rng.random() < 0.5 else -1), rng.uniform(0.5, 0.8)
        kind = (first + i) % 3
        if kind < 2:
            walkers.append(Walker(dancer, middle, speed, (near, far)[kind], phase))
        else:
            pause = stay * (end - start)
            # The stay lies around the middle of the clip, whatever the place.
            middle = (start + end - pause) / 2
            walkers.append(Walker(dancer, middle, speed, near, 0.0, stop, pause))
    return walkers


@dataclass(frozen=True)
class Figure:
    """A figure at the times of all frames, ready to be drawn.

    Attributes
    ----------
    dancer : Dancer
    pose : Pose
    """

    dancer: Dancer
    pose: Pose


@dataclass(frozen=True)
class Scene:
    """All that a clip shows.

    Attributes
    ----------
    camera : Camera
    figures : tuple of Figure
        The dancer first, then the bystanders.
    fps : float
    seed : int
        For background, light and noise.
    """

    camera: Camera
    figures: tuple
    fps: float
    seed: int

    def __len__(self):
        return len(self.figures[0].pose.joints)

    def truth(self, figure=0, *, skeleton="coco17", meta=None):
        """Joints of one figure in pixels of every frame, as a `PoseTrack` with scores 1."""
        keypoints = self.camera.project(self.figures[figure].pose.joints)
        track = PoseTrack(
            keypoints=keypoints,
            scores=np.ones(keypoints.shape[:2]),
            fps=self.fps,
            size=self.camera.size,
            skeleton=HALPE26.name,
            meta={"estimator": "truth", **(meta or {})},
        )
        return track.to(skeleton)


def make_scene(dance, *, start, frames, fps, size, seed, walkers=()):
    """Film a part of a dance.

    Parameters
    ----------
    dance : Dance
    start : float
        Song time of the first frame in seconds.
    frames : int
    fps : float
    size : tuple of int
        Width and height in pixels.
    seed : int
        For the figure's size, the background and the noise.
    walkers : sequence of Walker

    Returns
    -------
    Scene
    """
    rng = np.random.default_rng(derived_seed("camera", seed))
    times = start + np.arange(frames) / fps
    posed = dance.pose(times)
    camera = fit_camera(size, posed.joints, rng.uniform(0.62, 0.72))
    figures = [Figure(dance.dancer, posed)]
    figures += [Figure(walker.dancer, walker.pose(times)) for walker in walkers]
    return Scene(camera, tuple(figures), float(fps), seed)
