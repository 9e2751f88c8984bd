from choreo.pipeline.jobs import run_item
from choreo.pose.track import PoseTrack
from choreo.poses.qc import picture


def action(terminal):
    picture(PoseTrack.load(snakemake.input.track), snakemake.input.video, snakemake.output.picture)


run_item(snakemake, action)
