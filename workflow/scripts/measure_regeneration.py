from choreo.evaluation.regeneration import measure_regeneration
from choreo.files import write_json
from choreo.pipeline.jobs import problem_in, run_item


def action(terminal):
    i = snakemake.input
    files = [
        (song, track, sound)
        for song, track, sound in zip(snakemake.params.songs, i.tracks, i.songs)
        if problem_in(track) is None
    ]
    record = measure_regeneration(
        i.weights,
        {song: track for song, track, _ in files},
        {song: sound for song, _, sound in files},
        i.dataset,
    )
    write_json(snakemake.output.record, record)


run_item(snakemake, action, needs=[snakemake.input.weights, snakemake.input.dataset])
