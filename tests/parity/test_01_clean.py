import json

import numpy as np
import pytest

from choreo.cleaning.released import clean_entries
from choreo.errors import ItemError
from choreo.poses.formats.alphapose import read_detections

TOLERANCE_PX = 1e-6


def told(folder):
    """What the files of the folder say that hold no poses."""
    values = {}
    for path in sorted(folder.glob("*.json")):
        found = json.loads(path.read_text())
        values |= found if isinstance(found, dict) else {}
    return values


def cases(folder):
    found = {
        name: case
        for name, case in told(folder).items()
        if isinstance(case, dict) and "kept_frame_ids" in case
    }
    assert found, f"no case in {folder}"
    return found


def clean(path, **options):
    found = read_detections(path)
    return clean_entries(found.frame, found.keypoints, **options)


def source(folder, case):
    (path,) = folder.glob(f"*-{case['label']}.json")
    return path


def test_filtering_and_recovery_equal_the_released_code(parity):
    folder = parity / "01_clean"
    recovered = {}
    for path in folder.glob("*.npz"):
        with np.load(path) as file:
            recovered |= {key: file[key] for key in file.files}
    for name, case in sorted(cases(folder).items()):
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
            theirs = recovered[f"{name}_{quantity}"]
            assert len(values) == len(theirs)
            difference = np.abs(values.reshape(len(values), -1) - theirs).max()
            print(
                f"{name}: {quantity} {theirs.shape}, largest difference {difference:.2g} px; "
                f"missing {ours['missing']}, incorrect {ours['incorrect']}"
            )
            assert difference < TOLERANCE_PX


NUMBERS = "no one two three four five six seven eight nine ten".split()


def named_input(name, entries):
    """Make the input that the folder names without holding it: ``<number>_frames``."""
    number, _, kind = name.partition("_")
    count = int(number) if number.isdecimal() else NUMBERS.index(number)
    if kind in ("entry", "entries"):
        return entries[:count]
    assert kind in ("frame", "frames"), f"edge case {name!r} is not understood"
    # A frame may have several entries.
    frames = list(dict.fromkeys(entry["image_id"] for entry in entries))[:count]
    return [entry for entry in entries if entry["image_id"] in frames]


def test_names_of_inputs():
    entries = [{"image_id": name} for name in "aabbc"]
    assert named_input("no_entries", entries) == named_input("0_frames", entries) == []
    assert named_input("two_frames", entries) == named_input("4_entries", entries) == entries[:4]
    assert named_input("one_frame", entries) == entries[:2]
    for name in ("three_fingers", "frames"):
        with pytest.raises((AssertionError, ValueError)):
            named_input(name, entries)


def test_inputs_that_stop_the_released_code_are_refused(parity, tmp_path):
    folder = parity / "01_clean"
    crashes = told(folder).get("edge_cases", {})
    whole = json.loads(source(folder, next(iter(cases(folder).values()))).read_text())
    for name in sorted(crashes):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(named_input(name, whole)))
        with pytest.raises(ItemError) as error:
            clean(path)
        print(f"{name}: the reference says {crashes[name]!r}; here: {error.value}")
