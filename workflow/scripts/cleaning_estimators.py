from choreo.cleaning.estimators import estimators_table
from choreo.pipeline.jobs import run
from choreo.pipeline.tombstones import usable


def action(terminal):
    i = snakemake.input
    table = estimators_table(usable(i.tracks), usable(i.truths))
    table.write(snakemake.output[0].removesuffix(".html"))


run(snakemake, action)
