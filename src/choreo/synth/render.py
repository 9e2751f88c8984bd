"""Pictures of a scene: shaded figures over a background, with a camera's noise.

Only the figures' bounding boxes are drawn, at twice the video's resolution or the same
(`_oversampling`), facet by facet from far to near, and averaged down.
"""

import cv2
import numpy as np

from choreo.media import video_writer
from choreo.synth.backgrounds import make_background
from choreo.synth.names import derived_seed
from choreo.synth.surface import make_surface

# Light from the upper left in front, and a weaker one from the right.
_KEY = np.array([-0.45, 0.62, 0.64], np.float32)
_FILL = np.array([0.80, 0.15, 0.58], np.float32)
_AMBIENT, _KEY_POWER, _FILL_POWER, _SKY_POWER = 0.40, 0.52, 0.17, 0.10

_SHIFT = 4
_BLOCK = 60
"""Frames whose surfaces are made at once: bounds the memory of a long clip."""


def _oversampling(size):
    """Drawn pixels to a pixel of the video: 2 up to 480 rows, above that 1."""
    return 2 if min(size) <= 480 else 1


def render_frames(scene):
    """Draw a scene.

    Parameters
    ----------
    scene : choreo.synth.scene.Scene

    Yields
    ------
    ndarray of uint8, shape (height, width, 3)
        RGB; each frame is its own array.
    """
    rng = np.random.default_rng(derived_seed("render", scene.seed))
    scale = _oversampling(scene.camera.size)
    background = make_background(scene.camera, rng)
    noise = _Noise(scene.camera.size, rng)
    for start in range(0, len(scene), _BLOCK):
        stop = min(start + _BLOCK, len(scene))
        figures = [_Drawable(figure, scene.camera, scale, start, stop) for figure in scene.figures]
        for index in range(stop - start):
            frame = background.copy()
            for figure in sorted(figures, key=lambda drawn: -drawn.distance[index]):
                figure.draw(frame, scale, index)
            yield noise.add(frame)


def render_clip(scene, path, *, audio=None):
    """Write a scene as an mp4 with its song.

    Parameters
    ----------
    scene : choreo.synth.scene.Scene
    path : str or Path
        The mp4.
    audio : str or Path, optional
        Sound that starts with the first frame.

    Raises
    ------
    ItemError
        Where ffmpeg can't write it.
    """
    with video_writer(path, scene.camera.size, scene.fps, audio=audio) as write:
        for frame in render_frames(scene):
            write(frame)


class _Noise:
    """A sensor's noise: a few frames of it, shifted at random so that none repeats."""

    def __init__(self, size, rng):
        width, height = size
        self.rng = rng
        self.size = size
        shape = (height + 32, width + 32, 3)
        grain = rng.normal(0, 1.0, shape) + rng.normal(0, 1.3, shape[:2])[..., None]
        self.grain = np.round(grain).astype(np.int16)

    def add(self, frame):
        width, height = self.size
        y, x = self.rng.integers(0, 33, 2)
        return cv2.add(frame, self.grain[y : y + height, x : x + width], dtype=cv2.CV_8U)


class _Drawable:
    """A figure in a run of frames: facets in pixels, their colours and their order."""

    def __init__(self, figure, camera, scale, start, stop):
        pose = _cut(figure.pose, start, stop)
        points, self.mesh = make_surface(figure.dancer, pose)
        self.pixels = (camera.project(points) * scale).astype(np.float32)
        self.depth = camera.depth(points)
        self.points = points
        self.distance = camera.depth(pose.joints).mean(1)
        self.size = tuple(scale * n for n in camera.size)
        ground = pose.joints * [1, 0, 1]
        self.shadow = camera.project(ground) * scale
        self.height = pose.joints[..., 1]
        self.metre = camera.focal / self.distance * scale

    def box(self, index):
        """Left, top, right, bottom of what is drawn, in drawn pixels, even, in the picture."""
        low = np.minimum(
            self.pixels[index].min(0), self.shadow[index].min(0) - self.metre[index] * 0.25
        )
        high = np.maximum(
            self.pixels[index].max(0), self.shadow[index].max(0) + self.metre[index] * 0.25
        )
        low = np.clip(np.floor(low / 2) * 2 - 2, 0, self.size).astype(int)
        high = np.clip(np.ceil(high / 2) * 2 + 2, 0, self.size).astype(int)
        return (*low, *high)

    def draw(self, frame, scale, index):
        """Draw onto a frame."""
        left, top, right, bottom = self.box(index)
        if right - left < 2 or bottom - top < 2:
            return
        inner = np.s_[top // scale : bottom // scale, left // scale : right // scale]
        # Repeated pixels average back to what they were: the box leaves no trace.
        canvas = cv2.resize(
            frame[inner], (right - left, bottom - top), interpolation=cv2.INTER_NEAREST
        )
        self._shade(canvas, index, left, top)
        self._facets(canvas, index, left, top)
        if scale > 1:
            canvas = cv2.resize(
                canvas,
                ((right - left) // scale, (bottom - top) // scale),
                interpolation=cv2.INTER_AREA,
            )
        frame[inner] = canvas

    def _shade(self, canvas, index, left, top):
        """Soft shadows on the floor under feet, knees and hips."""
        for joint, size, strength in _SHADOWS:
            x, y = self.shadow[index, joint] - (left, top)
            rise = self.height[index, joint]
            wide = self.metre[index] * (size + 0.15 * rise)
            _darken(canvas, x, y, wide, 0.24 * wide, strength / (1 + 2.2 * rise))

    def _facets(self, canvas, index, left, top):
        facets = self.mesh.facets
        corners = self.pixels[index][facets]
        one, two = corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]
        seen = np.flatnonzero(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0] > 0)
        facets, corners = facets[seen], corners[seen]
        depth = self.depth[index][facets].mean(1) - self.mesh.bias[seen]
        order = np.argsort(-depth, kind="stable")
        seen, facets, corners = seen[order], facets[order], corners[order]
        colours = self._colours(self.points[index][facets], seen)
        corners = np.round((corners - (left, top) - 0.5) * (1 << _SHIFT)).astype(np.int32)
        fill = cv2.fillConvexPoly
        for polygon, colour in zip(corners, colours.tolist()):
            fill(canvas, polygon, colour, 8, _SHIFT)

    def _colours(self, points, seen):
        normal = np.cross(points[:, 3] - points[:, 1], points[:, 2] - points[:, 0])
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
        light = (
            _AMBIENT
            + _KEY_POWER * np.maximum(normal @ _KEY, 0)
            + _FILL_POWER * np.maximum(normal @ _FILL, 0)
            + _SKY_POWER * (0.5 + 0.5 * normal[:, 1])
        )
        light[self.mesh.flat[seen]] = 0.95
        return np.clip(self.mesh.colours[seen] * light[:, None], 0, 255)


# Halpe-26 joint, radius in metres, strength.
_SHADOWS = ((19, 0.55, 0.28), (15, 0.20, 0.42), (16, 0.20, 0.42), (13, 0.25, 0.2), (14, 0.25, 0.2))


def _blob():
    y, x = np.mgrid[-1:1:48j, -1:1:48j]
    return np.clip(1 - (x**2 + y**2), 0, 1).astype(np.float32) ** 1.5


_BLOB = _blob()


def _darken(canvas, x, y, wide, high, strength):
    """Multiply an ellipse of the canvas by 1 less a soft blob."""
    x0, x1 = round(x - wide), round(x + wide) + 1
    y0, y1 = round(y - high), round(y + high) + 1
    height, width = canvas.shape[:2]
    left, right = max(0, x0), min(width, x1)
    top, bottom = max(0, y0), min(height, y1)
    if left < right and top < bottom:
        blob = cv2.resize(_BLOB, (x1 - x0, y1 - y0))[top - y0 : bottom - y0, left - x0 : right - x0]
        part = canvas[top:bottom, left:right]
        part[:] = part * (1 - strength * blob)[..., None]


def _cut(pose, start, stop):
    return type(pose)(**{name: value[start:stop] for name, value in vars(pose).items()})
