import subprocess
import sys
import textwrap
from types import SimpleNamespace

import pytest
import torch
from filelock import FileLock, Timeout

from choreo import gpus
from choreo.errors import ConfigError
from choreo.training import devices

UUIDS = ["aa", "bb"]


@pytest.fixture
def see_gpus(monkeypatch):
    """Makes this process see GPUs with these names."""

    def see(uuids):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: len(uuids))
        monkeypatch.setattr(
            torch.cuda, "get_device_properties", lambda number: SimpleNamespace(uuid=uuids[number])
        )

    return see


@pytest.fixture
def two_gpus(see_gpus):
    see_gpus(UUIDS)


def test_each_training_takes_a_gpu_that_no_other_one_holds(two_gpus, tmp_path):
    with devices.claimed("auto", locks=tmp_path) as first:
        with devices.claimed("cuda", locks=tmp_path) as second:
            assert (first, second) == ("cuda:0", "cuda:1")
        with devices.claimed("auto", locks=tmp_path) as third:
            assert third == "cuda:1"
    with pytest.raises(KeyError), devices.claimed("auto", locks=tmp_path):
        raise KeyError
    FileLock(tmp_path / "gpu-aa.lock").acquire(timeout=0)


def test_a_gpu_that_is_named_is_taken(two_gpus, tmp_path):
    with devices.claimed("cuda:1", locks=tmp_path) as device:
        assert device == "cuda:1"
        with pytest.raises(Timeout):
            FileLock(tmp_path / "gpu-bb.lock").acquire(timeout=0)


def test_a_training_waits_for_a_gpu(two_gpus, tmp_path, monkeypatch, capsys):
    held = [FileLock(tmp_path / f"gpu-{uuid}.lock") for uuid in UUIDS]
    for lock in held:
        lock.acquire()
    monkeypatch.setattr(gpus.time, "sleep", lambda seconds: held[1].release())
    with devices.claimed("cuda", locks=tmp_path) as device:
        assert device == "cuda:1"
    assert "2 GPUs, none of them free; waiting" in capsys.readouterr().err


def test_trainings_that_share_a_gpu_have_no_more_memory_than_their_share(
    two_gpus, tmp_path, monkeypatch
):
    capped = []
    monkeypatch.setattr(
        torch.cuda, "set_per_process_memory_fraction", lambda *given: capped.append(given)
    )
    with devices.claimed("auto", locks=tmp_path) as whole:
        assert (whole, capped) == ("cuda:0", [])
        for _ in range(2):
            with devices.claimed("auto", share=0.5, locks=tmp_path) as shared:
                assert shared == "cuda:1"
    assert capped == [(0.5, 1), (1.0, 1)] * 2


def test_a_lock_ends_with_its_process_however_it_ends(two_gpus, tmp_path):
    code = f"""
        import os, torch
        from pathlib import Path
        from types import SimpleNamespace
        torch.cuda.is_available, torch.cuda.device_count = lambda: True, lambda: 1
        torch.cuda.get_device_properties = lambda number: SimpleNamespace(uuid="aa")
        from choreo.training.devices import claimed
        with claimed("auto", locks=Path({str(tmp_path)!r})) as device:
            assert device == "cuda:0"
            os._exit(9)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)])
    assert done.returncode == 9
    with devices.claimed("cuda", locks=tmp_path) as device:
        assert device == "cuda:0"


def test_jobs_that_see_one_gpu_each_do_not_wait_for_each_other(see_gpus, tmp_path):
    """A scheduler gives each job one GPU of the node, and each knows its own as cuda:0."""
    see_gpus(["aa"])
    with devices.claimed("auto", locks=tmp_path) as first:
        see_gpus(["bb"])
        with devices.claimed("auto", locks=tmp_path) as second:
            assert (first, second) == ("cuda:0", "cuda:0")
        with pytest.raises(Timeout):
            FileLock(tmp_path / "gpu-aa.lock").acquire(timeout=0)


def test_a_cpu_is_shared(tmp_path):
    with devices.claimed("cpu", locks=tmp_path / "none") as device:
        assert device == "cpu"
    assert not (tmp_path / "none").exists()
    with pytest.raises(ConfigError, match="no such device here"), devices.claimed("tpu"):
        pass
