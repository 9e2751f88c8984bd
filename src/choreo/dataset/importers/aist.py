"""AIST++ 2-D keypoints (CC BY 4.0), and video lists of the AIST Dance Video Database.

Names: ``g<genre>_s<situation>_c<camera>_d<dancer>_m<music>_ch<choreography>``; a name
with ``cAll`` stands for all cameras. https://google.github.io/aistplusplus_dataset
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from choreo.errors import ChoreoError, ConfigError, ItemError, check_known
from choreo.files import write_text
from choreo.files.outside import reading
from choreo.files.text_tables import read_lines
from choreo.poses.formats import aist

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
    check_known(camera, CAMERAS, what="camera")
    detections = aist.read_detections(path, view=camera)
    return detections.track(
        np.arange(len(detections)),
        fps=FPS,
        size=SIZE,
        meta={**aist.META, "source": Path(path).stem, "camera": camera},
    )


def read_names(path: str | Path) -> list[str]:
    """Names in a list of AIST++ (its splits, ``ignore_list.txt``, ``video_list.txt``).

    Returns
    -------
    list of str
        One a line, perhaps in quotes or with a comma behind it; empty lines and comments
        (``#``) are left out.
    """
    with reading(path, "a list of names"):
        lines = read_lines(path)
    names = []
    for number, line in lines:
        if line.startswith("#"):
            continue
        name = Path(line.strip().rstrip(",;").strip("\"' \t")).stem
        try:
            describe(name)
        except ChoreoError as error:
            error.where = f"{path}, line {number}"
            raise
        names.append(name)
    return names


def read_splits(folder: str | Path, *, kind: str = "crossmodal") -> dict[str, str]:
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


def write_table(
    names: Sequence[str],
    path: str | Path,
    *,
    genres: Sequence[str] | None = None,
    dancers: Sequence[str] | None = None,
    camera: str = "c01",
    splits: Mapping[str, str] | None = None,
) -> int:
    """Write a videos table of solo dances of the AIST Dance Video Database.

    Parameters
    ----------
    names : list of str
        Such as `read_names` gives for the official list of videos, or for AIST++'s lists
        of sequences (``cAll`` stands for every camera).
    path : str or Path
        The table (``.tsv``).
    genres : sequence of str, optional
        Two-letter codes (`GENRES`); all by default.
    dancers : sequence of str, optional
        Such as ``d04``; all by default.
    camera : str
        One of `CAMERAS`.
    splits : dict of str to str, optional
        As `read_splits` gives them: fills the column `split`, and leaves out what is in
        no split.

    Returns
    -------
    int
        Number of rows.

    Raises
    ------
    ConfigError
        For an unknown genre or camera, or where nothing is left.
    """
    for what, given, known in (("genre", genres or (), GENRES), ("camera", [camera], CAMERAS)):
        for value in given:
            check_known(value, known, what=what)
    wanted = {GENRES[genre] for genre in genres or GENRES}
    rows = {}
    for name in names:
        facts = describe(name)
        split = (splits or {}).get(name.replace(f"_{facts['camera']}_", "_cAll_"))
        if (
            facts["situation"] in {"sBM", "sFM"}
            and facts["camera"] in {camera, "cAll"}
            and facts["genre"] in wanted
            and facts["dancer"] in (dancers or {facts["dancer"]})
            and (split or splits is None)
        ):
            name = name.replace("_cAll_", f"_{camera}_")
            url = VIDEO_URL.format(name=name)
            ids = facts["song"], facts["dancer"], facts["genre"], "AIST terms of use"
            rows[name] = [name, url, *ids, *([split] if splits else [])]
    if not rows:
        raise ConfigError(
            "no video is left", where=path, remedy="Choose more genres, dancers or another camera"
        )
    heading = ["id", "source", "song", "dancer", "genre", "licence", *(["split"] if splits else [])]
    table = [heading, *(rows[name] for name in sorted(rows))]
    write_text(path, "".join("\t".join(row) + "\n" for row in table))
    return len(rows)
