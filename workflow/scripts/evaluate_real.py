from choreo.evaluation.inputs import read_beats
from choreo.evaluation.systems import evaluate_real
from choreo.files import write_json
from choreo.pipeline.jobs import run_item


def action(terminal):
    i, o, p = snakemake.input, snakemake.output, snakemake.params
    real, record = evaluate_real(
        i.dataset,
        i.extractor,
        method=p.method,
        tolerance=p.tolerance,
        tracker=p.tracker,
        beat_this=i.get("beat_this") or None,
        truth=read_beats(i.truth),
    )
    write_json(o.record, record)
    real.save(o.reference)


run_item(snakemake, action)
