from choreo.evaluation.extractor import Extractor
from choreo.evaluation.inputs import seen_in_training
from choreo.evaluation.systems import measure_model
from choreo.pipeline.jobs import run_item
from choreo.pipeline.tombstones import usable_named


def action(terminal):
    i, p, w = snakemake.input, snakemake.params, snakemake.wildcards
    _, measured, _ = measure_model(
        usable_named(p.songs, i.tracks),
        dict(zip(p.songs, i.songs)),
        i.dataset,
        Extractor.load(i.extractor),
        model=w.model,
        seed=int(w.seed),
        seen=seen_in_training(i.metrics),
        held_out=p.songs,
        tolerance=p.tolerance,
        tracker=p.tracker,
        beat_this=i.get("beat_this") or None,
    )
    measured.save(snakemake.output.measured)


# A song that can't be danced to is left out, and the others are measured.
needed = ("extractor", "metrics")
run_item(snakemake, action, needs=[snakemake.input[name] for name in needed])
