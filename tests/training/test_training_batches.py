import functools

import pytest
import torch
from training_dances import Dances

from choreo.models.data import load_batch
from choreo.training import batches
from choreo.training.train import chosen_precision

CPU = torch.device("cpu")
ORDER = [[4, 0], [1, 3], [2, 4], None]


@pytest.mark.parametrize("kind", [batches.Resident, batches.Prefetched])
def test_every_source_gives_the_batches_that_reading_gives(dances, kind, monkeypatch):
    monkeypatch.setattr(batches, "_READ_AT_ONCE", 2)  # five chunks in three parts
    read = functools.partial(load_batch, dances)
    plain = batches.Read(read, CPU, ORDER.__getitem__)
    more = [len(dances)] if kind is batches.Resident else []
    other = kind(read, CPU, ORDER.__getitem__, *more)
    for step in (1, 2, 0, 1):  # a training that goes on begins somewhere
        wanted, got = plain(step), other(step)
        assert wanted.keys() == got.keys()
        assert all(torch.equal(wanted[name], got[name]) for name in wanted)
    other.close()


def test_what_can_not_be_read_ahead_is_raised_when_it_is_due(tmp_path):
    class Broken(Dances):
        def batch(self, indices):
            if 3 in indices:
                raise OSError("broken")
            return super().batch(indices)

    read = functools.partial(load_batch, Broken(tmp_path / "dances.npz"))
    ahead = batches.Prefetched(read, CPU, ORDER.__getitem__)
    ahead(0)
    with pytest.raises(OSError, match="broken"):
        ahead(1)
    ahead.close()


def test_a_dataset_that_leaves_too_little_memory_is_read_during_the_training(
    dances, monkeypatch, capsys
):
    size = batches.dataset_bytes(functools.partial(load_batch, dances), len(dances))
    assert size == 4 * sum(v.size for v in dances.batch(range(5)).values())
    made = []
    for name in ("Resident", "Prefetched"):
        monkeypatch.setattr(batches, name, lambda *_, name=name: made.append(name))
    for free in (2 * size, 2 * size - 1):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _, free=free: (free, free))
        monkeypatch.setattr(torch.cuda, "get_per_process_memory_fraction", lambda _: 1.0)
        batches.open_batches(dances, torch.device("cuda", 0), ORDER.__getitem__)
    assert made == ["Resident", "Prefetched"]
    # Of a GPU that is empty, and shared.
    for share in (0.25, 0.2):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (8 * size, 8 * size))
        monkeypatch.setattr(torch.cuda, "get_per_process_memory_fraction", lambda _, s=share: s)
        batches.open_batches(dances, torch.device("cuda", 0), ORDER.__getitem__)
    assert made[2:] == ["Resident", "Prefetched"]
    assert "more than half of the GPU's free memory" in capsys.readouterr().err
    assert isinstance(batches.open_batches(dances, CPU, ORDER.__getitem__), batches.Read)


@pytest.mark.parametrize(("capability", "fast"), [((7, 5), "float32"), ((9, 0), "tf32")])
def test_a_precision_is_chosen_for_the_device(monkeypatch, capsys, capability, fast):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    gpu = torch.device("cuda", 0)
    assert [chosen_precision(n, gpu) for n in ("auto", "tf32")] == [fast, fast]
    assert chosen_precision("auto", CPU) == "float32"
    assert chosen_precision("bfloat16", CPU) == "bfloat16"
    capsys.readouterr()
    assert chosen_precision("tf32", CPU) == "float32"
    assert "cpu has no tf32; training in float32" in capsys.readouterr().err
