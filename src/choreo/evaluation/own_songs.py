"""Songs that models dance to and nobody was filmed to: the user's files, and made ones.

Imports nothing heavy: the process that builds the DAG reads names here.
"""

import os
import re
from pathlib import Path

from choreo.config.fields import nameable
from choreo.errors import ConfigError, ItemError
from choreo.files import ending, is_id
from choreo.files.text_tables import read_rows

SOUNDS = (
    *(".wav", ".mp3", ".ogg", ".oga", ".opus", ".flac", ".m4a", ".aac", ".aif", ".aiff"),
    *(".wma", ".mp4", ".mkv", ".webm", ".mov"),
)
"""Ends of names of files with sound; what else is in a folder is left alone."""
_LONGEST_ID = 64


def made_names(count):
    """Names of made songs: the study's seed and these decide what they are."""
    return [f"made-{number:02d}" for number in range(1, count + 1)]


def songs_in(path, *, where):
    """Songs of a folder or a table.

    Parameters
    ----------
    path : str or Path
        A folder, whose files with sound are taken, or a tab-separated table with the columns
        ``song`` (an id) and ``path`` (from the working folder, or from the table's).
    where : str
        Key of the config, for messages.

    Returns
    -------
    dict of str to str
        Id -> path, sorted. The id of a file is its name, other characters replaced by ``_``.

    Raises
    ------
    ConfigError
        Where there is no such folder or table, no song in it, or two have one id.
    """
    path = Path(os.path.expanduser(path))
    if path.is_dir():
        files = sorted(f for f in path.iterdir() if ending(f) in SOUNDS and f.is_file())
        found = [(_id_of(file), file) for file in files]
    else:
        found = _listed(path, where)
    if not found:
        raise ConfigError(
            "there is no song", where=where, value=path, remedy="Put sound files into the folder"
        )
    songs = {}
    for name, file in found:
        if name.lower() in {song.lower() for song in songs}:
            raise ConfigError(
                "two songs of one name", where=where, value=f"{file}", remedy="Rename one of them"
            )
        songs[name] = str(file)
    return dict(sorted(songs.items()))


def _id_of(file):
    return re.sub("[^A-Za-z0-9_-]+", "_", file.stem).strip("_-")[:_LONGEST_ID] or "song"


def _listed(path, where):
    try:
        rows = read_rows(path, ("song", "path"), required=("song", "path"))
    except ItemError as error:
        raise error.restated(ConfigError) from None
    except OSError as error:
        raise ConfigError(
            f"no folder and no table of songs ({error.strerror})", where=where, value=path
        ) from None
    found = []
    for line, values in rows:
        missing = [name for name in ("song", "path") if not values.get(name)]
        if missing or not is_id(values["song"]):
            raise ConfigError(
                f"no {missing[0]}" if missing else "not a name for a song",
                where=f"{path}, line {line}",
                value=values.get("song"),
                remedy="Names have letters, digits, _ and -, at most 64",
            )
        try:
            nameable(values["path"])
        except ValueError as error:
            raise ConfigError(
                str(error), where=f"{path}, line {line}", value=values["path"]
            ) from None
        # os.path: a name that no system takes, or of nobody's home, is not there.
        file = os.path.expanduser(values["path"])
        beside = os.path.join(path.parent, file)
        there = beside if os.path.exists(beside) and not os.path.exists(file) else file
        found.append((values["song"], Path(there)))
    return found


def check_apart(songs, taken, *, where):
    """Refuse songs that have the name of another one of the study.

    Parameters
    ----------
    songs : iterable of str
    taken : iterable of str
        Names of the study's own songs, and of those that its videos were made to.
    where : str
        Key of the config.

    Raises
    ------
    ConfigError
    """
    both = sorted({song.lower() for song in songs} & {song.lower() for song in taken})
    if both:
        raise ConfigError(
            "songs that the study has under these names already",
            where=where,
            value=", ".join(both[:5]),
            remedy="Rename them: a dance's song is known by its name",
        )
