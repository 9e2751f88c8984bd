"""Rooms and streets to dance in, drawn once a clip."""

import cv2
import numpy as np

from choreo.synth.names import one_of
from choreo.synth.scene import DISTANCE, EYE_LEVEL

WALL = 2.4
"""Distance of the wall behind the middle of the stage, in metres."""


def make_background(camera, rng):
    """Draw a background.

    Parameters
    ----------
    camera : choreo.synth.scene.Camera
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        RGB.
    """
    make = one_of(rng, _PLACES)
    wall, floor = _Wall(camera, rng), _Floor(camera, rng)
    make(wall, floor, rng)
    picture = np.concatenate([wall.picture, floor.picture])
    height, width = picture.shape[:2]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    picture *= (1.03 - 0.16 * (x**2 + y**2))[..., None]
    return np.clip(picture, 0, 255).astype(np.uint8)


def _meeting_row(camera):
    """First row of the picture that shows the floor."""
    row = camera.centre[1] + camera.focal * EYE_LEVEL / (DISTANCE + WALL)
    return int(np.clip(round(row), 1, camera.size[1] - 1))


class _Plane:
    """A part of the picture and where its pixels lie in the world, in metres."""

    def __init__(self, shape, rng):
        self.shape, self.rng = shape, rng
        self.picture = np.zeros((*shape, 3), np.float32)

    def fill(self, values, colour):
        """Paint all of it: brightness (H, W) or what broadcasts to it, and a colour."""
        values = np.broadcast_to(np.asarray(values, np.float32), self.shape)
        self.picture[:] = values[..., None] * np.asarray(colour, np.float32)

    def multiply(self, values):
        """Make brighter or darker."""
        self.picture *= np.broadcast_to(np.asarray(values, np.float32), self.shape)[..., None]

    def cloud(self, cells, octaves=4):
        """Smooth noise of mean 0 and about unit size, shape (H, W)."""
        height, width = self.shape
        total = np.zeros(self.shape, np.float32)
        for octave in range(octaves):
            across = cells * 2**octave
            grid = (max(2, across * height // width), across)
            noise = self.rng.standard_normal(grid, np.float32)
            total += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC) / 2**octave
        return total


class _Wall(_Plane):
    """The wall: `x` is (1, W) and `y`, the height over the floor, (H, 1)."""

    def __init__(self, camera, rng):
        width = camera.size[0]
        super().__init__((_meeting_row(camera), width), rng)
        self.pixel = (DISTANCE + WALL) / camera.focal
        self.x = ((np.arange(width) + 0.5 - camera.centre[0]) * self.pixel)[None]
        rows = np.arange(self.shape[0])
        self.y = (EYE_LEVEL - (rows + 0.5 - camera.centre[1]) * self.pixel)[:, None]

    def edge(self, inside):
        """Soft step of one pixel: `inside` is the distance from the edge in metres."""
        return np.clip(inside / self.pixel + 0.5, 0, 1)

    def box(self, x0, x1, y0, y1, colour, brightness=1.0):
        """Paint a rectangle (metres)."""
        x = self.edge(self.x - x0) * self.edge(x1 - self.x)
        y = self.edge(self.y - y0) * self.edge(y1 - self.y)
        columns, rows = np.flatnonzero(x[0]), np.flatnonzero(y[:, 0])
        if not len(columns) or not len(rows):
            return
        inner = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        mask = (x[:, inner[1]] * y[inner[0]])[..., None]
        bright = np.broadcast_to(np.asarray(brightness), self.shape)[inner][..., None]
        part = self.picture[inner]
        part += mask * (bright * np.asarray(colour, np.float32) - part)

    def shade_foot(self):
        """Darken towards the floor."""
        self.multiply(1 - 0.22 * np.exp(-np.maximum(self.y, 0) / 0.25))


class _Floor(_Plane):
    """The floor: `x` is (H, W) and `z`, towards the camera, (H, 1)."""

    def __init__(self, camera, rng):
        width, height = camera.size
        first = _meeting_row(camera)
        super().__init__((height - first, width), rng)
        down = (np.arange(first, height) + 0.5 - camera.centre[1]) / camera.focal
        depth = EYE_LEVEL / np.maximum(down, 1e-3)
        self.z = (DISTANCE - depth)[:, None]
        self.pixel = (depth / camera.focal)[:, None]
        across = (np.arange(width) + 0.5 - camera.centre[0]) / camera.focal
        self.x = across[None] * depth[:, None]

    def lines(self, place, gap, half, pixel):
        """Soft lines: 1 on lines of this half width, `gap` apart, 0 between."""
        away = np.abs(place / gap - np.round(place / gap)) * gap
        soft = np.clip((half - away) / pixel + 0.5, 0, 1)
        # A line thinner than a pixel gets fainter, not wider.
        return soft * np.minimum(1, 2 * half / pixel)

    def shade_back(self):
        """Darken towards the wall."""
        self.multiply(1 - 0.25 * np.exp(-(self.z + WALL) / 0.5))


def _scatter(*values):
    """Pseudo-random number in [0, 1) for whole-numbered coordinates."""
    total = np.sin(sum(v * f for v, f in zip(values, (12.9898, 78.233)))) * 43758.5453
    return total - np.floor(total)


def _planks(floor, colour, width=0.14):
    row = np.round(floor.x / width - 0.5)
    along = floor.z / 1.6 + 5 * _scatter(row)
    tone = _scatter(row, np.floor(along))
    gap = np.maximum(
        floor.lines(floor.x, width, 0.004, floor.pixel),
        floor.lines(along, 1.0, 0.003, floor.pixel),
    )
    floor.fill((0.88 + 0.18 * tone + 0.02 * floor.cloud(40)) * (1 - 0.35 * gap), colour)


def _studio(wall, floor, rng):
    base = one_of(rng, ((206, 210, 214), (190, 204, 206), (222, 212, 196), (178, 190, 204)))
    glow = np.exp(-((wall.x - rng.uniform(-2, 2)) ** 2) / 6)
    wall.fill(0.93 + 0.10 * glow - 0.02 * wall.y + 0.012 * wall.cloud(6), base)
    wall.box(-99, 99, 0, 0.14, (238, 236, 230))
    wall.box(-99, 99, 1.02, 1.06, (150, 112, 78))
    wall.box(-99, 99, 1.00, 1.02, (120, 116, 112))
    wall.shade_foot()
    _planks(floor, one_of(rng, ((196, 156, 112), (172, 134, 98), (150, 120, 92))))
    floor.shade_back()


def _brick(wall, floor, rng):
    high, wide = 0.085, 0.26
    row = np.floor(wall.y / high)
    x = wall.x / wide + 0.5 * (row % 2)
    tone = _scatter(row, np.floor(x))
    level = np.abs(wall.y / high - row - 0.5) * high
    upright = np.abs(x - np.floor(x) - 0.5) * wide
    brick = wall.edge(high / 2 - 0.006 - level) * wall.edge(wide / 2 - 0.006 - upright)
    base = np.array(one_of(rng, ((156, 92, 74), (196, 186, 172), (112, 104, 104))))
    value = 0.82 + 0.26 * tone + 0.05 * wall.cloud(12)
    wall.picture[:] = 0.5 * base + 80
    wall.picture += brick[..., None] * (value[..., None] * base - wall.picture)
    wall.multiply(0.92 + 0.12 * np.exp(-((wall.x + 1) ** 2) / 5))
    wall.shade_foot()
    floor.fill(0.95 + 0.05 * floor.cloud(24), (146, 142, 138))
    floor.shade_back()


def _stage(wall, floor, rng):
    fold = np.sin(wall.x * 9 + 1.5 * np.sin(wall.x * 2.3)) * 0.5 + 0.5
    base = one_of(rng, ((84, 34, 46), (40, 46, 88), (44, 68, 72)))
    wall.fill(0.7 + 0.5 * fold + 0.03 * wall.cloud(20), base)
    for _ in range(3):
        away = (wall.x - rng.uniform(-3, 3)) ** 2 + (wall.y - rng.uniform(1.2, 2.6)) ** 2
        wall.picture += np.exp(-away / 0.9)[..., None] * rng.uniform(40, 130, 3)
    wall.shade_foot()
    pool = np.exp(-(floor.x**2 / 4 + floor.z**2 / 2.5))
    floor.fill(0.6 + 0.65 * pool + 0.02 * floor.cloud(30), (124, 110, 104))
    floor.shade_back()


def _loft(wall, floor, rng):
    wall.fill(0.95 + 0.02 * wall.cloud(8), (176, 172, 166))
    sky = one_of(rng, ((206, 222, 236), (206, 222, 236), (246, 210, 170)))
    glow = 0.86 + 0.05 * wall.y + 0.03 * np.sin(3 * wall.x)
    offset = rng.uniform(-0.6, 0.6)
    for i in range(-4, 5):
        x = i * 1.7 + offset
        wall.box(x - 0.62, x + 0.62, 0.75, 3.4, (70, 70, 74))
        wall.box(x - 0.68, x + 0.68, 0.71, 0.76, (150, 146, 140))
        for j in (-0.3, 0.3):
            for y in (0.82, 1.62, 2.42):
                wall.box(x + j - 0.265, x + j + 0.265, y, y + 0.74, sky, glow)
    wall.shade_foot()
    _planks(floor, (158, 138, 120), 0.2)
    sun = np.clip(4 * np.sin(floor.x * 3.7 - floor.z * 1.2 + offset) - 0.5, 0, 1)
    floor.multiply(1 + 0.10 * sun)
    floor.shade_back()


def _street(wall, floor, rng):
    wall.fill(0.95 + 0.03 * wall.cloud(10), (152, 160, 164))
    x = -9 + rng.uniform(0, 1)
    while x < 9:
        width = rng.uniform(1.0, 2.0)
        ribs = 0.9 + 0.1 * np.sin(wall.y * 40)
        wall.box(x, x + width, 0, 2.15, rng.uniform(80, 190, 3), ribs)
        wall.box(x, x + width, 2.25, 2.6, rng.uniform(60, 220, 3))
        x += width + rng.uniform(0.2, 0.7)
    wall.shade_foot()
    # Out of focus, as behind a dancer in the street.
    wall.picture = cv2.GaussianBlur(wall.picture, (0, 0), wall.shape[1] / 400)
    joint = np.maximum(
        floor.lines(floor.x, 0.9, 0.008, floor.pixel),
        floor.lines(floor.z, 0.9, 0.01, 3 * floor.pixel),
    )
    floor.fill((0.95 + 0.05 * floor.cloud(60)) * (1 - 0.25 * joint), (132, 132, 136))
    floor.shade_back()


_PLACES = (_studio, _brick, _stage, _loft, _street)
