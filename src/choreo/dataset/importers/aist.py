"""AIST++ 2-D keypoints (CC BY 4.0), and video lists of the AIST Dance Video Database.

Names: ``g<genre>_s<situation>_c<camera>_d<dancer>_m<music>_ch<choreography>``; a name
with ``cAll`` stands for all cameras. https://google.github.io/aistplusplus_dataset
"""

import io
import pickle
import re
from pathlib import Path

import numpy as np

from choreo.errors import ConfigError, ItemError
from choreo.files import write_text
from choreo.track import PoseTrack

CAMERAS = tuple(f"c{n:02d}" for n in range(1, 10))
"""Order of the cameras in a file; c01 stands in front."""
GENRES = {
    "BR": "break",
    "PO": "pop",
    "LO": "lock",
    "MH": "middle hip-hop",
    "LH": "LA-style hip-hop",
    "HO": "house",
    "WA": "waack",
    "KR": "krump",
    "JS": "street jazz",
    "JB": "ballet jazz",
}
FPS, SIZE = 60.0, (1920, 1080)
VIDEO_URL = "https://aistdancedb.ongaaccel.jp/v1.0.0/video/10M/{name}.mp4"

_NAME = re.compile(r"g([A-Z]{2})_s([A-Z]{2})_(c\d\d|cAll)_(d\d\d)_(m[A-Z]{2}(\d))_(ch\d\d)")
_MAX_BYTES = 1 << 28
# What pickles of arrays name, in numpy 1 and 2 and in every protocol from 3 on.
_ALLOWED = {
    *(
        (f"numpy.{core}.{module}", name)
        for core in ("core", "_core")
        for module, name in (("multiarray", "_reconstruct"), ("numeric", "_frombuffer"))
    ),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
}


class _ArraysOnly(pickle.Unpickler):
    """Unpickler of numpy arrays and Python's own simple types; it can call nothing else."""

    def find_class(self, module, name):
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is not an array")
        return super().find_class(module, name)


def describe(name):
    """What a name says.

    Parameters
    ----------
    name : str
        Such as ``gBR_sBM_cAll_d04_mBR0_ch01``.

    Returns
    -------
    dict
        ``genre``, ``situation``, ``camera``, ``dancer``, ``song``, ``choreography``,
        and ``tempo`` in beats a minute: 80 + 10 n for music number n, for house
        110 + 5 n.

    Raises
    ------
    ItemError
        For a name of another form.
    """
    match = _NAME.fullmatch(name)
    if not match or match[1] not in GENRES:
        raise ItemError(
            "not a name of AIST",
            value=name,
            remedy="Names look like gBR_sBM_c01_d04_mBR0_ch01",
        )
    number = int(match[6])
    return {
        "genre": GENRES[match[1]],
        "situation": f"s{match[2]}",
        "camera": match[3],
        "dancer": match[4],
        "song": match[5],
        "choreography": match[7],
        "tempo": 110 + 5 * number if match[5][1:3] == "HO" else 80 + 10 * number,
    }


def read(path, *, camera="c01"):
    """Read one sequence of ``keypoints2d`` as a track.

    Parameters
    ----------
    path : str or Path
        ``<sequence>.pkl``. It is read by an unpickler that makes arrays and nothing else.
    camera : str
        One of `CAMERAS`.

    Returns
    -------
    PoseTrack
        COCO-17 at 60 frames a second, 1920x1080 pixels. Frames that `timestamps` leaves
        out are NaN, and so is what has no detection.

    Raises
    ------
    ItemError
        Where the file is not of this form, or would run code.
    ConfigError
        For another camera.
    """
    if camera not in CAMERAS:
        raise ConfigError("unknown camera", value=camera, remedy=f"Use one of {', '.join(CAMERAS)}")
    data = _load(path)
    try:
        keypoints, stamps = (np.asarray(data[key]) for key in ("keypoints2d", "timestamps"))
        fits = keypoints.ndim == 4 and keypoints.shape[0] == len(CAMERAS)
        fits = fits and keypoints.shape[2:] == (17, 3) and stamps.shape == keypoints.shape[1:2]
        fits = fits and all(a.dtype.kind in "fiu" for a in (keypoints, stamps)) and len(stamps) > 1
    except (KeyError, TypeError):
        fits = False
    if not fits:
        raise ItemError(
            "must hold keypoints2d of shape (9, N, 17, 3) and timestamps of shape (N,)", where=path
        )
    frames = _frames(stamps.astype(np.float64), path)
    view = keypoints[CAMERAS.index(camera)].astype(np.float32)
    full = np.full((frames[-1] + 1, 17, 3), np.nan, np.float32)
    full[frames] = np.where(np.isfinite(view).all(-1, keepdims=True), view, np.nan)
    name = Path(path).stem
    return PoseTrack(
        full[..., :2],
        full[..., 2],
        fps=FPS,
        size=SIZE,
        skeleton="coco17",
        meta={"estimator": "aist++", "source": name, "camera": camera, "licence": "CC BY 4.0"},
    )


def read_names(path):
    """Names in a list of AIST++ (its splits, ``ignore_list.txt``, ``video_list.txt``).

    Returns
    -------
    list of str
        One a line; empty lines are left out.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ItemError(f"can't read the list ({error})", where=path) from error
    names = [Path(line.strip()).stem for line in lines if line.strip()]
    for name in names:
        describe(name)
    return names


def read_splits(folder, *, kind="crossmodal"):
    """AIST++'s own split, without the sequences of ``ignore_list.txt``.

    Parameters
    ----------
    folder : str or Path
        With ``splits/<kind>_train.txt``, ``_val.txt``, ``_test.txt`` and, if it is there,
        ``ignore_list.txt``.
    kind : str
        "crossmodal" or "pose".

    Returns
    -------
    dict of str to str
        Sequence -> "train", "validation" or "test". `choreo.dataset.split` still decides
        whether a study accepts it.
    """
    folder = Path(folder)
    ignored = folder / "ignore_list.txt"
    left_out = set(read_names(ignored)) if ignored.exists() else set()
    parts = {"train": "train", "validation": "val", "test": "test"}
    return {
        name: split
        for split, short in parts.items()
        for name in read_names(folder / "splits" / f"{kind}_{short}.txt")
        if name not in left_out
    }


def write_table(names, path, *, genres=None, dancers=None, camera="c01"):
    """Write a videos table of solo dances of the AIST Dance Video Database.

    Parameters
    ----------
    names : list of str
        Such as `read_names` gives for the official ``video_list.txt``.
    path : str or Path
        The table (``.tsv``).
    genres : sequence of str, optional
        Two-letter codes (`GENRES`); all by default.
    dancers : sequence of str, optional
        Such as ``d04``; all by default.
    camera : str
        One of `CAMERAS`.

    Returns
    -------
    int
        Number of rows.

    Raises
    ------
    ConfigError
        For an unknown genre, or where nothing is left.
    """
    for genre in genres or ():
        if genre not in GENRES:
            raise ConfigError(
                "unknown genre", value=genre, remedy=f"Use one of {', '.join(GENRES)}"
            )
    wanted = {GENRES[genre] for genre in genres} if genres else set(GENRES.values())
    rows = []
    for name in sorted(set(names)):
        facts = describe(name)
        solo = facts["situation"] in {"sBM", "sFM"} and facts["camera"] == camera
        if solo and facts["genre"] in wanted and facts["dancer"] in (dancers or {facts["dancer"]}):
            url = VIDEO_URL.format(name=name)
            rows.append([name, url, facts["song"], facts["dancer"], facts["genre"], "AIST terms"])
    if not rows:
        raise ConfigError("no video is left", where=path, remedy="Choose more genres or dancers")
    heading = ["id", "source", "song", "dancer", "genre", "licence"]
    write_text(path, "".join("\t".join(row) + "\n" for row in [heading, *rows]))
    return len(rows)


def _load(path):
    try:
        with open(path, "rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ItemError(f"can't read the file ({error.strerror})", where=path) from error
    if len(data) > _MAX_BYTES:
        raise ItemError(f"larger than {_MAX_BYTES >> 20} MiB: no AIST++ sequence", where=path)
    try:
        return _ArraysOnly(io.BytesIO(data)).load()
    # A damaged pickle can raise nearly anything; nothing of it has run.
    except Exception as error:
        raise ItemError(f"not a pickle of arrays ({error})", where=path) from error


def _frames(stamps, path):
    """Frame numbers from time stamps of any unit, by their usual step."""
    steps = np.diff(stamps)
    step = np.median(steps)
    # One stamp a frame in the unit of the file; a video of hours would be no sequence.
    if not (step > 0 and (steps > 0).all() and (stamps[-1] - stamps[0]) / step < 1e6):
        raise ItemError("time stamps that do not rise evenly", where=path)
    # A first frame that is missing too is counted; clocks that start elsewhere are not.
    start = 0.0 if 0 <= stamps[0] < 10 * step else stamps[0]
    frames = np.round((stamps - start) / step).astype(int)
    if (np.diff(frames) < 1).any():
        raise ItemError("time stamps that do not rise evenly", where=path)
    return frames
