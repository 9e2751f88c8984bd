from choreo.evaluation.bounds import measure_bounds
from choreo.evaluation.inputs import (
    load_extractor,
    read_beats,
    read_held_out,
    read_music,
    read_real,
)
from choreo.evaluation.measurements import save_systems
from choreo.pipeline.jobs import run_item


def action(terminal):
    i, p = snakemake.input, snakemake.params
    systems = measure_bounds(
        read_held_out(i.dataset),
        read_real(i.dataset, "train", sound=False),
        load_extractor(i.extractor, i.dataset),
        training_music=read_music(i.dataset, "train"),
        seed=p.seed,
        method=p.method,
        tolerance=p.tolerance,
        tracker=p.tracker,
        beat_this=i.get("beat_this") or None,
        truth=read_beats(i.truth),
    )
    save_systems(systems, snakemake.output.bounds)


run_item(snakemake, action)
