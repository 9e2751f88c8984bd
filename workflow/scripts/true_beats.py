from choreo.evaluation.true_beats import true_beats
from choreo.files import sha256, write_json
from choreo.pipeline.jobs import problem_in, run


def action(terminal):
    i, p = snakemake.input, snakemake.params
    sounds = {song: sha256(path) for song, path in zip(p.songs, i.songs) if not problem_in(path)}
    found = {}
    for video, sound, (song, source, start) in zip(p.videos, i.sounds, p.sources, strict=True):
        beats = true_beats(source, start=start, seed=p.seed)
        if beats is None or problem_in(sound):
            continue
        found[video] = beats
        # A song's sound is that of one of its videos.
        if sounds.get(song) == sha256(sound):
            found[song] = beats
    found |= {song: true_beats(f"demo:{song}/none/1", seed=p.seed) for song in p.made}
    write_json(snakemake.output.beats, found)


run(snakemake, action)
