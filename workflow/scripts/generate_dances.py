from choreo.dances.generate import dance_to, load_generator
from choreo.pipeline.jobs import run_items
from choreo.videos.wav import read_wav

i, o, p = snakemake.input, snakemake.output, snakemake.params
loaded = []


def action(number):
    if not loaded:
        loaded.append(load_generator(i.weights))
    dance_to(
        loaded[0],
        read_wav(i.audio[number]),
        seed=p.seed,
        initial_pose=p.initial_pose,
        temperature=p.temperature,
        join=p.join,
    ).save(o.tracks[number])


parts = [
    (f"song {name}", [i.weights, audio], track)
    for name, audio, track in zip(p.names, i.audio, o.tracks, strict=True)
]
run_items(snakemake, parts, action)
