from choreo.evaluation.regeneration import measure_regeneration
from choreo.files import write_json
from choreo.pipeline.jobs import run_item
from choreo.pipeline.tombstones import usable_named


def action(terminal):
    i = snakemake.input
    songs = snakemake.params.songs
    record = measure_regeneration(
        i.weights, usable_named(songs, i.tracks), dict(zip(songs, i.songs)), i.dataset
    )
    write_json(snakemake.output.record, record)


run_item(snakemake, action, needs=[snakemake.input.weights, snakemake.input.dataset])
