from choreo.evaluation.measurements import Measurements, load_systems
from choreo.evaluation.table2x import (
    beats_table,
    distances_table,
    extended,
    motion_table,
    pairs_table,
)
from choreo.jobs import run_item


def action(terminal):
    i, p = snakemake.input, snakemake.params
    models = {}
    for path, model in zip(i.models, p.models, strict=True):
        models.setdefault(model, []).append(Measurements.load(path))
    found = extended(models, load_systems(i.bounds), Measurements.load(i.reference), seed=p.seed)
    tables = (distances_table, beats_table, motion_table, pairs_table)
    for table, path in zip(tables, snakemake.output, strict=False):
        table(found, study=p.study).write(path.removesuffix(".html"))


run_item(snakemake, action)
