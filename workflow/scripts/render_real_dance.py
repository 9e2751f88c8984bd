from choreo.dances.video import render_dances
from choreo.pipeline.jobs import run_item
from choreo.pipeline.tombstones import problem_in, write_problem
from choreo.pose.track import PoseTrack
from choreo.videos.wav import longest


def action(terminal):
    i, p = snakemake.input, snakemake.params
    whole = {
        audio: track
        for track, audio in zip(i.tracks, i.audio, strict=True)
        if not (problem_in(track) or problem_in(audio))
    }
    if not whole:
        write_problem(snakemake.output.video, problem_in(i.tracks[0]) or problem_in(i.audio[0]))
        return
    # The song that models dance to, so that both dances are to the same beats.
    audio = longest(list(whole))
    render_dances(
        [PoseTrack.load(whole[audio])],
        snakemake.output.video,
        audio=audio,
        names=[p.text],
        style=p.style,
    )


run_item(snakemake, action, needs=[])
