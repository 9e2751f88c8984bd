import sys

from choreo import gpus
from choreo.dataset.pack import ChunkDataset
from choreo.pipeline.jobs import run
from choreo.training.perceptual import pretrain


def action(terminal):
    i, o, p = snakemake.input, snakemake.output, snakemake.params

    def show(done, steps):
        if done % max(1, steps // 10) == 0:
            line = f"perceptual network: step {done} of {steps}"
            print(line, file=sys.stderr)
            print(line, file=terminal)

    summary = pretrain(
        ChunkDataset(i.dataset, split="train"),
        o.weights,
        steps=p.steps,
        seed=p.seed,
        checkpoint_dir=p.checkpoints,
        device=p.device,
        gpu_share=gpus.share_of(snakemake.resources),
        threads=p.threads,
        on_progress=show,
    )
    print(summary)


run(snakemake, action)
