"""A job that can't use its item leaves a tombstone; everything else fails."""

import errno
import json
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from choreo.errors import AccidentError, ItemError
from choreo.files import write_text
from choreo.files.sealed import compare_text, load_arrays, save_arrays, save_tensors, save_torch
from choreo.pipeline import jobs
from choreo.pipeline.jobs import STUDY_LOCK, forget, run, run_item
from choreo.pipeline.problems import problems_table
from choreo.pipeline.tombstones import MAGIC, problem_in, tombstones, usable, write_problem
from choreo.pipeline.workflow import hold_study
from choreo.videos.wav import write_wav


def job(tmp_path, *, inputs=(), policy="skip"):
    return SimpleNamespace(
        rule="clean_track",
        input=list(inputs),
        output=[str(tmp_path / "cleaning" / "a.npz"), str(tmp_path / "cleaning" / "a.json")],
        log=[str(tmp_path / "logs" / "a.log")],
        params=SimpleNamespace(item="a (t.tsv, line 2)", stage="cleaning", on_bad_video=policy),
    )


def fail(terminal):
    print("details for the log")
    raise ItemError("nobody found", where="a.mp4", value=0, remedy="Look at it")


def test_a_bad_item_becomes_a_tombstone(tmp_path, capfd):
    this = job(tmp_path)
    run_item(this, fail)
    problem = problem_in(this.output[1])
    assert problem == problem_in(this.output[0])
    assert problem["message"] == "nobody found"
    assert (problem["item"], problem["stage"]) == ("a (t.tsv, line 2)", "cleaning")
    assert usable(this.output) == []
    assert set(map(str, tombstones(tmp_path))) == set(this.output)
    assert "left out: a (t.tsv, line 2): a.mp4: nobody found (got 0). Look at it" in (
        capfd.readouterr().err
    )
    assert "details for the log" in (tmp_path / "logs" / "a.log").read_text()


def test_with_stop_the_job_fails(tmp_path, capfd):
    this = job(tmp_path, policy="stop")
    with pytest.raises(SystemExit):
        run_item(this, fail)
    assert not (tmp_path / "cleaning").exists()
    assert "clean_track: a.mp4: nobody found" in capfd.readouterr().err


def test_a_tombstone_is_passed_on_without_running(tmp_path):
    write_problem(tmp_path / "before.npz", {"item": "a", "message": "too short"})
    this = job(tmp_path, inputs=[tmp_path / "before.npz"])
    run_item(this, lambda terminal: pytest.fail("must not run"))
    assert problem_in(this.output[0])["message"] == "too short"


def test_what_an_action_can_do_without_stops_nothing(tmp_path):
    write_problem(tmp_path / "before.npz", {"item": "a", "message": "too short"})
    this = job(tmp_path, inputs=[tmp_path / "before.npz"])
    ran = []
    run_item(this, ran.append, needs=[])
    assert len(ran) == 1
    run_item(this, ran.append, needs=this.input)
    assert len(ran) == 1
    assert problem_in(this.output[0])["message"] == "too short"


def test_an_error_of_ours_is_never_hidden(tmp_path):
    def bug(terminal):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_item(job(tmp_path), bug)
    assert "ZeroDivisionError" in (tmp_path / "logs" / "a.log").read_text()


def test_a_real_output_is_no_problem(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x18ftyp")
    (tmp_path / "b.mp4").write_bytes(b"")
    assert usable([tmp_path / "a.mp4", tmp_path / "b.mp4"]) == [
        tmp_path / "a.mp4",
        tmp_path / "b.mp4",
    ]


def test_the_problems_table_counts_each_item_once():
    problem = dict.fromkeys(("item", "stage", "message", "where", "value", "remedy"), "x")
    table = problems_table([problem, problem, problem | {"item": "y"}])
    assert len(table.frame) == 2
    assert "2 items" in table.caption
    assert problems_table([]).frame.empty


# Accidents of the machine


ACCIDENTS = [
    AccidentError("killed by the system"),
    OSError(errno.ENOSPC, "No space left on device", "x.h5"),
    OSError(errno.EIO, "Input/output error"),
    OSError(errno.EROFS, "Read-only file system"),
    MemoryError(),
]


@pytest.mark.parametrize("error", ACCIDENTS, ids=repr)
@pytest.mark.parametrize("as_item", [False, True])
def test_an_accident_leaves_no_record_and_one_line(tmp_path, capfd, error, as_item):
    def action(terminal):
        if as_item:  # a reader that said more than it could know
            raise ItemError("not a video", where="a.mp4") from error
        raise error

    this = job(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        run_item(this, action)
    assert stopped.value.code == 1
    assert not any(map(os.path.exists, this.output))
    said = capfd.readouterr().err
    assert said.startswith("clean_track: ")
    assert said.count("\n") == 1
    run_item(this, lambda terminal: [write_text(path, "fine") for path in this.output])
    assert usable(this.output) == this.output


def test_an_input_that_the_disk_does_not_give_is_no_bad_item(tmp_path, capfd, monkeypatch):
    """Whatever a tool said of it: such as that there is no picture."""

    def unread(path):
        return path == "mine.mp4" and AccidentError("Input/output error", where=path)

    monkeypatch.setattr("choreo.pipeline.jobs.unread", lambda path: unread(path) or None)
    this = job(tmp_path, inputs=["mine.mp4"])
    with pytest.raises(SystemExit):
        run_item(this, fail)
    assert not any(map(os.path.exists, this.output))
    assert "mine.mp4: Input/output error" in capfd.readouterr().err


def _save_tensors(path):
    save_tensors(path, {"a": torch.zeros(4)}, {})


MADE = {
    "a.npz": lambda path: save_arrays(path, {"a": np.arange(4)}),
    "a.wav": lambda path: write_wav(path, [np.zeros(90, np.int16)]),
    "a.safetensors": _save_tensors,
    "a.pt": lambda path: save_torch(path, {"a": 1}),
    "a.json": lambda path: write_text(path, "{}"),
}
HARM = {
    "cut": lambda data: data[: len(data) // 2],
    "zeros": lambda data: bytes(len(data)),
    "empty": lambda data: b"",
    "another": lambda data: b"<!DOCTYPE html>",
}


@pytest.mark.parametrize("harm", HARM)
@pytest.mark.parametrize("name", MADE)
def test_what_a_rule_wrote_and_is_not_whole_is_no_bad_item(tmp_path, capfd, name, harm):
    """A reader says of it what it would say of a user's: not a video, not a wav."""
    path = tmp_path / "poses" / name
    this = job(tmp_path, inputs=[path])
    MADE[name](path)
    run_item(this, fail)
    assert usable(this.output) == []
    forget(tmp_path, tombstones(tmp_path))
    path.write_bytes(HARM[harm](path.read_bytes()))
    with pytest.raises(SystemExit):
        run_item(this, fail)
    assert not any(map(os.path.exists, this.output))
    said = capfd.readouterr().err.splitlines()[-1]
    assert f"{path}: damaged since it was written" in said


def test_a_disk_that_takes_no_log_gives_one_line(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(SystemExit, match=r"clean_track: .*No space left.*Make room"):
        run_item(job(tmp_path), fail)


# Records that are none of ours, or damaged


FORGED = json.dumps({"item": "other (line 9)", "stage": "poses", "message": "fake"})
BAD = {
    "cut": "{",
    "empty": "",
    "a list": "[]",
    "another key": FORGED[:-1] + ', "x": 1}',
    "a number": '{"item": 5, "message": "x"}',
    "deep": '{"item": ' + "[" * 60_000 + "}",
    "long": json.dumps({"item": "x" * 100_000, "message": "x"}),
    "no text": '{"item": "\\ud800", "message": "x"}',
    "NaN": '{"item": NaN, "message": "x"}',
    "no UTF-8": "\udcff\udcfe",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_a_damaged_record_is_one_problem_that_says_how_to_mend_it(tmp_path, text):
    path = tmp_path / "cleaning" / "a.npz"
    path.parent.mkdir()
    path.write_bytes((MAGIC + text).encode(errors="surrogateescape"))
    problem = problem_in(path)
    assert "damaged" in problem["message"]
    assert (problem["item"], problem["stage"]) == ("a", "cleaning")
    assert "--retry" in problem["remedy"]
    assert list(tombstones(tmp_path)) == [path]
    assert len(problems_table([problem]).frame) == 1
    this = job(tmp_path, inputs=[path])
    this.output = [str(tmp_path / "dataset" / "a.h5")]
    run_item(this, lambda terminal: pytest.fail("must not run"))
    assert problem_in(this.output[0])["message"] == problem["message"]
    forget(tmp_path, tombstones(tmp_path))
    assert not tombstones(tmp_path)


@pytest.mark.parametrize("text", [FORGED, "{"])
@pytest.mark.parametrize("place", ["mine/tomb.mp4", "imports/a.json", "results/other/poses/a.npz"])
def test_a_users_file_is_never_a_record(tmp_path, text, place):
    source = tmp_path / place
    source.parent.mkdir(parents=True)
    source.write_text(MAGIC + text)
    this = job(tmp_path / "results" / "study", inputs=[source])

    def action(terminal):
        raise ItemError("not a video", where=source)

    run_item(this, action)
    assert problem_in(this.output[0])["message"] == "not a video"
    assert problem_in(this.output[0])["item"] == "a (t.tsv, line 2)"


def test_an_unfinished_download_is_never_a_record(tmp_path):
    path = tmp_path / "videos" / "downloads" / ".partial" / "a-0" / "video.mp4.part"
    path.parent.mkdir(parents=True)
    path.write_text(MAGIC + FORGED)
    assert not tombstones(tmp_path)


def test_what_a_record_says_moves_no_cursor(tmp_path):
    write_problem(tmp_path / "a", {"item": "a", "message": "\x1b[31mred\u202e"})
    assert problem_in(tmp_path / "a")["message"] == "\\x1b[31mred\\u202e"


# Trying again


def test_retry_removes_the_download_too(tmp_path):
    downloads = tmp_path / "videos" / "downloads"
    key = "0123456789abcdef"
    for name in (f".partial/a-{key}/video.mp4.part", f".partial/a-{key}-{key}/video.mp4.part"):
        (downloads / name).parent.mkdir(parents=True)
        (downloads / name).write_bytes(b"x")
    for name in ("a.video", "b.video"):
        (downloads / name).write_bytes(b"a damaged video")
    write_problem(tmp_path / "videos" / "a.mp4", {"item": "a", "message": "x"})
    write_problem(tmp_path / "poses" / "m" / "b.npz", {"item": "b", "message": "nobody"})
    forget(tmp_path, tombstones(tmp_path))
    left = sorted(str(p.relative_to(downloads)) for p in downloads.rglob("*") if p.is_file())
    assert left == [f".partial/a-{key}-{key}/video.mp4.part", "b.video"]
    assert not tombstones(tmp_path)


def test_nothing_is_removed_under_a_run(tmp_path):
    write_problem(tmp_path / "videos" / "a.mp4", {"item": "a", "message": "x"})
    hold_study(tmp_path, tmp_path / ".snakemake")
    with pytest.raises(AccidentError, match="a run works on this study"):
        forget(tmp_path, tombstones(tmp_path))
    assert len(tombstones(tmp_path)) == 1


def test_what_is_another_users_is_said_with_what_to_do(tmp_path, monkeypatch):
    """Root may do all of it, so the system's refusals are put in its place."""
    record = tmp_path / "videos" / "a.mp4"
    write_problem(record, {"item": "a", "message": "x"})

    def refused(path, *_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "unlink", refused)
    with pytest.raises(AccidentError, match=r"may not be deleted by you.*permissions"):
        forget(tmp_path, [record])
    monkeypatch.undo()
    (tmp_path / STUDY_LOCK).touch()
    monkeypatch.setattr(jobs, "open_lock", refused)
    for act in (lambda: hold_study(tmp_path, tmp_path), lambda: forget(tmp_path, [record])):
        with pytest.raises(AccidentError, match=r"lock can't be opened.*your own") as error:
            act()
        assert error.value.where == str(tmp_path / STUDY_LOCK)
    assert record.exists()


CUTS = {
    "empty.npz": lambda path: path.write_bytes(b""),
    "cut.npz": lambda path: path.write_bytes(path.read_bytes()[:200]),
    "zeros.npz": lambda path: path.write_bytes(bytes(500)),
    "empty.mp4": lambda path: path.write_bytes(b""),
    "cut.json": lambda path: path.write_text('{"frames": 1'),
}


@pytest.mark.parametrize("name", CUTS)
@pytest.mark.parametrize("own", [True, False])
def test_what_is_cut_in_a_study_is_no_fault_of_the_video(tmp_path, name, own, capfd):
    """As a disk leaves it that lost its power: a reader says no more than of a bad file."""
    path = tmp_path / ("study" if own else "mine") / "poses" / name
    path.parent.mkdir(parents=True)
    save_arrays(path.with_suffix(".npz"), {"a": np.arange(100.0)})
    path.with_suffix(".npz").rename(path)
    CUTS[name](path)
    this = job(tmp_path / "study", inputs=[path])

    def action(terminal):
        raise ItemError("not a pose track", where=path)

    if own:
        with pytest.raises(SystemExit):
            run_item(this, action)
        assert tombstones(tmp_path / "study") == {}
        assert "damaged since it was written" in capfd.readouterr().err
    else:
        run_item(this, action)
        assert "not a pose track" in problem_in(this.output[0])["message"]


@pytest.mark.parametrize("own", [True, False])
def test_a_text_of_the_study_that_changed_is_not_read(tmp_path, own, capfd):
    path = tmp_path / ("study" if own else "mine") / "evaluation" / "a.json"
    write_text(path, '{"value": 1}')
    if not compare_text(path):
        pytest.skip("the file system here keeps no attributes of files")
    with open(path, "r+b") as file:
        file.write(b'{"value": 3}')
    this, ran = job(tmp_path / "study", inputs=[path]), []
    if own:
        with pytest.raises(SystemExit):
            run(this, ran.append)
        assert f"{path}: damaged since it was written" in capfd.readouterr().err
        path.unlink()
        write_text(path, '{"value": 1}')
    run(this, ran.append)
    assert len(ran) == 1


def test_a_problem_among_the_inputs_is_not_taken_for_damage(tmp_path):
    before = tmp_path / "before.npz"
    write_problem(before, {"item": "a", "message": "too short"})
    this = job(tmp_path, inputs=[before])
    run_item(this, fail, needs=[])
    assert problem_in(this.output[0])["message"] == "nobody found"


@pytest.mark.parametrize("own", [True, False])
def test_a_damaged_file_of_the_study_is_no_fault_of_the_video(tmp_path, own, capfd):
    study, outside = tmp_path / "study", tmp_path / "mine"
    path = (study if own else outside) / "a.npz"
    save_arrays(path, {"a": np.arange(100.0)})
    data = bytearray(path.read_bytes())
    data[60] ^= 1
    path.write_bytes(data)
    this = job(study, inputs=[path])

    def action(terminal):
        load_arrays(path, "a track")

    if own:
        with pytest.raises(SystemExit):
            run_item(this, action)
        assert tombstones(study) == {}
        assert "damaged since it was written" in capfd.readouterr().err
    else:
        run_item(this, action)
        assert "damaged" in problem_in(this.output[0])["message"]
