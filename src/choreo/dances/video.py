"""Videos of dances: one figure, or several side by side, to their song."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from choreo import media
from choreo.dances.figure import Figure, draw_lines, floor_lines, stage
from choreo.dances.framing import frame_dance
from choreo.dances.openpose_style import draw_openpose
from choreo.drawing import LEFT, RIGHT, Picture, caption, draw_pose
from choreo.files import ending
from choreo.pose.skeletons import SKELETONS

if TYPE_CHECKING:
    from choreo.pose.track import PoseTrack

STYLES = {
    "figure": "a body with volume on a floor",
    "stick": "joints and bones on white",
    "openpose": "OpenPose's colours and widths on black, to control pose-to-video models",
}
"""Ways to draw a dancer."""

FPS = 30.0
HEIGHT = 640
"""Of the pictures, where nothing else is asked; one dance is as wide."""
GIF = {"height": 360, "fps": 20.0}
"""Of a gif, whose frames last hundredths of a second."""
_TRAIL_SECONDS = 0.5
_FLASH_SECONDS = 0.2
_STRIP = 1 / 9
"""Height of the waveform as a share of the picture's."""
_STRIP_SECONDS = 6.0


def render_dances(
    tracks: Sequence[PoseTrack],
    path: str | Path,
    *,
    audio: str | Path | None = None,
    names: Sequence[str] | None = None,
    style: str = "figure",
    height: int = HEIGHT,
    fps: float = FPS,
    beats: Sequence[float] | None = None,
    flash: bool = True,
    trails: bool = False,
    sound: tuple[np.ndarray, float] | None = None,
    progress: Callable[..., Any] | None = None,
) -> None:
    """Render dances of one song side by side.

    Parameters
    ----------
    tracks : sequence of PoseTrack
        Any skeletons and rates; joints move on cubic splines between their frames.
    path : str or Path
        The mp4, or a gif, which has no sound.
    audio : str or Path, optional
        The song, which starts with the dances.
    names : sequence of str, optional
        Written into the pictures; one a dance.
    style : str
        Key of `STYLES`.
    height, fps : int, float
        Of the picture. A single dance is square; each of several is three quarters as wide
        as high.
    beats : sequence of float, optional
        Of the song, in seconds.
    flash : bool
        Whether the floor lights up on the beats.
    trails : bool
        Whether hands and feet leave trails.
    sound : (ndarray, float), optional
        Samples of the song and their rate: its waveform, with the beats, runs under the
        picture.
    progress : callable, optional
        Called with the number of frames that were drawn, after each.
    """
    strip = round(height * _STRIP / 2) * 2 if sound is not None else 0
    panel = height - strip
    width = panel if len(tracks) == 1 else round(panel * 0.375) * 2
    framed = [frame_dance(track, (width, panel), fps) for track in tracks]
    lit = beats if flash and beats is not None else ()
    size = (width * len(tracks), height)
    picture = Picture(size)
    image = picture.image
    named = [None] * len(framed) if names is None else names
    painters = [
        _Painter(one, style, image[:panel, x : x + width], fps, lit, trails, name)
        for one, x, name in zip(framed, range(0, size[0], width), named)
    ]
    wave = None if sound is None else _Waveform(*sound, beats, (size[0], strip))
    frames = max(len(one.keypoints) for one in framed)
    # A gif's colours are chosen from whole ones.
    film = {} if ending(path) == ".gif" else {"pixels": "yuv420p", "threads": 2, "quick": True}
    with media.picture_writer(path, size, fps, audio=audio, **film) as write:
        for frame in range(frames):
            for number, painter in enumerate(painters):
                for rows, columns in painter.draw(frame):
                    left = number * width
                    picture.changed(rows, slice(columns.start + left, columns.stop + left))
            if wave is not None:
                wave.draw(image[panel:], frame / fps)
                picture.changed(slice(panel, height), slice(0, size[0]))
            write(picture.planes if film else image)
            if progress is not None:
                progress(frame + 1)


class _Painter:
    """Draws one dance into its part of the picture, a frame at a time."""

    def __init__(self, framed, style, image, fps, beats, trails, name):
        self.framed, self.style, self.fps, self.trails = framed, style, fps, trails
        self.image, self.name = image, name
        self.beats = np.asarray(sorted(beats), float)
        size = image.shape[1::-1]
        if style == "openpose":
            self.ground = np.zeros_like(image)
        elif style == "stick":
            self.ground = np.full_like(image, 250)
        else:
            self.ground = stage(size, framed.floor)
            about = framed.skeleton, framed.unit, framed.floor
            self.figure = Figure(framed.keypoints, *about)
            self.lines = floor_lines(size, framed.floor, framed.unit, framed.travel)
        names = SKELETONS[framed.skeleton].joints
        self.ends = [j for j, n in enumerate(names) if n.endswith(("wrist", "ankle"))]
        self.colours = [LEFT if names[j].startswith("left") else RIGHT for j in self.ends]
        self.whole = slice(0, size[1]), slice(0, size[0])
        self.drawn = [self.whole]

    def draw(self, frame):
        """Draw a frame of the dance, the last one after its end.

        Returns
        -------
        iterable of (slice, slice)
            Rows and columns in which it may differ from the frame drawn before.
        """
        before = self.drawn
        for place in before:
            self.image[place] = self.ground[place]
        drawn = list(self._layers(min(frame, len(self.framed.keypoints) - 1)))
        self.drawn = [
            tuple(slice(*one.indices(n)) for one, n in zip(place, self.image.shape))
            for place in drawn
        ]
        return _bands([*before, *self.drawn])

    def _layers(self, frame):
        """Draw from the back to the front; yield what each was drawn on."""
        one, image, everywhere = self.framed, self.image, (slice(None), slice(None))
        if self.style == "figure":
            yield draw_lines(image, self.lines[frame])
        if self.style != "openpose" and self._flash(image, frame):
            yield everywhere
        if self.trails:
            self._trail(image, frame)
            yield everywhere
        joints = one.keypoints[frame]
        if self.style == "figure":
            yield self.figure.draw(image, frame)
        else:
            (draw_pose if self.style == "stick" else draw_openpose)(image, joints, one.skeleton)
            yield everywhere
        if self.name:
            caption(image, self.name)
            yield everywhere

    def _flash(self, image, frame):
        seconds = frame / self.fps
        since = seconds - self.beats[self.beats <= seconds + 0.5 / self.fps]
        if not len(since) or since[-1] > _FLASH_SECONDS:
            return False
        share = max(0.0, since[-1]) / _FLASH_SECONDS
        one = self.framed
        at = round(image.shape[1] / 2), round(one.floor)
        size = (1.3 + 0.8 * share) * one.unit
        ground = image[min(at[1], image.shape[0] - 1), 0].astype(float)
        colour = tuple((ground + (255 - ground) * (1 - share)).round().tolist())
        wide = max(1, round(0.10 * one.unit * (1 - 0.6 * share)))
        cv2.ellipse(
            image, at, (round(size), round(0.28 * size)), 0, 0, 360, colour, wide, cv2.LINE_AA
        )
        return True

    def _trail(self, image, frame):
        one, steps = self.framed, round(_TRAIL_SECONDS * self.fps)
        first = max(0, frame - steps)
        shift = one.travel[frame] - one.travel[first : frame + 1]
        for joint, colour in zip(self.ends, self.colours, strict=True):
            points = one.keypoints[first : frame + 1, joint] - np.stack([shift, 0 * shift], -1)
            for age, (start, end) in enumerate(zip(points[-2::-1], points[:0:-1])):
                if np.isfinite(start).all() and np.isfinite(end).all():
                    fade = 1 - age / steps
                    ground = np.array(image[-1, 0] if self.style != "openpose" else (0, 0, 0))
                    tint = tuple((ground + (np.array(colour) - ground) * 0.7 * fade).tolist())
                    ends = [tuple(np.round(p * 16).astype(int).tolist()) for p in (start, end)]
                    wide = max(1, round(0.09 * one.unit * fade))
                    cv2.line(image, *ends, tint, wide, cv2.LINE_AA, 4)


def _bands(places):
    """Bands of rows, each with the columns between the outermost of these places there."""
    edges = sorted({edge for rows, _ in places for edge in (rows.start, rows.stop)})
    for top, bottom in itertools.pairwise(edges):
        across = [c for rows, c in places if rows.start <= top and bottom <= rows.stop]
        if across:
            ends = min(c.start for c in across), max(c.stop for c in across)
            yield slice(top, bottom), slice(*ends)


class _Waveform:
    """The song's loudness with its beats, running past the present."""

    def __init__(self, samples, rate, beats, size):
        self.size = width, height = size
        self.per_second = width / _STRIP_SECONDS
        samples = np.asarray(samples, np.float32)
        samples = samples if samples.ndim == 1 else samples.mean(-1)
        hop = rate / self.per_second
        edges = np.arange(0, len(samples), hop).astype(int)
        peaks = np.maximum.reduceat(np.abs(samples), edges)
        peaks = peaks / max(float(peaks.max()), 1e-6)
        half = width // 2
        picture = np.full((height, len(peaks) + 2 * width, 3), 250, np.uint8)
        middle = (height - 1) / 2
        away = np.abs(np.arange(height) - middle)[:, None]
        picture[:, half : half + len(peaks)][away <= peaks * middle * 0.86 + 0.5] = (150, 160, 175)
        for beat in beats if beats is not None else ():
            column = half + round(beat * self.per_second)
            if column < picture.shape[1]:
                picture[:, column] = (200, 90, 40)
        self.picture = picture

    def draw(self, image, seconds):
        """Draw what is around a moment."""
        first = min(round(seconds * self.per_second), self.picture.shape[1] - self.size[0])
        image[:] = self.picture[:, first : first + self.size[0]]
        half = self.size[0] // 2
        image[:, half - 1 : half + 1] = (40, 40, 40)
