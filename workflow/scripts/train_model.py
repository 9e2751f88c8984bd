from choreo import gpus
from choreo.dataset.pack import ChunkDataset
from choreo.models.recipes import recipe_from
from choreo.pipeline.jobs import run
from choreo.training.train import train


def action(terminal):
    i, o, p, w = snakemake.input, snakemake.output, snakemake.params, snakemake.wildcards
    train(
        ChunkDataset(i.dataset, split="train"),
        recipe_from(p.recipe),
        seed=int(w.seed),
        weights=o.weights,
        metrics=o.metrics,
        losses=o.losses,
        log_dir=p.tensorboard,
        checkpoint_dir=p.checkpoints,
        looks=p.looks,
        look_every=p.look_every,
        files=dict(zip(p.needs, i.needed)),
        device=p.device,
        gpu_share=gpus.share_of(snakemake.resources),
        precision=p.precision,
        threads=p.threads,
        terminal=terminal,
        name=f"training {w.model}, seed {w.seed}",
    )


run(snakemake, action)
