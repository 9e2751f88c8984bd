"""Beats of the music of other projects' dances: given, or tracked in their songs."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, RootModel, ValidationError

from choreo.beats.trackers import track_beats
from choreo.errors import ItemError, first_complaint
from choreo.files.outside import load_json, reading
from choreo.media import SAMPLE_RATE
from choreo.videos.audio import read_song

_MUSIC = re.compile(r"_(m[A-Z]{2}\d)_")


class _Beats(RootModel):
    """Dances or songs with their beats."""

    root: dict[str, list[Annotated[float, Field(allow_inf_nan=False)]]]


def music_of(
    songs: str | Path | None = None, beats: str | Path | None = None
) -> Callable[..., Any] | None:
    """Function from the name of a dance to its beats.

    Parameters
    ----------
    songs : str or Path, optional
        Folder with a sound of the dance's name, or of the AIST music in it (``mHO2``), that
        begins with the dance.
    beats : str or Path, optional
        JSON of names, as of songs, and seconds. It goes before songs.

    Returns
    -------
    callable or None
        Name -> list of seconds, or None where nothing is known of it.

    Raises
    ------
    ItemError
        Where the file or folder can't be used.
    """
    if songs is None and beats is None:
        return None
    known, files = {}, {}
    if beats is not None:
        what = "beats of dances"
        remedy = 'Write {"NAME": [0.5, 1.0, ...], ...}, in seconds'
        value = load_json(beats, what, remedy=remedy)
        try:
            known = _Beats.model_validate(value).root
        except ValidationError as error:
            place, message, value = first_complaint(error)
            raise ItemError(
                f"not {what}: {message}",
                where=f"{beats}, `{place}`" if place else beats,
                value=value,
                remedy=remedy,
            ) from None
    if songs is not None:
        with reading(songs, "a folder of songs"):
            files = {path.stem: path for path in sorted(Path(songs).iterdir()) if path.is_file()}
        if not files:
            raise ItemError("no songs", where=songs)

    @cache
    def tracked(path):
        return track_beats(read_song(path), SAMPLE_RATE)["beats"]

    def beats_of(name):
        found = _MUSIC.search(name)
        names = [name, *([found[1]] if found else [])]
        for key in names:
            if key in known:
                return known[key]
        for key in names:
            if key in files:
                return tracked(files[key])
        return None

    return beats_of
