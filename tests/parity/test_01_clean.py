"""`choreo.cleaning.released_cleaning` against the released code: every case of every file."""

import json

import numpy as np
import pytest
from named_counts import named_count

from choreo.cleaning.released_cleaning import clean_entries
from choreo.errors import ItemError
from choreo.poses.formats.alphapose import read_detections

TOLERANCE_PX = 1e-6


def told(folder):
    """What each file of the folder says that holds no poses, by file."""
    values = {path: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    return {path: found for path, found in values.items() if isinstance(found, dict)}


def cases(folder):
    """Every case, as (file, name, what it says)."""
    found = [
        (path, name, case)
        for path, values in told(folder).items()
        for name, case in values.items()
        if isinstance(case, dict) and "kept_frame_ids" in case
    ]
    assert found, f"no case in {folder}"
    return found


def edge_cases(folder):
    """Every input at an edge, as (name, what the released code said), of all files."""
    return [
        (name, outcome)
        for values in told(folder).values()
        for name, outcome in values.get("edge_cases", {}).items()
    ]


def coordinates(folder):
    """What the arrays of the folder say of each case: (file, name) -> quantity -> array.

    Where several files have a case of one name, the arrays' files stand in the same order.
    """
    held = {}
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as file:
            held[path] = {key: file[key] for key in file.files}
    found = {}
    for name in {name for _, name, _ in cases(folder)}:
        files = [path for path, one, _ in cases(folder) if one == name]
        arrays = [values for values in held.values() if f"{name}_kept" in values]
        for path, values in zip(files, arrays, strict=True):
            found[path, name] = {
                quantity: values[f"{name}_{quantity}"]
                for quantity in ("kept", "recovered30", "recovered10")
            }
    return found


def clean(path, **options):
    found = read_detections(path)
    return clean_entries(found.frame, found.keypoints, **options)


def source(folder, case):
    (path,) = folder.glob(f"*-{case['label']}.json")
    return path


def test_filtering_and_recovery_equal_the_released_code(parity):
    folder = parity / "01_clean"
    recovered = coordinates(folder)
    for file, name, case in cases(folder):
        path = source(folder, case)
        ours = clean(path)
        assert len(read_detections(path)) == case["entries"]
        assert ours["kept"] == case["kept_frame_ids"]
        assert (ours["missing"], ours["incorrect"]) == (case["missing"], case["wrong"])
        assert (ours["frames"][0], ours["frames"][-1]) == (case["first_out"], case["last_out"])
        assert len(ours["frames"]) == case["n_out_30fps"]
        slow = clean(path, fps=10)
        ends = [slow["frames"][0], slow["frames"][-1]]
        assert ends == case["saved_10fps_ids_first_last"]
        assert len(slow["frames"]) == case["n_out_10fps"]
        for quantity, values in (
            ("kept", ours["keypoints"][ours["kept"]]),
            ("recovered30", ours["keypoints"]),
            ("recovered10", slow["keypoints"]),
        ):
            theirs = recovered[file, name][quantity]
            assert len(values) == len(theirs)
            difference = np.abs(values.reshape(len(values), -1) - theirs).max()
            print(
                f"{file.name}, {name}: {quantity} {theirs.shape}, largest difference "
                f"{difference:.2g} px; missing {ours['missing']}, incorrect {ours['incorrect']}"
            )
            assert difference < TOLERANCE_PX


def named_input(name, entries):
    """Make the input that the folder names without holding it: ``<number>_frames``."""
    count, kind = named_count(name)
    assert kind in ("entry", "entries", "frame", "frames"), f"{name!r} is not understood"
    if kind in ("entry", "entries"):
        assert count <= len(entries), f"{name!r} asks for more entries than there are"
        return entries[:count]
    # A frame may have several entries.
    frames = list(dict.fromkeys(entry["image_id"] for entry in entries))
    assert count <= len(frames), f"{name!r} asks for more frames than there are"
    return [entry for entry in entries if entry["image_id"] in frames[:count]]


def test_names_of_inputs():
    for name, expected in {
        "no_entries": (0, "entries"),
        "one_frame": (1, "frame"),
        "twenty_frames": (20, "frames"),
        "twenty_five_frames": (25, "frames"),
        "Twenty-five_frames": (25, "frames"),
        "25_frames": (25, "frames"),
        "one_hundred_frames": (100, "frames"),
        "two_hundred_and_twelve_frames": (212, "frames"),
        "three_thousand_four_hundred_entries": (3400, "entries"),
    }.items():
        assert named_count(name) == expected
    for name in ("frames", "", "three", "many_frames"):
        with pytest.raises(AssertionError, match="is not understood"):
            named_count(name)


def test_named_inputs():
    entries = [{"image_id": name} for name in "aabbc"]
    assert named_input("no_entries", entries) == named_input("0_frames", entries) == []
    assert named_input("two_frames", entries) == named_input("4_entries", entries) == entries[:4]
    assert named_input("one_frame", entries) == entries[:2]
    for name in ("three_fingers", "frames", "four_frames", "six_entries"):
        with pytest.raises(AssertionError):
            named_input(name, entries)


def test_files_of_one_folder_add_up(tmp_path):
    """A second file's cases stand beside the first's, under the same names as well."""
    for number in (1, 2):
        case = {"kept_frame_ids": [number]}
        text = {"a": case, "edge_cases": {f"{number}_frames": "x"}, "n": 1}
        (tmp_path / f"{number}.json").write_text(json.dumps(text))
        arrays = dict.fromkeys(("a_kept", "a_recovered30", "a_recovered10"), np.array([number]))
        np.savez(tmp_path / f"{number}.npz", **arrays)
    (tmp_path / "poses.json").write_text("[]")
    assert [case["kept_frame_ids"] for _, _, case in cases(tmp_path)] == [[1], [2]]
    assert edge_cases(tmp_path) == [("1_frames", "x"), ("2_frames", "x")]
    held = {path.name: found["kept"][0] for (path, _), found in coordinates(tmp_path).items()}
    assert held == {"1.json": 1, "2.json": 2}
    (tmp_path / "2.npz").unlink()
    with pytest.raises(ValueError, match="zip"):
        coordinates(tmp_path)


def test_inputs_that_stop_the_released_code_are_refused(parity, tmp_path):
    folder = parity / "01_clean"
    crashes, compared = edge_cases(folder), 0
    if not crashes:
        pytest.skip(f"no file in {folder} has edge_cases")
    whole = json.loads(source(folder, cases(folder)[0][2]).read_text())
    for name, outcome in crashes:
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(named_input(name, whole)))
        if "Error" in str(outcome):
            with pytest.raises(ItemError) as error:
                clean(path)
            here = str(error.value)
        else:
            here = f"{len(clean(path)['frames'])} frames"
        print(f"{name}: the reference says {outcome!r}; here: {here}")
        compared += 1
    assert compared == len(crashes) > 0
