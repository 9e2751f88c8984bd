from choreo.dances.generate import generate, load_generator
from choreo.pipeline.jobs import run_item
from choreo.videos.audio import read_song


def action(terminal):
    generate(
        load_generator(snakemake.input.weights),
        read_song(snakemake.input.audio),
        seed=snakemake.params.seed,
        initial_pose=snakemake.params.initial_pose,
        temperature=snakemake.params.temperature,
        join=snakemake.params.join,
    ).save(snakemake.output.track)


run_item(snakemake, action)
