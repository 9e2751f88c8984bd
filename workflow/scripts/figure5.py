from choreo.cleaning.figure5 import figure5
from choreo.figures import save
from choreo.pipeline.jobs import run
from choreo.pipeline.tombstones import usable


def action(terminal):
    i = snakemake.input
    save(
        figure5(usable(i.videos), usable(i.before), usable(i.after), usable(i.records)),
        snakemake.output[0].removesuffix(".png"),
    )


run(snakemake, action)
