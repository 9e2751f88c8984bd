"""The netCDF layout of `movement`, read and written through xarray.

``position`` (time, space, keypoints, individuals) in pixels and ``confidence`` (time,
keypoints, individuals), with the joints' names as the labels of `keypoints`, and the
attributes ``fps``, ``time_unit`` ("seconds" or "frames"), ``source_software`` and
``ds_type`` ("poses") (https://movement.neuroinformatics.dev, user guide). Versions after
0.15 call the dimensions `keypoint` and `individual`; both are read, and the names of 0.15
are written, which later versions read with ``rename_legacy_dimensions``. `movement` itself
is not needed.
"""

import numpy as np
import xarray as xr

from choreo.errors import ItemError
from choreo.files.outside import reading
from choreo.poses.detections import MAX_FRAMES
from choreo.poses.formats import hdf5, isolated
from choreo.poses.formats.joint_names import placed, skeleton_of
from choreo.poses.formats.people import check_pixels, columns

META = {"estimator": "movement"}
MAX_INDIVIDUALS = 100
MAX_TEXT = 200
_FORMER = {"keypoint": "keypoints", "individual": "individuals"}
_DIMENSIONS = ("time", "space", "keypoints", "individuals")


def read_detections(path, *, frames=None, skeleton=None, fps=None):
    """Read every individual of a file of `movement`.

    Parameters
    ----------
    path : str or Path
        ``.nc``, netCDF 4.
    frames : int, optional
        Decoded frames of the video; without it the last one of the file + 1.
    skeleton : str, optional
        Without it the smallest that has all the keypoints, which are told by their names
        (`choreo.poses.formats.joint_names.joint_named`).
    fps : float, optional
        Frames a second of the video. Where the file says its own, they must agree.

    Returns
    -------
    Detections
        `label` is the number of the individual, from 1. A confidence of the whole individual is
        every joint's, too.

    Raises
    ------
    ItemError
        With what is wrong and the remedy; for keypoints that no skeleton has.
    """
    data = isolated.arrays("movement", path, fps=fps)
    position, confidence = data["position"], data["confidence"]
    check_pixels(position, path=path, what="position")
    check_pixels(confidence, path=path, what="confidence")
    skeleton, places = skeleton_of(data["keypoints"].tolist(), skeleton, where=path)
    people = [
        (
            *placed(
                position[..., number].transpose(0, 2, 1), confidence[..., number], places, skeleton
            ),
            np.full(len(position), np.nan),
        )
        for number in range(position.shape[-1])
    ]
    # A clock tells where the first row belongs, unless it runs from 1 to the last frame.
    at = data["frames"]
    first = 1 if len(at) and at[0] == 1 and at[-1] == frames else 0
    return columns(people, at=at, path=path, frames=frames, skeleton=skeleton, first=first)


def rate(path):
    """Frames a second that a file says itself.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    float or None

    Raises
    ------
    ItemError
        As `read_detections`.
    """
    own = float(isolated.arrays("movement", path)["fps"])
    return own if np.isfinite(own) else None


def load(path, *, fps=None):
    """Read a file's arrays.

    Parameters
    ----------
    path : str or Path
    fps : float, optional
        As in `read_detections`.

    Returns
    -------
    dict of str to ndarray
        ``position`` (T, 2, K, I), ``confidence`` (T, K, I), ``keypoints`` (K,), ``frames``
        (T,), ``fps`` () of the file itself, NaN where it does not say it.

    Raises
    ------
    ItemError
    """
    with hdf5.opened(path) as file:
        _check_layout(file, path)
    # Nothing is decoded into dates: hostile units could ask for any.
    with (
        reading(path, "a file of movement"),
        xr.open_dataset(
            path, engine="h5netcdf", decode_times=False, decode_timedelta=False
        ) as dataset,
    ):
        own = _own_rate(dataset, path)
        return _arrays(dataset, path) | {
            "frames": _frame_numbers(dataset, own, fps, path),
            "fps": np.array(np.nan if own is None else own),
        }


def _check_layout(file, path):
    for name in ("position", "confidence", "time"):
        if name not in file:
            raise ItemError(
                f"has no `{name}`: not a file of movement",
                where=path,
                remedy="Save a poses dataset with dataset.to_netcdf(path, engine='h5netcdf')",
            )


def _arrays(dataset, path):
    """Arrays of `load` without ``frames``."""
    dataset = dataset.rename({old: new for old, new in _FORMER.items() if old in dataset.dims})
    position, confidence = dataset["position"], dataset["confidence"]
    if set(position.dims) != set(_DIMENSIONS):
        raise ItemError(
            "position must have the dimensions time, space, keypoints, individuals",
            where=path,
            value=", ".join(map(str, position.dims)),
            remedy="Give a poses dataset of movement with one view",
        )
    if position.sizes["individuals"] > MAX_INDIVIDUALS or position.sizes["time"] > MAX_FRAMES:
        raise ItemError(
            f"more than {MAX_INDIVIDUALS} individuals or {MAX_FRAMES} frames", where=path
        )
    if _texts(dataset, "space") != ["x", "y"]:
        raise ItemError("space must be x, y", where=path, remedy="3-D poses are not read")
    for array in (position, confidence):
        if array.dtype.kind not in "fiu":
            raise ItemError(f"{array.name} must hold numbers", where=path, value=str(array.dtype))
    sizes = {name: position.sizes[name] for name in ("keypoints", "individuals")}
    # Newer versions may have one confidence for a whole individual.
    if "keypoints" not in confidence.dims:
        confidence = confidence.expand_dims(keypoints=sizes["keypoints"])
    over = ("time", "keypoints", "individuals")
    return {
        "position": position.transpose(*_DIMENSIONS).to_numpy().astype(float),
        "confidence": confidence.transpose(*over).to_numpy().astype(float),
        "keypoints": np.array(_texts(dataset, "keypoints"), dtype=str),
    }


def _texts(dataset, name):
    return [str(label)[:MAX_TEXT] for label in dataset[name].to_numpy().tolist()]


def _own_rate(dataset, path):
    """Frames a second that the file says; None where it does not."""
    own = dataset.attrs.get("fps")
    own = float(own) if np.isscalar(own) and not isinstance(own, (str, bytes)) else None
    if own is not None and not (np.isfinite(own) and own > 0):
        raise ItemError("fps must be a positive number", where=path, value=own)
    return own


def _frame_numbers(dataset, own, fps, path):
    """Frame number (T,) of each row, from times in seconds or frame numbers."""
    time = dataset["time"].to_numpy()
    if time.dtype.kind not in "fiu" or not np.isfinite(time).all():
        raise ItemError("time must hold numbers", where=path, value=str(time.dtype))
    if own is not None and fps is not None and abs(own - fps) > 1e-3 * fps:
        raise ItemError(
            f"the file has {own:g} frames a second, the video {fps:g}",
            where=path,
            remedy="Give the video that the poses were found in",
        )
    if str(dataset.attrs.get("time_unit", "frames")) == "seconds":
        rate = own or fps
        if rate is None:
            raise ItemError("times in seconds without fps", where=path, remedy="Give --fps")
        time = time * rate
    if len(time) and not (time.min() > -0.5 and time.max() < MAX_FRAMES):
        raise ItemError(f"frames must be from 0 to {MAX_FRAMES}", where=path)
    numbers = np.round(time).astype(int)
    if (np.abs(time - numbers) > 0.1).any():
        raise ItemError("times that lie between frames", where=path)
    return numbers


def write(track, path):
    """Write a track as a poses dataset of `movement`.

    Parameters
    ----------
    track : PoseTrack
    path : str or Path
        ``.nc``: every frame, one individual ``dancer``, NaN for what is absent.
    """
    position = np.where(track.given[..., None], track.keypoints, np.float32(np.nan))
    dataset = xr.Dataset(
        data_vars={
            "position": (_DIMENSIONS, position.transpose(0, 2, 1)[..., None]),
            "confidence": (("time", "keypoints", "individuals"), track.scores[..., None]),
        },
        coords={
            "time": np.arange(len(track)) / track.fps,
            "space": ["x", "y"],
            "keypoints": list(track.joints.joints),
            "individuals": ["dancer"],
        },
        attrs={
            "fps": track.fps,
            "time_unit": "seconds",
            "source_software": str(track.meta.get("estimator", "choreo")),
            "ds_type": "poses",
        },
    )
    hdf5.save(path, dataset.to_netcdf(engine="h5netcdf"))
