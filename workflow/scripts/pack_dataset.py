from pathlib import Path

from choreo.dataset.card import card_table
from choreo.dataset.pack import pack
from choreo.jobs import run, usable


def action(terminal):
    card = pack(
        usable(snakemake.input.shards),
        snakemake.output.dataset,
        splits=snakemake.params.splits,
        by=snakemake.params.by,
        max_repaired=snakemake.params.max_repaired,
        card=Path(snakemake.output.card).with_suffix(""),
        provenance={"study": snakemake.params.study},
    )
    card_table(card).write(Path(snakemake.output.table).with_suffix(""))


run(snakemake, action)
