from choreo.pipeline.jobs import run
from choreo.pipeline.problems import study_problems


def action(terminal):
    table = study_problems(snakemake.params.results)
    table.write(snakemake.output[0].removesuffix(".html"))


run(snakemake, action)
