"""Skeletons drawn on pictures, and tracks rendered as videos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from choreo import media
from choreo.pose.skeletons import SKELETONS

if TYPE_CHECKING:
    from choreo.pose.track import PoseTrack


# RGB. The dancer's left is blue and solid-dark, the right orange and light, so that a
# swap is seen in colour and in grey.
LEFT, RIGHT, MIDDLE = (0, 90, 170), (235, 130, 30), (60, 60, 60)


def _side(skeleton, joints):
    names = [skeleton.joints[j] for j in joints]
    if all(n.startswith("left_") for n in names):
        return LEFT
    if all(n.startswith("right_") for n in names):
        return RIGHT
    # A limb from the middle to one side (neck to left shoulder) belongs to that side.
    sides = {n.split("_")[0] for n in names if n.startswith(("left_", "right_"))}
    return {frozenset({"left"}): LEFT, frozenset({"right"}): RIGHT}.get(frozenset(sides), MIDDLE)


def draw_pose(image: np.ndarray, keypoints: np.ndarray, skeleton: str) -> None:
    """Draw one pose on a picture, in place.

    Parameters
    ----------
    image : ndarray of uint8, shape (height, width, 3)
        RGB.
    keypoints : ndarray, shape (J, 2)
        Pixels; NaN joints and the limbs to them are left out.
    skeleton : str
        A key of `choreo.pose.skeletons.SKELETONS`.
    """
    kind = SKELETONS[skeleton]
    width = max(2, round(image.shape[0] / 110))
    given = np.isfinite(keypoints).all(-1)
    # cv2 draws at sixteenths of a pixel; far-off points are cut where they can't be seen.
    points = np.clip(np.nan_to_num(keypoints), -1e4, 1e4)
    fixed = np.round(points * 16).astype(int)
    for a, b in kind.limbs:
        if given[a] and given[b]:
            ends = tuple(fixed[a].tolist()), tuple(fixed[b].tolist())
            cv2.line(image, *ends, _side(kind, (a, b)), width, cv2.LINE_AA, 4)
    for j in np.flatnonzero(given):
        centre = tuple(fixed[j].tolist())
        cv2.circle(image, centre, round(width * 0.9 * 16), _side(kind, (j,)), -1, cv2.LINE_AA, 4)


class Picture:
    """A picture that is drawn on in RGB and kept as an encoder takes it, where it changes.

    To turn a picture of 720 x 720 from RGB takes ffmpeg as long as to encode it.

    Parameters
    ----------
    size : tuple of int
        Width and height.

    Attributes
    ----------
    image : ndarray of uint8, shape (height, width, 3)
        RGB; to be drawn on.
    planes : ndarray of uint8, shape (H * 3 // 2, W)
        Y, then U and V of half the size, BT.601; W and H are width and height, rounded up to
        even numbers. What `changed` was not told is as it was.
    """

    def __init__(self, size):
        width, height = size
        wide, tall = width + width % 2, height + height % 2
        self._image = np.zeros((tall, wide, 3), np.uint8)
        self.image = self._image[:height, :width]
        self.planes = np.empty((tall * 3 // 2, wide), np.uint8)
        self._luma = self.planes[:tall]
        self._chroma = self.planes[tall:].reshape(2, tall // 2, wide // 2)
        self.changed(slice(0, tall), slice(0, wide))

    def changed(self, rows, columns):
        """Take over what was drawn in these rows and columns (slices with start and stop)."""
        top, left = rows.start // 2, columns.start // 2
        bottom, right = -(-rows.stop // 2), -(-columns.stop // 2)
        part = self._image[2 * top : 2 * bottom, 2 * left : 2 * right]
        if not part.size:
            return
        tall = len(part)
        planes = cv2.cvtColor(part, cv2.COLOR_RGB2YUV_I420)
        self._luma[2 * top : 2 * bottom, 2 * left : 2 * right] = planes[:tall]
        chroma = planes[tall:].reshape(2, tall // 2, -1)
        self._chroma[:, top:bottom, left:right] = chroma


def caption(image: np.ndarray, text: str) -> None:
    """Write a line of text at the lower left of a picture, in place."""
    scale = image.shape[0] / 720
    at = (round(12 * scale), image.shape[0] - round(16 * scale))
    for colour, width in (((255, 255, 255), 5), ((40, 40, 40), 1)):
        cv2.putText(
            image,
            text,
            at,
            cv2.FONT_HERSHEY_SIMPLEX,
            0.8 * scale,
            colour,
            max(1, round(width * scale)),
            cv2.LINE_AA,
        )


FPS, HEIGHT = 30.0, 360
"""Frames a second, and height in pixels, of a track that is drawn on no video."""


def render_track(
    track: PoseTrack,
    path: str | Path,
    *,
    audio: str | Path | None = None,
    video: str | Path | None = None,
    text: str | None = None,
) -> None:
    """Render a track as an mp4 or gif of a stick figure, on white or on its video.

    Parameters
    ----------
    track : PoseTrack
        Any skeleton and fps; between its frames the joints move linearly.
    path : str or Path
        The mp4, or a gif.
    audio : str or Path, optional
        A song that starts with the track.
    video : str or Path, optional
        The standardised video that the track was found in, as background; its frame
        rate must be the track's.
    text : str, optional
        Written at the lower left.
    """
    if video is not None:
        with media.picture_writer(path, track.size, track.fps, audio=audio) as write:
            for frame, keypoints in zip(media.read_frames(video, track.size), track.keypoints):
                image = frame.copy()
                draw_pose(image, keypoints, track.skeleton)
                if text:
                    caption(image, text)
                write(image)
        return
    scale = HEIGHT / track.size[1]
    size = (round(track.size[0] * scale), HEIGHT)
    times = np.arange(round(track.seconds * FPS)) / FPS
    keypoints = _at(track, times) * scale
    with media.picture_writer(path, size, FPS, audio=audio) as write:
        for pose in keypoints:
            image = np.full((size[1], size[0], 3), 250, np.uint8)
            draw_pose(image, pose, track.skeleton)
            if text:
                caption(image, text)
            write(image)


def _at(track, times):
    """Keypoints at any times in seconds, shape (len(times), J, 2), linear between frames."""
    position = np.clip(times * track.fps, 0, len(track) - 1)
    before = np.floor(position).astype(int)
    after = np.minimum(before + 1, len(track) - 1)
    share = (position - before)[:, None, None]
    first, second = track.keypoints[before], track.keypoints[after]
    return np.where(share == 0, first, (1 - share) * first + share * second)
