"""From noise to dances of whole songs, all windows at once.

A network sees windows; a song is longer. At each step every window of every song is
estimated from the one noisy dance, and where windows overlap their estimates are averaged,
so that there is one dance and no seam. The windows' places change from step to step.
"""

from dataclasses import dataclass

import numpy as np

from choreo.models.flow.meeting import meet

_AT_ONCE = 256  # windows that are estimated at once
_SHARPNESS = 6  # chosen by the corpus's validation songs (docs/models.md)


@dataclass(frozen=True)
class Song:
    """A dance that is wanted, in the network's units.

    Attributes
    ----------
    music : ndarray of float32, shape (T, n)
    known : ndarray of float32, shape (T, 2 J)
        Poses that are given; 0 elsewhere.
    given : ndarray of float32, shape (T, J)
        1 where they are.
    held : ndarray of bool, shape (T, J)
        Where the dance must keep to them.
    noise : ndarray of float32, shape (T, 2 J)
    loop : bool
        Whether the last frame is followed by the first.
    """

    music: np.ndarray
    known: np.ndarray
    given: np.ndarray
    held: np.ndarray
    noise: np.ndarray
    loop: bool = False

    def filled(self, frames):
        """Itself, or where it is shorter than so many frames with its last one repeated."""
        missing = max(0, frames - len(self.music))
        if not missing or self.loop:
            return self
        edge = {"pad_width": ((0, missing), (0, 0))}
        return Song(
            np.pad(self.music, **edge, mode="edge"),
            np.pad(self.known, **edge),
            np.pad(self.given, **edge),
            np.pad(self.held, **edge),
            # Repeated noise: one pose is held to the end.
            np.pad(self.noise, **edge, mode="edge"),
        )


def times(steps, shift):
    """Times of the steps, from 0 (noise) to 1, shape (steps + 1,).

    With a shift of more than 1 they are denser where there is much noise.
    """
    noise = 1 - np.arange(steps + 1) / steps
    return 1 - shift * noise / (1 + (shift - 1) * noise)


def window_places(count, frames, step, *, loop=False):
    """Frames of the windows of a song in a step, shape (W, frames).

    Parameters
    ----------
    count : int
        Frames of the song, `frames` at least, or any in a loop.
    frames : int
        Of a window. Two that follow each other share half.
    step : int
        In every other step they are moved by a quarter.
    loop : bool
        Whether they go round the end.
    """
    hop = max(1, frames // 2)
    moved = (hop // 2) * (step % 2)
    if loop:
        starts = moved + np.arange(0, count, hop)
        return (starts[:, None] + np.arange(frames)) % count
    starts = np.arange(-moved, count - frames + hop, hop)
    starts = np.unique(np.clip(starts, 0, count - frames))
    return starts[:, None] + np.arange(frames)


def dance(estimate, songs, frames, *, steps, time_shift, reach):
    """Dance to songs.

    Parameters
    ----------
    estimate : callable
        From windows ``(noisy, time, music, known, given)`` to poses, shape (B, T, 2 J).
    songs : sequence of Song
    frames : int
        Of a window.
    steps : int
    time_shift : float
    reach : int
        Frames beside what is held that are led to it (`choreo.models.flow.meeting`).

    Returns
    -------
    list of ndarray of float32, shape (T, 2 J)
        At least as long as each song; what follows is to be cut off.
    """
    songs = [song.filled(frames) for song in songs]
    noisy = [song.noise for song in songs]
    # The middle of a window is known from both sides. What is averaged moves less than either
    # window, so a frame is mostly the work of the one in whose middle it lies most.
    middle = np.minimum(np.arange(1, frames + 1), np.arange(frames, 0, -1)) / ((frames + 1) // 2)
    weight = np.maximum(middle**_SHARPNESS, 1e-6).astype(np.float32)
    when = times(steps, time_shift)
    for step in range(steps):
        places = [window_places(len(s.music), frames, step, loop=s.loop) for s in songs]
        guesses = _estimated(estimate, songs, noisy, places, float(when[step]))
        for k, (song, place) in enumerate(zip(songs, places)):
            guess, weights = np.zeros_like(noisy[k]), np.zeros((len(noisy[k]), 1), np.float32)
            # One by one: a short loop has a frame several times in a window.
            np.add.at(
                guess, place.reshape(-1), (guesses[k] * weight[:, None]).reshape(-1, guess.shape[1])
            )
            np.add.at(weights, place.reshape(-1), np.tile(weight, len(place))[:, None])
            guess /= weights
            if song.held.any():
                shape = len(guess), -1, 2
                parts = guess.reshape(shape), song.known.reshape(shape)
                guess = meet(*parts, song.held, reach, loop=song.loop).reshape(guess.shape)
            share = (when[step + 1] - when[step]) / (1 - when[step])
            noisy[k] = (noisy[k] + share * (guess - noisy[k])).astype(np.float32)
    return noisy


def _estimated(estimate, songs, noisy, places, time):
    """Estimates of all songs' windows, a song's together."""
    parts = [
        (noise[place], song.music[place], song.known[place], song.given[place])
        for song, noise, place in zip(songs, noisy, places)
    ]
    columns = [np.concatenate(column) for column in zip(*parts)]
    found = [
        estimate(
            columns[0][first : first + _AT_ONCE],
            time,
            *(column[first : first + _AT_ONCE] for column in columns[1:]),
        )
        for first in range(0, len(columns[0]), _AT_ONCE)
    ]
    ends = np.cumsum([len(place) for place in places])[:-1]
    return np.split(np.concatenate(found), ends)
