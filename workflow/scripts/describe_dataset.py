from pathlib import Path

from choreo.dataset.card import card_table, describe
from choreo.pipeline.jobs import run


def action(terminal):
    o = snakemake.output
    card = describe(snakemake.input.dataset, Path(o.card).with_suffix(""))
    card_table(card).write(Path(o.table).with_suffix(""))


run(snakemake, action)
