from choreo.cleaning import qc
from choreo.cleaning.beats import beats_record
from choreo.files import read_json, write_json
from choreo.pipeline.jobs import run
from choreo.pipeline.tombstones import problem_in
from choreo.pose.track import PoseTrack


def action(terminal):
    i = snakemake.input
    video = snakemake.wildcards.video
    # A clip that was left out has a page too, which says why.
    problem = problem_in(i.after)
    beats = None
    if problem:
        page = qc.left_out(video, f"{problem['stage']}: {problem['message']}")
    else:
        before, after = PoseTrack.load(i.before), PoseTrack.load(i.after)
        truth = i.get("truth")
        beats = beats_record(before, after, PoseTrack.load(truth) if truth else None)
        page = qc.page(
            before,
            after,
            read_json(i.record) | {"motion_beats": beats},
            title=video,
            video=i.get("video") or None,
        )
    qc.write(page, snakemake.output.page)
    write_json(snakemake.output.beats, beats)


run(snakemake, action)
