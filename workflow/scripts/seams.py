from pathlib import Path

from choreo.dances.generate import load_generator
from choreo.dances.seams import dances_by_join, seam_table
from choreo.pipeline.jobs import run_item
from choreo.pipeline.tombstones import usable
from choreo.videos.wav import read_wav


def action(terminal):
    i, p = snakemake.input, snakemake.params
    songs = [read_wav(path) for path in usable(i.songs)]
    options = {"seed": p.seed, "initial_pose": p.initial_pose, "temperature": p.temperature}
    dances = [
        (Path(path).parents[1].name, track)
        for path in usable(i.weights)
        for track in dances_by_join(load_generator(path), songs, **options)
    ]
    seam_table(dances).write(snakemake.output[0].removesuffix(".html"))


run_item(snakemake, action, needs=[])
