from choreo.evaluation.measurements import Measurements, load_systems
from choreo.evaluation.recorded import recorded_table
from choreo.pipeline.jobs import run_item


def action(terminal):
    i, p = snakemake.input, snakemake.params
    models = {}
    for path, model in zip(i.models, p.models, strict=True):
        models.setdefault(model, []).append(Measurements.load(path))
    table = recorded_table(
        models,
        load_systems(i.bounds)["real"],
        Measurements.load(i.reference),
        study=p.study,
        seed=p.seed,
    )
    table.write(snakemake.output[0].removesuffix(".html"))


run_item(snakemake, action)
