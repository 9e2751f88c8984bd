from choreo.comparison.table1 import table1
from choreo.files import read_json
from choreo.pipeline.jobs import run
from choreo.pipeline.tombstones import usable


def action(terminal):
    p = snakemake.params
    table1(
        [read_json(path) for path in usable(snakemake.input.qualities)],
        estimators=p.estimators,
        study=p.study,
        seed=p.seed,
    ).write(snakemake.output[0].removesuffix(".html"))


run(snakemake, action)
