import os
import pickle

import h5py
import numpy as np
import pandas as pd
import pytest

from choreo.errors import ItemError
from choreo.pose.track import PoseTrack
from choreo.poses.formats import deeplabcut, hdf5, isolated, registry

SIZE = (640, 360)
PARTS = ["nose", "leftShoulder", "R Ankle"]
PLACES = [0, 5, 16]


def frame(individuals=None, parts=PARTS, frames=4, coords=("x", "y", "likelihood"), index=None):
    """A table as DeepLabCut's analyze_videos makes it."""
    levels = [["DLC_resnet50_dance"], *([individuals] if individuals else []), parts, coords]
    names = ["scorer", *(["individuals"] if individuals else []), "bodyparts", "coords"]
    columns = pd.MultiIndex.from_product(levels, names=names)
    values = np.random.default_rng(0).uniform(0, 300, (frames, len(columns)))
    values[:, columns.get_level_values("coords") == "likelihood"] /= 300
    return pd.DataFrame(values, columns=columns, index=index)


@pytest.fixture
def table_h5(tmp_path):
    """Path of an .h5 as DeepLabCut writes it."""
    frame().to_hdf(tmp_path / "a.h5", key="df_with_missing", format="table", mode="w")
    return tmp_path / "a.h5"


def save(table, path, **options):
    if path.suffix == ".csv":
        table.to_csv(path)
    else:
        table.to_hdf(path, key="df_with_missing", mode="w", **options)
    return path


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.csv", {}), ("a.h5", {"format": "table"}), ("a.h5", {"format": "fixed"})],
)
def test_a_single_animal(tmp_path, name, options):
    table = frame()
    table.iloc[2, :3] = np.nan
    found = deeplabcut.read_detections(save(table, tmp_path / name, **options), frames=6)
    assert (found.skeleton, found.frames) == ("coco17", 6)
    assert found.frame.tolist() == [0, 1, 2, 3]
    values = table.to_numpy().reshape(4, 3, 3)
    np.testing.assert_array_equal(found.keypoints[:, PLACES], values[..., :2])
    np.testing.assert_array_equal(found.scores[:, PLACES], values[..., 2])
    assert np.isnan(np.delete(found.keypoints, PLACES, 1)).all()
    assert found.label.tolist() == [1] * 4


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.csv", {}), ("a.h5", {"format": "table"}), ("a.h5", {"format": "fixed"})],
)
def test_several_animals(tmp_path, name, options):
    table = frame(["ada", "bruno"])
    table.loc[1, (slice(None), "ada")] = np.nan
    found = deeplabcut.read_detections(save(table, tmp_path / name, **options))
    assert found.label.tolist() == [1, 1, 1, 2, 2, 2, 2]
    assert found.frame.tolist() == [0, 2, 3, 0, 1, 2, 3]
    np.testing.assert_array_equal(found.keypoints[4, 0], table.iloc[1, [9, 10]])
    track = registry.read(
        "deeplabcut", tmp_path / name, fps=30, size=SIZE, pick="id:2", skeleton="halpe26"
    )
    assert track.skeleton == "halpe26"
    np.testing.assert_array_equal(track.keypoints[1, 0], np.float32(table.iloc[1, [9, 10]]))


def test_unique_body_parts_of_an_individual(tmp_path):
    """DeepLabCut puts parts that only one has under an individual of their own."""
    tables = [frame(["ada"]), frame(["single"], ["left_hip"])]
    found = deeplabcut.read_detections(save(pd.concat(tables, axis=1), tmp_path / "a.csv"))
    assert found.label.tolist() == [1] * 4 + [2] * 4
    assert np.flatnonzero(np.isfinite(found.scores[4])).tolist() == [11]


@pytest.mark.parametrize("name", ["a.csv", "a.h5"])
@pytest.mark.parametrize(
    ("table", "message"),
    [
        (frame(parts=["nose", "snout", "tail_base"]), r"no skeleton has \(got 'snout, tail_base'"),
        (frame(coords=("x", "y", "z")), r"must be x, y and likelihood \(got 'z'\).*3-D"),
        (frame(coords=("x", "likelihood")), "x or y of nose is missing"),
        (frame(index=["img0.png", "img1.png", "img2.png", "img3.png"]), "not labelled pictures"),
        (frame() * 1e9, "must be numbers within 1000000 of 0"),
        (frame(index=[0, 1, 1, 2]), r"row 3 of the frames: frame numbers must rise .*\(got 1\)"),
    ],
)
def test_tables_that_are_refused(tmp_path, name, table, message):
    with pytest.raises(ItemError, match=message):
        deeplabcut.read_detections(save(table, tmp_path / name))


NONE = ("NaN", "NA", "#N/A", "null", "None", "-", " ")
HEAD = "scorer,s,s,s\nbodyparts,nose,nose,nose\ncoords,x,y,likelihood\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"an empty file \(0 bytes\)"),
        ("\n,,\n", "must begin with DeepLabCut's lines"),
        ("a,b\n1,2\n", r"must begin with DeepLabCut's lines.*\(got 'a, 1'\)"),
        ("scorer,s\ncoords,x\n0,1\n", "must begin with DeepLabCut's lines"),
        (HEAD.replace("s,s,s", "s,s") + "0,1,2,3\n", "cells under|must begin"),
        (HEAD + "0,1,2\n", r"line 4: has 3 cells under 4 columns.*cut off"),
        (HEAD + "0,1,2,x\n", r"line 4: a cell must be a number \(got 'x'\)"),
        (HEAD + "0,1,2,=B4\n", "a cell must be a number.*values, not formulas"),
        (HEAD + '0,1,2,"3,5"\n', "a cell must be a number.*decimals with a point"),
        (HEAD + ",1,2,3\n", r"must be the frame number \(got ''\)\. Number the rows"),
        (HEAD + "a/img3.png,1,2,3\n", "must be the frame number.*not labelled pictures"),
        (HEAD + "0,1,2,\0\xe9\n", "no text, as a .csv is"),
        (HEAD + "0,1,inf,3\n", "must be numbers within"),
        (HEAD + "-1,1,2,3\n", "the first cell must be the frame number"),
        (HEAD + "9999999,1,2,3\n", "frame numbers must be below"),
        (HEAD + '0,1,2,"3\n', "not a CSV table"),
        (HEAD + "0,1,2," + "9" * 200_000 + "\n", "not a CSV table|must be numbers"),
        ("scorer" + ",s" * 20_000 + "\n", "more than 10000 columns"),
        (HEAD.replace("nose,nose,nose", "nose,nose,nose").replace("x,y", "x,x"), "two columns x"),
    ],
)
def test_csv_that_is_refused(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text, encoding="latin-1")
    with pytest.raises(ItemError, match=message):
        deeplabcut.read_detections(tmp_path / "a.csv")


ROWS = HEAD + "0,100.5,200.5,0.5\n1,,,\n2,102.5,202.5,0.5\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *((ROWS, encoding) for encoding in ("utf-16", "utf-32", "utf-8-sig", "latin-1")),
        (ROWS.replace("s,s,s", "modèle,modèle,modèle"), "latin-1"),
        (ROWS.replace("\n", "\r"), "utf-8"),
        (ROWS.replace(",", ";").replace(".5", ",5"), "utf-8"),
        (ROWS.replace(",", "\t").replace(".5", ",5"), "utf-16"),
        ('"sep=;"\n' + ROWS.replace(",", ";"), "utf-8"),
        *((ROWS.replace("1,,,", f"1,{none},{none},{none}"), "utf-8") for none in NONE),
    ],
)
def test_csv_as_spreadsheets_and_other_programs_save_it(tmp_path, text, encoding):
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    found = deeplabcut.read_detections(tmp_path / "a.csv", skeleton="coco17")
    assert found.frame.tolist() == [0, 2]
    assert found.keypoints[:, 0].tolist() == [[100.5, 200.5], [102.5, 202.5]]


def test_files_that_are_no_tables(tmp_path):
    with pytest.raises(ItemError, match=r"end in \.h5 or \.csv"):
        deeplabcut.read_detections(tmp_path / "a.json")
    for name in ("a.csv", "a.h5"):
        with pytest.raises(ItemError, match="no such file"):
            deeplabcut.read_detections(tmp_path / name)
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ItemError, match="not a CSV table"):
        deeplabcut.read_detections(tmp_path / "a.csv")
    (tmp_path / "a.h5").write_text("hello, I am no HDF5")
    with pytest.raises(ItemError, match="this is no HDF5 file"):
        deeplabcut.read_detections(tmp_path / "a.h5")


# Hostile .h5; `load` is what the child runs


class Calls:
    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call[0], self.call[1:]


def test_pickled_attributes_never_run(table_h5, tmp_path):
    evil = pickle.dumps(Calls(os.mkdir, str(tmp_path / "ran")), protocol=0)
    with h5py.File(table_h5, "a") as file:
        for item in (file["df_with_missing"], file["df_with_missing/table"]):
            for name in list(item.attrs):
                item.attrs[name] = np.bytes_(evil) if name != "pandas_type" else b"frame_table"
    with pytest.raises(ItemError, match=r"no plain value \(it asks for posix\.mkdir"):
        deeplabcut.load(table_h5)
    with pytest.raises(ItemError, match=r"no plain value \(it asks for posix\.mkdir"):
        deeplabcut.read_detections(table_h5)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("labels", [3, [], [1], [("a",)], [("a", "b", "c")], [("a" * 999, "", "")]])
def test_labels_that_are_none(table_h5, labels):
    with h5py.File(table_h5, "a") as file:
        data = np.bytes_(pickle.dumps(labels, protocol=0))
        file["df_with_missing/table"].attrs["values_block_0_kind"] = data
    with pytest.raises(ItemError, match=r"columns must have|1 labels over 9 columns"):
        deeplabcut.load(table_h5)


def test_links_out_of_the_file_are_refused(table_h5, tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["x"] = np.arange(3)
    with h5py.File(table_h5, "a") as file:
        del file["df_with_missing/table"]
        file["df_with_missing/table"] = h5py.ExternalLink("secret.h5", "x")
    with pytest.raises(ItemError, match="is a link, perhaps to another file"):
        deeplabcut.load(table_h5)


def test_raw_data_outside_of_the_file_is_refused(tmp_path):
    (tmp_path / "secret").write_bytes(bytes(80))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        outside = [(str(tmp_path / "secret"), 0, 80)]
        file.create_dataset("x", (10,), "f8", external=outside)
    with pytest.raises(ItemError, match="`x` keeps its data in another file"):
        deeplabcut.load(tmp_path / "a.h5")
    with h5py.File(tmp_path / "b.h5", "w") as file:
        layout = h5py.VirtualLayout((10,), "f8")
        layout[:] = h5py.VirtualSource(tmp_path / "a.h5", "x", (10,))
        file.create_virtual_dataset("x", layout)
    with pytest.raises(ItemError, match="keeps its data in another file"):
        deeplabcut.load(tmp_path / "b.h5")


def test_a_table_larger_than_memory_is_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        group = file.create_group("df")
        group.attrs["pandas_type"] = np.bytes_("frame")
        group.attrs["nblocks"] = np.int64(1)
        group.create_dataset("block0_values", (1 << 30, 100), "f8", chunks=(1024, 100))
    assert (tmp_path / "a.h5").stat().st_size < 10_000
    with pytest.raises(ItemError, match="a table that takes more than"):
        deeplabcut.load(tmp_path / "a.h5")


def test_limits_of_hdf5_files(table_h5, tmp_path, monkeypatch):
    monkeypatch.setattr(hdf5, "MAX_OBJECTS", 3)
    with pytest.raises(ItemError, match="more than 3 objects"):
        deeplabcut.load(table_h5)
    monkeypatch.setattr(hdf5, "MAX_BYTES", 100)
    with pytest.raises(ItemError, match="larger than 100 bytes"):
        deeplabcut.load(table_h5)
    with h5py.File(tmp_path / "empty.h5", "w"):
        pass
    monkeypatch.undo()
    with pytest.raises(ItemError, match="must hold one table of pandas"):
        deeplabcut.load(tmp_path / "empty.h5")


def test_a_file_on_which_the_library_hangs_or_crashes(table_h5, monkeypatch):
    monkeypatch.setattr(isolated, "SECONDS", 0.01)
    with pytest.raises(ItemError, match=r"damaged HDF5 file.*can't be read within 0.01 s"):
        deeplabcut.read_detections(table_h5)
    monkeypatch.undo()
    # Any child that dies without a word of ours, as with a crash.
    with pytest.raises(ItemError, match=r"damaged HDF5 file.*reading it ended with"):
        isolated.arrays("no_such_module", table_h5)


# Writing


@pytest.mark.parametrize("name", ["a.csv", "a.h5"])
def test_pandas_reads_what_is_written(tmp_path, name):
    keypoints = np.random.default_rng(0).uniform(0, 500, (5, 26, 2)).astype(np.float32)
    scores = np.full((5, 26), 0.25, np.float32)
    keypoints[2], scores[2] = np.nan, np.nan
    # Filled in by cleaning: a joint without a score.
    scores[3, 4] = np.nan
    track = PoseTrack(keypoints, scores, fps=30, size=SIZE, skeleton="halpe26")
    path = tmp_path / name
    deeplabcut.write(track, path)
    if name == "a.csv":
        table = pd.read_csv(path, header=[0, 1, 2], index_col=0, float_precision="round_trip")
    else:
        table = pd.read_hdf(path)
    assert list(table.columns.names) == ["scorer", "bodyparts", "coords"]
    np.testing.assert_array_equal(table["choreo", "left_heel", "x"], keypoints[:, 24, 0])
    np.testing.assert_array_equal(table["choreo", "right_eye", "likelihood"], scores[:, 2])
    again = registry.read("deeplabcut", path, fps=30, size=SIZE)
    assert again.skeleton == "halpe26"
    assert np.array_equal(again.keypoints, keypoints, equal_nan=True)
    assert np.array_equal(again.scores, scores, equal_nan=True)
    before = path.read_bytes()
    deeplabcut.write(track, path)
    assert path.read_bytes() == before


def test_another_suffix_is_refused(tmp_path):
    track = PoseTrack(np.zeros((1, 17, 2)), np.zeros((1, 17)), 30, SIZE, "coco17")
    with pytest.raises(ItemError, match=r"end in \.h5 or \.csv"):
        deeplabcut.write(track, tmp_path / "a.json")
