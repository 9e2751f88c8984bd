from pathlib import Path

from choreo.comparison.compare import THRESHOLD_HEIGHT, compare
from choreo.files import write_json
from choreo.pipeline.jobs import run_item
from choreo.pipeline.tombstones import usable
from choreo.pose.track import PoseTrack

tracks = usable(snakemake.input.tracks)


def action(terminal):
    truth = snakemake.input.get("truth")
    record = compare(
        {Path(path).parent.name: PoseTrack.load(path) for path in tracks},
        truth=PoseTrack.load(truth) if truth else None,
        threshold_px=snakemake.params.threshold_px,
        threshold_height=snakemake.params.threshold_height or THRESHOLD_HEIGHT,
    )
    write_json(snakemake.output[0], {"video": snakemake.wildcards.video} | record)


# One estimator's failure leaves the others to be compared.
run_item(snakemake, action, needs=[] if tracks else snakemake.input.tracks)
