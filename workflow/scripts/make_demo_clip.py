from choreo.pipeline.jobs import run_item
from choreo.synth.clips import make_clip


def action(terminal):
    make_clip(
        snakemake.params.source,
        video=snakemake.output.video,
        truth=snakemake.output.truth,
        song=snakemake.output.song,
        beats=snakemake.output.beats,
        start=snakemake.params.start or 0.0,
        end=snakemake.params.end,
        seed=snakemake.params.seed,
    )


run_item(snakemake, action)
