from pathlib import Path

from choreo.figures import save
from choreo.pipeline.jobs import run
from choreo.pipeline.nested import ask
from choreo.report.figure1 import figure1, said_of, stages_of


def action(terminal):
    # The workflow that this script is part of: where it lies makes no figure anew.
    root = Path(snakemake.scriptdir).parents[1]
    values = Path(snakemake.log[0]).with_suffix(".config.json")
    # Other jobs of this run are at work: what they write is not complete yet.
    options = ("--rulegraph", "dot", "--rerun-incomplete", "--", "all")
    dot = ask(root / "Snakefile", snakemake.config, *options, values=values)
    heads = [path.read_text(encoding="utf-8") for path in sorted((root / "rules").glob("*.smk"))]
    stages = stages_of(dot, snakemake.params.stages, dict(map(said_of, heads)))
    save(figure1(stages), snakemake.output[0].removesuffix(".png"))


run(snakemake, action)
