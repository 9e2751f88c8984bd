from choreo.dataset.pack import ChunkDataset
from choreo.jobs import run
from choreo.training.adopt import adopt
from choreo.training.model_card import write_card
from choreo.training.recipes import recipe_from


def action(terminal):
    i, o, w = snakemake.input, snakemake.output, snakemake.wildcards
    summary = adopt(
        ChunkDataset(i.dataset, split="train"),
        recipe_from(snakemake.params.recipe),
        seed=int(w.seed),
        weights=o.weights,
        metrics=o.metrics,
        losses=o.losses,
    )
    write_card(o.card, summary, w.model, i.dataset)


run(snakemake, action)
