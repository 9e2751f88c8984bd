from choreo.dataset.pack import pack
from choreo.pipeline.jobs import run
from choreo.pipeline.tombstones import usable


def action(terminal):
    pack(
        usable(snakemake.input.shards),
        snakemake.output.dataset,
        splits=snakemake.params.splits,
        by=snakemake.params.by,
        max_repaired=snakemake.params.max_repaired,
        provenance={"study": snakemake.params.study},
    )


run(snakemake, action)
