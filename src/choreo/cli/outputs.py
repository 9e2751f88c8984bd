"""The one rule for what a verb of ``choreo`` writes, checked before its work begins.

An output is none of the inputs, has a suffix that its kind allows and a folder that can be
written to, and takes the place of no file that Choreo did not make, unless ``--force`` is
given. Every verb declares its outputs (`writes`); whatever else is a path among its
arguments is an input.
"""

import contextlib
import filecmp
import functools
import json
import os
import tempfile
import zipfile
from dataclasses import is_dataclass
from pathlib import Path
from types import SimpleNamespace

import click

from choreo import MADE_BY
from choreo.cli.arguments import Option
from choreo.cli.parameter_types import PATH
from choreo.errors import AccidentError, ItemError
from choreo.files import ending
from choreo.files.temporary import temporary_folder
from choreo.tables import SUFFIXES
from choreo.videos.containers import boxes, mapped

LONGEST_NAME = 255
"""Bytes that a name may take in the usual file systems."""


class Written:
    """What an argument of a verb names that is written.

    Parameters
    ----------
    *names, **attributes
        Of `click.Option` or `click.Argument`.
    what : str
        For messages, such as ``"a dance"``.
    suffixes : tuple of str or callable
        Those that a file may have, in lower case, or a function of the verb's arguments that gives
        them; none for a folder.
    files : callable
        Of the verb's arguments and the path: the files that will be written, those of a
        folder and those beside a file too.
    foreign : bool or callable
        Another tool's format, in which Choreo leaves no mark: its files are written through
        `replacing`. Or a function of the verb's arguments that tells.
    owned : bool
        A folder that is filled whole: it may hold no input, and is new, empty or Choreo's.
    in_place : bool
        The file is changed, not made.
    remedy : str or callable, optional
        What to do where a file shall have another suffix, or a function of the verb's arguments
        that says it.
    """

    def __init__(
        self,
        *names,
        what,
        suffixes=(),
        files=lambda options, path: [path],
        foreign=False,
        owned=False,
        in_place=False,
        remedy=None,
        **attributes,
    ):
        super().__init__(*names, **({"type": PATH} | attributes))
        self.what, self.files = what, files
        self.suffixes = suffixes if callable(suffixes) else lambda options: suffixes
        self.foreign = foreign if callable(foreign) else lambda options: foreign
        self.owned, self.in_place = owned, in_place
        self.remedy = remedy if callable(remedy) else lambda options: remedy


class _Option(Written, Option):
    pass


class _Argument(Written, click.Argument):
    pass


writes = functools.partial(click.option, cls=_Option)
"""Decorator of a verb: an option that names an output, as `Written`."""

changes = functools.partial(click.argument, cls=_Argument, in_place=True)
"""Decorator of a verb: the file that it changes."""


def output(metavar, text, **written):
    """Decorate a verb with ``-o`` and ``--output``, as `Written`."""
    written = {"required": True} | written
    return writes("-o", "--output", metavar=metavar, help=text, **written)


def check(command, arguments):
    """Refuse what a verb must not write, before it begins.

    Parameters
    ----------
    command : click.Command
        The verb: which of its parameters are `Written`; every other path is read.
    arguments : dict
        Their values, by name.

    Raises
    ------
    ItemError
        Naming the path and the remedy.
    AccidentError
        Where the folder can't be written to.
    """
    declared = {param.name: param for param in command.params if isinstance(param, Written)}
    inputs = list(_paths(value for key, value in arguments.items() if key not in declared))
    options, seen = SimpleNamespace(**arguments), set()
    for key, written in declared.items():
        path = arguments[key]
        if path is None:
            continue
        _check_name(path)
        allowed = written.suffixes(options)
        if allowed and ending(path) not in allowed and not written.in_place:
            what = f"{written.what} is written as {' or '.join(allowed)}"
            raise ItemError(what, where=path, remedy=written.remedy(options))
        is_folder = not allowed
        if is_folder:
            _check_folder(path, inputs, written, options)
        for file in written.files(options, path):
            _check_name(file)
            _check_not_read(file, inputs)
            if file.resolve() in seen:
                raise ItemError("two outputs have this name", where=file, remedy="Name another")
            seen.add(file.resolve())
            changed = written.in_place and file == path
            if not (changed or written.foreign(options) or options.force):
                _check_ours(file)
            if file.is_dir() or (file.exists() and not file.is_file()):
                kind = "folder" if file.is_dir() else "device"
                raise ItemError(f"a {kind} is in the place of {written.what}", where=file)
        _check_writable(path, make=is_folder)


def _paths(values):
    for value in values:
        if isinstance(value, Path):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _paths(value)
        elif is_dataclass(value):
            # A path with something about it, such as TRACK@4:8.
            yield from _paths(vars(value).values())


def _check_name(path):
    length = max((len(os.fsencode(part)) for part in path.parts), default=0)
    if length > LONGEST_NAME:
        raise ItemError(
            f"this name takes {length} bytes, a file system has room for {LONGEST_NAME}",
            where=path,
            remedy="Choose a shorter one (that of the input, where it follows from it)",
        )


def _same(one, other):
    # samefile also knows hard links, and systems that don't tell a from A.
    with contextlib.suppress(OSError):
        if os.path.samefile(one, other):
            return True
    return one.resolve() == other.resolve()


def _check_not_read(file, inputs):
    for path in inputs:
        if _same(file, path):
            raise ItemError("this would write over the input", where=path, remedy="Name another")


def _check_folder(path, inputs, output, options):
    if path.exists() and not path.is_dir():
        raise ItemError("a file, not a folder to write to", where=path, remedy="Name another")
    _check_not_read(path, inputs)
    if not output.owned:
        return
    for read in inputs:
        if read.exists() and path.resolve() in read.resolve().parents:
            raise ItemError(
                f"this folder holds an input, {read}", where=path, remedy="Name a new folder"
            )
    filled = path.is_dir() and any(path.iterdir())
    if filled and not (options.force or output.foreign(options) or _our_folder(path)):
        raise ItemError(
            "this folder holds files that Choreo did not make",
            where=path,
            remedy="Name a new folder, or give --force",
        )


def _our_folder(path):
    return any(
        made_here(file)
        for part in (".", "shards", "cleaning", "poses")
        for file in _some(path / part)
    )


def _some(folder):
    return sorted(folder.iterdir())[:20] if folder.is_dir() else []


def _check_ours(file):
    if file.is_file() and not made_here(file):
        raise ItemError(
            "this file is there already, and Choreo did not make it",
            where=file,
            remedy="Name another, or give --force to replace it",
        )


def _check_writable(path, *, make):
    folder = path if make else path.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        raise ItemError("a file, not a folder to write to", where=folder, remedy="Name another")
    # Trying it is the only way that also root, quotas and read-only disks can be known by.
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise AccidentError(
            f"nothing can be written here ({error.strerror})",
            where=folder,
            remedy="Choose another folder, or make it writable",
        ) from error


def made_here(path):
    """Tell whether Choreo made a file, by what is in it (or, of a song or table, beside it).

    Parameters
    ----------
    path : str or Path
        An existing file.

    Returns
    -------
    bool
        False also for what can't be read, and for suffixes that Choreo does not write.
    """
    path = Path(path)
    known = _OURS.get(ending(path))
    if known is None:
        return False
    # Whatever is wrong with the file, it is then not known as ours.
    with contextlib.suppress(Exception):
        return bool(known(path))
    return False


def _head(path, count=1 << 16):
    with open(path, "rb") as file:
        return file.read(count)


def _track(path):
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
    return {"keypoints.npy", "scores.npy", "skeleton.npy", "meta.npy"} <= names


def _video(path):
    """Look for our comment in an mp4's box ``moov``, which holds no pictures."""
    with mapped(path) as data:
        for box in boxes(data):
            if box.kind == b"moov":
                # Our comment comes last in it, after the tables of all frames.
                return MADE_BY.encode() in data[max(box.start, box.next - 4096) : box.next]
    return False


def _gif(path):
    """Look for our comment at the end of a gif."""
    with open(path, "rb") as file:
        starts_well = file.read(4) == b"GIF8"
        file.seek(max(0, file.seek(0, os.SEEK_END) - 300))
        return starts_well and MADE_BY.encode() in file.read()


def _dataset(path):
    from h5py import File

    from choreo.dataset.layout import FORMAT

    with File(path, "r") as file:
        return file.attrs.get("format") == FORMAT


def _weights(path):
    head = _head(path, 8)
    header = _head(path, 8 + min(int.from_bytes(head, "little"), 1 << 24))[8:]
    return "choreo" in json.loads(header)["__metadata__"]


_RECORDS = (
    {"fps", "frames", "copied", "shift", "source"},  # the probe of a video
    {"recipe", "seed", "data"},  # the metrics of a training
    {"splits", "clips", "all"},  # the data card of a dataset
)


def _record(path):
    if path.stat().st_size > 1 << 26:
        return False
    value = json.loads(path.read_text(encoding="utf-8"))
    return isinstance(value, dict) and any(keys <= set(value) for keys in _RECORDS)


def _beside(suffix, known):
    return lambda path: known(path.parent / (path.name.removesuffix(path.suffix) + suffix))


def _marked(path):
    return MADE_BY.encode() in _head(path, 4096)


def _csv(path):
    return _head(path, 16).startswith(b"epoch,step") or _beside(".html", _marked)(path)


def _markdown(path):
    with contextlib.suppress(OSError):
        if _marked(path.with_name(path.name.removesuffix(".md") + ".html")):
            return True
    lines = _head(path).decode(errors="replace").splitlines()
    # The cards of a model and of a dataset.
    return bool({"## Switches", "# Data card"} & {line.strip() for line in lines})


def _videos_table(path):
    """A table of AIST's addresses alone; whoever added a video of another place owns it."""
    from choreo.dataset.importers.aist import VIDEO_URL

    heading, *rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    at = heading.index("source")
    return bool(rows) and all(row[at] == VIDEO_URL.format(name=row[0]) for row in rows)


_OURS = {
    ".npz": _track,
    ".mp4": _video,
    ".gif": _gif,
    ".wav": _beside(".json", _record),
    ".png": _marked,
    ".rrd": lambda path: b"choreo" in _head(path),
    ".h5": _dataset,
    ".safetensors": _weights,
    ".json": _record,
    ".csv": _csv,
    ".html": _marked,
    ".md": _markdown,
    ".tsv": _videos_table,
    ".tex": _beside(".html", _marked),
}
"""How a file is known as Choreo's, by its suffix."""


@contextlib.contextmanager
def replacing(path, *, force):
    """Write a file of a foreign format, which holds no mark of who made it.

    Parameters
    ----------
    path : Path
        The file, or a folder that is new or empty.
    force : bool
        Replace a file (never a folder) that holds something else.

    Yields
    ------
    Path
        Where to write: `path` itself where nothing is there or `force` is given; else the same
        name elsewhere, to see whether both are alike, so that a command can be run again.

    Raises
    ------
    ItemError
        Where something else is there.
    """
    filled = path.is_dir() and any(path.iterdir())
    if not filled and (force or not path.is_file()):
        yield path
        return
    with temporary_folder() as folder:
        made = folder / path.name
        yield made
        if not _alike(made, path):
            # Of a folder, files of another run would stay among the new ones.
            remedy = (
                "Name a new folder" if filled else "Name another, or give --force to replace it"
            )
            raise ItemError(
                "it is there already and holds something else", where=path, remedy=remedy
            )


def _alike(one, other):
    if not one.is_dir():
        return filecmp.cmp(one, other, shallow=False)
    names = [file.name for file in one.iterdir()]
    same, _, _ = filecmp.cmpfiles(one, other, names, shallow=False)
    return len(same) == len(names) == sum(1 for _ in other.iterdir())


def table_files(stem):
    """Paths of the files of a `choreo.tables.Table`."""
    return [stem.parent / (stem.name + suffix) for suffix in SUFFIXES]
