"""Faults of other people's programs: whatever they do, they end, and say why."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from choreo.errors import AccidentError, ConfigError, ItemError
from choreo.poses import external
from choreo.poses.external import private_folder, run_tool


@pytest.fixture
def tool(tmp_path):
    """Call with a Python program to run it as a tool."""
    (tmp_path / "work").mkdir()

    def run(source, *, progress=None, stall_seconds=20, **options):
        return run_tool(
            [sys.executable, "-c", textwrap.dedent(source)],
            cwd=tmp_path / "work",
            log=tmp_path / "logs" / "tool.log",
            progress=progress,
            stall_seconds=stall_seconds,
            poll_seconds=0.05,
            name="tool",
            **options,
        )

    run.log = tmp_path / "logs" / "tool.log"
    run.work = tmp_path / "work"
    return run


def alive(pid):
    """Whether a process runs; one that is dead and not yet waited for does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pid, seconds=5):
    end = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not alive(pid)


LEAVE_A_CHILD = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open("child", "w").write(str(child.pid))
"""


def test_exit_0_gives_the_seconds_and_the_log(tool):
    seconds = tool("import sys; print('out'); print('err', file=sys.stderr)")
    assert 0 < seconds < 20
    assert sorted(tool.log.read_text().split()) == ["err", "out"]
    tool("print('again')")
    assert tool.log.read_text().endswith("again\n")


def test_runs_in_its_folder_with_the_given_environment_and_no_input(tool):
    tool(
        """
        import os, sys
        open("seen", "w").write(repr((os.environ.get("A"), sys.stdin.read(), "HOME" in os.environ)))
        """,
        env={"A": "1"},
    )
    assert (tool.work / "seen").read_text() == "('1', '', False)"


def test_exit_1_quotes_its_last_lines(tool):
    source = "import sys; print(*range(9), sep='\\n', file=sys.stderr); sys.exit('no weights')"
    with pytest.raises(ItemError) as error:
        tool(source, where="clip.mp4")
    assert "tool ended with exit status 1; its last lines: 7; 8; no weights" in str(error.value)
    assert error.value.where == "clip.mp4"
    assert str(tool.log) in error.value.remedy


def test_a_silent_failure(tool):
    with pytest.raises(ItemError, match="exit status 3; its last lines: no message"):
        tool("import sys; sys.exit(3)")


def test_a_progress_bar_is_one_line_in_its_last_state(tool):
    with pytest.raises(ItemError) as error:
        tool("import sys; print('1%\\r50%\\r100%\\r'); print('\\x1b\\n-'); sys.exit('dead')")
    assert error.value.message.endswith("its last lines: 100%; dead")


def test_killed(tool):
    with pytest.raises(
        AccidentError, match=r"signal \(Killed\); its last lines: loading\. Perhaps"
    ):
        tool("import os; print('loading', flush=True); os.kill(os.getpid(), 9)")
    with pytest.raises(ItemError, match=r"signal \(Segmentation fault\)") as error:
        tool("import os; os.kill(os.getpid(), 11)")
    assert "memory" not in str(error.value)


@pytest.mark.parametrize(
    "end",
    [
        "os.kill(os.getpid(), 15)",
        "os.kill(os.getpid(), 24)",
        "sys.exit(137)",
        "sys.exit('RuntimeError: CUDA out of memory')",
        "sys.exit('OSError: [Errno 28] No space left on device')",
        "raise OSError(5, 'Input/output error')",
    ],
)
def test_what_the_machine_does_to_a_tool_is_no_fault_of_the_video(tool, end):
    with pytest.raises(AccidentError):
        tool(f"import os, sys; {end}")


def test_one_that_hangs_is_stopped_with_its_children(tool):
    start = time.monotonic()
    with pytest.raises(ItemError, match=r"no progress for 1 seconds.*last lines: waiting"):
        tool(LEAVE_A_CHILD + "print('waiting', flush=True); child.wait()", stall_seconds=1)
    assert time.monotonic() - start < 10
    assert gone(int((tool.work / "child").read_text()))


def test_one_that_refuses_to_end_is_killed(tool, monkeypatch):
    monkeypatch.setattr(external, "GRACE_SECONDS", 0.2)
    source = """
        import os, signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open("pid", "w").write(str(os.getpid()))
        time.sleep(600)
    """
    with pytest.raises(ItemError, match="no progress"):
        tool(source, stall_seconds=1)
    assert gone(int((tool.work / "pid").read_text()))


def test_what_a_tool_leaves_behind_ends_with_it(tool):
    start = time.monotonic()
    tool(LEAVE_A_CHILD)
    assert time.monotonic() - start < 10
    assert gone(int((tool.work / "child").read_text()))


def test_progress_keeps_it_alive_and_prints_do_not(tool):
    source = """
        import time
        for i in range(15):
            open(f"{i}.json", "w").close()
            time.sleep(0.1)
    """
    seconds = tool(source, progress=lambda: len(os.listdir(tool.work)), stall_seconds=1)
    assert seconds > 1
    loop = "import time\nwhile True: print('alive', flush=True); time.sleep(0.05)"
    with pytest.raises(ItemError, match="no progress"):
        tool(loop, progress=lambda: 0, stall_seconds=1)


def test_without_progress_to_ask_for_what_it_prints_counts(tool):
    source = "import time\nfor i in range(15): print(i, flush=True); time.sleep(0.1)"
    assert tool(source, stall_seconds=1) > 1


def test_a_tool_that_closes_its_output_is_still_waited_for(tool):
    source = "import os, time; os.close(1); os.close(2); time.sleep(0.5); open('done', 'w').close()"
    tool(source)
    assert (tool.work / "done").exists()


def test_an_error_in_progress_ends_the_tool(tool):
    with pytest.raises(ZeroDivisionError):
        tool(
            "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(600)",
            progress=lambda: 1 // (0 if (tool.work / "pid").exists() else 1),
        )
    assert gone(int((tool.work / "pid").read_text() or 0))


def test_endless_output_is_bounded(tool, monkeypatch):
    monkeypatch.setattr(external, "LOG_BYTES", 200_000)
    monkeypatch.setattr(external, "TAIL_BYTES", 10_000)
    tool("import sys\nfor i in range(200_000): print(f'line {i:6d}')\nprint('the end')")
    log = tool.log.read_bytes()
    total = 12 * 200_000 + 8
    assert log.startswith(b"line      0\n")
    assert log.endswith(b"line 199999\nthe end\n")
    assert b"\n[%d bytes left out]\n" % (total - 200_000 - 10_000) in log
    assert len(log) < 220_000


def test_output_a_little_longer_than_the_log_is_whole(tool, monkeypatch):
    monkeypatch.setattr(external, "LOG_BYTES", 10)
    tool("print('0123456789abcd')")
    assert tool.log.read_text() == "0123456789\n[0 bytes left out]\nabcd\n"


def test_bytes_that_are_no_text(tool):
    with pytest.raises(ItemError, match="last lines: a\ufffdb"):
        tool("import os, sys; os.write(2, b'a\\xffb'); sys.exit(1)")


def test_no_such_program(tmp_path):
    with pytest.raises(ConfigError, match="ghost can't be started: No such file"):
        run_tool(
            [tmp_path / "ghost"], cwd=tmp_path, log=tmp_path / "log", progress=None, stall_seconds=1
        )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_when_we_are_ended_so_is_the_tool(tool, number):
    source = f"""
import sys
from choreo.poses.external import private_folder, run_tool
with private_folder(__file__) as (folder, video):
    open("folder", "w").write(str(folder))
    run_tool([sys.executable, "-c", {LEAVE_A_CHILD + "child.wait()"!r}], cwd=".", log="log",
             progress=None, stall_seconds=600)
"""
    script = tool.work / "ours.py"
    script.write_text(source)
    ours = subprocess.Popen(
        [sys.executable, script],
        cwd=tool.work,
        stderr=subprocess.DEVNULL,
        # Where the tests themselves run under nohup or in the background, the signal is
        # ignored, and a child would inherit that.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )
    end = time.monotonic() + 20
    child = tool.work / "child"
    while not (child.exists() and child.read_text()) and time.monotonic() < end:
        time.sleep(0.05)
    pid = int(child.read_text())
    assert alive(pid)
    ours.send_signal(number)
    status = ours.wait(20)
    assert status == (-signal.SIGINT if number == signal.SIGINT else 128 + number)
    assert gone(pid)
    assert not os.path.exists((tool.work / "folder").read_text())


def test_signal_handlers_are_put_back(tool):
    before = signal.getsignal(signal.SIGTERM)
    tool("")
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("link", [True, False])
@pytest.mark.parametrize("name", ["a b'c; $(x)é.mp4", "-v.mp4", "clip.mp4\n", "ノ.ビデオ", "bare"])
def test_the_video_gets_a_plain_name(tmp_path, name, link):
    video = tmp_path / "dönce, one:two" / name
    video.parent.mkdir()
    video.write_bytes(b"frames")
    with private_folder(video, link=link) as (folder, working):
        assert working.parent == folder
        assert working.is_symlink() == link
        assert external._PLAIN.fullmatch(str(working))
        assert working.stem == "video"
        assert working.read_bytes() == b"frames"
        (folder / "sub").mkdir()
        (folder / "sub" / "file").touch()
    assert not folder.exists()
    assert video.read_bytes() == b"frames"


def test_an_odd_place_for_temporary_files_is_not_used(tmp_path, monkeypatch):
    odd = tmp_path / "tmp é"
    odd.mkdir()
    video = tmp_path / "clip.mp4"
    video.touch()
    monkeypatch.setattr(external.tempfile, "tempdir", str(odd))
    with private_folder(video) as (folder, _):
        assert external._PLAIN.fullmatch(str(folder))
    monkeypatch.setattr(external.os, "access", lambda *_: False)
    with pytest.raises(ConfigError, match="Set TMPDIR"), private_folder(video):
        pass
