from choreo.comparison.figure2 import figure2
from choreo.figures import save
from choreo.pipeline.jobs import run
from choreo.pipeline.tombstones import usable


def action(terminal):
    videos = usable(snakemake.input.videos)
    save(
        figure2(videos, usable(snakemake.input.tracks), estimators=snakemake.params.estimators),
        snakemake.output[0].removesuffix(".png"),
    )


run(snakemake, action)
