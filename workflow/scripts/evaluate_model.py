from choreo.evaluation.extractor import Extractor
from choreo.evaluation.inputs import read_beats, seen_in_training
from choreo.evaluation.measurements import Measurements
from choreo.evaluation.systems import evaluate_model
from choreo.files import read_json, write_json
from choreo.pipeline.jobs import run_item
from choreo.pipeline.tombstones import usable_named


def action(terminal):
    i, o, p, w = snakemake.input, snakemake.output, snakemake.params, snakemake.wildcards
    measured, record = evaluate_model(
        usable_named(p.songs, i.tracks),
        dict(zip(p.songs, i.songs)),
        i.dataset,
        Extractor.load(i.extractor),
        Measurements.load(i.reference),
        model=w.model,
        seed=int(w.seed),
        seen=seen_in_training(i.metrics),
        held_out=p.songs,
        released_fid=read_json(i.released_fid) if i.get("released_fid") else None,
        method=p.method,
        tolerance=p.tolerance,
        tracker=p.tracker,
        beat_this=i.get("beat_this") or None,
        truth=read_beats(i.truth),
    )
    measured.save(o.measured)
    write_json(o.record, record)


# A song that can't be danced to is left out, and the others are evaluated.
needed = ("extractor", "reference", "metrics")
run_item(snakemake, action, needs=[snakemake.input[name] for name in needed])
