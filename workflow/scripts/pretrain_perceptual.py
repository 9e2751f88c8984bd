import sys

import torch

from choreo.dataset.pack import ChunkDataset
from choreo.jobs import run
from choreo.training.perceptual import pretrain


def action(terminal):
    i, o, p = snakemake.input, snakemake.output, snakemake.params
    torch.set_num_threads(p.threads)

    def told(done, steps):
        if done % max(1, steps // 10) == 0:
            line = f"perceptual network: step {done} of {steps}"
            print(line, file=sys.stderr)
            print(line, file=terminal)

    dataset = ChunkDataset(i.dataset, split="train")
    summary = pretrain(dataset, o.weights, steps=p.steps, seed=p.seed, on_progress=told)
    print(summary)


run(snakemake, action)
