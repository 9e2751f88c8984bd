from choreo.pipeline.jobs import problem_in, run, usable, write_problem
from choreo.videos.audio import copy_longest


def action(terminal):
    paths, song = usable(snakemake.input.audio), snakemake.output.audio
    if paths:
        copy_longest(paths, song)
    else:
        write_problem(song, problem_in(snakemake.input.audio[0]))


run(snakemake, action)
