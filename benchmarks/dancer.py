"""Print how often the selector follows the dancer among bystanders, for each linker.

Run as ``python benchmarks/dancer.py [--clips 6] [--seconds 20] [--take 1] [--pictures]``.
Demo clips with one to three bystanders, who walk past, cross and stand nearer the camera
than the dancer; detections of everyone are made from the truth with an estimator's faults
(`choreo.synth.estimates`). A frame is right where the chosen pose lies nearest to the
dancer, or where the dancer was not found and nobody is chosen. With ``--pictures`` the
clips are drawn, and `pose_flow` uses its ORB terms (slow).
"""

import argparse
import contextlib
import tempfile
import time
from pathlib import Path

import numpy as np

from choreo.choices import LINKERS
from choreo.poses.selection import select_dancer
from choreo.synth.clips import film
from choreo.synth.estimates import estimate, frames_right
from choreo.synth.names import DANCERS, SONGS
from choreo.synth.render import render_clip


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=6, help="clips for each number of people")
    parser.add_argument("--seconds", type=float, default=20, help="length of each clip")
    parser.add_argument("--take", type=int, default=1, help="take of the first clip")
    parser.add_argument("--pictures", action="store_true", help="draw the clips for Pose Flow")
    chosen = parser.parse_args()
    head = ("bystanders", "linker", "frames", "right", "worst", "below 99%", "wrong", "frames/s")
    print(("{:>10} {:<10}" + " {:>10}" * 6 + "  worst clip").format(*head))
    for people in (1, 2, 3):
        rows = {linker: [] for linker in LINKERS}
        sources = [_source(people, number, chosen.take) for number in range(chosen.clips)]
        for number, source in enumerate(sources):
            scene = film(source, start=5, end=5 + chosen.seconds, seed=1)
            detections, _ = estimate(scene, seed=number)
            with _video(scene, chosen.pictures) as video:
                for linker in LINKERS:
                    rows[linker].append(_measure(scene, detections, linker, video))
        for linker, measured in rows.items():
            right = np.array([r.mean() for r, _, _ in measured])
            frames = sum(len(r) for r, _, _ in measured)
            wrong = sum(w for _, w, _ in measured)
            speed = frames / sum(s for _, _, s in measured)
            share = np.concatenate([r for r, _, _ in measured]).mean()
            print(
                f"{people:>10} {linker:<10} {frames:>10} {share:>10.2%} {right.min():>10.2%}"
                f" {(right < 0.99).sum():>10} {wrong:>10} {speed:>10.0f}"
                f"  {sources[right.argmin()]}, seed {right.argmin()}"
            )


def _source(people, number, take):
    song, dancer = SONGS[number % len(SONGS)], DANCERS[(number + people) % len(DANCERS)]
    return f"demo:{song}/{dancer}/{take + number}?bystanders={people}"


@contextlib.contextmanager
def _video(scene, wanted):
    if not wanted:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        render_clip(scene, Path(folder, "clip.mp4"))
        yield Path(folder, "clip.mp4")


def _measure(scene, detections, linker, video):
    """Whether each frame is right, frames in which somebody else is chosen, and seconds."""
    start = time.perf_counter()
    members, _ = select_dancer(
        detections, fps=scene.fps, size=scene.camera.size, linker=linker, video=video
    )
    seconds = time.perf_counter() - start
    right = frames_right(scene, detections, members)
    return right, int((~right[detections.frame[members]]).sum()), seconds


if __name__ == "__main__":
    main()
