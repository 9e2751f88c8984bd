from choreo.evaluation.extractor import train_extractor
from choreo.evaluation.inputs import read_real
from choreo.jobs import run_item


def action(terminal):
    real = read_real(snakemake.input.dataset, "train", sound=False)
    train_extractor(real.pixels, real.songs, seed=snakemake.params.seed).save(
        snakemake.output.extractor
    )


run_item(snakemake, action)
