from choreo.comparison.records import video_records
from choreo.comparison.table1x import distances_table, table1x, threshold_table
from choreo.pipeline.jobs import run
from choreo.pipeline.tombstones import usable


def action(terminal):
    p = snakemake.params
    records = video_records(usable(snakemake.input.comparisons))
    named = {"estimators": p.estimators, "study": p.study}
    table1x(records, seed=p.seed, **named).write(snakemake.output[0].removesuffix(".html"))
    distances_table(records, **named).write(snakemake.output[1].removesuffix(".html"))
    threshold_table(records, study=p.study).write(snakemake.output[2].removesuffix(".html"))


run(snakemake, action)
