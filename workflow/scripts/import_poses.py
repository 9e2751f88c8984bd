from choreo.files import read_json
from choreo.jobs import run_item
from choreo.poses.formats.registry import read


def action(terminal):
    i, p = snakemake.input, snakemake.params
    probe = read_json(i.probe)
    track = read(
        p.format,
        i.get("poses") or p.path,
        size=(probe["width"], probe["height"]),
        fps=probe["fps"],
        frames=probe["frames"],
        skeleton=p.skeleton,
        pick=p.pick,
        linker=p.linker,
        video=i.get("video") or None,
        first_frame=p.first_frame,
        view=p.view,
    )
    track.save(snakemake.output.track)


run_item(snakemake, action, needs=[snakemake.input.probe])
