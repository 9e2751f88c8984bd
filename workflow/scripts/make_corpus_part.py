from choreo.dataset.corpus import make_part, parts, plan
from choreo.pipeline.jobs import run


def action(terminal):
    p = snakemake.params
    make_part(
        parts(plan(**p.plan), p.songs_a_job)[int(snakemake.wildcards.part)],
        snakemake.output.folder,
        seed=p.plan["seed"],
        method=p.method,
        fps=p.fps,
        chunk_seconds=p.chunk_seconds,
        stride_seconds=p.stride_seconds,
    )


run(snakemake, action)
