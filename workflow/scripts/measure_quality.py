from choreo.comparison.quality import against_truth, quality
from choreo.comparison.released_counts import count_people
from choreo.files import write_json
from choreo.pipeline.jobs import run_item
from choreo.pose.track import PoseTrack
from choreo.poses.formats.registry import read_detections

i, p = snakemake.input, snakemake.params


def action(terminal):
    track = PoseTrack.load(i.track)
    counts = None
    people = i.get("people") or (p.file or {}).get("path")
    if people:
        # Not told the frames of the video: every entry of the file counts, from whatever
        # number on (AlphaPose's missing frames are gaps between numbers).
        first = p.file["first_frame"]
        if first is None and p.file["format"] == "alphapose":
            first = 0
        options = {"skeleton": p.file["skeleton"], "first_frame": first}
        counts = count_people(
            p.file["format"], read_detections(p.file["format"], people, **options)
        )
    record = quality(
        track,
        method=p.method,
        threshold_px=p.threshold_px,
        threshold_height=p.threshold_height,
        counts=counts,
    )
    if i.get("truth"):
        record["truth"] = against_truth(track, PoseTrack.load(i.truth))
    write_json(
        snakemake.output.quality,
        {"estimator": snakemake.wildcards.estimator, "video": snakemake.wildcards.video} | record,
    )


# The tool's file may be a folder; where it is a problem, so is the track.
run_item(snakemake, action, needs=[i.track, *([i.truth] if i.get("truth") else [])])
