from choreo.evaluation.inputs import load_extractor, read_real, shared_dancers
from choreo.evaluation.measurements import measure, one_dance_a_song
from choreo.evaluation.table2 import evaluate
from choreo.files import read_json, write_json
from choreo.pipeline.jobs import run_item


def action(terminal):
    i, o, p = snakemake.input, snakemake.output, snakemake.params
    extractor = load_extractor(i.extractor, i.dataset)
    real = measure(read_real(i.dataset, "train", sound=False), extractor)
    # Not taken from the bounding rows, which Table 2 would wait for.
    held_out = measure(
        one_dance_a_song(read_real(i.dataset, "test", sound=True)),
        extractor,
        method=p.method,
        tolerance=p.tolerance,
        tracker=p.tracker,
        beat_this=i.get("beat_this") or None,
        truth=read_json(i.truth),
    )
    record = evaluate(held_out, real, system="real")
    tracker = "beat_this" if i.get("beat_this") else p.tracker
    about = {"shared_dancers": shared_dancers(i.dataset), "tracker": tracker}
    write_json(o.record, record | about)
    real.save(o.reference)


run_item(snakemake, action)
