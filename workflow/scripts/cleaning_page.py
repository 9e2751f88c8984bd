from choreo.cleaning import qc
from choreo.files import read_json
from choreo.pipeline.jobs import run
from choreo.pipeline.tombstones import problem_in
from choreo.pose.track import PoseTrack


def action(terminal):
    i = snakemake.input
    video = snakemake.wildcards.video
    # A clip that was left out has a page too, which says why.
    problem = problem_in(i.after)
    if problem:
        page = qc.left_out(video, f"{problem['stage']}: {problem['message']}")
    else:
        page = qc.page(
            PoseTrack.load(i.before),
            PoseTrack.load(i.after),
            read_json(i.record),
            title=video,
            video=i.get("video") or None,
        )
    qc.write(page, snakemake.output[0])


run(snakemake, action)
