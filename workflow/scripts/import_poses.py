from choreo.errors import ItemError
from choreo.pipeline.jobs import run_item
from choreo.poses.formats.registry import read
from choreo.videos.probe import read_probe


def action(terminal):
    i, p = snakemake.input, snakemake.params
    if not (i.get("poses") or p.state):
        raise ItemError(
            "there is no such file or folder",
            where=p.path,
            remedy=f"Put the poses there, or mend poses.imports.{snakemake.wildcards.estimator}"
            ".path in the config",
        )
    probe = read_probe(i.probe)
    track = read(
        p.format,
        i.get("poses") or p.path,
        size=probe.size,
        fps=probe.fps,
        frames=probe.frames,
        skeleton=p.skeleton,
        pick=p.pick,
        linker=p.linker,
        video=i.get("video") or None,
        first_frame=p.first_frame,
        units=p.units,
        view=p.view,
    )
    track.save(snakemake.output.track)


run_item(snakemake, action, needs=[snakemake.input.probe])
