from choreo.evaluation.extractor import Extractor
from choreo.evaluation.inputs import read_real, shared_dancers
from choreo.evaluation.measurements import measure, one_dance_a_song
from choreo.evaluation.table2 import evaluate
from choreo.files import write_json
from choreo.jobs import run_item


def action(terminal):
    i, o, p = snakemake.input, snakemake.output, snakemake.params
    extractor = Extractor.load(i.extractor)
    real = measure(read_real(i.dataset, "train", sound=False), extractor)
    # Not taken from the bounding rows, which Table 2 would wait for.
    held_out = measure(
        one_dance_a_song(read_real(i.dataset, "test", sound=True)),
        extractor,
        method=p.method,
        tolerance=p.tolerance,
    )
    record = evaluate(held_out, real, system="real")
    write_json(o.record, record | {"shared_dancers": shared_dancers(i.dataset)})
    real.save(o.reference)


run_item(snakemake, action)
