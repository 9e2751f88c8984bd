from choreo.files import write_json
from choreo.pipeline.jobs import run
from choreo.poses.alphapose_run import fetch_part


def action(terminal):
    p = snakemake.params
    record = fetch_part(
        snakemake.wildcards.part, p.folder, accept_licence=p.accept_licence, terminal=terminal
    )
    write_json(snakemake.output.record, record)


run(snakemake, action)
