from choreo.evaluation.extractor import Extractor
from choreo.evaluation.inputs import check_unseen, read_dances
from choreo.evaluation.measurements import measure
from choreo.files import read_json
from choreo.pipeline.jobs import problem_in, run_item


def action(terminal):
    i, p, w = snakemake.input, snakemake.params, snakemake.wildcards
    seen = read_json(i.metrics).get("trained_on")
    check_unseen(seen, i.dataset, where=f"{w.model}, seed {w.seed}", songs=p.songs)
    files = {
        song: (track, sound)
        for song, track, sound in zip(p.songs, i.tracks, i.songs)
        if problem_in(track) is None
    }
    dances = read_dances(
        {song: track for song, (track, _) in files.items()},
        {song: sound for song, (_, sound) in files.items()},
    )
    measure(
        dances,
        Extractor.load(i.extractor),
        tolerance=p.tolerance,
        tracker=p.tracker,
        beat_this=i.get("beat_this") or None,
    ).save(snakemake.output.measured)


# A song that can't be danced to is left out, and the others are measured.
needed = ("extractor", "metrics")
run_item(snakemake, action, needs=[snakemake.input[name] for name in needed])
