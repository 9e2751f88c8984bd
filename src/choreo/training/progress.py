"""Telling how far a training is."""

import sys
import time

from tqdm import tqdm

_SHOWN = ("generator", "l1", "music_feature", "perceptual", "discriminator_local")
_SHOWN = (*_SHOWN, "discriminator_global")


class Progress:
    """A bar with the losses, steps a second and the time left; lines where no one watches.

    Parameters
    ----------
    training : object
        With ``step``, ``steps`` and ``steps_per_epoch``.
    on_progress : callable, optional
        See `choreo.training.train.train`.
    terminal : file, optional
        Where the lines go besides, where stderr is a log: several trainings share a
        terminal there, so each gets a line now and then, and no bar.
    name : str
        Begins each line.
    """

    _SECONDS = 15.0

    def __init__(self, training, on_progress=None, *, terminal=None, name="training"):
        self._training, self._tell = training, on_progress
        self._files = [sys.stderr] + ([terminal] if terminal else [])
        self._name = name
        self._first, self._start = training.step, time.monotonic()
        self._said = self._start
        self._bar = tqdm(
            total=training.steps,
            initial=training.step,
            unit="step",
            file=sys.stderr,
            disable=terminal is not None or not sys.stderr.isatty(),
        )

    def __call__(self, step, values):
        """Tell that a step was made, the first being number 0."""
        training, done = self._training, step + 1
        if self._tell is not None:
            self._tell(done, training.steps, values)
        shown = {n: values[n] for n in _SHOWN if n in values} or dict(list(values.items())[:6])
        if not self._bar.disable:
            self._bar.set_postfix({n: f"{v:.3g}" for n, v in shown.items()}, refresh=False)
            self._bar.update()
            return
        now = time.monotonic()
        if now - self._said >= self._SECONDS or done == training.steps:
            self._said = now
            rate = (done - self._first) / max(now - self._start, 1e-9)
            left = (training.steps - done) / rate
            line = (
                f"{self._name}: step {done} of {training.steps}, epoch "
                f"{done // training.steps_per_epoch}, {rate:.2f} steps/s, {_duration(left)} left, "
                + ", ".join(f"{n} {v:.3g}" for n, v in shown.items())
            )
            for file in self._files:
                print(line, file=file, flush=True)

    def close(self):
        """Leave the bar as it is."""
        self._bar.close()


def _duration(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"
