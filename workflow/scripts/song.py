from choreo.pipeline.jobs import run
from choreo.pipeline.tombstones import problem_in, usable, write_problem
from choreo.videos.wav import copy_longest


def action(terminal):
    paths, song = usable(snakemake.input.audio), snakemake.output.audio
    if paths:
        copy_longest(paths, song)
    else:
        write_problem(song, problem_in(snakemake.input.audio[0]))


run(snakemake, action)
