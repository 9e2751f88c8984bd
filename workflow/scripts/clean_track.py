from choreo.cleaning.beats import beats_record
from choreo.cleaning.retime import clean_at_frame_times, times_taken
from choreo.cleaning.warning import warning
from choreo.files import write_json
from choreo.pipeline.jobs import run_item
from choreo.pose.track import PoseTrack


def action(terminal):
    p = snakemake.params
    before = PoseTrack.load(snakemake.input.track)
    truth = snakemake.input.get("truth")
    # Simulated poses have no video whose pictures could be off.
    probe = snakemake.input.get("probe")
    after, record = clean_at_frame_times(
        before,
        times_taken(probe) if probe else None,
        method=p.method,
        threshold_px=p.threshold_px,
        threshold_height=p.get("threshold_height"),
        max_gap_seconds=p.max_gap_seconds,
    )
    record["motion_beats"] = beats_record(before, after, PoseTrack.load(truth) if truth else None)
    record["warning"] = warning(before, after, record, p.item)
    after.save(snakemake.output.track)
    write_json(snakemake.output.record, {"video": snakemake.wildcards.video} | record)


run_item(snakemake, action)
