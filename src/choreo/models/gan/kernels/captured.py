"""A training step that is checked where it is computed, and on CUDA replayed as one graph.

A GPU makes a step's thousands of small operations faster than Python can ask for them.
So the whole step, gradients, check and update, is recorded once and asked for with one
call; and the host never waits for a number inside a step. The promise that nothing but
finite gradients moves a weight is therefore kept on the device (`CheckedStep`).
"""

import contextlib
import sys
from typing import NamedTuple

import torch

from choreo.models.divergence import DIVERGED_LOSS, GRADIENT

WARM_UP_STEPS = 3
"""Steps before a capture: they make the optimizers' state and let cuDNN choose."""


class Numbers(NamedTuple):
    """What a step computed; `values` may still be on its way."""

    names: list
    values: torch.Tensor


class CheckedStep:
    """Makes steps of a recipe of which none that isn't finite moves a weight.

    After the gradients, a flag on the device tells whether any loss is above
    `DIVERGED_LOSS` or any loss or gradient not finite. The optimizers read it (torch's
    ``found_inf``) and leave weights and moments as they are. It is never taken back, so
    steps that were asked for before the host knew leave them alone too.

    Parameters
    ----------
    step : TrainingStep
    device : torch.device
    autocast : callable
        Gives the context for automatic mixed precision.
    asynchronous : bool
        Whether the host asks for the update before it knows that the step was finite.
    graphs : CudaGraphs, optional
        Where it is given, steps are captured and replayed.

    Attributes
    ----------
    stopped : Tensor, shape ()
        1 from the first step on that wasn't finite.
    """

    def __init__(
        self,
        step,
        *,
        device,
        autocast=contextlib.nullcontext,
        asynchronous=False,
        graphs=None,
    ):
        self._step, self._autocast = step, autocast
        self._asynchronous, self._graphs = asynchronous, graphs
        self.stopped = torch.zeros((), device=device)
        for optimizer in step.optimizers.values():
            optimizer.found_inf = self.stopped
        if graphs is not None:
            self.make_capturable()
        self._inputs, self._phase, self._warm, self._replay = None, None, 0, None
        self._numbers = None

    @property
    def captured(self):
        """Whether the last step was a replay of a graph."""
        return self._replay is not None

    def make_capturable(self):
        """Let the optimizers keep their numbers on the device; also after a restore."""
        if self._graphs is None:
            return
        for optimizer in self._step.optimizers.values():
            for group in optimizer.param_groups:
                group["capturable"] = True
                # One tensor for good: a graph reads the rate from where it was captured.
                rate = torch.as_tensor(group["lr"], dtype=torch.float32)
                group["lr"] = rate.to(self.stopped.device)

    def __call__(self, batch, noise, alpha):
        """Make one step; takes what `TrainingStep` does.

        Returns
        -------
        Numbers
            Losses by name, and ``gradient of <network>``: norms. The values may be
            overwritten by the next step.
        """
        if self._graphs is None:
            return self._make(batch, noise, alpha)
        self._fill(batch, noise, alpha)
        if self._phase != self._step.adversarial:
            self._forget()
            self._phase = self._step.adversarial
        if self._warm < WARM_UP_STEPS:
            self._warm += 1
            return self._graphs.warm_up(self._make_static)
        if self._replay is None:
            try:
                self._replay, self._numbers = self._graphs.capture(self._make_static)
            except RuntimeError as error:
                print(
                    "the step could not be captured as a CUDA graph, so it is made operation by "
                    f"operation, which is slower: {str(error).splitlines()[0]}",
                    file=sys.stderr,
                )
                self._graphs = None
                return self._make_static()
        self._replay()
        return self._numbers

    def _forget(self):
        """Let a graph go that no longer makes what is wanted."""
        if self._replay is not None:
            self._step.networks.zero_grad(set_to_none=True)
        self._warm, self._replay, self._numbers = 0, None, None

    def _fill(self, batch, noise, alpha):
        """Copy a step's inputs to where the graph reads them."""
        given = {**batch, "noise": noise, "alpha": alpha}
        if self._inputs is None:
            self._inputs = {name: value.clone() for name, value in given.items()}
            return
        for name, value in given.items():
            self._inputs[name].copy_(value, non_blocking=True)

    def _make_static(self):
        batch = {name: self._inputs[name] for name in ("poses", "music", "initial")}
        return self._make(batch, self._inputs["noise"], self._inputs["alpha"])

    def _make(self, batch, noise, alpha):
        networks = self._step.networks.trained()
        with self._autocast():
            terms, _ = self._step.differentiate(batch, noise, alpha)
        losses = torch.stack([value.float() for value in terms.values()])
        norms = torch.stack([_gradient_norm(network) for _, network in networks])
        fine = (losses.abs() < DIVERGED_LOSS).all() & torch.isfinite(norms).all()
        self.stopped.copy_(torch.maximum(self.stopped, (~fine).float()))
        names = [*terms, *(GRADIENT + name for name, _ in networks)]
        if not self._asynchronous and self.stopped:
            return Numbers(names, torch.cat([losses, norms]))
        with self._autocast():
            later = self._step.update(batch)
        values = torch.cat([losses, norms, *(v.float().reshape(1) for v in later.values())])
        return Numbers([*names, *later], values)


class CudaGraphs:
    """Warming up and capturing as torch wants it, on a stream of its own."""

    def __init__(self, device):
        self._stream = torch.cuda.Stream(device)

    def warm_up(self, call):
        """Run `call` on the side stream and return what it does."""
        current = torch.cuda.current_stream()
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            result = call()
        current.wait_stream(self._stream)
        return result

    def capture(self, call):
        """Record the operations of `call` without making them.

        Returns
        -------
        replay : callable
            Makes them all.
        result
            Of `call`; its tensors are filled by every replay.
        """
        graph, current = torch.cuda.CUDAGraph(), torch.cuda.current_stream()
        before = torch.cuda.get_rng_state()
        try:
            # "thread_local": other threads may read and pin the next batch meanwhile.
            with torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"):
                result = call()
        except RuntimeError:
            # A capture that breaks off leaves its stream current, and a random generator
            # that believes it is still being captured.
            torch.cuda.set_stream(current)
            fresh = torch.Generator(current.device)
            default = torch.cuda.default_generators[current.device.index]
            default.graphsafe_set_state(fresh.graphsafe_get_state())
            torch.cuda.set_rng_state(before)
            raise
        return graph.replay, result


def graphs_for(device):
    """`CudaGraphs` for a CUDA device, None for others."""
    return CudaGraphs(device) if device.type == "cuda" else None


def _gradient_norm(network):
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    if not gradients:
        return torch.zeros((), device=next(network.parameters()).device)
    return torch.nn.utils.get_total_norm(gradients).float()
