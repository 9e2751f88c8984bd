"""RTMPose, through rtmlib's steps before and after the networks.

A detector (YOLOX) finds the people of a frame, and RTMPose the joints of each. rtmlib's
`PoseTracker` is not used (it hides errors), and a frame in which the detector finds nobody
stays empty (RTMPose would take the whole picture for a person). Everyone is kept: the
dancer is chosen later, by the same selector for every estimator.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import rtmlib

from choreo import media
from choreo.errors import ConfigError, ItemError
from choreo.files import sha256
from choreo.poses.coverage import check_coverage
from choreo.poses.detections import COCO_OR_HALPE, Detections
from choreo.poses.rtmpose_weights import LICENCE

_CUDA = "CUDAExecutionProvider"


def _provider(device):
    """What runs the networks: onnxruntime's name of it."""
    if device == "cpu":
        return "CPUExecutionProvider"
    if _CUDA in onnxruntime.get_available_providers():
        return _CUDA
    if device == "cuda":
        raise ConfigError(
            "this onnxruntime can't use a GPU",
            where="config, poses.rtmpose.device",
            value=device,
            remedy="Install onnxruntime-gpu in the place of onnxruntime, or use cpu",
        )
    return "CPUExecutionProvider"


def runs_on(device: str) -> str:
    """Where the networks would run.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda"}

    Returns
    -------
    str
        ``cuda`` or ``cpu``.

    Raises
    ------
    ConfigError
        Where ``cuda`` is asked for, and this onnxruntime can't use a GPU.
    """
    return "cuda" if _provider(device) == _CUDA else "cpu"


def _session(path, device, threads):
    provider = _provider(device)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Its warnings are about speed, for every node of a graph.
    options.log_severity_level = 3
    if not Path(path).is_file():
        raise ConfigError("no such file", where=path, remedy="Mend poses.rtmpose in the config")
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=[provider])
    except Exception as error:
        # onnxruntime's errors have no class in common but this one.
        raise ConfigError(
            f"is no network that can be run: {str(error)[:300]}",
            where=path,
            remedy="Give the .onnx file of the zip that rtmlib names",
        ) from error
    if session.get_providers()[0] != provider:
        # It goes on without the GPU by itself, ten times slower.
        if device == "cuda":
            raise ConfigError(
                "onnxruntime could not start on the GPU",
                where="config, poses.rtmpose.device",
                value=device,
                remedy="Its words are in the log; CUDA and cuDNN must fit onnxruntime-gpu",
            )
        print("onnxruntime could not start on the GPU; the CPU is used", flush=True)
    return session


def _sides(session, default):
    """Height and width of a network's input; `default` where it takes any."""
    shape = session.get_inputs()[0].shape
    if len(shape) != 4:
        raise ConfigError(
            "the input of the network must have the shape (1, 3, height, width)", value=shape
        )
    sides = shape[2:]
    return tuple(sides) if all(isinstance(side, int) for side in sides) else default


# The classes below leave out rtmlib's own constructors, which download what they don't
# find and take all cores of the machine.
class _Detector(rtmlib.YOLOX):
    """rtmlib's YOLOX on a given session, with its own thresholds."""

    def __init__(self, session):
        self.session, self.backend = session, "onnxruntime"
        self.model_input_size = _sides(session, (640, 640))
        self.det_mode, self.nms_thr, self.score_thr = "human", 0.45, 0.7


class _Pose(rtmlib.RTMPose):
    """rtmlib's RTMPose on a given session."""

    def __init__(self, session):
        self.session, self.backend = session, "onnxruntime"
        self.model_input_size = _sides(session, (256, 192))[::-1]
        self.mean, self.std = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
        self.to_openpose = False


@dataclass(frozen=True)
class Networks:
    """A person detector and RTMPose, ready to run.

    Attributes
    ----------
    detector : callable
        BGR frame -> boxes x1, y1, x2, y2.
    pose : callable
        BGR frame and boxes -> keypoints (P, joints, 2) and scores (P, joints).
    joints : int
    record : dict
        Tool and versions, files and SHA-256 of both networks, device, threads, licence.
    """

    detector: Callable[..., Any]
    pose: Callable[..., Any]
    joints: int
    record: dict


def load(
    detector: str | Path,
    weights: str | Path,
    *,
    joints: int,
    device: str = "auto",
    threads: int = 1,
) -> Networks:
    """Load both networks and try them on an empty picture.

    Parameters
    ----------
    detector : str or Path
        The person detector, YOLOX (.onnx).
    weights : str or Path
        RTMPose (.onnx).
    joints : {17, 26}
        What its joints are: COCO-17 or Halpe-26.
    device : {"auto", "cpu", "cuda"}
    threads : int
        Processor cores.

    Raises
    ------
    ConfigError
        Where a network can't be run, or is another kind of network.
    """
    find = _Detector(_session(detector, device, threads))
    pose = _Pose(_session(weights, device, threads))
    empty = np.zeros((*find.model_input_size, 3), np.uint8)
    _tried(lambda: _boxes(find, empty), detector)
    points, _ = _tried(lambda: pose(empty, [[0, 0, *empty.shape[1::-1]]]), weights)
    if points.shape != (1, joints, 2):
        raise ConfigError(f"gives {points.shape[1]} joints, not {joints}", where=weights)
    return Networks(
        detector=find,
        pose=pose,
        joints=joints,
        record={
            "tool": f"rtmlib {importlib.metadata.version('rtmlib')}",
            "onnxruntime": onnxruntime.__version__,
            "detector": Path(detector).name,
            "detector_sha256": sha256(detector),
            "weights": Path(weights).name,
            "weights_sha256": sha256(weights),
            "device": "cuda" if pose.session.get_providers()[0] == _CUDA else "cpu",
            "threads": threads,
            "licence": LICENCE,
        },
    )


def _tried(call, path):
    try:
        return call()
    except Exception as error:
        # What rtmlib stumbles over in another network's output can be anything.
        raise ConfigError(
            f"is no network of the kind that is needed ({type(error).__name__}: {error})"[:400],
            where=path,
            remedy="The detector must be YOLOX, the other one RTMPose, as rtmlib names them",
        ) from error


def _boxes(detector, frame):
    """Boxes (P, 4) of the people in a frame: x1, y1, x2, y2 in pixels."""
    boxes = np.asarray(detector(frame), float).reshape(-1, 4)
    sides = boxes[:, 2:] - boxes[:, :2]
    return boxes[np.isfinite(boxes).all(1) & (sides >= 1).all(1)]


def people(
    video: str | Path,
    networks: Networks,
    *,
    size: tuple[int, int],
    frames: int,
    on_progress: Callable[..., Any] | None = None,
) -> Detections:
    """Find everyone in a standardised video.

    Frames stream from ffmpeg and one is at work at a time: memory does not grow with the
    video, except for what is found.

    Parameters
    ----------
    video : str or Path
    networks : Networks
    size : tuple of int
        Width and height of the video.
    frames : int
        Decoded frames of the video.
    on_progress : callable, optional
        Called with the number of frames done.

    Returns
    -------
    Detections
        Pixels of the video, also outside it. `scores` is the mean of the maxima of the
        joint's two SimCC vectors, which may pass 1; a joint without a positive one is
        absent. `box` is the detector's.

    Raises
    ------
    ItemError
        Where the video can't be decoded, or not to so many frames, or somebody is found in
        less than `choreo.poses.coverage.MIN_COVERAGE` of them.
    """
    joints = networks.joints
    frame, keypoints, scores, boxes = [], [], [], []
    count = 0
    for image in media.read_frames(video, size, pixels="bgr24"):
        found = _boxes(networks.detector, image)
        if len(found):
            points, values = networks.pose(image, found)
            frame += [count] * len(found)
            keypoints.append(points)
            scores.append(values)
            boxes.append(np.hstack([found[:, :2], found[:, 2:] - found[:, :2]]))
        count += 1
        if on_progress is not None:
            on_progress(count)
    if count != frames:
        raise ItemError(f"decodes to {count} frames, not {frames}", where=video)
    keypoints = np.concatenate([np.empty((0, joints, 2)), *keypoints])
    scores = np.concatenate([np.empty((0, joints)), *scores]).astype(float)
    # rtmlib puts a joint without a response at -1, -1 of the network's input.
    absent = ~(scores > 0)
    keypoints[absent], scores[absent] = np.nan, np.nan
    nothing = np.full(len(frame), np.nan)
    everyone = Detections(
        frame=np.array(frame, int),
        keypoints=keypoints,
        scores=scores,
        skeleton=COCO_OR_HALPE[joints],
        frames=frames,
        label=nothing,
        score=nothing,
        box=np.concatenate([np.empty((0, 4)), *boxes]),
    )
    check_coverage(
        everyone,
        tool="RTMPose's detector",
        where=video,
        remedy="Likely poses.rtmpose.detector is not the right file, or the video shows nobody",
    )
    return everyone
