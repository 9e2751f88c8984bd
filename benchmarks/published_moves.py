"""What moves the field's metrics: the tables of docs/published_metrics.md.

``python benchmarks/published_moves.py PART FOLDER [--fps N]`` reads a folder of dances as
``choreo evaluate-others`` does and prints one table: ``beats`` (2-D or 3-D, beats known),
``distance`` or ``contact`` (3-D).
"""

import argparse

import numpy as np
from scipy.interpolate import CubicSpline, interp1d

from choreo.evaluation.others import published, right
from choreo.evaluation.others.bodies import FEET
from choreo.evaluation.others.reading import read_folder

RATE = 60
"""Frames a second that the published beat scores take for granted."""
RATES = (1, 2, 4, 8)
"""Random motion beats a second."""
DRAWS = 20
SIZES = (80, 40, 20, 10)
"""Dances of small sets."""
SEED = 0


def beats(dances):
    """Beat scores of dances as they are, backwards, with stops on the beats, and of chance."""
    print("change, AIST++, chance, Bailando, chance, right both ways over chance")
    for name, change in (
        ("as they are", lambda array, beats: array),
        ("backwards", lambda array, beats: array[::-1]),
        ("half stopped at every beat", stopping(0.5)),
        ("all but stopped at every beat", stopping(0.95)),
    ):
        print(name, *np.nanmean([scores(dance, change) for dance in dances], 0).round(3))
    tempi = [60 / np.median(np.diff(dance.beats)) for dance in dances]
    print(f"random beats to the same music, {np.mean(tempi):.1f} BPM on average")
    rng = np.random.default_rng(SEED)
    for rate in RATES:
        found = [random_beats(dance, rate, rng) for dance in dances]
        print(f"{rate} a second", *np.nanmean(found, 0).round(3))


def at_60(dance):
    """A dance at 60 frames a second, linear between its own."""
    array = dance.array()
    times = np.arange(len(array)) / dance.fps
    frames = int(times[-1] * RATE + 1e-6) + 1
    return interp1d(times, array, axis=0)(np.minimum(np.arange(frames) / RATE, times[-1]))


def within(dance, frames):
    """Beats of a dance that lie in so many frames at 60 a second."""
    return dance.beats[(dance.beats >= 0) & (dance.beats < frames / RATE)]


def scores(dance, change):
    """Published scores and their chance, and the right ones over it."""
    array = at_60(dance)
    times = within(dance, len(array))
    array = change(array, times)
    frames = len(array)
    music = published.music_frames(times, frames)
    row = []
    for moved, of_motion in (
        (published.mint_beats(array), True),
        (published.bailando_beats(array), False),
    ):
        for rows in (moved[None], right.shifted(moved, frames, 1)):
            pairs = [(row_, music) if of_motion else (music, row_) for row_ in rows]
            row.append(np.mean([published.alignment(*pair) for pair in pairs]))
    over = right.alignment_over_chance(right.motion_beats(array, RATE), times, frames, RATE)
    return [*row, over["motion_to_music"][0], over["music_to_motion"][0]]


def stopping(share):
    """The same way in another time, which stops by a share at every beat."""

    def change(array, beats):
        times = np.arange(len(array)) / RATE
        count = np.interp(times, beats, np.arange(len(beats)))
        warped = count - share * np.sin(2 * np.pi * count) / (2 * np.pi)
        inside = (times >= beats[0]) & (times <= beats[-1])
        at = np.where(inside, np.interp(warped, np.arange(len(beats)), beats), times)
        return interp1d(times, array, axis=0)(np.clip(at, 0, times[-1]))

    return change


def random_beats(dance, rate, rng):
    """Scores of beats drawn at random, motion to music and music to motion."""
    frames = len(at_60(dance))
    music = published.music_frames(within(dance, frames), frames)
    found = []
    for _ in range(DRAWS):
        moved = np.unique(rng.integers(0, frames, max(1, round(rate * frames / RATE))))
        found.append([published.alignment(moved, music), published.alignment(music, moved)])
    return np.mean(found, 0)


def distance(dances):
    """FID_k of one half against the other, whose dancers move or are filmed otherwise."""
    # A pelvis that a project nails to its place would outweigh all others as published.
    names = [name for name in dances[0].own if name != "pelvis"]
    real, other = dances[::2], dances[1::2]
    floor = right.floor_of("kinetic", 3 * len(names), 3)

    def as_published(some, shift=(0, 0, 0), every=1):
        return np.array([published.kinetic(d.array(names)[::every] + shift) for d in some])

    def as_right(some, shift=(0, 0, 0), every=1):
        found = []
        for dance in some:
            array = dance.array(names)[::every] + shift
            fps = dance.fps / every
            length = round(5 * fps)
            starts = range(0, len(array) - length + 1, length)
            found += [right.kinetic(array[i : i + length], fps) for i in starts]
        return np.array(found)

    known, parts = as_published(real), as_right(real)
    print("change, as published, right")
    for name, about in (
        ("none", {}),
        ("1 m to the side", {"shift": (1, 0, 0)}),
        ("3 m to the side", {"shift": (3, 0, 0)}),
        ("every second frame", {"every": 2}),
    ):
        values = (
            published.frechet(as_published(other, **about), known),
            right.frechet(as_right(other, **about), parts, floor),
        )
        print(name, *np.round(values, 1))
    everyone, rng = as_published(other), np.random.default_rng(SEED)
    for size in SIZES:
        some = everyone[rng.permutation(len(everyone))[:size]]
        print(f"{size} dances", round(published.frechet(some, known), 1))


def contact(dances):
    """PFC at other frame rates (cubic between), and with a glitch."""
    print("change, as published, right")
    for rate in (30, 60, 120):
        print(f"{rate} frames a second", *contact_of(dances, rate))
    print("the pelvis is 10 cm off in one frame", *contact_of(dances, 30, glitch=0.1))


def contact_of(dances, rate, glitch=0.0):
    """Mean PFC, published and right."""
    found = []
    for dance in dances:
        times = np.arange(len(dance)) / dance.fps
        at = np.arange(0, times[-1] + 1e-9, 1 / rate)
        joints = {name: CubicSpline(times, dance.joints[name])(at) for name in ("pelvis", *FEET)}
        joints["pelvis"][len(at) // 2, 0] += glitch
        feet = [joints[foot] for foot in FEET]
        theirs = published.physical_contact(joints["pelvis"], feet)
        found.append((theirs, right.physical_contact(joints["pelvis"], feet, rate)))
    return np.mean(found, 0).round(2)


def main():
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("part", choices=("beats", "distance", "contact"))
    parser.add_argument("folder")
    parser.add_argument("--fps", type=float)
    options = parser.parse_args()
    dances = read_folder(options.folder, fps=options.fps)
    {"beats": beats, "distance": distance, "contact": contact}[options.part](dances)


if __name__ == "__main__":
    main()
