from choreo.comparison.quality import against_truth, quality
from choreo.files import write_json
from choreo.jobs import run_item
from choreo.track import PoseTrack


def action(terminal):
    track, p = PoseTrack.load(snakemake.input.track), snakemake.params
    record = quality(
        track,
        method=p.method,
        threshold_px=p.threshold_px,
        threshold_height=p.threshold_height,
    )
    if snakemake.input.get("truth"):
        record["truth"] = against_truth(track, PoseTrack.load(snakemake.input.truth))
    write_json(
        snakemake.output.quality,
        {"estimator": snakemake.wildcards.estimator, "video": snakemake.wildcards.video} | record,
    )


run_item(snakemake, action)
