from choreo.dataset.pack import ChunkDataset
from choreo.jobs import run
from choreo.training.recipes import recipe_from
from choreo.training.train import train


def action(terminal):
    i, o, p = snakemake.input, snakemake.output, snakemake.params
    train(
        ChunkDataset(i.dataset, split="train"),
        recipe_from(p.recipe),
        seed=int(snakemake.wildcards.seed),
        weights=o.weights,
        metrics=o.metrics,
        losses=o.losses,
        log_dir=p.tensorboard,
        checkpoint_dir=p.checkpoints,
        epochs=p.epochs,
        batch_size=p.batch_size,
        device=p.device,
        threads=p.threads,
    )


run(snakemake, action)
