"""DeepLabCut's tables, ``.h5`` and ``.csv``, read and written.

One row a frame; over each column stand the scorer, (in multi-animal projects) the
individual, the body part, and x, y or likelihood. The ``.h5`` is what pandas writes: its
labels are pickled in attributes, which are read here by an unpickler that makes plain
values and nothing else, and never by pandas.
"""

import contextlib
import csv
import math
import pickle
import re
from pathlib import Path

import numpy as np

from choreo.errors import ItemError
from choreo.files import ending, whole
from choreo.files.outside import reading
from choreo.poses.detections import MAX_FRAMES
from choreo.poses.formats import hdf5, isolated, native, pickled
from choreo.poses.formats.joint_names import placed, skeleton_of
from choreo.poses.formats.people import check_pixels, columns

META = {"estimator": "deeplabcut"}
LEVELS = ("scorer", "bodyparts", "coords")
LEVELS_MULTI = ("scorer", "individuals", "bodyparts", "coords")
COORDS = ("x", "y", "likelihood")
KEY = "df_with_missing"
"""Name of the table in an .h5."""

MAX_COLUMNS = 10_000
MAX_TEXT = 200
# As pandas and spreadsheets write what is absent.
_ABSENT = ("", "na", "n/a", "#n/a", "null", "none", "<na>", "-")
_LABELLED = "Give the predictions of analyze_videos, not labelled pictures"


def read_detections(path, *, frames=None, skeleton=None, first_frame=None):
    """Read every individual of a DeepLabCut table.

    Parameters
    ----------
    path : str or Path
        ``.h5`` or ``.csv``.
    frames : int, optional
        Decoded frames of the video; without it the last row's frame + 1.
    skeleton : str, optional
        Without it the smallest that has all the body parts, which are told by their names
        (`choreo.poses.formats.joint_names.joint_named`).
    first_frame : int, optional
        Number of the first frame's row; found out where it can be told
        (`choreo.poses.formats.people.first_number`). DeepLabCut itself counts from 0.

    Returns
    -------
    Detections
        `label` is the number of the individual in the file's order, from 1. Scores are
        DeepLabCut's likelihoods.

    Raises
    ------
    ItemError
        With what is wrong and the remedy; for body parts that no skeleton has.
    """
    path = Path(path)
    if ending(path) == ".csv":
        at, labels, table = _read_csv(path)
    elif ending(path) in {".h5", ".hdf5", ".hdf"}:
        data = isolated.arrays("deeplabcut", path)
        at, table = data["frames"], data["table"]
        labels = [tuple(label) for label in data["labels"].tolist()]
    else:
        raise ItemError("DeepLabCut's files end in .h5 or .csv", where=path)
    check_pixels(table, path=path, what="x, y and likelihood")
    people = _individuals(labels, path)
    parts = list(dict.fromkeys(part for found in people.values() for part in found))
    skeleton, places = skeleton_of(parts, skeleton, where=path)
    place = dict(zip(parts, places))
    arrays = [_joints(table, found, place, skeleton) for found in people.values()]
    return columns(arrays, at=at, path=path, frames=frames, skeleton=skeleton, first=first_frame)


def _individuals(labels, path):
    """Individual -> body part -> coordinate -> number of the column."""
    people = {}
    for number, (_, *individual, part, coord) in enumerate(labels):
        found = people.setdefault("".join(individual), {}).setdefault(part, {})
        if coord not in COORDS:
            raise ItemError(
                "columns must be x, y and likelihood",
                where=path,
                value=coord[:40],
                remedy="3-D tables are not read",
            )
        if coord in found:
            raise ItemError(
                f"two columns {coord} of {part[:40]}",
                where=path,
                remedy="One of them would be lost: delete it, or name its body part otherwise",
            )
        found[coord] = number
    for found in people.values():
        for part, coords in found.items():
            if not {"x", "y"} <= set(coords):
                raise ItemError(f"x or y of {part[:40]} is missing", where=path)
    return people


def _joints(table, found, place, skeleton):
    def column(part, coord):
        number = found[part].get(coord)
        return np.full(len(table), np.nan) if number is None else table[:, number]

    keypoints = np.stack([[column(p, "x"), column(p, "y")] for p in found])
    scores = np.stack([column(p, "likelihood") for p in found])
    places = [place[part] for part in found]
    joints, scores = placed(keypoints.transpose(2, 0, 1), scores.T, places, skeleton)
    return joints, scores, np.full(len(table), np.nan)


# .csv


def _read_csv(path):
    """Frame numbers (T,), labels of the columns, and the table (T, columns)."""
    with reading(path, "a CSV table"):
        if path.stat().st_size > native.MAX_BYTES:
            raise ItemError(f"larger than {native.MAX_BYTES} bytes", where=path)
        native.refuse_other(path, "a CSV table")
        encoding = native.encoding(path)
        try:
            return _parse_file(path, encoding)
        except UnicodeDecodeError:
            if encoding in ("utf-16", "utf-32"):
                raise
            with open(path, "rb") as file:
                if b"\0" in file.read(1 << 16):
                    raise ItemError(
                        "no text, as a .csv is",
                        where=path,
                        remedy="Give the .csv, or name the file .h5 where it is that",
                    ) from None
            # Spreadsheets of Windows; every byte is a character there.
            return _parse_file(path, "latin-1")


def _parse_file(path, encoding):
    with open(path, encoding=encoding, newline="") as file:
        head = file.readline(1 << 20)
        # What spreadsheets put there for each other.
        skip = head.lstrip('"').startswith("sep=")
        head = file.readline(1 << 20) if skip else head
        # Between cells; the one of spreadsheets with decimal commas, or tabs.
        delimiter = max(",;\t", key=head.count)
        file.seek(0)
        if skip:
            file.readline()
        return _parse(csv.reader(file, strict=True, delimiter=delimiter), path, delimiter)


def _parse(lines, path, delimiter):
    heads, at, rows = [], [], []
    for line in lines:
        if len(line) > MAX_COLUMNS:
            raise ItemError(f"more than {MAX_COLUMNS} columns", where=path)
        line = [cell.strip() for cell in line]
        if not any(line):
            continue
        if heads:
            # Spreadsheets add empty columns at the right.
            while len(line) > len(heads[0]) and not line[-1]:
                line.pop()
        else:
            while not line[-1]:
                line.pop()
        if delimiter != ",":
            # Spreadsheets whose decimals have commas.
            line = [cell.replace(",", ".") for cell in line]
        if len(heads) < 4 and not rows and (not heads or heads[-1][0] != "coords"):
            heads.append(line)
            continue
        where = f"{path}, line {lines.line_num}"
        if tuple(head[0] for head in heads) not in (LEVELS, LEVELS_MULTI):
            break
        if len(line) != len(heads[0]):
            raise ItemError(
                f"has {len(line)} cells under {len(heads[0])} columns",
                where=where,
                remedy="The file may be cut off: write it again",
            )
        at.append(_index(line[0], where))
        rows.append(np.array([_cell(cell, where) for cell in line[1:]]))
    names = tuple(head[0] for head in heads)
    if names not in (LEVELS, LEVELS_MULTI) or len({len(head) for head in heads}) != 1:
        raise ItemError(
            "must begin with DeepLabCut's lines scorer, (individuals,) bodyparts, coords",
            where=path,
            value=", ".join(name[:20] for name in names),
        )
    labels = list(zip(*(head[1:] for head in heads)))
    return np.array(at, int), labels, np.array(rows, float).reshape(len(rows), len(labels))


def _index(cell, where):
    # Tools that keep every column as numbers write 12.0.
    cell = re.sub(r"\.0+$", "", cell)
    if not (cell.isascii() and cell.isdigit() and len(cell) <= 9):
        raise ItemError(
            "the first cell must be the frame number",
            where=where,
            value=cell[:60],
            remedy=_LABELLED
            if re.search(r"[/\\]|[.](png|jpe?g)$", cell, re.IGNORECASE)
            else "Number the rows 0, 1, 2, ... as DeepLabCut does, without signs between digits",
        )
    return int(cell)


def _cell(cell, where):
    try:
        return math.nan if cell.lower() in _ABSENT else float(cell)
    except ValueError:
        raise ItemError(
            "a cell must be a number",
            where=where,
            value=cell[:40],
            remedy="Save the table with values, not formulas"
            if cell.startswith("=")
            else "Write decimals with a point, and leave the cell empty where the joint is absent",
        ) from None


# .h5, in pandas's two layouts


def load(path):
    """Read the arrays of an ``.h5``.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    dict of str to ndarray
        ``frames`` (T,), ``labels`` of text (columns, 3 or 4), ``table`` (T, columns).

    Raises
    ------
    ItemError
    """
    with hdf5.opened(path) as file:
        kinds = {
            name: hdf5.attribute(item, "pandas_type", path=path) for name, item in file.items()
        }
        tables = [name for name, kind in kinds.items() if kind in (b"frame_table", b"frame")]
        if len(tables) != 1:
            raise ItemError(
                "must hold one table of pandas",
                where=path,
                value=", ".join(name[:40] for name in list(file)[:8]),
                remedy="Give the .h5 that analyze_videos writes",
            )
        group = file[tables[0]]
        if kinds[tables[0]] == b"frame_table":
            return _table(group, path)
        return _fixed(group, path)


def _unpickle(item, name, path):
    data = hdf5.attribute(item, name, path=path)
    if not isinstance(data, bytes):
        raise ItemError(f"the attribute {name} is missing", where=path)
    try:
        return pickled.loads(data)
    except pickle.UnpicklingError as error:
        raise ItemError(
            f"the attribute {name} is no plain value ({str(error)[:200]})", where=path
        ) from error


def _labels(value, path):
    """Check the labels of the columns: tuples of 3 or 4 texts."""
    fits = isinstance(value, list) and 0 < len(value) <= MAX_COLUMNS
    if not fits or not all(
        isinstance(label, tuple)
        and len(label) == len(value[0])
        and len(label) in (3, 4)
        and all(isinstance(part, str) and len(part) <= MAX_TEXT for part in label)
        for label in value
    ):
        raise ItemError(
            "columns must have DeepLabCut's scorer, (individuals,) bodyparts, coords", where=path
        )
    return value


def _table(group, path):
    """pandas's format="table", which DeepLabCut writes."""
    dataset = group.get("table")
    rows = hdf5.values(dataset, path=path)
    names = rows.dtype.names or ()
    blocks = sorted(name for name in names if name.startswith("values_block_"))
    if rows.ndim != 1 or set(names) != {"index", *blocks} or not blocks:
        raise ItemError("the table has other columns than DeepLabCut's", where=path)
    labels, parts = [], []
    for name in blocks:
        labels += _labels(_unpickle(dataset, f"{name}_kind", path), path)
        parts.append(_numbers(rows[name].reshape(len(rows), -1), path))
    return _put_together(rows["index"], labels, parts, path)


def _fixed(group, path):
    """pandas's format="fixed", which `movement` writes for DeepLabCut."""
    count = group.attrs.get("nblocks")
    if not isinstance(count, np.integer) or not 1 <= count <= 8:
        raise ItemError("a table without columns", where=path)
    labels, parts = [], []
    for number in range(int(count)):
        dataset = group.get(f"block{number}_values")
        values = hdf5.values(dataset, path=path)
        if values.ndim != 2:
            raise ItemError("a table that is no table", where=path)
        # pandas keeps columns by rows, and says so where PyTables turned them.
        parts.append(_numbers(values if dataset.attrs.get("transposed") else values.T, path))
        labels += _labels(_levels(group, f"block{number}_items", path), path)
    at = hdf5.values(group.get("axis1"), path=path)
    return _put_together(at, labels, parts, path)


def _levels(group, name, path):
    """Tuples of a MultiIndex that is stored as levels and codes."""
    levels = group.attrs.get(f"{name}_nlevels")
    if not isinstance(levels, np.integer) or levels not in (3, 4):
        return None
    columns_ = []
    for number in range(int(levels)):
        texts = hdf5.values(group.get(f"{name}_level{number}"), path=path)
        codes = hdf5.values(group.get(f"{name}_label{number}"), path=path)
        if texts.dtype.kind != "S" or codes.dtype.kind not in "iu" or codes.ndim != 1:
            return None
        if len(codes) and not 0 <= codes.min() <= codes.max() < len(texts):
            return None
        decoded = [text.decode("utf-8", "replace") for text in texts.reshape(-1).tolist()]
        columns_.append([decoded[code] for code in codes.tolist()])
    return list(zip(*columns_))


def _numbers(values, path):
    if values.dtype.kind not in "fiu":
        raise ItemError("the table must hold numbers", where=path, value=str(values.dtype))
    return values.astype(float)


def _put_together(at, labels, parts, path):
    if at.dtype.kind not in "iu" or at.ndim != 1:
        raise ItemError("rows must have frame numbers", where=path, remedy=_LABELLED)
    if len(at) and not 0 <= int(at.min()) <= int(at.max()) < MAX_FRAMES:
        raise ItemError(f"frame numbers must be below {MAX_FRAMES}", where=path)
    if any(len(part) != len(at) for part in parts):
        raise ItemError("columns of different lengths", where=path)
    table = np.concatenate(parts, axis=1)
    if table.shape[1] != len(labels) or len({len(label) for label in labels}) != 1:
        raise ItemError(f"{len(labels)} labels over {table.shape[1]} columns", where=path)
    return {"frames": at.astype(int), "labels": np.array(labels, dtype=str), "table": table}


def write(track, path):
    """Write a track as a single-animal DeepLabCut table.

    Parameters
    ----------
    track : PoseTrack
    path : str or Path
        ``.h5`` (through pandas, as DeepLabCut does) or ``.csv``: every frame, joints under
        our names, empty cells for what is absent. The scorer is ``choreo``.

    Raises
    ------
    ItemError
        For another suffix.
    """
    path = Path(path)
    table = np.concatenate([track.keypoints, track.scores[..., None]], -1).astype(float)
    table[~track.given, :2] = np.nan
    table = table.reshape(len(track), -1)
    labels = [("choreo", joint, coord) for joint in track.joints.joints for coord in COORDS]
    if ending(path) == ".csv":
        _write_csv(table, labels, path)
    elif ending(path) == ".h5":
        _write_h5(table, labels, path)
    else:
        raise ItemError("DeepLabCut's files end in .h5 or .csv", where=path)


def _write_csv(table, labels, path):
    with whole(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        for name, cells in zip(LEVELS, zip(*labels)):
            lines.writerow([name, *cells])
        for number, row in enumerate(table.tolist()):
            lines.writerow([number, *("" if math.isnan(cell) else cell for cell in row)])


def _write_h5(table, labels, path):
    import pandas as pd

    frame = pd.DataFrame(table, columns=pd.MultiIndex.from_tuples(labels, names=LEVELS))
    in_memory = {"driver": "H5FD_CORE", "driver_core_backing_store": 0}
    with contextlib.closing(pd.HDFStore(Path(path).name, "w", **in_memory)) as store:
        # Without times and PyTables's index, which has some, two runs write the same bytes.
        store.put(KEY, frame, format="table", index=False, track_times=False)
        image = store._handle.get_file_image()
    hdf5.save(path, image)
