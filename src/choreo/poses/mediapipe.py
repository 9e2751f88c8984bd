"""MediaPipe Pose, the estimator that is built in.

BlazePose *full* (``model_complexity=1``), whose two model files lie inside the wheel:
nothing is downloaded. One person, whom nobody can choose; 33 landmarks.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.resources
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from choreo import media
from choreo.errors import ItemError
from choreo.files import sha256
from choreo.pose.pick import parse
from choreo.pose.track import PoseTrack
from choreo.poses.detections import Detections
from choreo.poses.linking import geometry_of
from choreo.poses.selection import meeting

_MODELS = (
    "modules/pose_detection/pose_detection.tflite",
    "modules/pose_landmark/pose_landmark_full.tflite",
)


@contextlib.contextmanager
def _quiet():
    """Keep what native code prints on file descriptor 2 away from the terminal.

    TensorFlow Lite and absl write lines that no variable or logger turns off, some of
    them from threads of their own.

    Yields
    ------
    callable
        ``aloud(function, *arguments)`` calls a function with the descriptor as it was.
    """
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as away:

        def aloud(function, *arguments):
            os.dup2(terminal, 2)
            try:
                return function(*arguments)
            finally:
                os.dup2(away.fileno(), 2)

        os.dup2(away.fileno(), 2)
        try:
            yield aloud
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


@contextlib.contextmanager
def quiet_pose(*, static=False):
    """Open MediaPipe Pose with the project's settings, its native messages put away.

    Parameters
    ----------
    static : bool
        Detect the person anew in each frame instead of tracking them.

    Yields
    ------
    pose : mediapipe.python.solutions.pose.Pose
    aloud : callable
        ``aloud(function, *arguments)`` calls a function that may write to stderr.
    """
    with _quiet() as aloud:
        # Imported here since it takes a second and only this stage needs it.
        from mediapipe.python.solutions.pose import Pose

        # smooth_landmarks is a One-Euro filter on an assumed 30-fps clock; it smears fast
        # moves by several pixels.
        with Pose(static_image_mode=static, model_complexity=1, smooth_landmarks=False) as pose:
            yield pose, aloud


def _weights():
    folder = importlib.resources.files("mediapipe")
    return {Path(name).name: sha256(str(folder / name)) for name in _MODELS}


def _smaller(frame, scale):
    if scale == 1:
        return frame
    height, width = frame.shape[:2]
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)


def extract(
    video: str | Path,
    *,
    size: tuple[int, int],
    frames: int | None = None,
    fps: float = 30.0,
    on_progress: Callable[..., Any] | None = None,
    static: bool = False,
    scale: float = 1.0,
) -> PoseTrack:
    """Estimate the poses of the person in a standardised video.

    Frames stream from ffmpeg, which decodes ahead in its own process: memory does not
    grow with the video, except for the track itself.

    Parameters
    ----------
    video : str or Path
        A video of constant frame rate.
    size : tuple of int
        Its width and height in pixels.
    frames : int, optional
        Its decoded frames, if known: another number is an error.
    fps : float
        Its frames a second.
    on_progress : callable, optional
        Called with the number of frames done after each frame.
    static : bool
        Detect the person anew in each frame instead of tracking them (slower, jumps more).
    scale : float
        Shrink frames by this factor, at most 1, before the estimator sees them. With
        ``static`` this makes the deliberately worse row of Table 1.

    Returns
    -------
    PoseTrack
        Skeleton ``mediapipe33``, in pixels of the video, also outside the picture where
        MediaPipe guesses so; scores are its visibility. ``.to("coco17")`` and
        ``.to("halpe26")`` give the two rows of Table 1; the top of the head and the small
        toes stay NaN.

    Raises
    ------
    ItemError
        Where the video can't be decoded, has another number of frames, or shows nobody.
    """
    if not 0 < scale <= 1:
        raise ItemError(
            "scale must be above 0 and at most 1", value=scale, remedy="Use 1 for whole frames"
        )
    found = []
    pictures = media.read_frames(video, size)
    with quiet_pose(static=static) as (pose, aloud), contextlib.closing(pictures):
        for frame in pictures:
            landmarks = pose.process(_smaller(frame, scale)).pose_landmarks
            row = None
            if landmarks is not None:
                row = [(mark.x, mark.y, mark.visibility) for mark in landmarks.landmark]
            found.append(row)
            if on_progress is not None:
                aloud(on_progress, len(found))
    if frames is not None and len(found) != frames:
        raise ItemError(
            f"has {len(found)} decoded frames, {frames} were expected",
            where=video,
            remedy="Standardise the video again",
        )
    if not any(found):
        raise ItemError(
            f"MediaPipe found nobody in its {len(found)} frames",
            where=video,
            remedy="Check that the video shows one person, whole and upright",
        )
    absent = [(np.nan, np.nan, np.nan)] * 33
    values = np.array([row or absent for row in found])
    return PoseTrack(
        # MediaPipe's coordinates are fractions of the picture, whatever its scale.
        keypoints=values[..., :2] * size,
        scores=values[..., 2],
        fps=fps,
        size=size,
        skeleton="mediapipe33",
        meta={
            "estimator": "mediapipe",
            "version": importlib.metadata.version("mediapipe"),
            "settings": {
                "model_complexity": 1,
                "smooth_landmarks": False,
                "static_image_mode": static,
                "scale": scale,
            },
            "weights": _weights(),
            "licence": "Apache-2.0",
            "source": Path(video).name,
        },
    )


def check_pick(track: PoseTrack, pick: str | None, *, video: str | Path) -> None:
    """Check that the person whom MediaPipe followed is the one that the user means.

    MediaPipe follows one person of its own choice. A click or a box must meet that person
    at its moment or up to half a second from it; a number (``id:N``) means nothing here,
    which is printed.

    Parameters
    ----------
    track : PoseTrack
    pick : str or None
        The user's own word (see `choreo.pose.pick.parse`); empty where there is none.
    video : str or Path
        Named in the error.

    Raises
    ------
    ItemError
        Where that person is not there.
    PickError
        Where the pick can't be read.
    """
    if not pick:
        return
    asked = parse(pick)
    if asked.label is not None:
        print(f"dancer_pick {asked} is ignored: MediaPipe does not number people")
        return
    seen = np.flatnonzero(track.given.any(1))
    nothing = np.full(len(seen), np.nan)
    found = Detections(
        frame=seen,
        keypoints=track.keypoints[seen].astype(float),
        scores=track.scores[seen].astype(float),
        skeleton=track.skeleton,
        frames=len(track),
        label=nothing,
        score=nothing,
        box=np.full((len(seen), 4), np.nan),
    )
    try:
        met, _, _ = meeting(asked, found, geometry_of(found.keypoints), track.fps, track.size)
    except ItemError as error:
        raise error.restated(ItemError, where=video) from error
    if not met.any():
        raise ItemError(
            "MediaPipe follows another person than the dancer picked, or nobody, at that time",
            where=video,
            value=str(asked),
            remedy="Crop the video to the dancer, or use an estimator that finds several "
            "people (AlphaPose, OpenPose, RTMPose)",
        )
