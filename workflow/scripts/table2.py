from pathlib import Path

from choreo.evaluation.table2 import table2, training_note
from choreo.files import read_json
from choreo.pipeline.jobs import run_item


def action(terminal):
    i = snakemake.input
    note = training_note({Path(path).parents[1].name: read_json(path) for path in i.metrics})
    records = [read_json(path) for path in [i.real, *i.models]]
    table = table2(records, study=snakemake.params.study, note=note)
    table.write(snakemake.output[0].removesuffix(".html"))


run_item(snakemake, action)
