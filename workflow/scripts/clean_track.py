from choreo.cleaning.track import clean_track
from choreo.files import write_json
from choreo.pipeline.jobs import run_item
from choreo.pose.track import PoseTrack


def action(terminal):
    p = snakemake.params
    after, record = clean_track(
        PoseTrack.load(snakemake.input.track),
        # Simulated poses have no video whose pictures could be off.
        probe=snakemake.input.get("probe"),
        item=p.item,
        method=p.method,
        threshold_px=p.threshold_px,
        threshold_height=p.threshold_height,
        max_gap_seconds=p.max_gap_seconds,
    )
    after.save(snakemake.output.track)
    write_json(snakemake.output.record, {"video": snakemake.wildcards.video} | record)


run_item(snakemake, action)
