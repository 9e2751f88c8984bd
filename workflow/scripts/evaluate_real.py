from choreo.evaluation.extractor import Extractor
from choreo.evaluation.inputs import read_real
from choreo.evaluation.measurements import measure, one_dance_a_song
from choreo.evaluation.table2 import evaluate
from choreo.files import write_json
from choreo.jobs import run_item


def action(terminal):
    p = snakemake.params
    extractor = Extractor.load(snakemake.input.extractor)
    real = measure(read_real(snakemake.input.dataset, "train", sound=False), extractor)
    held_out = read_real(snakemake.input.dataset, "test", sound=True)
    measured = measure(held_out, extractor, method=p.method, tolerance=p.tolerance)
    write_json(snakemake.output.record, evaluate(one_dance_a_song(measured), real, system="real"))
    real.save(snakemake.output.reference)


run_item(snakemake, action)
