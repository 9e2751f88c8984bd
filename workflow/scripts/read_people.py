from choreo.files import read_json
from choreo.pipeline.jobs import run_item
from choreo.poses.formats.registry import read_detections
from choreo.poses.selection import dancer_track
from choreo.videos.probe import read_probe


def action(terminal):
    i, p = snakemake.input, snakemake.params
    probe, record = read_probe(i.probe), read_json(i.record)
    # All our tools count from 0, also where nobody is found in the first frame.
    found = read_detections(
        p.format, i.people, frames=probe.frames, skeleton=p.skeleton, first_frame=0
    )
    track = dancer_track(
        found,
        size=probe.size,
        fps=probe.fps,
        meta={"estimator": p.estimator, "licence": record["licence"], "run": record},
        source=i.people,
        pick=p.pick,
        linker=p.linker,
        video=i.get("video") or None,
    )
    track.save(snakemake.output.track)


run_item(snakemake, action)
