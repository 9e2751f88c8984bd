"""Which GPU a job takes, and how much of it: locks of processes, no GPU is needed."""

import contextlib
import os
import subprocess
import sys
import time

import pytest

from choreo import gpus

NAMES = ["GPU-aa", "GPU-bb"]

# Holds shares of GPUs until its standard input ends; says which each is of.
HOLDER = """
import contextlib, sys
from pathlib import Path
from choreo.gpus import held
folder, names, *shares = sys.argv[1:]
with contextlib.ExitStack() as stack:
    for share in shares:
        own = held(names.split(","), share=float(share), locks=Path(folder))
        print(stack.enter_context(own), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def hold(tmp_path):
    """Starts another process that holds shares; gives the numbers of their GPUs."""
    with contextlib.ExitStack() as stack:

        def start(*shares, names=NAMES):
            process = subprocess.Popen(
                [sys.executable, "-c", HOLDER, tmp_path, ",".join(names), *map(str, shares)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.callback(process.communicate)
            stack.callback(process.kill)
            return process, [int(process.stdout.readline()) for _ in shares]

        yield start


def free(share, folder, names=NAMES):
    """Number of a GPU that has so much to spare; None where it would have to be waited for."""
    with pytest.MonkeyPatch.context() as patch:

        def no_patience(seconds):
            raise TimeoutError

        patch.setattr(gpus.time, "sleep", no_patience)
        try:
            with gpus.held(names, share=share, locks=folder) as number:
                return number
        except TimeoutError:
            return None


def test_shares_go_where_there_is_most_to_spare(hold, tmp_path):
    process, taken = hold(0.3, 0.3, 0.5, 0.3)
    assert taken == [0, 1, 0, 1]
    # Left are 20% and 40%.
    assert free(0.4, tmp_path) == 1
    assert free(0.45, tmp_path) is None
    assert free(0.2, tmp_path, NAMES[:1]) == 0
    assert free(0.25, tmp_path, NAMES[:1]) is None
    process.kill()
    process.communicate()
    assert free(1, tmp_path) == 0


def test_who_shares_is_not_kept_out_by_another_order_or_spelling_of_names(hold, tmp_path):
    hold(0.6, names=["bb"])
    assert free(0.5, tmp_path, ["GPU-bb"]) is None
    assert free(0.5, tmp_path, ["GPU-bb", "GPU-aa"]) == 1


@pytest.mark.parametrize(("first", "second"), [(1, 0.05), (0.05, 1), (1, 1)])
def test_the_whole_is_nobody_elses(hold, tmp_path, first, second):
    hold(first, names=["aa"])
    assert free(second, tmp_path, ["aa"]) is None
    assert free(second, tmp_path, ["aa", "bb"]) == 1


def test_twenty_can_share_and_no_more(hold, tmp_path):
    hold(*[0.05] * 19, names=["aa"])
    assert free(0.1, tmp_path, ["aa"]) is None
    hold(0.05, names=["aa"])
    assert free(0.05, tmp_path, ["aa"]) is None


@pytest.mark.parametrize("share", [0.15, 0.35, 0.55, 0.7, 0.95])
def test_a_share_is_not_rounded_up_for_a_hair(hold, tmp_path, share):
    hold(share, names=["aa"])
    assert free(round(1 - share, 2), tmp_path, ["aa"]) == 0


def test_who_waits_is_told_what_for(hold, tmp_path, monkeypatch, capsys):
    process, _ = hold(0.5, 0.5)

    def ended(seconds):
        process.kill()
        process.communicate()

    monkeypatch.setattr(gpus.time, "sleep", ended)
    with gpus.held(NAMES, share=0.75, locks=tmp_path):
        assert "2 GPUs, none of them with 75% free; waiting" in capsys.readouterr().err


def test_who_waits_for_the_whole_is_not_passed_by_all_who_come_later(hold, tmp_path, monkeypatch):
    """Shares that come and go would otherwise never leave a GPU empty."""
    sharing, _ = hold(0.25, 0.25)
    seen = []

    def meanwhile(seconds):
        # The first GPU is kept for who waits; on the second others may begin.
        seen.append((free(0.1, tmp_path, ["aa"]), free(0.1, tmp_path, ["aa", "bb"])))
        if len(seen) == 2:
            sharing.kill()
            sharing.communicate()

    with monkeypatch.context() as patch:
        patch.setattr(gpus.time, "sleep", meanwhile)
        with gpus.held(NAMES, locks=tmp_path) as number:
            assert number == 0
    assert seen == [(None, 1)] * 2
    assert free(1, tmp_path, ["aa"]) == 0


def test_a_program_keeps_what_its_killed_starter_held(tmp_path):
    """As when the system ends a job for its memory, and the tool that it started goes on."""
    code = f"""
import os, subprocess, sys
from pathlib import Path
from choreo import gpus
with gpus.held(["aa"], locks=Path({str(tmp_path)!r})):
    nothing = {{"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}}
    tool = subprocess.Popen(["sleep", "60"], pass_fds=gpus.handles(), **nothing)
    print(tool.pid, flush=True)
    os._exit(9)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    tool = int(done.stdout)
    assert free(1, tmp_path, ["aa"]) is None
    os.kill(tool, 9)
    for _ in range(100):
        if free(1, tmp_path, ["aa"]) == 0:
            break
        time.sleep(0.05)
    assert free(1, tmp_path, ["aa"]) == 0
    assert gpus.handles() == ()


def test_units_of_another_user_are_not_free_and_nothing_stays_open(tmp_path):
    (tmp_path / "gpu-aa-03.lock").symlink_to(tmp_path / "elsewhere")
    before = len(os.listdir("/proc/self/fd"))
    assert free(0.95, tmp_path, ["aa"]) == 0
    assert len(os.listdir("/proc/self/fd")) == before
    with gpus.held(["aa"], share=0.5, locks=tmp_path):
        assert free(0.5, tmp_path, ["aa"]) is None
        assert free(0.45, tmp_path, ["aa"]) == 0
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("share", "percent"), [(1, 100), (0.25, 25), (0.33, 35), (0.125, 15), (0.05, 5), (0.15, 15)]
)
def test_what_is_counted_is_what_the_locks_take(share, percent):
    assert gpus.percent(share) == percent


# What other programs see

SMI = """\
#!/bin/sh
test "$*" = "--query-gpu=uuid,name --format=csv,noheader" || exit 2
cat {cards}
"""


@pytest.fixture
def cards(tmp_path, monkeypatch):
    """Writes what an `nvidia-smi` on PATH says."""
    said, program = tmp_path / "cards", tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text(SMI.format(cards=said))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("CUDA_DEVICE_ORDER", raising=False)

    def write(*lines):
        said.write_text("".join(f"{line}\n" for line in lines))

    write("GPU-aa1, NVIDIA H200", "GPU-bb2, NVIDIA H200", "GPU-cc3, NVIDIA H200")
    return write


def seen(folder, **settings):
    """What a program would see."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    with contextlib.suppress(KeyError), gpus.exported(locks=folder / "locks", **settings):
        found = os.environ.get("CUDA_VISIBLE_DEVICES")
        raise KeyError
    assert os.environ.get("CUDA_VISIBLE_DEVICES") == given
    return found


def test_each_program_sees_a_gpu_of_its_own(cards, tmp_path):
    assert seen(tmp_path) == "GPU-aa1"
    # As a training holds it, by the name that torch gives.
    with gpus.held(["aa1"], locks=tmp_path / "locks"):
        with gpus.exported(locks=tmp_path / "locks"):
            assert os.environ["CUDA_VISIBLE_DEVICES"] == "GPU-bb2"
            assert free(1, tmp_path / "locks", ["bb2"]) is None
            assert free(1, tmp_path / "locks", ["cc3"]) == 0
        assert seen(tmp_path, share=0.5) == "GPU-bb2"
        assert seen(tmp_path, device="cpu") is None


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("2,1", "GPU-cc3"),
        ("0,2", "GPU-cc3"),
        ("GPU-c,GPU-bb2", "GPU-cc3"),
        ("GPU-aa1, GPU-bb2", "GPU-bb2"),
        ("1", "GPU-bb2"),
        # The first that is none is the end of the list.
        ("1,7,2", "GPU-bb2"),
    ],
)
def test_of_those_that_a_scheduler_left_one_is_taken(cards, tmp_path, monkeypatch, given, taken):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    with gpus.held(["aa1"], locks=tmp_path / "locks"):
        assert seen(tmp_path) == taken


def test_jobs_of_a_cluster_that_see_their_own_gpus_alone_do_not_wait(cards, tmp_path, monkeypatch):
    """Both see a number 0; nvidia-smi shows each job its own GPUs."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    cards("GPU-cc3, NVIDIA H200")
    with gpus.exported(locks=tmp_path / "locks"):
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "GPU-cc3"
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
        cards("GPU-aa1, NVIDIA H200")
        assert seen(tmp_path) == "GPU-aa1"


@pytest.mark.parametrize("given", ["", "-1", "NoDevFiles", "7", "MIG-x,MIG-y", "GPU-"])
def test_where_it_is_not_clear_which_gpu_is_meant_nothing_is_held(
    cards, tmp_path, monkeypatch, given
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    assert seen(tmp_path) == given
    assert not (tmp_path / "locks").exists()


def test_numbers_of_unlike_gpus_are_left_to_cuda(cards, tmp_path, monkeypatch):
    cards("GPU-aa1, NVIDIA T4", "GPU-bb2, NVIDIA H200")
    assert seen(tmp_path) == "GPU-aa1"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert seen(tmp_path) == "0"
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    assert seen(tmp_path) == "GPU-aa1"


def test_without_the_driver_nothing_is_changed(cards, tmp_path, monkeypatch):
    cards("Failed to initialize NVML: Driver/library version mismatch")
    assert seen(tmp_path) is None
    (tmp_path / "bin" / "nvidia-smi").write_text("#!/bin/sh\nexit 9\n")
    assert seen(tmp_path) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert seen(tmp_path) is None
    assert not (tmp_path / "locks").exists()


@pytest.mark.parametrize(("percent", "share"), [(25, 0.25), (100, 1), (0, 1), (None, 1)])
def test_a_job_that_was_planned_without_a_gpu_has_what_it_finds(percent, share):
    resources = {} if percent is None else {"gpu_percent": percent}
    assert gpus.share_of(resources) == share
