"""Print how fast MediaPipe runs in the pipeline beside the bare loop, and its memory.

Run as ``python benchmarks/poses.py [--video X.mp4] [--seconds 20] [--repeats 3] [--jobs 1 2]``.
The bare loop calls MediaPipe on frames that lie decoded in memory; the pipeline decodes them
beside it. Each is timed in every repeat, once first and once second, so that a machine whose
speed changes favours neither. Memory is the peak of a process that does nothing else, for the
video once and four times over. With several jobs, as many processes take a copy each at the same
time, as Snakemake starts them. Without a video a demo clip is made.
"""

import argparse
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median

from choreo import media
from choreo.poses.mediapipe import extract, quiet_pose
from choreo.synth.clips import make_clip


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--video", type=Path, help="a standardised video")
    parser.add_argument("--size", default="640x360", help="its width and height")
    parser.add_argument("--seconds", type=float, default=20, help="length of the demo clip")
    parser.add_argument("--repeats", type=int, default=3, help="runs, of which the median is shown")
    parser.add_argument("--jobs", type=int, nargs="*", default=[1, 2], help="videos at once")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        video = chosen.video
        if video is None:
            video = made_clip(folder, chosen.seconds)
        size = tuple(int(n) for n in chosen.size.split("x"))
        runs = [_in_a_process(_speeds, video, size) for _ in range(chosen.repeats)]
        bare, whole = (median(values) for values in zip(*runs))
        share = median(own / loop for loop, own in runs)
        print(f"bare loop on decoded frames  {bare:.1f} frames/s")
        print(f"extract, decoding included   {whole:.1f} frames/s, {share:.1%} of the bare loop's")
        for jobs in chosen.jobs:
            speed = at_once(jobs, video, size)
            print(f"{jobs} videos at once             {speed:.1f} frames/s together")
        once, four = Path(folder, "1.mp4"), Path(folder, "4.mp4")
        for path, times in ((once, 1), (four, 4)):
            stream = media.source(video, stream_loop=times - 1).video
            media.run(media.target(stream, path, vcodec="copy"), where=video)
            print(
                f"peak memory, {times} x the video   {_in_a_process(_memory, path, size):.0f} MiB"
            )


def made_clip(folder, seconds):
    """Draw a clip of 640x360 to time on."""
    video = Path(folder, "clip.mp4")
    make_clip(
        "demo:benchmark/ada/1",
        video=video,
        truth=Path(folder, "t.npz"),
        song=Path(folder, "s.wav"),
        beats=Path(folder, "b.json"),
        end=seconds,
    )
    return video


def at_once(jobs, video, size):
    """Frames a second of as many processes together, each on the same video."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        return sum(pool.map(_speed, [video] * jobs, [size] * jobs))


def _in_a_process(function, *arguments):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def _speeds(video, size):
    """Frames a second of the bare loop and of `extract`, without the start of either."""
    spans = {_bare: 0.0, _speed: 0.0}
    for measure in (_bare, _speed, _speed, _bare):
        spans[measure] += 1 / measure(video, size)
    return 2 / spans[_bare], 2 / spans[_speed]


def _bare(video, size):
    frames = list(media.read_frames(video, size))
    with quiet_pose(static=False) as (pose, _):
        pose.process(frames[0])
        start = time.perf_counter()
        for frame in frames[1:]:
            pose.process(frame)
        return (len(frames) - 1) / (time.perf_counter() - start)


def _speed(video, size):
    marks = []
    extract(video, size=size, on_progress=lambda _: marks.append(time.perf_counter()))
    return (len(marks) - 1) / (marks[-1] - marks[0])


def _memory(video, size):
    extract(video, size=size)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
