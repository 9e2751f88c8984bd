import time

from choreo import gpus
from choreo.files import write_json
from choreo.pipeline.jobs import run_item
from choreo.poses.formats.alphapose import write_detections
from choreo.poses.rtmpose import load, people, runs_on
from choreo.videos.probe import read_probe


def action(terminal):
    i, o, p = snakemake.input, snakemake.output, snakemake.params
    probe = read_probe(i.probe)
    # onnxruntime reads which GPUs it may see when the first network is loaded.
    with gpus.exported(gpus.share_of(snakemake.resources), device=runs_on(p.device)):
        networks = load(
            i.detector, i.weights, joints=p.joints, device=p.device, threads=snakemake.threads
        )
        start = time.monotonic()
        found = people(i.video, networks, size=probe.size, frames=probe.frames)
        seconds = round(time.monotonic() - start, 3)
    write_detections(found, o.people)
    write_json(o.record, {**networks.record, "seconds": seconds})


run_item(snakemake, action)
