"""Beats of made songs, which are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from choreo.errors import ItemError
from choreo.files import sha256
from choreo.synth.names import parse_source
from choreo.synth.songs import make_song


def beats_of_study(
    sources: Mapping[str, tuple[str, str, float | None]],
    sounds: Mapping[str, str | Path],
    songs: Mapping[str, str | Path],
    made: Iterable[str],
    *,
    seed: int,
) -> dict[str, list[float] | None]:
    """Beats of all videos and songs of a study whose beats are known.

    Parameters
    ----------
    sources : dict of str to (str, str, float or None)
        Video -> its song, source and start.
    sounds : dict of str to path
        Video -> its sound, of those that were not left out.
    songs : dict of str to path
        Song -> its sound, likewise.
    made : iterable of str
        Names of songs that were made without a video.
    seed : int
        Of the study.

    Returns
    -------
    dict of str to list of float
        Video or song -> `true_beats`.
    """
    digests = {song: sha256(path) for song, path in songs.items()}
    found = {}
    for video, (song, source, start) in sources.items():
        beats = true_beats(source, start=start, seed=seed)
        if beats is None or video not in sounds:
            continue
        found[video] = beats
        # A song's sound is that of one of its videos.
        if digests.get(song) == sha256(sounds[video]):
            found[song] = beats
    return found | {song: true_beats(f"demo:{song}/none/1", seed=seed) for song in made}


def true_beats(source: str, *, start: float | None = None, seed: int = 0) -> list[float] | None:
    """Beats of a demo clip's song, in seconds from the clip's first frame.

    Parameters
    ----------
    source : str
        Of the videos table.
    start : float, optional
        Seconds into the song at which the clip begins.
    seed : int
        Of the study.

    Returns
    -------
    list of float or None
        None for what is no demo clip.
    """
    try:
        name = parse_source(source).song
    except ItemError:
        return None
    beats = make_song(name, seed).beats - (start or 0.0)
    return [round(float(beat), 6) for beat in beats if beat >= 0]
