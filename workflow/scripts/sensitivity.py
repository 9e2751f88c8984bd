from choreo.evaluation.sensitivity import (
    demo_study,
    sensitivity,
    sensitivity_figure,
    sensitivity_table,
)
from choreo.pipeline.jobs import run


def action(terminal):
    p, o = snakemake.params, snakemake.output
    study = demo_study(seed=p.seed, seconds=p.seconds, dancers=p.dancers)
    found = sensitivity(study, seed=p.seed)
    sensitivity_table(found, study).write(o.table.removesuffix(".html"), of_study=False)
    sensitivity_figure(found, o.figure.removesuffix(".png"))


run(snakemake, action)
