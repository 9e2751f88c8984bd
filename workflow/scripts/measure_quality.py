from choreo.comparison.quality import against_truth, quality
from choreo.files import write_json
from choreo.jobs import run_item
from choreo.track import PoseTrack


def action(terminal):
    track = PoseTrack.load(snakemake.input.track)
    record = quality(
        track, method=snakemake.params.method, threshold_px=snakemake.params.threshold_px
    )
    if snakemake.input.get("truth"):
        record["truth"] = against_truth(track, PoseTrack.load(snakemake.input.truth))
    write_json(
        snakemake.output.quality,
        {"estimator": snakemake.wildcards.estimator, "video": snakemake.wildcards.video} | record,
    )


run_item(snakemake, action)
