from choreo.evaluation.true_beats import beats_of_study
from choreo.files import write_json
from choreo.pipeline.jobs import run
from choreo.pipeline.tombstones import usable_named


def action(terminal):
    i, p = snakemake.input, snakemake.params
    found = beats_of_study(
        dict(zip(p.videos, p.sources, strict=True)),
        usable_named(p.videos, i.sounds),
        usable_named(p.songs, i.songs),
        p.made,
        seed=p.seed,
    )
    write_json(snakemake.output.beats, found)


run(snakemake, action)
