from choreo.cleaning.truths import AUDITED, held_out
from choreo.evaluation.audit import cleaning_pairs
from choreo.files import write_json
from choreo.pipeline.jobs import run


def action(terminal):
    pairs = cleaning_pairs(held_out(AUDITED), seed=snakemake.params.seed)
    write_json(snakemake.output.record, pairs)


run(snakemake, action)
