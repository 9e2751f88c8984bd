from choreo import gpus
from choreo.pipeline.jobs import run_item
from choreo.poses.alphapose_run import located, run
from choreo.videos.probe import read_probe


def action(terminal):
    i, o, p = snakemake.input, snakemake.output, snakemake.params
    settings, weights = p.settings, f"weights{p.joints}"
    with gpus.exported(gpus.share_of(snakemake.resources), device=settings["device"]):
        run(
            i.video,
            o.people,
            o.record,
            model=p.joints,
            checkout=settings["checkout"] or f"{p.folder}/source",
            weights=located(weights, settings[weights], p.folder),
            detector=located("detector", settings["detector"], p.folder),
            python=settings["python"],
            device=settings["device"],
            stall_seconds=settings["stall_minutes"] * 60,
            frames=read_probe(i.probe).frames,
            log=snakemake.log[0],
            threads=snakemake.threads,
        )


run_item(snakemake, action)
