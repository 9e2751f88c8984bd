from choreo.dataset.corpus import pack_corpus, plan
from choreo.pipeline.jobs import run


def action(terminal):
    p = snakemake.params
    pack_corpus(
        snakemake.input.folders,
        snakemake.output.dataset,
        plan(**p.plan),
        provenance={"study": p.study, **p.plan},
    )


run(snakemake, action)
