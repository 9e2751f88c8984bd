"""Print how fast demo clips are made on one core, and how the time is spent.

Run as ``python benchmarks/rendering.py [--seconds 20]``. Frames are counted a second of
processor time, that of the ffmpeg which encodes included: what one core makes in a
second when it has nothing else to do. Other work on the machine hardly changes it.
"""

import argparse
import os
import resource
import tempfile
from pathlib import Path

import cv2

from choreo.synth.clips import make_clip, make_tracks
from choreo.synth.dancers import make_dance, make_dancer
from choreo.synth.names import DANCERS, SONGS
from choreo.synth.render import render_frames
from choreo.synth.scene import make_scene
from choreo.synth.songs import make_song

SIZES = ((640, 360), (854, 480), (1280, 720))


def main():
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20, help="length of each clip")
    seconds = parser.parse_args().seconds
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)
    print("| clip | size | bystanders | draw, frames/s | draw and encode, frames/s |")
    print("|---|---|---|---|---|")
    rows = [(size, 0) for size in SIZES] + [(SIZES[0], 2)]
    for index, (size, people) in enumerate(rows):
        print(_row(SONGS[index], DANCERS[index], size, people, seconds), flush=True)
    print(f"\n{_tracks(seconds):.0f} frames/s of truth and song without a picture")


def _processor_seconds():
    """Processor time of this process and of the children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _row(song, dancer, size, people, seconds):
    frames = round(30 * seconds)
    dance = make_dance(make_song(song, 0), make_dancer(dancer), 1, 0)
    start = _processor_seconds()
    scene = make_scene(dance, start=4.0, frames=frames, fps=30, size=size, seed=0)
    drawn = sum(1 for _ in render_frames(scene)) / (_processor_seconds() - start)
    source = f"demo:{song}/{dancer}/1" + (f"?bystanders={people}" if people else "")
    with tempfile.TemporaryDirectory() as folder:
        start = _processor_seconds()
        make_clip(
            source,
            **_outputs(folder),
            video=Path(folder, "v.mp4"),
            start=4,
            end=4 + seconds,
            size=size,
        )
        whole = frames / (_processor_seconds() - start)
    alone = f"{drawn:.0f}" if not people else ""
    return f"| {source} | {size[0]}x{size[1]} | {people} | {alone} | {whole:.0f} |"


def _tracks(seconds):
    with tempfile.TemporaryDirectory() as folder:
        start = _processor_seconds()
        make_tracks("demo:benchmark/ada/1", **_outputs(folder), start=4, end=4 + seconds)
        return 30 * seconds / (_processor_seconds() - start)


def _outputs(folder):
    return {
        "truth": Path(folder, "t.npz"),
        "song": Path(folder, "s.wav"),
        "beats": Path(folder, "b.json"),
    }


if __name__ == "__main__":
    main()
