from choreo.comparison.records import video_records
from choreo.evaluation.audit import Evidence, table3
from choreo.evaluation.measurements import Measurements
from choreo.files import read_json
from choreo.pipeline.jobs import run_item
from choreo.pipeline.tombstones import usable


def action(terminal):
    i, p = snakemake.input, snakemake.params

    def by_arm(arms, read, paths):
        # One file a model and seed, the seeds of a model side by side.
        paths = iter(paths)
        found = {arm: {seed: read(next(paths)) for seed in seeds} for arm, seeds in arms.items()}
        assert next(paths, None) is None
        return found

    evidence = Evidence(
        dances=by_arm(p.seeds, Measurements.load, i.dances),
        real=Measurements.load(i.reference),
        regeneration=by_arm(p.regenerated, read_json, i.regeneration),
        cleaning=read_json(i.cleaning),
        qualities=video_records(usable(i.get("qualities") or [])),
        metrics=dict(zip(p.noted, map(read_json, i.metrics), strict=True)),
    )
    table = table3(evidence, study=p.study, seed=p.seed)
    table.write(snakemake.output[0].removesuffix(".html"))


needs = [path for path in snakemake.input if path not in (snakemake.input.get("qualities") or [])]
run_item(snakemake, action, needs=needs)
