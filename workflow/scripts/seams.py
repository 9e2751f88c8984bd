from pathlib import Path

from choreo.dances.generate import generate_many, load_generator
from choreo.dances.seams import seam_table
from choreo.pipeline.jobs import run_item, usable
from choreo.videos.audio import read_song


def action(terminal):
    i, p = snakemake.input, snakemake.params
    songs = [read_song(path) for path in usable(i.songs)]
    dances = []
    for path in usable(i.weights):
        generator = load_generator(path)
        model = Path(path).parents[1].name
        for join in generator.model.joins:
            tracks = generate_many(
                generator,
                songs,
                seeds=[p.seed] * len(songs),
                initial_pose=p.initial_pose,
                temperature=p.temperature,
                join=join,
            )
            dances += [(model, track) for track in tracks]
    seam_table(dances).write(snakemake.output[0].removesuffix(".html"))


run_item(snakemake, action, needs=[])
