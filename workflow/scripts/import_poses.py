from choreo.files import read_json
from choreo.jobs import run_item
from choreo.poses.alphapose import read


def action(terminal):
    probe = read_json(snakemake.input.probe)
    track = read(
        snakemake.input.get("poses") or snakemake.params.path,
        size=(probe["width"], probe["height"]),
        fps=probe["fps"],
        frames=probe["frames"],
    )
    track.save(snakemake.output.track)


run_item(snakemake, action)
