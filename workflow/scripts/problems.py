from choreo.jobs import problem_in, run
from choreo.problems import problems_table


def action(terminal):
    found = [problem_in(path) for path in [*snakemake.input.shards, *snakemake.input.qualities]]
    problems_table([problem for problem in found if problem]).write(
        snakemake.output[0].removesuffix(".html")
    )


run(snakemake, action)
