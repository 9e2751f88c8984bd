from choreo.models.shipped.gather import gather
from choreo.pipeline.jobs import run


def action(terminal):
    i, o = snakemake.input, snakemake.output
    gather(i.weights, i.cards, o.weights, o.cards, o.sums)


run(snakemake, action)
