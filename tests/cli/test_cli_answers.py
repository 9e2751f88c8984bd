"""How the verbs answer: in any terminal, in one message, whatever went wrong."""

import errno
import os
import subprocess
import sys

import numpy as np
import pytest
from test_outputs import VERBS, _actions, _command

from choreo.cli import _parser, arguments, main
from choreo.pipeline.jobs import write_problem
from choreo.pipeline.workflow import list_problems
from choreo.pose.track import PoseTrack


def _track(frames):
    return PoseTrack(np.full((frames, 17, 2), 9.0), np.ones((frames, 17)), 30, (64, 48), "coco17")


SEEDED = [verb for verb, sub in VERBS.items() if "seed" in _actions(sub)]


@pytest.mark.parametrize("verb", SEEDED, ids=" ".join)
def test_seeds_are_those_that_every_generator_takes(verb, capsys):
    given = _command(verb, {})
    largest = _parser().parse_args([*given, "--seed", str(2**63 - 1)]).seed
    assert largest == arguments.MAX_SEED
    np.random.default_rng(largest)
    for wrong in (2**63, 2**64, -1, "9" * 400, "x", "1.5"):
        with pytest.raises(SystemExit):
            _parser().parse_args([*given, f"--seed={wrong}"])
        assert (
            "is not a whole number from 0 to 9223372036854775807 (2^63 - 1)"
            in capsys.readouterr().err
        )


def test_verbs_with_seeds():
    assert {" ".join(verb) for verb in SEEDED} == {
        *("train", "dance", "evaluate"),
        *("dataset sample", "dataset import", "dataset pack"),
    }


@pytest.mark.parametrize("utf8", ["0", "1"])
@pytest.mark.parametrize("command", [["beats"], ["clean", "-o", "ü.npz"], ["--help"]])
def test_a_terminal_of_ascii_is_answered(command, utf8, tmp_path):
    """Also where names come from a system that takes them for bytes (PYTHONUTF8=0)."""
    environment = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "PYTHONPATH")}
    environment |= {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": utf8}
    environment |= {"PYTHONCOERCECLOCALE": "0"}
    _track(3).save(tmp_path / "Tänzer 💃.npz")
    run = [sys.executable, "-m", "choreo.cli", *command]
    run += [] if command == ["--help"] else ["Tänzer 💃.npz"]
    done = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True)
    said = done.stdout + done.stderr
    assert b"Traceback" not in said
    assert done.returncode == (command == ["beats"])
    assert said.isascii()
    if command == ["beats"]:
        assert (rb"T\xe4nzer" if utf8 == "1" else rb"T\udcc3\udca4nzer") in said
    if command[0] == "clean":
        assert (tmp_path / "ü.npz").is_file()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "out of memory. Too little memory was free"),
        (OSError(errno.ENOSPC, "No space left on device", "x.npz"), "x.npz: No space left"),
        (OSError(errno.EIO, "Input/output error"), "The disk or its connection failed"),
        (PermissionError(errno.EACCES, "Permission denied", "t"), "t: Permission denied"),
        (OSError("odd"), "odd"),
    ],
)
def test_an_accident_is_one_line(error, said, monkeypatch, capsys):
    def fail(path):
        raise error

    monkeypatch.setattr("choreo.cli._load", fail)
    assert main(["quality", "t.npz"]) == 1
    answer = capsys.readouterr().err
    assert answer.startswith("choreo quality: ")
    assert said in answer
    assert answer.count("\n") == 1


def test_names_from_outside_do_not_move_the_cursor(tmp_path, capsys):
    name = "a\x1b[2Jb\u202ec"
    arguments.tell(name)
    out = tmp_path / f"{name}.npz"
    _track(3).save(tmp_path / "t.npz")
    assert main(["clean", str(tmp_path / "t.npz"), "-o", str(out)]) == 0
    problem = dict.fromkeys(("item", "stage", "message", "remedy"), f"{name}\nforged: line")
    write_problem(tmp_path / "videos" / "a.mp4", problem)
    assert main(["problems", str(tmp_path)]) == 0
    list_problems(tmp_path)
    said = capsys.readouterr()
    for text in (said.out, said.err):
        assert r"a\x1b[2Jb\u202ec" in text
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "\nforged" not in said.err


def test_a_truth_of_another_length_is_refused(tmp_path, capsys):
    _track(6).save(tmp_path / "t.npz")
    _track(5).save(tmp_path / "truth.npz")
    truth = ["--truth", str(tmp_path / "truth.npz")]
    said = []
    for command in (["clean", "-o", str(tmp_path / "c.npz")], ["quality"]):
        assert main([*command, str(tmp_path / "t.npz"), *truth]) == 1
        said.append(capsys.readouterr().err.partition(": ")[2])
    assert said[0] == said[1]
    assert "track and truth differ in frames: 6 and 5" in said[0]
    assert not (tmp_path / "c.npz").exists()


def test_help_tells_of_force(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "--force" in capsys.readouterr().out
