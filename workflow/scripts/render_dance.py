from choreo.drawing import render_track
from choreo.pipeline.jobs import run_item
from choreo.pose.track import PoseTrack


def action(terminal):
    render_track(
        PoseTrack.load(snakemake.input.track),
        snakemake.output.video,
        audio=snakemake.input.audio,
        text=snakemake.params.text,
    )


run_item(snakemake, action)
