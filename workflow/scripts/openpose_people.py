from choreo import gpus
from choreo.pipeline.jobs import run_item
from choreo.poses.openpose_run import run
from choreo.videos.probe import read_probe


def action(terminal):
    i, o, p = snakemake.input, snakemake.output, snakemake.params
    with gpus.exported(gpus.share_of(snakemake.resources)):
        run(
            i.video,
            o.people,
            o.record,
            program=p.program,
            image=i.get("image") or None,
            models=p.models,
            net_resolution=p.net_resolution,
            gpu=gpus.has_gpu(),
            stall_seconds=p.stall_minutes * 60,
            frames=read_probe(i.probe).frames,
            log=snakemake.log[0],
        )


run_item(snakemake, action)
