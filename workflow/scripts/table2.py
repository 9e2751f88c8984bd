from choreo.evaluation.table2 import table2
from choreo.files import read_json
from choreo.jobs import run


def action(terminal):
    trained = [read_json(path) for path in snakemake.input.metrics]
    scale = "; ".join(f"{m['model']} {m['epochs']} epochs of {m['chunks']} chunks" for m in trained)
    table2(
        [read_json(path) for path in [snakemake.input.real, *snakemake.input.models]],
        study=snakemake.params.study,
        note=f"Trained here: {scale}. The thesis: 800, 800 and 350 epochs of about 1,850 chunks.",
    ).write(snakemake.output[0].removesuffix(".html"))


run(snakemake, action)
