from choreo.evaluation.extractor import Extractor
from choreo.evaluation.inputs import read_dances
from choreo.evaluation.measurements import Measurements, measure
from choreo.evaluation.table2 import evaluate
from choreo.files import write_json
from choreo.jobs import problem_in, run_item


def action(terminal):
    i, p = snakemake.input, snakemake.params
    files = {
        song: (track, sound)
        for song, track, sound in zip(p.songs, i.tracks, i.songs)
        if problem_in(track) is None
    }
    dances = read_dances(
        {song: track for song, (track, _) in files.items()},
        {song: sound for song, (_, sound) in files.items()},
        method=p.method,
    )
    measured = measure(dances, Extractor.load(i.extractor), method=p.method, tolerance=p.tolerance)
    w = snakemake.wildcards
    record = evaluate(measured, Measurements.load(i.reference), system=w.model, seed=int(w.seed))
    write_json(snakemake.output.record, record)


run_item(snakemake, action)
