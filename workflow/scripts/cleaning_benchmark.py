from choreo.cleaning import benchmark
from choreo.cleaning.truths import held_out
from choreo.figures import save
from choreo.jobs import run


def action(terminal):
    o = snakemake.output
    results = benchmark.run(held_out(), conditions=benchmark.conditions())
    benchmark.summary(results).write(o.table.removesuffix(".html"))
    benchmark.kinds_table(results).write(o.kinds.removesuffix(".html"))
    save(benchmark.plot(results), o.figure.removesuffix(".png"))


run(snakemake, action)
