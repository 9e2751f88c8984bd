from choreo.pipeline.jobs import run
from choreo.report.archive import write_archive


def action(terminal):
    write_archive(snakemake.input.page, snakemake.output.archive)


run(snakemake, action)
