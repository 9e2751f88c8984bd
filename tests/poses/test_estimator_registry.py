"""What a study's estimators lack on a machine, told before anything runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from choreo.config import AlphaPose, OpenPose, Poses, RTMPose
from choreo.errors import ConfigError
from choreo.pose.skeletons import SKELETONS
from choreo.poses.estimators import ESTIMATORS, check
from choreo.poses.formats.registry import FORMATS, read_formats


@pytest.fixture
def nothing_on_path(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "bin"


def program(path):
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("estimator", "tool", "key", "what"),
    [
        ("openpose25", OpenPose, "program", "program"),
        ("openpose25", OpenPose, "image", "file"),
        ("openpose25", OpenPose, "models", "folder"),
        ("alphapose17", AlphaPose, "checkout", "folder"),
        ("alphapose17", AlphaPose, "python", "program"),
        ("alphapose17", AlphaPose, "weights17", "file"),
        ("alphapose26", AlphaPose, "weights26", "file"),
        ("alphapose26", AlphaPose, "detector", "file"),
        ("rtmpose17", RTMPose, "weights17", "file"),
        ("rtmpose26", RTMPose, "weights26", "file"),
        ("rtmpose26", RTMPose, "detector", "file"),
    ],
)
def test_a_path_that_does_not_exist(tmp_path, estimator, tool, key, what):
    given = str(tmp_path / "none")
    name = ESTIMATORS[estimator].tool
    with pytest.raises(
        ConfigError, match=rf"config, poses\.{name}\.{key}: there is no such {what}"
    ):
        check(estimator, Poses(**{name: tool(**{key: given})}))


def test_weights_of_the_other_model_are_not_looked_for(tmp_path):
    given = str(tmp_path / "none")
    assert check("rtmpose17", Poses(rtmpose=RTMPose(weights26=given))) == []
    check("alphapose26", Poses(alphapose=AlphaPose(weights17=given)))


def test_a_file_that_cannot_be_run_is_no_program(tmp_path):
    (tmp_path / "openpose.bin").write_text("text")
    given = OpenPose(program=str(tmp_path / "openpose.bin"))
    with pytest.raises(ConfigError, match=r"poses\.openpose\.program: there is no such program"):
        check("openpose25", Poses(openpose=given))


def test_openpose_on_path(nothing_on_path):
    (said,) = check("openpose25", Poses())
    assert said.startswith("poses.openpose.program: there is no openpose.bin on PATH here")
    assert "poses.openpose.image: docker://cwaffles/openpose" in said
    program(nothing_on_path / "openpose.bin")
    assert check("openpose25", Poses()) == []
    (nothing_on_path / "openpose.bin").rename(nothing_on_path / "mine")
    own = OpenPose(program=str(nothing_on_path / "mine"), models=str(nothing_on_path))
    assert check("openpose25", Poses(openpose=own)) == []


@pytest.mark.parametrize("name", ["apptainer", "singularity"])
def test_an_image_needs_apptainer_and_no_program(nothing_on_path, name):
    # The program is one of the image.
    given = Poses(openpose=OpenPose(image="docker://cwaffles/openpose", program="/in/the/image"))
    (said,) = check("openpose25", given)
    assert said.startswith("poses.openpose.image: Apptainer is not on PATH here")
    assert "https://apptainer.org" in said
    program(nothing_on_path / name)
    assert check("openpose25", given) == []


def test_git_is_needed_for_the_clone_only(nothing_on_path, tmp_path):
    given = Poses(resources=str(tmp_path / "resources"))
    (said,) = check("alphapose17", given)
    assert said.startswith("poses.alphapose.checkout: git is not on PATH here")
    own = AlphaPose(checkout=str(tmp_path), python=str(program(tmp_path / "python")))
    assert check("alphapose17", Poses(alphapose=own)) == []
    (tmp_path / "resources" / "alphapose" / "source").mkdir(parents=True)
    assert check("alphapose17", given) == []


def test_a_python_on_path(nothing_on_path):
    program(nothing_on_path / "python3.8")
    program(nothing_on_path / "git")
    assert check("alphapose17", Poses(alphapose=AlphaPose(python="python3.8"))) == []


def test_rtmpose_of_ones_own(tmp_path):
    (tmp_path / "n.onnx").touch()
    own = RTMPose(detector=str(tmp_path / "n.onnx"), weights17=str(tmp_path / "n.onnx"))
    assert check("rtmpose17", Poses(rtmpose=own)) == []


def rows(page, head):
    """First cell of each row of a table of a docs page, the names in it."""
    text = (Path(__file__).parents[2] / "docs" / page).read_text()
    table = text[text.index(head) :].split("\n\n")[0]
    firsts = [line.split("|")[1] for line in table.splitlines()[2:]]
    return [name for first in firsts for name in re.findall(r"`(\w+)`", first)]


def test_the_docs_name_what_the_registries_hold():
    assert rows("poses.md", "| estimator | what it is |") == [*ESTIMATORS, "imports"]
    assert rows("poses.md", "| format | files |") == read_formats()


def test_every_estimator_is_run_by_a_rule_and_read_in_a_format():
    rules = "".join(path.read_text() for path in Path(__file__).parents[2].glob("rules/*.smk"))
    for entry in ESTIMATORS.values():
        assert re.search(rf"\brule (\w+ as )?{entry.rule}\b", rules), entry
        assert entry.skeleton in SKELETONS
        assert entry.format is None or entry.format in FORMATS
        assert entry.tool is None or entry.tool in Poses.model_fields
        if entry.licence:
            assert hasattr(getattr(Poses(), entry.tool), "accept_licence")


def test_names_are_read_without_anything_heavy():
    code = "import sys, choreo.config; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numpy", "pandas", "torch", "cv2", "librosa", "scipy", "h5py", "xarray"}
    assert not heavy & set(done.stdout.split())
