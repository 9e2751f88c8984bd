from choreo.evaluation.inputs import read_dances, read_real
from choreo.evaluation.released_fid import fid_or_reason
from choreo.files import write_json
from choreo.pipeline.jobs import run_item
from choreo.pipeline.tombstones import usable_named


def action(terminal):
    i, p = snakemake.input, snakemake.params
    tracks = usable_named(p.songs, i.tracks)
    dances = read_dances(tracks, dict(zip(p.songs, i.songs)), method="released")
    training = read_real(i.dataset, "train", sound=False)
    write_json(snakemake.output.record, fid_or_reason(dances, training, i.judge[0], seed=p.seed))


run_item(snakemake, action, needs=[snakemake.input.judge[0], snakemake.input.dataset])
