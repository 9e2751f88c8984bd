from choreo.files import read_json
from choreo.jobs import run_item
from choreo.poses.formats.registry import read


def action(terminal):
    probe = read_json(snakemake.input.probe)
    track = read(
        snakemake.params.format,
        snakemake.input.get("poses") or snakemake.params.path,
        size=(probe["width"], probe["height"]),
        fps=probe["fps"],
        frames=probe["frames"],
        skeleton=snakemake.params.skeleton,
        pick=snakemake.params.pick,
        linker=snakemake.params.linker,
        video=snakemake.input.get("video") or None,
    )
    track.save(snakemake.output.track)


run_item(snakemake, action, needs=[snakemake.input.probe])
