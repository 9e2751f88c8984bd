from choreo.pipeline.jobs import run_item
from choreo.videos.download import download


def action(terminal):
    download(
        snakemake.params.url,
        snakemake.output.video,
        retries=snakemake.params.retries,
        folder=snakemake.params.partial,
        allow_private=bool(snakemake.resources.allow_private),
        max_seconds=snakemake.resources.seconds,
    )


run_item(snakemake, action)
