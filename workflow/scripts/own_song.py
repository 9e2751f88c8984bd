from choreo.media import SAMPLE_RATE
from choreo.pipeline.jobs import run_item
from choreo.videos.audio import read_song
from choreo.videos.wav import write_song


def action(terminal):
    samples = read_song(snakemake.params.path)
    write_song(snakemake.output.audio, [samples], len(samples), rate=SAMPLE_RATE)


run_item(snakemake, action)
