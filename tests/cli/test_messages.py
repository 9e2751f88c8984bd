"""How the verbs answer: in any terminal, in one message, whatever went wrong."""

import errno
import os
import re
import struct
import subprocess
import sys

import numpy as np
import pytest
from soaking import soak_after
from verbs import VERBS

from choreo.cli import main, messages
from choreo.pipeline.tombstones import write_problem
from choreo.pipeline.workflow import list_problems
from choreo.pose.track import PoseTrack
from choreo.videos.wav import write_song


def _track(frames):
    return PoseTrack(np.full((frames, 17, 2), 9.0), np.ones((frames, 17)), 30, (64, 48), "coco17")


@pytest.mark.parametrize("utf8", soak_after(1, ["0", "1"]))
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
        (
            PermissionError(errno.EACCES, "Permission denied", "t"),
            "t: Permission denied. You lack the right to this: have its permissions changed",
        ),
        (
            PermissionError(errno.EPERM, "Operation not permitted", "t"),
            "t: Operation not permitted. You lack the right to this: have its permissions changed",
        ),
        (OSError("odd"), "odd"),
    ],
)
def test_an_accident_is_one_line(error, said, monkeypatch, capsys):
    def fail(path):
        raise error

    monkeypatch.setattr("choreo.cli.comparison.load", fail)
    assert main(["quality", "t.npz"]) == 1
    answer = capsys.readouterr().err
    assert answer.startswith("choreo quality: ")
    assert said in answer
    assert answer.count("\n") == 1


def test_names_from_outside_do_not_move_the_cursor(tmp_path, capsys):
    name = "a\x1b[2Jb\u202ec"
    messages.tell(name)
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


READING = [
    "videos IN -o out",
    "poses IN -o out.npz",
    "import coco IN --size 640x320 --fps 30 -o out.npz",
    "import movement IN --size 640x320 --fps 30 -o out.npz",
    "import aist IN --size 640x320 --fps 30 -o out.npz",
    "export coco IN -o out.json",
    "quality IN",
    "compare IN",
    "look IN -o out.mp4",
    "clean IN -o out.npz",
    "dataset info IN",
    "dataset check IN",
    "dataset sample IN -o out",
    "dataset import ren IN -o out",
    "dataset import brace IN --music IN --lists IN -o out",
    "dataset pack IN -o out.h5",
    "dataset append IN IN --split train",
    "dataset shard IN IN -o out.h5",
    "videos-table IN -o out.tsv",
    "verify IN",
    "train IN -o out",
    "dance IN -o out.npz",
    "dance song.wav --model IN -o out.npz",
    "export-model IN -o out.pth",
    "evaluate IN IN -o out",
    "evaluate-others IN -o out",
    "beats IN",
    "render IN -o out.mp4",
    "problems IN",
    "fetch --configfile IN",
]
"""A command of every verb that reads something, with what is not there."""


def test_the_verbs_that_read_are_all_there():
    reading = {next(v for v in VERBS if tuple(c.split()[: len(v)]) == v) for c in READING}
    assert set(VERBS) - reading == {("study", "power")}


@pytest.mark.parametrize(
    ("command", "there"),
    [(c, there) for c in READING for there in (False, True) if not (there and c == "verify IN")],
)  # a folder is what `verify` is for
def test_what_is_not_there_or_is_a_folder_is_named_with_a_remedy(
    command, there, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    write_song("song.wav", [np.sin(np.arange(32_000, dtype=np.float32) / 20)], 32_000)
    if there:
        (tmp_path / "IN").mkdir()
    assert main(command.split()) == 1
    said = capsys.readouterr().err
    assert re.search(r"^choreo [\w-]+: [^\n]*\bIN\b[^\n]*\. [A-Z][^\n]+\n\Z", said), said
    assert "Errno" not in said
    assert list(tmp_path.glob("out*")) == []


def test_the_song_that_no_dance_can_be_made_to_is_named(tmp_path, capsys):
    song = tmp_path / "silent.wav"
    write_song(song, [np.zeros(32_000, np.float32)], 32_000)
    assert main(["dance", str(song), "-o", str(tmp_path / "d.npz")]) == 1
    assert f"{song}: the song is silent" in capsys.readouterr().err


def test_help_and_usage_errors_import_no_stage():
    """They answer at once."""
    code = (
        "import sys\nfrom choreo.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "heavy = ['torch', 'librosa', 'cv2', 'scipy', 'pandas', 'h5py', 'mediapipe']\n"
        "sys.exit(', '.join(name for name in heavy if name in sys.modules) or 0)"
    )
    for words in (["--help"], ["train", "--help"], ["dance", "--help"], ["evaluate"], ["nothing"]):
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
        assert done.returncode == 0, (words, done.stderr)


def test_help_tells_of_force(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "--force" in capsys.readouterr().out


def test_a_text_in_the_place_of_a_file_has_a_remedy(tmp_path, capsys):
    assert main(["poses", "a" * 5000 + ".mp4", "-o", str(tmp_path / "t.npz")]) == 1
    said = capsys.readouterr().err
    assert "Name the file, by a shorter path" in said
    assert len(said) < 300


@pytest.mark.parametrize(("rows", "columns"), [(0, 0), (24, 0), (24, 60), (50, 200)])
def test_a_bar_tells_the_time_left_on_a_terminal_of_any_size(rows, columns):
    pty, fcntl, termios = map(pytest.importorskip, ("pty", "fcntl", "termios"))
    ours, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
    script = (
        "import time; from choreo.cli.messages import progress\n"
        "with progress(3, 'drawing') as bar:\n"
        "    for _ in range(3): time.sleep(0.2); bar.update()"
    )
    subprocess.run([sys.executable, "-c", script], stderr=terminal, check=True)
    os.close(terminal)
    said = os.read(ours, 100_000).decode()
    os.close(ours)
    assert re.search(r"drawing: +33%.*1/3 \[00:00<00:0\d", said), said
