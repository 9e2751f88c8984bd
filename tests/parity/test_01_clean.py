import json

import numpy as np
import pytest

from choreo.cleaning.released import clean_entries
from choreo.errors import ItemError
from choreo.poses.formats.alphapose import read_detections

TOLERANCE_PX = 1e-6


def cases(folder):
    expected = json.loads((folder / "expected.json").read_text())
    found = {
        name: case
        for name, case in expected.items()
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
    recovered = np.load(folder / "recovered.npz")
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


def test_inputs_that_stop_the_released_code_are_refused(parity, tmp_path):
    folder = parity / "01_clean"
    crashes = json.loads((folder / "expected.json").read_text()).get("edge_cases", {})
    whole = json.loads(source(folder, next(iter(cases(folder).values()))).read_text())
    inputs = {"three_frames": whole[:3], "no_entries": []}
    # The folder names these inputs without holding them.
    known = sorted(inputs.keys() & crashes.keys())
    assert known or not crashes
    for name in known:
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(inputs[name]))
        with pytest.raises(ItemError) as error:
            clean(path)
        print(f"{name}: the reference says {crashes[name]!r}; here: {error.value}")
