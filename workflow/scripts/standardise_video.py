from choreo.jobs import own_inputs, run_item
from choreo.sealed import compare
from choreo.videos.standardise import standardise


def action(terminal):
    p = snakemake.params
    # The demo's videos are our own files; of another's the source is as it is.
    for source in own_inputs(snakemake, snakemake.input):
        compare(source)
    standardise(
        snakemake.input.get("source") or p.path,
        video=snakemake.output.video,
        audio=snakemake.output.audio,
        probe=snakemake.output.probe,
        start=p.start,
        end=p.end,
        height=p.height,
        fps=p.fps,
        channels=p.channels,
        require_sound=p.require_sound,
        min_seconds=p.min_seconds,
        threads=snakemake.threads,
    )


run_item(snakemake, action)
