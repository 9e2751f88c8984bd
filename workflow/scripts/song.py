import shutil
from pathlib import Path

from choreo.files import whole
from choreo.jobs import problem_in, run, usable, write_problem
from choreo.sealed import compare


def action(terminal):
    # The longest video of the song has most of it; the first of several as long.
    paths = usable(snakemake.input.audio)
    if not paths:
        write_problem(snakemake.output.audio, problem_in(snakemake.input.audio[0]))
        return
    longest = max(paths, key=lambda path: (Path(path).stat().st_size, -paths.index(path)))
    compare(longest)
    with whole(snakemake.output.audio) as temporary:
        shutil.copyfile(longest, temporary)


run(snakemake, action)
