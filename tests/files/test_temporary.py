"""Temporary files say whose they are; bytes are on the disk before a file has its name."""

import contextlib
import errno
import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from choreo.errors import AccidentError
from choreo.files import temporary, whole, whole_folder, write_text
from choreo.files.sealed import load_arrays, save_arrays, save_tensors, save_torch
from choreo.files.temporary import owned, sweep, temporary_folder
from choreo.pipeline.workflow import keep_apart, leave_the_future, release_stale_locks

KILLED = """
import os, signal, sys
from pathlib import Path
from choreo.files import whole, whole_folder
from choreo.files.temporary import temporary_folder
folder = Path(sys.argv[1])
with (
    whole(folder / "deep" / "one.npz") as file,
    whole_folder(folder / "poses") as frames,
    temporary_folder(folder) as scratch,
):
    for path in (file, frames / "1.json", scratch / "song.wav"):
        path.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def kill_one(folder):
    """Let a process be killed while it writes; gives what it leaves."""
    subprocess.run([sys.executable, "-c", KILLED, folder], check=False)
    return sorted(path for path in folder.rglob("*choreo-*-*-*"))


def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path):
    others = [
        tmp_path / name for name in (".one-choreo-two.npz", "choreo-demo", ".hidden-12345678")
    ]
    for path in others:
        path.write_text("mine")
    assert len(kill_one(tmp_path)) == 3
    with whole(tmp_path / "two.npz") as mine, temporary_folder(tmp_path) as scratch:
        mine.write_text("of a process that lives")
        swept = sweep(tmp_path, deep=True)
        assert mine.exists()
        assert scratch.is_dir()
        assert len(swept) == 3
    assert set(tmp_path.rglob("*")) == {*others, tmp_path / "deep", tmp_path / "two.npz"}


def test_another_machine_has_a_day(tmp_path, monkeypatch):
    left = kill_one(tmp_path)
    monkeypatch.setattr(temporary, "_machine", lambda: "0" * 6)
    assert sweep(tmp_path, deep=True) == []
    for path in left:
        os.utime(path, (0, 0))
    assert set(sweep(tmp_path, deep=True)) == set(left)


def test_folders_inside_and_links_are_left_where_they_are_not_asked_for(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    left = kill_one(inside)
    (tmp_path / "link").symlink_to(inside)
    assert sweep(tmp_path) == []
    assert sweep(tmp_path / "nowhere") == []
    assert all(path.exists() for path in left)


NOTED = """
import os, signal, sys
from choreo.files.temporary import note
note(sys.argv[1], sys.argv[2:])
if sys.argv[1].endswith("killed"):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("end", ["killed", "well"])
def test_folders_of_snakemake_are_noted(tmp_path, end):
    place, theirs, mine = (tmp_path / name for name in (end, "snakemake1234", "mine"))
    for folder in (place, theirs, mine):
        folder.mkdir()
    subprocess.run([sys.executable, "-c", NOTED, place, theirs, mine], check=False)
    # A kill between the end of the note and that of the folder would leave the folder for good.
    assert (len(list(place.iterdir())), theirs.exists()) == (end == "killed", end == "killed")
    sweep(place)
    assert list(place.iterdir()) == []
    assert not theirs.exists()
    assert mine.exists()


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("workflow", "self._snakemake_tmp_dir = tempfile.TemporaryDirectory("),
        ("workflow", "def sourcecache(self"),
        ("sourcecache", "self.runtime_cache = tempfile.TemporaryDirectory("),
        ("persistence", "self.dag = dag"),
    ],
)
def test_snakemake_has_the_folders_that_are_noted(module, line):
    found = importlib.util.find_spec(f"snakemake.{module}").origin
    assert line in Path(found).read_text(encoding="utf-8")


def test_the_next_run_sweeps_its_study_and_the_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(temporary.tempfile, "tempdir", str(tmp_path / "tmp"))
    folders = [tmp_path / name for name in ("results/mine", "results/shared", "tmp")]
    for folder in (*folders, tmp_path / "results/other"):
        folder.mkdir(parents=True)
        kill_one(folder)
    scripts = tmp_path / ".snakemake" / "scripts"
    scripts.mkdir(parents=True)
    (scripts / "tmp1.clean_track.py").touch()

    class Persistence:
        path = tmp_path / ".snakemake"

        @contextlib.contextmanager
        def lock(self):
            yield

        def _delete_locks(self):
            pass

    release_stale_locks()
    assert not scripts.exists()
    keep_apart(Persistence, "results/mine", "results/shared")
    with Persistence().lock():
        (noted,) = (tmp_path / ".snakemake" / "choreo").iterdir()
        left = {path.parent for path in tmp_path.rglob("*choreo-*-*-*")} - {noted.parent}
    assert left == {
        tmp_path / "results/other",
        tmp_path / "results/other/deep",
        tmp_path / "tmp/deep",
    }


def test_files_from_the_future_are_of_now_in_the_order_they_had(tmp_path):
    now, ahead = time.time(), [3600, 7200, 7200, 400 * 86_400]
    paths = [tmp_path / "deep" / f"{n}.npz" for n in range(len(ahead))]
    old = tmp_path / "old.npz"
    paths[0].parent.mkdir()
    for path, seconds in [(old, -3600), *zip(paths, ahead, strict=True)]:
        path.touch()
        os.utime(path, (now + seconds,) * 2)
    before = old.stat().st_mtime_ns
    leave_the_future(tmp_path)
    times = [path.stat().st_mtime_ns for path in paths]
    assert times[0] < times[1] == times[2] < times[3] <= time.time_ns()
    assert before == old.stat().st_mtime_ns < times[0]


# Before a name, the bytes


def _tensors(path):
    import torch

    save_tensors(path, {"w": torch.zeros(2)}, {})


def _dataset(path):
    from choreo.dataset import layout
    from choreo.dataset.description import DataDescription

    with layout.created(path, DataDescription("thesis"), {}):
        pass


def _video(path):
    import numpy as np

    from choreo.media import video_writer

    with video_writer(path, (64, 48), 30) as write:
        write(np.zeros((48, 64, 3), np.uint8))


def _frames(path):
    with whole_folder(path) as folder:
        (folder / "1.json").write_text("{}")


WRITERS = {
    "a.txt": lambda path: write_text(path, "text"),
    "a.npz": lambda path: save_arrays(path, {"a": [1]}),
    "a.pt": lambda path: save_torch(path, {}),
    "a.safetensors": _tensors,
    "a.h5": _dataset,
    "a.mp4": _video,
    "a.folder": _frames,
}


@pytest.mark.parametrize("name", WRITERS)
def test_the_bytes_are_on_the_disk_before_the_name(tmp_path, monkeypatch, name):
    done, path = [], tmp_path / name
    fsync, replace = os.fsync, os.replace

    def synced(handle):
        done.append(("sync", os.fstat(handle).st_ino, os.fstat(handle).st_size))
        fsync(handle)

    def replaced(one, other):
        status = os.stat(one)
        done.append(("replace", status.st_ino, status.st_size))
        replace(one, other)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "sync", lambda: done.append(("sync all",)), raising=False)
    monkeypatch.setattr(os, "replace", replaced)
    WRITERS[name](path)
    *_, before, last = done
    assert last[0] == "replace"
    assert before == (("sync all",) if path.is_dir() else ("sync", *last[1:]))
    assert path.stat().st_ino == last[1]


def test_no_other_place_renames_what_it_wrote():
    """`publish` does; a rename beside it would be one without its bytes."""
    package = Path(temporary.__file__).parents[1]
    for path in package.rglob("*.py"):
        if path.name != "temporary.py":
            text = path.read_text()
            assert "os.replace(" not in text, path
            assert "os.rename(" not in text, path


def test_a_disk_that_fails_late_is_an_accident_and_leaves_the_old_file(tmp_path, monkeypatch):
    """As a network's file system says of a quota when it is asked."""
    path = tmp_path / "a.npz"
    save_arrays(path, {"a": [1]})

    def full(handle):
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AccidentError) as caught:
        save_arrays(path, {"a": [2]})
    assert caught.value.where == str(path)
    assert list(tmp_path.iterdir()) == [path]
    assert load_arrays(path, "arrays")["a"].tolist() == [1]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS])
def test_a_file_system_without_it_stops_nobody(tmp_path, monkeypatch, number):
    def unable(handle):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", unable)
    write_text(tmp_path / "a.txt", "text")
    assert (tmp_path / "a.txt").read_text() == "text"


def test_a_name_has_its_owner(tmp_path):
    with whole(tmp_path / ("x" * 250)) as path:
        assert f"-{os.getpid()}-" in path.name
        assert owned() in path.name
        path.touch()
