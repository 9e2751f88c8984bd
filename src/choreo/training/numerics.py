"""How a training computes: device, precision, threads; how it is stopped and when it stops."""

import contextlib
import signal
import sys

import torch

from choreo.errors import ConfigError


def choose_device(name):
    """`torch.device` of a name; ``auto`` is the best there is.

    Raises
    ------
    ConfigError
        Where the machine has no such device.
    """
    here = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(device for device, there in here.items() if there)
    if not here.get(str(name).split(":")[0]):
        raise ConfigError(
            "no such device here", value=name, remedy="Use auto or cpu; cuda needs a CUDA build"
        )
    return torch.device(name)


def chosen_precision(name, device):
    """Precision that a training has on a device.

    Parameters
    ----------
    name : {"auto", "float32", "tf32", "bfloat16"}
        ``bfloat16``: automatic mixed precision. ``tf32``: float32 whose products a CUDA
        device of compute capability 8 makes with 10 bits of the mantissa; float32
        elsewhere. ``auto``: tf32 where there is such a device, and else float32.
    device : torch.device

    Returns
    -------
    str
        ``float32``, ``tf32`` or ``bfloat16``.
    """
    if name in ("float32", "bfloat16"):
        return name
    able = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
    if name == "tf32" and not able:
        print(f"{device} has no tf32; training in float32", file=sys.stderr)
    return "tf32" if able else "float32"


@contextlib.contextmanager
def numerics(device, precision, threads=None):
    """Set how torch computes while a block runs.

    On a CPU, only by algorithms that give the same bytes in two runs, on `threads`
    threads. On CUDA by the fastest.
    """
    with contextlib.ExitStack() as changed:
        if threads:
            changed.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(threads)
        if device.type == "cuda":
            if device.index is not None:
                torch.cuda.set_device(device)
            rounded = precision != "float32"
            for owner, name, value in (
                (torch.backends.cuda.matmul, "allow_tf32", rounded),
                (torch.backends.cudnn, "allow_tf32", rounded),
                (torch.backends.cudnn, "benchmark", True),
            ):
                changed.callback(setattr, owner, name, getattr(owner, name))
                setattr(owner, name, value)
        else:
            changed.callback(
                torch.use_deterministic_algorithms, torch.are_deterministic_algorithms_enabled()
            )
            torch.use_deterministic_algorithms(True)
            filling = torch.utils.deterministic
            changed.callback(
                setattr,
                filling,
                "fill_uninitialized_memory",
                filling.fill_uninitialized_memory,
            )
            # All memory is written before it is read here; filling it first takes time.
            filling.fill_uninitialized_memory = False
        yield


def threads_of(threads, device):
    """Number of CPU threads of a training, where it decides the bytes of the result.

    Parameters
    ----------
    threads : int or None
        None: torch's own choice.
    device : torch.device

    Returns
    -------
    int or None
        None on a GPU.

    Raises
    ------
    ConfigError
        Where it is less than 1.
    """
    if threads is not None and threads < 1:
        raise ConfigError("must be at least 1", where="threads", value=threads)
    if device.type != "cpu":
        return None
    return torch.get_num_threads() if threads is None else threads


class Terminated:
    """True once SIGTERM came; put aside where signals can't be handled."""

    def __init__(self):
        self._came = False
        self._before = None

    def __bool__(self):
        return self._came

    def __enter__(self):
        with contextlib.suppress(ValueError):  # not in the main thread
            self._before = signal.signal(signal.SIGTERM, self._note)
        return self

    def _note(self, *_):
        self._came = True

    def __exit__(self, *_):
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)
