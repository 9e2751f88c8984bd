from choreo.evaluation.simulated_poses import simulate
from choreo.pipeline.jobs import run_item


def action(terminal):
    p, o = snakemake.params, snakemake.output
    simulate(p.source, track=o.track, audio=o.audio, start=p.start, end=p.end, seed=p.seed)


run_item(snakemake, action)
