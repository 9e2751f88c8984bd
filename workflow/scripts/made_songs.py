from choreo.media import SAMPLE_RATE
from choreo.pipeline.jobs import run
from choreo.synth import songs
from choreo.videos.wav import resampled, write_song


def action(terminal):
    p = snakemake.params
    for name, path in zip(p.names, snakemake.output.songs):
        song = songs.make_song(name, p.seed)
        sound = resampled([song.audio.mean(1)], songs.SAMPLE_RATE, SAMPLE_RATE)
        write_song(path, sound, round(song.duration * SAMPLE_RATE))


run(snakemake, action)
