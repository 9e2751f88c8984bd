from choreo.evaluation.systems import extractor_of
from choreo.pipeline.jobs import run_item


def action(terminal):
    extractor = extractor_of(snakemake.input.dataset, seed=snakemake.params.seed)
    extractor.save(snakemake.output.extractor)


run_item(snakemake, action)
