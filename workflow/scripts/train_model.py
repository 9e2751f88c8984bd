import time

from choreo.dataset.pack import ChunkDataset
from choreo.jobs import run
from choreo.training.recipes import recipe_from
from choreo.training.train import train

SAID_EVERY = 15.0


def action(terminal):
    i, o, p, w = snakemake.input, snakemake.output, snakemake.params, snakemake.wildcards
    said = start = time.monotonic()
    first = None

    def progress(step, steps, losses):
        # Several trainings share the terminal: a line now and then for each, no bars.
        nonlocal said, first
        first = step if first is None else first
        now = time.monotonic()
        if now - said >= SAID_EVERY or step == steps:
            said = now
            left = (now - start) / max(1, step - first + 1) * (steps - step)
            print(
                f"training {w.model}, seed {w.seed}: step {step} of {steps}, "
                f"l1 {losses['l1']:.4g}, generator {losses['generator']:.4g}, "
                f"about {left / 60:.1f} min left",
                file=terminal,
            )

    train(
        ChunkDataset(i.dataset, split="train"),
        recipe_from(p.recipe),
        seed=int(w.seed),
        weights=o.weights,
        metrics=o.metrics,
        losses=o.losses,
        log_dir=p.tensorboard,
        checkpoint_dir=p.checkpoints,
        device=p.device,
        threads=p.threads,
        on_progress=progress,
    )


run(snakemake, action)
