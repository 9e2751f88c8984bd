from choreo.dataset.pack import make_shard
from choreo.pipeline.jobs import run_item


def action(terminal):
    p = snakemake.params
    make_shard(
        snakemake.input.track,
        snakemake.input.audio,
        snakemake.output.shard,
        video=p.row["id"],
        song_id=p.row["song"],
        dancer=p.row["dancer"],
        genre=p.row["genre"],
        source=p.row["source"],
        method=p.method,
        outside=p.outside,
        fps=p.fps,
        chunk_seconds=p.chunk_seconds,
        stride_seconds=p.stride_seconds,
        max_repaired=p.max_repaired,
        provenance={"licence": p.row["licence"], "score": p.row["score"]},
    )


run_item(snakemake, action)
