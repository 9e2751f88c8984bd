from choreo.dances.video import render_dances
from choreo.pipeline.jobs import run_item
from choreo.pose.skeletons import OPENPOSE18
from choreo.pose.track import PoseTrack
from choreo.survey.page import catch_track


def action(terminal):
    p = snakemake.params
    track = PoseTrack.load(snakemake.input.track).to(OPENPOSE18.name)
    render_dances(
        [catch_track(track, p.kind, seed=p.seed)],
        snakemake.output.video,
        audio=snakemake.input.audio,
        style=p.style,
    )


run_item(snakemake, action)
