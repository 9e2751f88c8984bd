from pathlib import Path

from choreo.evaluation.table2 import table2
from choreo.files import read_json
from choreo.pipeline.jobs import run_item


def action(terminal):
    i = snakemake.input
    trained = {}
    for path in map(Path, i.metrics):
        metrics = read_json(path)
        epochs = metrics["recipe"].get("epochs")
        scale = "not in steps" if epochs is None else f"{epochs} epochs"
        trained[path.parents[1].name] = scale, metrics["data"]
    scale = ", ".join(f"{model} {scale}" for model, (scale, _) in trained.items())
    data = next(iter(trained.values()))[1]
    chunks = f"{data['chunks']} chunks of {data.get('chunk_seconds', 5):g} s"
    table2(
        [read_json(path) for path in [i.real, *i.models]],
        study=snakemake.params.study,
        note=f"Trained here on {chunks}: {scale}; in the thesis on about 1,850 "
        "chunks: original and lstm 800 epochs, gru 350.",
    ).write(snakemake.output[0].removesuffix(".html"))


run_item(snakemake, action)
