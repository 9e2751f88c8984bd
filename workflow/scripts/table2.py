from pathlib import Path

from choreo.evaluation.table2 import table2, trained_on
from choreo.files import read_json
from choreo.pipeline.jobs import run_item


def action(terminal):
    i = snakemake.input
    table2(
        [read_json(path) for path in [i.real, *i.models]],
        study=snakemake.params.study,
        note=trained_on({path.parents[1].name: read_json(path) for path in map(Path, i.metrics)}),
    ).write(snakemake.output[0].removesuffix(".html"))


run_item(snakemake, action)
