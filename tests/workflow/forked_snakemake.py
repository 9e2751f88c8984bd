"""Snakemake's command line over and over, imported once: each line of the input is one call.

Importing Snakemake takes longer than most plans. Each call is a process of its own, forked from
this one, which has imported Snakemake and nothing of choreo.
"""

import json
import os
import sys

from snakemake.cli import get_argument_parser, main


def call(folder, environment, arguments, output):
    """Do what `python -m snakemake ARGUMENTS` does in this folder and this environment."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for stream in (1, 2):
        os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:1] = [folder, *environment["PYTHONPATH"].split(os.pathsep)]
    sys.argv = ["snakemake", *arguments]
    main(arguments)


def serve():
    get_argument_parser()  # imports Snakemake's plugins
    assert not any(name.partition(".")[0] == "choreo" for name in sys.modules)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            call(**json.loads(line))
            return
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    serve()
