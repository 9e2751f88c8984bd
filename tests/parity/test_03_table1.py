import json

import pytest

from choreo.comparison.released import quality_released_alphapose, quality_released_openpose
from choreo.errors import ItemError


def count(path):
    entries = json.loads(path.read_text())
    openpose = bool(entries) and "people" in entries[0]
    return quality_released_openpose(path) if openpose else quality_released_alphapose(path)


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
