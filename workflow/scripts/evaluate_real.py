from choreo.evaluation.extractor import Extractor
from choreo.evaluation.inputs import read_real
from choreo.evaluation.measurements import load_systems, measure
from choreo.evaluation.table2 import evaluate
from choreo.files import write_json
from choreo.jobs import run_item


def action(terminal):
    i, o = snakemake.input, snakemake.output
    real = measure(read_real(i.dataset, "train", sound=False), Extractor.load(i.extractor))
    write_json(o.record, evaluate(load_systems(i.bounds)["real"], real, system="real"))
    real.save(o.reference)


run_item(snakemake, action)
