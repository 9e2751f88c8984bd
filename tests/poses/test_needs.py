"""What a study's estimators lack on a machine, told before anything runs."""

import pytest

from choreo.config import AlphaPose, OpenPose, Poses, RTMPose
from choreo.errors import ConfigError
from choreo.poses.needs import check


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
    name = estimator[:-2]
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
