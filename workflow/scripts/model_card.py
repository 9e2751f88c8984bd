from choreo.files import read_json
from choreo.pipeline.jobs import run
from choreo.training.model_card import write_card


def action(terminal):
    i = snakemake.input
    write_card(snakemake.output.card, read_json(i.metrics), snakemake.wildcards.model, i.dataset)


run(snakemake, action)
