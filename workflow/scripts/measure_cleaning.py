from choreo.cleaning.truths import held_out
from choreo.evaluation.audit import cleaning_pairs
from choreo.files import write_json
from choreo.pipeline.jobs import run


def action(terminal):
    write_json(snakemake.output.record, cleaning_pairs(held_out(), seed=snakemake.params.seed))


run(snakemake, action)
