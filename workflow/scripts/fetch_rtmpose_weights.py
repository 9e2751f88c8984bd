from choreo.pipeline.jobs import run
from choreo.poses.rtmpose_weights import fetch_network


def action(terminal):
    fetch_network(snakemake.wildcards.network, snakemake.output.network, terminal=terminal)


run(snakemake, action)
