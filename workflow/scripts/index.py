from pathlib import Path

from choreo.files import write_text
from choreo.pipeline.jobs import run
from choreo.report.page import page
from choreo.report.study import gather


def action(terminal):
    p, path = snakemake.params, snakemake.output.page
    contents = gather(Path(path).parent, study=p.study, seed=p.seed, **p.shown)
    write_text(path, page(contents))


run(snakemake, action)
