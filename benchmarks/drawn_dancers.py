"""What the corpus's own kind of dancers does to recorded songs, told their beats.

A model that learned from drawn dancers can be asked to dance as they would: here they do. They
are told the beats that a tracker found, and hear the loudness of the song; new dancers, whom no
model was trained on. `dancing.py` prints them as a row.
"""

import itertools
from dataclasses import replace

import numpy as np
import soxr

from choreo.dataset.normalise import normalise
from choreo.evaluation.segments import join, segments_from_chunks
from choreo.media import SAMPLE_RATE
from choreo.models.music_features.rhythm import counted
from choreo.rates import CHUNK_SECONDS, POSE_FPS
from choreo.synth.clips import truth_of
from choreo.synth.songs import BEATS_IN_BAR, ENERGY, LEAD_IN, Section, Song
from choreo.synth.songs import SAMPLE_RATE as SONG_RATE

DANCERS = ("recorded-1", "recorded-2", "recorded-3")
_FASTEST = 210.0  # beats a minute of the kinds of songs that these dancers know
_SECTION = 4  # bars
_PART = 60  # seconds: a song of the corpus; a dancer who goes on for longer walks off


def told(name, sound, beats):
    """A recorded song as drawn dancers are told songs.

    Parameters
    ----------
    name : str
    sound : ndarray of int16, shape (N,)
        16 kHz.
    beats : ndarray, shape (B,)
        Seconds, of a tracker.

    Returns
    -------
    choreo.synth.songs.Song
        Whole bars of its beats, those that were left out put in; every second one where they
        are faster than any song of the corpus. Sections of four bars, by loudness.
    """
    counts = counted(beats)
    beats = np.interp(np.arange(counts[-1] + 1), counts, beats)
    beats = beats[beats >= LEAD_IN]  # in which the dancer takes up the first pose
    if 60 / np.median(np.diff(beats)) > _FASTEST:
        beats = beats[::2]
    bars = len(beats) // BEATS_IN_BAR
    beats = beats[: bars * BEATS_IN_BAR]
    beat = float(np.median(np.diff(beats)))
    ends = np.append(beats[::BEATS_IN_BAR], beats[-1] + beat)
    mono = soxr.resample(sound / np.float32(32768), SAMPLE_RATE, SONG_RATE)
    edges = np.round(ends * SONG_RATE).astype(int)
    loud = np.array([np.square(mono[a:b]).mean() for a, b in itertools.pairwise(edges)])
    sections = []
    for first in range(0, bars, _SECTION):
        count = min(_SECTION, bars - first)
        quieter = (loud < loud[first : first + count].mean()).mean()
        kind = "chorus" if quieter > 0.6 else "verse" if quieter > 0.25 else "break"
        if first + count == bars:
            kind = "outro"
        span = float(ends[first]), float(ends[first + count])
        sections.append(Section(kind, *span, first, count, ENERGY[kind]))
    return Song(
        name, 1, 60 / beat, "house", beats, beats[::BEATS_IN_BAR], tuple(sections),
        np.stack([mono, mono], 1),
    )  # fmt: skip


def danced_by(dancer, songs, beats):
    """Segments of one drawn dancer's dances to songs.

    Parameters
    ----------
    dancer : str
    songs : dict of str to ndarray of int16
    beats : dict of str to ndarray
        What the dancer is told.

    Returns
    -------
    choreo.evaluation.segments.Segments
    """
    frames, samples = round(CHUNK_SECONDS * POSE_FPS), round(CHUNK_SECONDS * SAMPLE_RATE)
    parts = []
    for name, sound in songs.items():
        for first in range(0, len(sound), _PART * SAMPLE_RATE):
            start = first / SAMPLE_RATE
            there = beats[name][(beats[name] >= start) & (beats[name] < start + _PART)] - start
            if len(there) < 2 * BEATS_IN_BAR:
                continue
            heard = sound[first : first + _PART * SAMPLE_RATE]
            song = told(name, heard, there)
            dance = normalise(truth_of(song, dancer, end=song.beats[-1]), fps=POSE_FPS, where=name)
            count = min(len(dance.poses) // frames, len(heard) // samples)
            if count:
                own = segments_from_chunks(
                    dance.poses[: count * frames].reshape(count, frames, *dance.poses.shape[1:]),
                    [name] * count,
                    canvas=dance.canvas,
                    fps=POSE_FPS,
                    dances=[f"{dancer}:{name}:{first}"] * count,
                    audio=heard[: count * samples].reshape(count, samples),
                )
                parts.append(replace(own, starts=own.starts + start))
    return join(parts)
