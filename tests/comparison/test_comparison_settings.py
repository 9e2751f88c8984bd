"""Settings and options of the comparison that can't be, or would do nothing."""

import json

import pytest
from comparison_tracks import dancer, moved

from choreo.cli import main
from choreo.config import read_config
from choreo.errors import ConfigError

STUDY = {"study": "tiny", "table": "tiny.tsv"}


@pytest.mark.parametrize(("name", "value"), [("threshold_px", 20), ("threshold_height", 0.2)])
def test_released_refuses_a_threshold_that_it_would_not_use(name, value):
    with pytest.raises(
        ConfigError, match=f"{name} has no effect on Table 1 with method released.*100 px"
    ):
        read_config(STUDY | {"comparison": {"method": "released", name: value}})
    assert getattr(read_config(STUDY | {"comparison": {name: value}}).comparison, name) == value


def test_released_with_the_defaults():
    values = {"method": "released", "threshold_px": 50, "threshold_height": None}
    assert read_config(STUDY | {"comparison": values}).comparison.method == "released"


@pytest.mark.parametrize("stage", ["comparison", "cleaning"])
def test_a_threshold_by_height_is_a_fraction(stage):
    for value in (20, 2.01, 0, -0.1, float("nan"), float("inf")):
        with pytest.raises(ConfigError, match=f"{stage}.threshold_height: is a fraction of the"):
            read_config(STUDY | {stage: {"threshold_height": value}})
    for value in (0.001, 2, None):
        study = read_config(STUDY | {stage: {"threshold_height": value}})
        assert getattr(study, stage).threshold_height == value


@pytest.fixture
def path(tmp_path):
    jump = moved(dancer(20), 10, "left_wrist", (70.0, 0.0))
    jump.save(tmp_path / "a.npz")
    return str(tmp_path / "a.npz")


@pytest.mark.parametrize("verb", ["quality", "clean"])
def test_one_threshold_alone(verb, path, tmp_path, capsys):
    output = ["-o", str(tmp_path / "b.npz")] if verb == "clean" else []
    with pytest.raises(SystemExit):
        main([verb, path, *output, "--threshold", "20", "--threshold-height", "0.2"])
    assert "not allowed with argument --threshold" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["quality", "compare"])
def test_a_threshold_by_height_is_bounded(verb, path, capsys):
    with pytest.raises(SystemExit):
        main([verb, path, "--threshold-height", "20"])
    message = "'20' is not a fraction of the dancer's height: above 0 and at most 2"
    assert message in capsys.readouterr().err


def test_quality_by_the_released_rules(path, capsys):
    for method, count, pixels in (("thesis", 1, 50), ("released", 0, 100)):
        assert main(["quality", path, "--method", method, "--json"]) == 0
        record = json.loads(capsys.readouterr().out)
        assert (record["method"], record["incorrect"]) == (method, count)
        assert record["threshold_px"] == pixels
    assert main(["quality", path, "--method", "released", "--threshold", "20"]) == 1
    assert "released has a threshold of its own, 100 px" in capsys.readouterr().err


def test_compare_by_height(path, capsys):
    # 70 px of 260.
    for fraction, count in (("0.2", 1), ("0.3", 0)):
        assert main(["compare", path, "--threshold-height", fraction, "--json"]) == 0
        record = json.loads(capsys.readouterr().out)
        assert record["estimators"]["a"]["incorrect_height"] == count
        assert record["threshold_height"] == float(fraction)
