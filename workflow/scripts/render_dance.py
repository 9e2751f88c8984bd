from choreo.dances.video import render_dances
from choreo.pipeline.jobs import run_item
from choreo.pose.track import PoseTrack


def action(terminal):
    render_dances(
        [PoseTrack.load(snakemake.input.track)],
        snakemake.output.video,
        audio=snakemake.input.audio,
        names=[snakemake.params.text] if snakemake.params.text else None,
        style=snakemake.params.style,
    )


run_item(snakemake, action)
