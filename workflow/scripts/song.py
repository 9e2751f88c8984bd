import shutil

from choreo.dances.sounds import longest
from choreo.files import whole
from choreo.files.sealed import compare
from choreo.pipeline.jobs import problem_in, run, usable, write_problem


def action(terminal):
    paths = usable(snakemake.input.audio)
    if not paths:
        write_problem(snakemake.output.audio, problem_in(snakemake.input.audio[0]))
        return
    source = longest(paths)
    compare(source)
    with whole(snakemake.output.audio) as temporary:
        shutil.copyfile(source, temporary)


run(snakemake, action)
