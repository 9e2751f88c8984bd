from pathlib import Path

from choreo.files import keep_digest, whole
from choreo.pipeline.jobs import run
from choreo.pipeline.nested import ask


def action(terminal):
    p = snakemake.params
    values = Path(snakemake.log[0]).with_suffix(".config.json")
    with whole(snakemake.output[0]) as temporary:
        options = ("--report", str(temporary), "--", *p.targets, *p.shared)
        print(ask(p.snakefile, p.config, *options, values=values))
        keep_digest(temporary)


run(snakemake, action)
