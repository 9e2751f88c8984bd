from choreo.dataset.pack import import_shard
from choreo.errors import ItemError
from choreo.pipeline.jobs import run_item


def action(terminal):
    i, p = snakemake.input, snakemake.params
    if not (i.get("source") or p.state):
        raise ItemError("no such file", where=p.path, remedy="Mend `source` in the videos table")
    import_shard(
        i.get("source") or p.path,
        snakemake.output.shard,
        snakemake.output.audio,
        video=p.row["id"],
        song_id=p.row["song"],
        dancer=p.row["dancer"],
        genre=p.row["genre"],
        method=p.method,
        outside=p.outside,
        fps=p.fps,
        chunk_seconds=p.chunk_seconds,
        stride_seconds=p.stride_seconds,
        max_repaired=p.max_repaired,
        licence=p.row["licence"],
        score=p.row["score"],
    )


run_item(snakemake, action, needs=[])
