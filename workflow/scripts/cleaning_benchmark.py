from choreo.cleaning.benchmark import write_benchmark
from choreo.pipeline.jobs import run


def action(terminal):
    o = snakemake.output
    write_benchmark(
        table=o.table.removesuffix(".html"),
        kinds=o.kinds.removesuffix(".html"),
        spread=o.draws.removesuffix(".html"),
        flickering=o.flicker.removesuffix(".html"),
        figure=o.figure.removesuffix(".png"),
    )


run(snakemake, action)
