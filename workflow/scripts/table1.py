from choreo.comparison.records import video_records
from choreo.comparison.table1 import table1
from choreo.pipeline.jobs import run
from choreo.pipeline.tombstones import usable


def action(terminal):
    p = snakemake.params
    table1(
        video_records(usable(snakemake.input.qualities)),
        estimators=p.estimators,
        study=p.study,
        seed=p.seed,
    ).write(snakemake.output[0].removesuffix(".html"))


run(snakemake, action)
