"""Which GPU a job takes, and how much of it: locks of processes, no GPU is needed."""

import contextlib
import os
import subprocess
import sys
from types import SimpleNamespace

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


# What other programs see


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """A driver's folder with three GPUs."""
    for number, name in enumerate(("GPU-aa", "GPU-bb", "GPU-cc")):
        folder = tmp_path / "driver" / f"0000:{number}1:00.0"
        folder.mkdir(parents=True)
        text = f"Model: \t\t A card\nIRQ:   \t\t 4{number}\nGPU UUID: \t {name}\n"
        (folder / "information").write_text(text)
    monkeypatch.setattr(gpus, "GPUS", tmp_path / "driver")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("CUDA_DEVICE_ORDER", raising=False)
    return tmp_path


def seen():
    return os.environ.get("CUDA_VISIBLE_DEVICES"), os.environ.get("CUDA_DEVICE_ORDER")


def test_each_program_sees_a_gpu_of_its_own(driver, tmp_path):
    with contextlib.suppress(KeyError), gpus.exported(locks=tmp_path / "locks"):
        assert seen() == ("0", "PCI_BUS_ID")
        raise KeyError
    assert seen() == (None, None)
    # A training holds the first one, by its name.
    with gpus.held(["aa"], locks=tmp_path / "locks"), gpus.exported(locks=tmp_path / "locks"):
        assert seen() == ("1", "PCI_BUS_ID")
        assert free(1, tmp_path / "locks", ["bb"]) is None
        assert free(1, tmp_path / "locks", ["cc"]) == 0


@pytest.mark.parametrize(
    ("given", "taken"),
    [("2,1", "2"), ("GPU-cc,GPU-bb", "GPU-cc"), ("0,GPU-bb", "GPU-bb"), ("MIG-x,MIG-y", "MIG-x")],
)
def test_of_those_that_a_scheduler_left_one_is_taken(driver, tmp_path, monkeypatch, given, taken):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    with gpus.held(["aa"], locks=tmp_path / "locks"), gpus.exported(locks=tmp_path / "locks"):
        assert seen()[0] == taken
    assert seen() == (given, None)


@pytest.mark.parametrize("given", ["", "-1", "0", "GPU-bb"])
def test_where_there_is_no_choice_nothing_is_held(driver, tmp_path, monkeypatch, given):
    """A scheduler's jobs may each see another GPU as number 0: they must not wait."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    with gpus.exported(locks=tmp_path / "locks"):
        assert seen() == (given, None)
    assert not (tmp_path / "locks").exists()


def test_without_a_driver_nothing_is_changed(tmp_path, monkeypatch):
    monkeypatch.setattr(gpus, "GPUS", tmp_path / "none")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    with gpus.exported(locks=tmp_path / "locks"):
        assert seen()[0] is None
    assert not (tmp_path / "locks").exists()


def test_a_driver_that_says_no_names_has_numbers(driver, tmp_path):
    for file in (tmp_path / "driver").glob("*/information"):
        file.unlink()
    with gpus.exported(0.5, locks=tmp_path / "locks"):
        assert seen()[0] == "0"
        assert (tmp_path / "locks" / "gpu-0.lock").exists()


@pytest.mark.parametrize(("percent", "share"), [(25, 0.25), (100, 1), (0, 1), (None, 1)])
def test_a_job_that_was_planned_without_a_gpu_has_what_it_finds(percent, share):
    resources = {} if percent is None else {"gpu_percent": percent}
    assert gpus.share_of(SimpleNamespace(get=resources.get)) == share
