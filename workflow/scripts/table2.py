from pathlib import Path

from choreo.evaluation.table2 import table2
from choreo.files import read_json
from choreo.jobs import run_item


def action(terminal):
    i = snakemake.input
    trained = {}
    for path in map(Path, i.metrics):
        metrics = read_json(path)
        trained[path.parents[1].name] = metrics["recipe"]["epochs"], metrics["data"]["chunks"]
    scale = ", ".join(f"{model} {epochs} epochs" for model, (epochs, _) in trained.items())
    chunks = next(iter(trained.values()))[1]
    table2(
        [read_json(path) for path in [i.real, *i.models]],
        study=snakemake.params.study,
        note=f"Trained here on {chunks} chunks of 5 s: {scale}; in the thesis on about 1,850 "
        "chunks: original and lstm 800 epochs, gru 350.",
    ).write(snakemake.output[0].removesuffix(".html"))


run_item(snakemake, action)
