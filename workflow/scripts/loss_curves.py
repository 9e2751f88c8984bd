from choreo.figures import save
from choreo.pipeline.jobs import run
from choreo.training.loss_curves import loss_curves


def action(terminal):
    save(loss_curves(snakemake.input.losses), snakemake.output[0].removesuffix(".png"))


run(snakemake, action)
