from choreo.pipeline.jobs import run_item
from choreo.poses.mediapipe import check_pick, extract
from choreo.videos.probe import read_probe


def action(terminal):
    probe = read_probe(snakemake.input.probe)
    track = extract(
        snakemake.input.video,
        size=probe.size,
        fps=probe.fps,
        frames=probe.frames,
        **snakemake.params.settings,
    )
    check_pick(track, snakemake.params.pick, video=snakemake.input.video)
    for skeleton, path in snakemake.output.items():
        track.to(skeleton).save(path)


run_item(snakemake, action)
