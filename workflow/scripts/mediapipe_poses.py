from choreo.files import read_json
from choreo.pipeline.jobs import run_item
from choreo.poses.mediapipe import check_pick, extract


def action(terminal):
    probe = read_json(snakemake.input.probe)
    track = extract(
        snakemake.input.video,
        size=(probe["width"], probe["height"]),
        fps=probe["fps"],
        frames=probe["frames"],
        **snakemake.params.settings,
    )
    check_pick(track, snakemake.params.pick, video=snakemake.input.video)
    for skeleton, path in snakemake.output.items():
        track.to(skeleton).save(path)


run_item(snakemake, action)
