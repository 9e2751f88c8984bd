from choreo.dataset.pack import ChunkDataset
from choreo.dataset.seen import seen_in
from choreo.evaluation.extractor import train_extractor
from choreo.evaluation.inputs import read_real
from choreo.pipeline.jobs import run_item


def action(terminal):
    dataset = snakemake.input.dataset
    real, seen = read_real(dataset, "train", sound=False), seen_in(ChunkDataset(dataset, "train"))
    train_extractor(real.pixels, real.songs, seen=seen, seed=snakemake.params.seed).save(
        snakemake.output.extractor
    )


run_item(snakemake, action)
