from choreo.jobs import problem_in, run, warning_in
from choreo.problems import problems_table


def action(terminal):
    found = [problem_in(path) for path in [*snakemake.input.shards, *snakemake.input.qualities]]
    warnings = map(warning_in, snakemake.input.records)
    table = problems_table(filter(None, found), list(filter(None, warnings)))
    table.write(snakemake.output[0].removesuffix(".html"))


run(snakemake, action)
