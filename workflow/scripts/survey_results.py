from pathlib import Path

from choreo.pipeline.jobs import run
from choreo.survey.results import write_results


def action(terminal):
    i, p = snakemake.input, snakemake.params
    tables, figures = (
        Path(path).parent for path in (snakemake.output[0], snakemake.output.figures[0])
    )
    read = write_results(
        p.answers,
        i.key,
        dict(zip(p.models, i.measured, strict=True)),
        i.reference,
        tables=tables,
        figures=figures,
        seed=p.seed,
        study=p.study,
    )
    accepted, refused = len(read.participants), len(read.refused)
    print(f"survey: {accepted} answer files accepted, {refused} refused", file=terminal)


run(snakemake, action)
