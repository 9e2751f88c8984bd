from choreo.dances.generate import dance_to, load_generator
from choreo.pipeline.jobs import run_item


def action(terminal):
    dance_to(
        load_generator(snakemake.input.weights),
        snakemake.input.audio,
        seed=snakemake.params.seed,
        initial_pose=snakemake.params.initial_pose,
        temperature=snakemake.params.temperature,
        join=snakemake.params.join,
    ).save(snakemake.output.track)


run_item(snakemake, action)
