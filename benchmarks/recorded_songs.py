"""How well models keep time with recorded songs.

``python benchmarks/recorded_songs.py FOLDER MODEL ...`` lets each model (a training's folder, or
the name of one that comes with the install) dance to the whole of each sound file of a folder, and
prints the CPU seconds of the dance, the share of still steps (under half a pixel), the speed
where windows meet, and by each of two trackers the beat hit rate with its chance level and the
phase locking. Beats are those of whole songs.
"""

import sys
import time
from pathlib import Path

import numpy as np

from choreo.beats.locking import phase_locking
from choreo.beats.motion import motion_beats
from choreo.beats.trackers import track_beats
from choreo.dances.generate import generate, load_generator
from choreo.dances.seams import seam_jumps
from choreo.evaluation.beat_scores import count_beats
from choreo.evaluation.listeners import references
from choreo.evaluation.own_songs import songs_in
from choreo.evaluation.segments import segments_from_track
from choreo.evaluation.song_beats import beats_of_songs
from choreo.media import SAMPLE_RATE
from choreo.models.shipped import find_weights
from choreo.videos.audio import read_song


def row(generator, song, path):
    """Measurements of one dance."""
    sound = read_song(path)
    begun = time.process_time()
    track = generate(generator, sound, seed=1)
    spent = time.process_time() - begun
    steps = np.linalg.norm(np.diff(track.keypoints, axis=0), axis=-1).mean(1)
    cells = [f"{track.seconds:.0f} s", f"{spent:.1f}", f"{100 * (steps < 0.5).mean():.1f}"]
    cells.append(f"{seam_jumps(track)['speed']:.2f}")
    segments = segments_from_track(track, sound, song)
    motion = motion_beats(segments.pixels, segments.fps)
    for name, beats in beats_of_songs(segments, tracker="state_space").items():
        about = {"frames": segments.pixels.shape[1], "fps": segments.fps}
        counts = count_beats(motion, beats, beats, **about)
        hit, chance = (100 * x.sum() / counts.motion.sum() for x in (counts.aligned, counts.chance))
        whole = track_beats(sound, SAMPLE_RATE, name)["beats"]
        locked = phase_locking(track.keypoints, track.fps, whole, track.skeleton).above
        cells.append(f"{hit:.1f} / {chance:.1f}, {locked:.2f}")
    return cells


def main():
    """Measure what the command line asks for."""
    folder, *models = sys.argv[1:]
    listeners = [f"hit / chance, locked ({name})" for name in references("state_space")]
    print("| model | song | length | CPU-s | still, % | seam |", " | ".join(listeners), "|")
    for model in models:
        generator = load_generator(find_weights(Path(model)))
        for song, path in songs_in(folder, where="FOLDER").items():
            print("|", " | ".join([model, song, *row(generator, song, path)]), "|", flush=True)


if __name__ == "__main__":
    main()
