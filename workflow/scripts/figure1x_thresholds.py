from choreo.comparison.figure1x import figure1x
from choreo.comparison.records import video_records
from choreo.figures import save
from choreo.pipeline.jobs import run
from choreo.pipeline.tombstones import usable


def action(terminal):
    p = snakemake.params
    records = video_records(usable(snakemake.input.comparisons))
    save(
        figure1x(records, estimators=p.estimators, seed=p.seed),
        snakemake.output[0].removesuffix(".png"),
    )


run(snakemake, action)
