from pathlib import Path

from choreo.comparison.speed import speed_table, track_speed
from choreo.pipeline.jobs import run
from choreo.pipeline.tombstones import usable
from choreo.pose.track import PoseTrack


def action(terminal):
    p = snakemake.params
    speeds = {estimator: [] for estimator in p.estimators}
    for path in map(Path, usable(snakemake.input.tracks)):
        estimator, video = path.parent.name, path.stem
        job = p.jobs.get(estimator)
        benchmark = job and f"{p.benchmarks}/{job}/{video}.tsv"
        speeds[estimator].append(track_speed(PoseTrack.load(path), benchmark))
    speed_table(speeds, study=p.study).write(snakemake.output[0].removesuffix(".html"))


run(snakemake, action)
