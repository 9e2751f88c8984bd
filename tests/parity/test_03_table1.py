import json

import pytest

from choreo.comparison.released_counts import count_alphapose, count_openpose
from choreo.errors import ItemError
from choreo.poses.formats import alphapose, openpose


def count(path):
    entries = json.loads(path.read_text())
    if not any("people" in entry for entry in entries):
        found = alphapose.read_detections(path)
        return count_alphapose(found.frame.tolist(), found.keypoints, found.scores)
    people = [person for entry in entries for person in entry["people"]]
    body25 = any(len(person["pose_keypoints_2d"]) == 75 for person in people)
    found = openpose.read_detections(path, skeleton="body25" if body25 else None)
    return count_openpose(found.frame, found.keypoints, found.scores, found.frames)


def test_counts_equal_the_released_code(parity):
    folder = parity / "03_table1"
    cases = json.loads((folder / "expected.json").read_text())
    assert cases, f"no case in {folder}"
    for name, expected in sorted(cases.items()):
        path = folder / f"{name}.json"
        if "crash" in expected:
            with pytest.raises(ItemError) as error:
                count(path)
            print(f"{name}: the reference crashes; here: {error.value}")
            continue
        ours = count(path)
        difference = abs(ours["confidence"] - expected["c_mean"])
        print(
            f"{name}: missing {ours['missing']}, incorrect {ours['incorrect']}, "
            f"entries {ours['entries']}, confidence differs by {difference:.2g}"
        )
        assert ours["missing"] == expected["missing"]
        assert ours["incorrect"] == expected["wrong"]
        if "entries" in expected:
            assert ours["entries"] == expected["entries"]
        assert difference < 1e-12
        assert ours["confidence_min"] == expected["c_min"]
