from choreo.cleaning.clean import clean
from choreo.files import write_json
from choreo.jobs import run_item
from choreo.track import PoseTrack


def action(terminal):
    track, record = clean(
        PoseTrack.load(snakemake.input.track),
        method=snakemake.params.method,
        threshold_px=snakemake.params.threshold_px,
        max_gap_seconds=snakemake.params.max_gap_seconds,
    )
    track.save(snakemake.output.track)
    write_json(snakemake.output.record, {"video": snakemake.wildcards.video} | record)


run_item(snakemake, action)
