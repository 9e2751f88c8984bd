"""A stand-in for CUDA graphs on a CPU: it records operations and makes them again.

As with a real one, what Python computed while it was recorded stays as it was; only
what lies in the tensors that were recorded may change.
"""

import torch
from torch.utils._python_dispatch import TorchDispatchMode

SYNCHRONISING = {
    torch.ops.aten._local_scalar_dense.default,
    torch.ops.aten.is_nonzero.default,
    torch.ops.aten.nonzero.default,
    torch.ops.aten.equal.default,
}
"""Operations whose result the host must wait for."""


class Watch(TorchDispatchMode):
    """Refuses what would let a GPU wait for the host or the host for a GPU."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        assert func not in SYNCHRONISING, func
        result = func(*args, **(kwargs or {}))
        places = {t.device.type for t in _leaves((args, result)) if torch.is_tensor(t)}
        assert len(places) < 2 or places == {"cpu"}, f"{func} between {places}"
        return result


class _Recorder(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.made = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        assert func not in SYNCHRONISING, func
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        self.made.append((func, *(_aliases(value) for value in (args, kwargs, result))))
        return result


class RecordedGraphs:
    """Has the interface of `choreo.models.gan.kernels.captured.CudaGraphs`.

    Attributes
    ----------
    warmed, captures, replays : int
        How often each was done.
    state : callable
        Gives all tensors that a step changes: a capture leaves them as they are.
    """

    def __init__(self, fails=False):
        self.fails, self.state = fails, list
        self.warmed = self.captures = self.replays = 0

    def warm_up(self, call):
        self.warmed += 1
        return call()

    def capture(self, call):
        self.captures += 1
        if self.fails:
            raise RuntimeError("operation not permitted when stream is capturing\nmore")
        kept = [(tensor, tensor.detach().clone()) for tensor in self.state()]
        random = torch.get_rng_state()
        with _Recorder() as recorder:
            result = call()
        torch.set_rng_state(random)
        with torch.no_grad():
            for tensor, value in kept:
                tensor.copy_(value)

        def replay():
            self.replays += 1
            _again(recorder.made)

        return replay, result


# torch's own walks of nested values take longer than most operations of these small networks.


def _aliases(values):
    """The same memory under shapes of its own, which operations may change."""
    if torch.is_tensor(values):
        return values.detach()
    if type(values) in (list, tuple):
        return type(values)(map(_aliases, values))
    if type(values) is dict:
        return {name: _aliases(value) for name, value in values.items()}
    assert not isinstance(values, (list, dict)), type(values)
    return values


def _leaves(values):
    """What nested lists and tuples hold, in order."""
    if type(values) in (list, tuple):
        for value in values:
            yield from _leaves(value)
    else:
        yield values


@torch.no_grad()
def _again(made):
    for func, args, kwargs, before in made:
        after = func(*_aliases(args), **_aliases(kwargs))
        for old, new in zip(_leaves(before), _leaves(after), strict=True):
            if torch.is_tensor(old) and old.data_ptr() != new.data_ptr():
                old.copy_(new)
