from choreo.evaluation.measurements import Measurements, load_systems
from choreo.evaluation.table2x import TABLES, extended
from choreo.pipeline.jobs import run_item


def action(terminal):
    i, p = snakemake.input, snakemake.params
    models = {}
    for path, model in zip(i.models, p.models, strict=True):
        models.setdefault(model, []).append(Measurements.load(path))
    found = extended(models, load_systems(i.bounds), Measurements.load(i.reference), seed=p.seed)
    pages = [path for path in snakemake.output if path.endswith(".html")]
    for table, path in zip(TABLES.values(), pages, strict=True):
        table(found, study=p.study).write(path.removesuffix(".html"))


run_item(snakemake, action)
