"""Dances from other projects' files: 2-D tracks and 3-D joints, by what a file is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from choreo.cleaning.gaps import fill_linearly
from choreo.errors import ItemError
from choreo.evaluation.others import bvh
from choreo.evaluation.others.bodies import Dance, downwards, named, names_of, posed, upright
from choreo.files import ending
from choreo.files.outside import array_of, load_json, reading
from choreo.files.sealed import load_arrays
from choreo.files.text_tables import read_lines
from choreo.poses.formats import pickled

MAX_TEXT_BYTES = 1 << 27
"""Largest .json, .csv or .bvh; an hour of 24 joints takes half of it."""
FEWEST_SECONDS = 2.0
SLOWEST, FASTEST = 5, 1000
"""Frames a second."""
FARTHEST = 1e6
"""In any unit: a kilometre in millimetres."""
_LONGEST_GAP = 0.2
"""Share of its frames that a joint may lack."""
_AIST = re.compile(r"g[A-Z]{2}_s[A-Z]{2}_c\w+_(d\d+)_m([A-Z]{2})(\d)_ch\d+(?:_slice(\d+))?")
_KEYS = (
    "full_pose",
    "keypoints3d_optim",
    "keypoints3d",
    "pred_position",
    "joints3d",
    "keypoints",
    "skeletons",
    "joints",
    "positions",
    "motion",
)
_RATES = {"full_pose": 30, "keypoints3d_optim": 60, "keypoints3d": 60, "pred_position": 60}
"""Frames a second of what has a rate by its origin: EDGE, AIST++ and Bailando."""
_TANG_RATE = 25
_INFINITEDANCE_RATE = 30
"""Of InfiniteDance's arrays, joints and features, whose renderer has 30 frames a second."""
_FEATURES = 264
_BODY = 22
"""Width of InfiniteDance's features, and SMPL's joints without hands, which they are of."""
_OF_24_OR_16 = 48
"""Width of 24 joints in 2-D and of 16 in 3-D, such as Human3.6M's: taken for neither."""
_SLICE_SECONDS = 0.5


def read_folder(folder, *, fps=None, beats=None, format=None, size=None):
    """Read all dances of a folder.

    Parameters
    ----------
    folder : str or Path
        Files of `SUFFIXES`, or of a pose format of `choreo.poses.formats.registry`.
    fps : float, optional
        Frames a second, where a file does not say.
    beats : callable, optional
        Name of a dance -> seconds of its music's beats, or None.
    format, size : str and (int, int), optional
        Pose format of the files and size of the picture.

    Returns
    -------
    list of Dance
        Sorted by name.

    Raises
    ------
    ItemError
        Where there is none, or one can't be read.
    """
    folder = Path(folder)
    if folder.is_file():
        files = [folder]
    else:
        with reading(folder, "a folder of dances"):
            files = sorted(p for p in folder.iterdir() if format or ending(p) in SUFFIXES)
        files = [p for p in files if not p.name.startswith(".")]
    if not files:
        raise ItemError(
            "no dances", where=folder, remedy=f"Files of {', '.join(SUFFIXES)} are read"
        )
    return [read_dance(p, fps=fps, beats=beats, format=format, size=size) for p in files]


def read_systems(
    folders: Sequence[str | Path], reference: str | Path | None = None, **about: Any
) -> Any:
    """Read the dances of several systems, and real ones.

    Parameters
    ----------
    folders : sequence of path
        One a system, which gets its name.
    reference : str or Path, optional
        Folder of real dances.
    **about
        Of `read_folder`.

    Returns
    -------
    systems : dict of str to list of Dance
    reference : list of Dance

    Raises
    ------
    ItemError
        As `read_folder`; where two folders have one name; where beats were given, and those of
        no dance.
    """
    systems = {}
    for folder in folders:
        name = Path(folder).resolve().stem
        if name in systems:
            raise ItemError("two systems of one name", where=folder, remedy="Rename a folder")
        systems[name] = read_folder(folder, **about)
    real = [] if reference is None else read_folder(reference, **about)
    every = [dance for dances in (*systems.values(), real) for dance in dances]
    if about.get("beats") is not None and all(dance.beats is None for dance in every):
        raise ItemError(
            "none of the dances' names is that of a song or of beats that were given",
            value=every[0].name,
            remedy="Name songs, or the keys of the beats' file, as the dances' files without "
            "their endings, or as the AIST music in them, such as mHO2",
        )
    return systems, real


def read_dance(path, *, fps=None, beats=None, format=None, size=None):
    """Read one dance; see `read_folder`."""
    path = Path(path)
    suffix = ending(path)
    if format is None and suffix not in _READERS:
        raise ItemError("no dance", where=path, remedy=f"Files of {', '.join(SUFFIXES)} are read")
    # To the end: what a damaged file holds may trouble any of what follows.
    with reading(path, "a dance", besides=("a zip archive",)):
        found = _READERS[suffix](path) if format is None else _track(path, format, fps, size)
        return _dance(found, path, fps, beats)


def _dance(found, path, fps, beats):
    # What the file says, then what the user does, then what its project always has.
    rates = (found.get("fps"), fps, found.get("usual_fps"))
    rate = next((rate for rate in rates if rate is not None), None)
    if rate is None:
        raise ItemError("it does not say its frame rate", remedy="Give --fps")
    rate = float(rate)
    if not SLOWEST <= rate <= FASTEST:
        raise ItemError("no frame rate of a dance", value=rate, remedy="Give --fps")
    taken = rates[0] is None and fps is None
    array = _whole(np.asarray(found["joints"], float))
    if len(array) < FEWEST_SECONDS * rate:
        raise ItemError(f"shorter than {FEWEST_SECONDS:g} s", value=f"{len(array)} frames")
    names = found.get("names")
    if names is None or len(names) != array.shape[1]:
        names = names_of(array.shape[1])
    if names is None:
        raise ItemError(
            "unknown joints",
            value=f"{array.shape[1]} of them in {array.shape[2]}-D",
            remedy="Give COCO's 17, OpenPose's 18 or 25, Halpe's 26, or SMPL's 22 or 24",
        )
    joints, about = named(array, names), ""
    own = tuple(joints)[: array.shape[1]]
    if array.shape[2] == 3:
        joints, about = upright(joints, path)
    elif "head" in joints and "nose" not in joints:
        joints, about = downwards(joints, path)
    if taken:
        about = ", ".join(part for part in (about, f"{rate:g} frames a second taken") if part)
    times = None if beats is None else beats(path.stem)
    if times is None:
        times = found.get("beats")
    if times is None:
        times = aist_beats(path.stem, len(array) / rate)
    if times is not None:
        times = np.sort(np.asarray(times, float))
        if not np.isfinite(times).all():
            raise ItemError("beats that are no numbers")
        seconds = len(array) / rate
        if len(times) and not ((times >= 0) & (times <= seconds)).any():
            raise ItemError(
                f"its beats all lie outside of its {seconds:.1f} seconds",
                value=f"{times[0]:g} to {times[-1]:g}",
                remedy="Give beats in seconds from the dance's beginning",
            )
    return Dance(path.stem, joints, rate, times, about, own)


def aist_beats(name, seconds):
    """Beats of AIST's music by a dance's name, whose first frame is a beat.

    Parameters
    ----------
    name : str
        Has an AIST name in it, such as ``gHO_sBM_cAll_d19_mHO2_ch03``: house music m is of
        110 + 5 m beats a minute, that of other genres of 80 + 10 m. ``_slice3`` behind it begins
        1.5 s later.
    seconds : float

    Returns
    -------
    ndarray or None
    """
    found = _AIST.search(name)
    if not found:
        return None
    _, genre, number, part = found.groups()
    tempo = 110 + 5 * int(number) if genre == "HO" else 80 + 10 * int(number)
    start = _SLICE_SECONDS * int(part or 0)
    times = np.arange(0, start + seconds, 60 / tempo) - start
    return times[times >= -1e-6]


def aist_dancer(name):
    """Dancer of an AIST name, such as ``d19``, or None."""
    found = _AIST.search(name)
    return found[1] if found else None


def _track(path, format, fps, size):
    """A 2-D track by the registry of pose formats."""
    from choreo.poses.formats import registry

    if fps is None or size is None:
        raise ItemError("a 2-D format needs --fps and --size", where=path, value=format)
    # Of AIST++'s nine cameras the one in front.
    options = {"view": "c01"} if format == "aist" else {}
    track = registry.read(format, path, fps=fps, size=size, **options)
    return {"joints": track.keypoints, "names": track.joints.joints, "fps": fps}


def _npz(path):
    from choreo.pose.track import PoseTrack

    arrays = load_arrays(path, "a dance")
    if {"keypoints", "scores", "skeleton"} <= set(arrays):
        track = PoseTrack.load(path)
        return {"joints": track.keypoints, "names": track.joints.joints, "fps": track.fps}
    return _of_dict(arrays, path)


def _npy(path):
    value = pickled.npy(path)
    if isinstance(value, dict):
        return _of_dict(value, path)
    found = _of_array(value, path)
    if value.shape[1:] == (_BODY, 3):
        found.setdefault("usual_fps", _INFINITEDANCE_RATE)
    return found


def _pkl(path):
    return _of_dict(pickled.arrays(path), path)


def _json(path):
    value = load_json(path, "a dance", limit=MAX_TEXT_BYTES)
    if isinstance(value, list):
        return _of_array(np.asarray(value, float), path)
    if not isinstance(value, dict):
        raise ItemError("no dance (neither a list nor an object)")
    arrays = {}
    for key, item in value.items():
        if isinstance(item, (list, int, float)):
            try:
                arrays[key] = array_of(item)
            except ValueError:
                # Lists of different lengths, or of words and numbers, are no joints.
                continue
    return _of_dict(arrays, path)


def _csv(path):
    _check_size(path)
    lines = [
        (number, line)
        for number, line in read_lines(path, MAX_TEXT_BYTES)
        if not line.startswith("#")
    ]
    # Spreadsheets with decimal commas separate by semicolons or tabs.
    delimiter = next((mark for mark in ";\t" if lines and mark in lines[0][1]), ",")
    rows = []
    for number, line in lines:
        cells = (line if delimiter == "," else line.replace(",", ".")).split(delimiter)
        where = f"{path}, line {number}"
        try:
            rows.append([float(cell) if cell.strip() else np.nan for cell in cells])
        except ValueError:
            raise ItemError(
                "must hold numbers alone, a row a frame",
                where=where,
                value=line[:40],
                remedy="Take out a heading, and write decimals with a point",
            ) from None
        if len(cells) != len(rows[0]):
            raise ItemError(
                f"has {len(cells)} cells, the first row {len(rows[0])}",
                where=where,
                remedy="The file may be cut off: write it again",
            )
    return _of_array(np.array(rows, float).reshape(len(rows), -1), path)


def _bvh(path):
    _check_size(path)
    return bvh.read(path)


def _check_size(path):
    if (size := path.stat().st_size) > MAX_TEXT_BYTES:
        raise ItemError(f"larger than {MAX_TEXT_BYTES >> 20} MiB: not a dance", value=size)


def _of_dict(arrays, path):
    """A dance from named arrays: joints under a known name, or SMPL's rotations."""
    about = {}
    if "fps" in arrays and np.ndim(arrays["fps"]) == 0:
        about["fps"] = float(arrays["fps"])
    for key in ("beats", "beat_times"):
        if key in arrays and np.ndim(arrays[key]) == 1:
            about["beats"] = arrays[key]
    for key in _KEYS:
        if key in arrays and np.ndim(arrays[key]) >= 2 and arrays[key].dtype.kind in "fiu":
            found = _of_array(np.asarray(arrays[key], float), path)
            about["usual_fps"] = _RATES.get(key)
            names = arrays.get("joints", arrays.get("joint_names"))
            if names is not None and np.ndim(names) == 1 and names.dtype.kind in "SU":
                found["names"] = [str(name) for name in names]
            centre = arrays.get("center")
            if key == "skeletons" and np.shape(centre) == (len(found["joints"]), 3):
                # Tang et al. keep the body and its place apart.
                found["joints"] = found["joints"] + np.asarray(centre, float)[:, None]
                found.setdefault("names", None)
                if found["joints"].shape[1] == len(_TANG):
                    found["names"] = _TANG
                    about["usual_fps"] = _TANG_RATE
            return found | {k: v for k, v in about.items() if v is not None}
    if "smpl_poses" in arrays:
        return _of_rotations(arrays) | about
    raise ItemError(
        "holds no joints",
        value=", ".join(list(arrays)[:8]) or "nothing",
        remedy=f"They are looked for as {', '.join(_KEYS)} or smpl_poses",
    )


def _of_rotations(arrays):
    """EDGE's and AIST++'s SMPL rotations, on a body of our own."""
    from scipy.spatial.transform import Rotation

    poses = np.array(arrays["smpl_poses"], float)  # a copy: the file's are read-only
    frames = len(poses)
    turns = Rotation.from_rotvec(poses.reshape(-1, 3)).as_matrix().reshape(frames, -1, 3, 3)
    root = np.array(arrays.get("smpl_trans", np.zeros((frames, 3))), float)
    # AIST++'s body is scaled and placed in centimetres, with its scale beside it.
    scale = float(np.ravel(arrays["smpl_scaling"])[0]) if "smpl_scaling" in arrays else 1.0
    rate = 60 if "smpl_scaling" in arrays else 30
    return {"joints": posed(turns[:, :24], root / scale), "usual_fps": rate}


def joints_of_features(features):
    """Joints of InfiniteDance's features (``mofea264``), which are HumanML3D's in another order.

    Parameters
    ----------
    features : ndarray, shape (T, 264)
        Of each frame the pelvis's height; an angle that is not needed; half the turn about the
        vertical to the next frame; the pelvis's way on the floor to it, as the dancer sees it;
        the places of 21 joints from the point under the pelvis, as the dancer sees them; and
        rotations, velocities and contacts, which are not needed either.

    Returns
    -------
    ndarray, shape (T, 22, 3)
    """
    turned = -2 * np.concatenate([[0.0], np.cumsum(features[:-1, 2])])
    sine, cosine = np.sin(turned), np.cos(turned)

    def seen(places):
        """From the dancer's own directions to those of the first frame."""
        s, c = (part.reshape(-1, *[1] * (places.ndim - 2)) for part in (sine, cosine))
        x, y, z = np.moveaxis(places, -1, 0)
        return np.stack([c * x + s * z, y, c * z - s * x], axis=-1)

    way = np.zeros((len(features), 3))
    # The way to a frame is in the frame before, in the directions of the later one.
    way[1:, [0, 2]] = features[:-1, 3:5]
    root = np.cumsum(seen(way), axis=0)
    joints = seen(features[:, 5 : 5 + 3 * (_BODY - 1)].reshape(len(features), -1, 3))
    joints = joints + root[:, None]
    root[:, 1] = features[:, 0]
    return np.concatenate([root[:, None], joints], axis=1)


def _of_array(array, path):
    """A dance from one array: joints, flat or not, mint's rotations, InfiniteDance's features."""
    if array.ndim == 4 and 1 in array.shape[:1]:
        array = array[0]
    if array.ndim == 2:
        width = array.shape[1]
        if width in (219, 225):
            place = 0 if width == 219 else 6
            turns = array[:, place + 3 :].reshape(len(array), 24, 3, 3)
            return {"joints": posed(turns, array[:, place : place + 3]), "usual_fps": 60}
        if width == _FEATURES:
            # What is not finite is found with the joints.
            with np.errstate(invalid="ignore", over="ignore"):
                joints = joints_of_features(np.asarray(array, float))
            return {"joints": joints, "usual_fps": _INFINITEDANCE_RATE}
        if width % 3 == 0 and names_of(width // 3):
            array = array.reshape(len(array), -1, 3)
        elif width % 2 == 0 and names_of(width // 2) and width != _OF_24_OR_16:
            array = array.reshape(len(array), -1, 2)
    if array.ndim != 3 or array.shape[2] not in (2, 3):
        raise ItemError(
            "joints must have shape (T, J, 3), (T, J, 2) or be those of a known skeleton in a row",
            where=path,
            value=array.shape,
        )
    return {"joints": array}


def _whole(array):
    """Joints without gaps: short ones are drawn across, of long ones nothing is known."""
    with np.errstate(invalid="ignore"):
        if (np.abs(array) > FARTHEST).any():
            raise ItemError("joints farther away than anybody dances")
    bad = ~np.isfinite(array).all(-1)
    if not bad.any():
        return array
    if bad.mean(0).max() > _LONGEST_GAP:
        raise ItemError(
            "a joint is missing in too many frames",
            value=f"{100 * bad.mean(0).max():.0f}%",
            remedy="Clean it first (choreo clean)",
        )
    return fill_linearly(np.where(bad[..., None], np.nan, array))


_TANG = tuple(
    "head neck belly right_shoulder right_elbow right_wrist right_hand right_hip right_knee "
    "right_ankle right_foot right_toe left_shoulder left_elbow left_wrist left_hand left_hip "
    "left_knee left_ankle left_foot left_toe left_finger right_finger".split()
)
"""Joints of Tang et al. 2018 by the lines that its repository draws."""

_READERS = {
    ".npz": _npz,
    ".npy": _npy,
    ".pkl": _pkl,
    ".json": _json,
    ".csv": _csv,
    ".bvh": _bvh,
}
SUFFIXES = tuple(_READERS)
