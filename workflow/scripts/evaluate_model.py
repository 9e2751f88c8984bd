from choreo.evaluation.extractor import Extractor
from choreo.evaluation.inputs import check_unseen, read_dances, read_real
from choreo.evaluation.measurements import Measurements, measure
from choreo.evaluation.released_fid import fid_or_reason
from choreo.evaluation.table2 import evaluate
from choreo.files import read_json, write_json
from choreo.pipeline.jobs import problem_in, run_item


def action(terminal):
    i, p, w = snakemake.input, snakemake.params, snakemake.wildcards
    seen = read_json(i.metrics).get("trained_on")
    known = check_unseen(seen, i.dataset, where=f"{w.model}, seed {w.seed}", songs=p.songs)
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
    training = read_real(i.dataset, "train", sound=False)
    measured = measure(
        dances,
        Extractor.load(i.extractor),
        method=p.method,
        tolerance=p.tolerance,
        tracker=p.tracker,
        beat_this=i.get("beat_this") or None,
        truth=read_json(i.truth),
        training=training,
    )
    released = None
    if i.get("judge"):
        released = fid_or_reason(dances, training, i.judge[0], seed=p.seed)
    record = evaluate(
        measured,
        Measurements.load(i.reference),
        system=w.model,
        seed=int(w.seed),
        released_fid=released,
    )
    measured.save(snakemake.output.measured)
    write_json(snakemake.output.record, record | {"training_known": known})


# A song that can't be danced to is left out, and the others are evaluated.
needed = ("extractor", "reference", "metrics")
run_item(snakemake, action, needs=[snakemake.input[name] for name in needed])
