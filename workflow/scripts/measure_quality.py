from choreo.comparison.quality import quality
from choreo.comparison.released_counts import count_file
from choreo.files import write_json
from choreo.pipeline.jobs import run_item
from choreo.pose.track import PoseTrack

i, p = snakemake.input, snakemake.params
truth = i.get("truth")


def action(terminal):
    file = p.file or {}
    people = i.get("people") or file.get("path")
    asked = {name: file[name] for name in ("format", "skeleton", "first_frame") if name in file}
    record = quality(
        PoseTrack.load(i.track),
        method=p.method,
        threshold_px=p.threshold_px,
        threshold_height=p.threshold_height,
        counts=count_file(people, **asked) if people else None,
        truth=PoseTrack.load(truth) if truth else None,
    )
    ids = {"estimator": snakemake.wildcards.estimator, "video": snakemake.wildcards.video}
    write_json(snakemake.output.quality, ids | record)


# The tool's file may be a folder; where it is a problem, so is the track.
run_item(snakemake, action, needs=[i.track, *([truth] if truth else [])])
