from pathlib import Path

from choreo.files import write_json
from choreo.pipeline.jobs import run
from choreo.survey.page import make_survey


def action(terminal):
    i, p = snakemake.input, snakemake.params
    key = make_survey(
        Path(snakemake.output.page).parent,
        dict(zip(map(tuple, p.dances), i.dances, strict=True)),
        dict(zip(map(tuple, p.catches), i.catches, strict=True)),
        study=p.study,
        seed=p.seed,
        languages=p.languages,
        consent=p.consent,
        contact=p.contact,
        post_to=p.post_to,
    )
    write_json(snakemake.output.key, key.model_dump(mode="json"))


run(snakemake, action)
