from choreo.jobs import run_item
from choreo.poses.qc import picture
from choreo.track import PoseTrack


def action(terminal):
    picture(PoseTrack.load(snakemake.input.track), snakemake.input.video, snakemake.output.picture)


run_item(snakemake, action)
