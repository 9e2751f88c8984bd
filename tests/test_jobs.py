"""A job that can't use its item leaves a tombstone; everything else fails."""

from types import SimpleNamespace

import pytest

from choreo.errors import ItemError
from choreo.jobs import problem_in, run_item, tombstones, usable, write_problem
from choreo.problems import problems_table


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
