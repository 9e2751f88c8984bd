"""Dancers whose every beat is known, for the motion graph."""

import numpy as np

from choreo.dataset.description import DataDescription
from choreo.models.graph.recipe import Recipe
from choreo.models.graph.song_units import units_of_beats
from choreo.models.graph.units import cut
from choreo.pose.skeletons import SKELETONS

DATA = DataDescription()
RECIPE = Recipe.read({"noise": 0.0})
JOINTS = SKELETONS[DATA.skeleton]


def song(beats=16, interval=5.0, first=0.0, level=None, fps=10):
    """A song of even beats whose loudness is `level` of its beats."""
    times = first + interval * np.arange(beats + 1)
    frames = int(times[-1]) + 1
    level = np.linspace(0, 1, beats) if level is None else np.asarray(level, float)
    owner = np.clip(((np.arange(frames) - first) / interval).astype(int), 0, beats - 1)
    return units_of_beats(
        frames, times, np.arange(beats + 1), np.repeat(level[owner, None], 4, 1), fps
    )


def dance(music, seed=0, step=0.0, frames=None):
    """Poses (T, J, 2) to a song: arms that swing, feet that stand or step aside every bar."""
    rng = np.random.default_rng(seed)
    frames = int(music.beats[-1]) + 1 if frames is None else frames
    beat = (np.arange(frames) - music.beats[0]) / music.intervals[0]
    poses = np.zeros((frames, len(JOINTS), 2)) + rng.normal(0, 0.05, (len(JOINTS), 2))
    place = np.linspace(-0.6, 0.6, len(JOINTS))
    poses[..., 1] += place
    for name in ("left_wrist", "right_wrist", "left_elbow", "right_elbow"):
        swing = np.sin(2 * np.pi * beat / rng.choice([2, 4])) * rng.uniform(0.1, 0.3)
        poses[:, JOINTS.index(name), 0] += swing
    bar = np.floor(beat / 4)
    within = np.clip(beat - 4 * bar, 0, 1)
    poses[..., 0] += step * ((bar % 2) + (1 - 2 * (bar % 2)) * within - 0.5)[:, None]
    return poses.astype(np.float32)


def takes(count=3, *, dancers=1, beats=16, **options):
    """Dances of some dancers, each to a song of its own."""
    music = song(beats)
    return [(dance(music, seed=k, **options), music, k % dancers, k) for k in range(count)]


def units(*arguments, most=10_000, **options):
    """Units of such dances."""
    return cut(takes(*arguments, **options), most)
