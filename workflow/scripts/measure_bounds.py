from choreo.evaluation.bounds import measure_bounds
from choreo.evaluation.extractor import Extractor
from choreo.evaluation.inputs import read_music, read_real
from choreo.evaluation.measurements import one_dance_a_song, save_systems
from choreo.jobs import run_item


def action(terminal):
    i, p = snakemake.input, snakemake.params
    systems = measure_bounds(
        one_dance_a_song(read_real(i.dataset, "test", sound=True)),
        read_real(i.dataset, "train", sound=False),
        Extractor.load(i.extractor),
        training_music=read_music(i.dataset, "train"),
        seed=p.seed,
        method=p.method,
        tolerance=p.tolerance,
    )
    save_systems(systems, snakemake.output.bounds)


run_item(snakemake, action)
