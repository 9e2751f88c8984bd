from choreo.pipeline.jobs import run
from choreo.poses.openpose_run import pull


def action(terminal):
    p = snakemake.params
    print(f"fetching {p.image}; this takes a while", file=terminal)
    pull(
        p.image,
        snakemake.output.image,
        log=snakemake.log[0],
        stall_seconds=p.stall_minutes * 60,
    )


run(snakemake, action)
