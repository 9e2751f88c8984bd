"""``choreo verify``: whether every file of a study still is what was written.

Binary files, videos, songs and PDFs carry digests or checksums (`choreo.files.sealed`, PNG), which
are compared; tables and records are read. A text has its digest as an attribute of the file, which
a copy may lack: what it holds then can't be told from what it held, unless another file holds the
same: a training's ``metrics.json`` is compared with the header of its weights, a dataset's card
with the dataset. Videos and songs without a digest are decoded.
"""

import json
import os
import shlex
import struct
import subprocess
import sys
import zlib
from pathlib import Path

from choreo.cli.arguments import argument, json_option
from choreo.cli.command import verb
from choreo.cli.messages import say
from choreo.errors import AccidentError, ChoreoError, ItemError
from choreo.files import ending, sealed
from choreo.files.outside import load_json, reading

TEXTS = (".csv", ".tsv", ".md", ".txt", ".yaml", ".yml", ".html", ".svg", ".rst", ".bib")
_MADE_ALONE = (".checkpoints", "checkpoints", "tensorboard", "looks")
"""Folders whose files no rule declares: what is deleted there is made again by itself."""

_EVENTS = "events.out.tfevents."
"""How names of TensorBoard's files begin."""
_SECONDS = 3600.0

EPILOG = """\
examples:
  choreo verify results/demo
  choreo verify results/demo/training --json

Nothing is changed. Files that are damaged are named with what to delete; the exit status
is 1 where there is one. The digest of a text is an attribute of its file. A copy may be
without: it is read, which does not tell every turned bit.
"""


def verify(results, on_file=None):
    """Check every file of a folder.

    Parameters
    ----------
    results : str or Path
        A study's results, a folder in them, or one file.
    on_file : callable, optional
        Called after each file with how many there are.

    Returns
    -------
    damaged : dict of Path to str
        What is wrong with each file that is damaged.
    counts : dict of str to int
        How many files there are of each suffix that was looked at, and of ``others``.

    Raises
    ------
    AccidentError
        Where a file may not be read: nothing says that it is damaged.
    """
    results = Path(results)
    if not results.exists():
        raise ItemError(
            "no such folder",
            where=results,
            remedy="Name results/<study> of a study that has been run, or correct the path",
        )
    there = [results, *sorted(results.rglob("*"))]
    # A closed folder would look like an empty one, a closed file like a damaged one.
    if closed := [path for path in there if os.path.exists(path) and not _is_open(path)]:
        raise AccidentError(
            f"you may not read this{f' and {len(closed) - 1} more' * (len(closed) > 1)}, so that "
            "nothing can be said of it",
            where=closed[0],
            remedy="Ask as the user whose it is, or have its permissions changed",
        )
    paths = [path for path in there if path.is_file()]
    damaged, counts = _not_opened([path for path in paths if ending(path) == ".h5"]), {}
    for path in paths:
        kind = ending(path)
        # Any file may have its digest as an attribute.
        look = _events if path.name.startswith(_EVENTS) else _LOOKS.get(kind, sealed.compare_text)
        kind = kind if kind in _LOOKS else "others"
        counts[kind] = counts.get(kind, 0) + 1
        if path not in damaged:
            try:
                look_at(path, look)
            except ChoreoError as error:
                damaged[path] = error.message
        if on_file is not None:
            on_file(len(paths))
    return damaged, dict(sorted(counts.items()))


def _is_open(path):
    return os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0))


def _not_opened(paths):
    """Datasets that HDF5 can't open, found in another process: some crash it, or keep it busy."""
    from choreo.dataset.pack import look_first
    from choreo.pipeline.tombstones import MAGIC

    there = []
    for path in paths:
        with open(path, "rb") as file:
            # The record of a problem in the place of one is looked at as such.
            if not _near(file.read(len(MAGIC)), MAGIC.encode()):
                there.append(path)
    try:
        look_first(there)
    except ItemError:
        damaged = {}
        for path in there:
            try:
                look_first([path])
            except ItemError as error:
                damaged[path] = error.message
        return damaged
    return {}


def look_at(path, look):
    """Check one file, or the record of a problem that stands in its place."""
    from choreo.pipeline.tombstones import MAGIC, record_in

    with reading(path, "a whole file"):
        with open(path, "rb") as file:
            head = file.read(len(MAGIC))
        # With one bit of its mark turned, a record would be taken for a broken video.
        if _near(head, MAGIC.encode()):
            with reading(path, "the record of a problem", besides=("a zip archive",)):
                if record_in(path) is None:
                    raise ValueError("its mark is damaged")
            return
        look(path)


def _near(head, magic):
    return len(head) == len(magic) and sum(a != b for a, b in zip(head, magic)) <= 1


def _dataset(path):
    from choreo.dataset.check import check

    problems = check(path, leaks=False)
    if problems:
        raise ItemError("; ".join(problems))


def _weights(path):
    sealed.load_tensors(path, "weights")


def _json(path):
    found = load_json(path, "JSON")
    for name, (beside, said_by) in _TWICE.items():
        if path.name == name and path.with_name(beside).is_file():
            try:
                other = said_by(path.with_name(beside))
            except ChoreoError:
                return  # which is told of that file
            if found != other:
                raise ItemError(f"it does not say what {beside} beside it says, which has a digest")
    sealed.compare_text(path)


def _header(path):
    return sealed.load_tensors(path, "weights", wanted=lambda name: False)[0]


def _card(path):
    from choreo.dataset.pack import info

    return json.loads(json.dumps(info(path)))


_TWICE = {"metrics.json": ("weights.safetensors", _header), "card.json": ("dataset.h5", _card)}
"""What is said twice: the text, and the file beside it that says it too."""


def _unchanged(path, kind):
    """Whether a file has the digest that is in it; False where there is none."""
    if sealed.compare(path):
        return True
    sealed.say_unsealed(path, kind)
    return False


def _checkpoint(path):
    sealed.load_torch(path, "a checkpoint")


def _arrays(path):
    sealed.load_arrays(path, "a file of arrays")


def _video(path):
    from choreo.media import ffmpeg_binary

    if _unchanged(path, "videos"):
        return
    file = ["-protocol_whitelist", "file,pipe", "-i", f"file:{path.resolve()}"]
    command = [ffmpeg_binary(), "-v", "error", "-nostdin", *file, "-f", "null", "-"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS)
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    if done.returncode or lines:
        raise ItemError(f"can't be decoded whole ({lines[0] if lines else done.returncode})")


def _sound(path):
    import soundfile

    if _unchanged(path, "songs"):
        return
    if ending(path) == ".wav":
        from choreo.videos.wav import check_chunks

        check_chunks(path)
    with soundfile.SoundFile(path) as file:
        frames, found = len(file), 0
        while block := len(file.read(1 << 20, dtype="int16")):
            found += block
        size = found * file.channels * 2
        if found < frames or (file.subtype == "PCM_16" and size > path.stat().st_size):
            raise ItemError(f"it holds {found} of {frames} samples")


def _picture(path):
    from PIL import Image

    if ending(path) == ".png":
        _checksums(path.read_bytes())
    with Image.open(path) as picture:
        picture.load()


def _checksums(data):
    """Compare all checksums of a PNG; Pillow leaves out those of some chunks."""
    at, kind = 8, None
    while at < len(data) and kind != b"IEND":
        (length,) = struct.unpack_from(">I", data, at)
        kind, end = data[at + 4 : at + 8], at + 8 + length
        if zlib.crc32(data[at + 4 : end]) != struct.unpack_from(">I", data, end)[0]:
            raise ItemError("a part of it does not have the checksum that is kept with it")
        at = end + 4
    if kind != b"IEND" or at != len(data):
        raise ItemError("it is not whole")


def _events(path):
    """Compare the checksums of TensorBoard's records; a killed training leaves the last one cut."""
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    data, at = path.read_bytes(), 0
    while at + 12 <= len(data):
        length, checksum = struct.unpack_from("<QI", data, at)
        whole = masked_crc32c(data[at : at + 8]) == checksum
        end = at + 12 + length
        if whole and end + 4 > len(data):
            return
        if (
            not whole
            or masked_crc32c(data[at + 12 : end]) != struct.unpack_from("<I", data, end)[0]
        ):
            raise ItemError("a record in it does not have the checksum that is kept with it")
        at = end + 4


def _page(path):
    if _unchanged(path, "pages"):
        return
    data = path.read_bytes()
    if not data.startswith(b"%PDF-") or not data.rstrip().endswith(b"%%EOF"):
        raise ItemError("not a whole PDF")


def _text(path):
    if "\0" in path.read_text(encoding="utf-8-sig"):
        raise ItemError("a text that holds zero bytes")
    sealed.compare_text(path)


_LOOKS = {
    ".h5": _dataset,
    ".safetensors": _weights,
    ".pt": _checkpoint,
    ".pth": _checkpoint,
    ".npz": _arrays,
    ".json": _json,
    ".mp4": _video,
    ".wav": _sound,
    ".png": _picture,
    ".jpg": _picture,
    ".pdf": _page,
    **dict.fromkeys(TEXTS, _text),
}


@verb("verify", epilog=EPILOG)
@argument("results", metavar="FOLDER", help="such as results/demo; or a file")
@json_option
def verify_verb(results):
    """Check every file of a study for damage since it was written, and say what to delete."""
    from tqdm import tqdm

    with tqdm(unit=" files", disable=None, file=sys.stderr) as bar:

        def on_file(count):
            bar.total = count
            bar.update()

        damaged, counts = verify(results, on_file)
    record = {
        "damaged": {str(path): message for path, message in damaged.items()},
        "checked": counts,
    }
    checked = ", ".join(f"{count} {kind}" for kind, count in counts.items()) or "no file"
    lines = [f"{path}: {message}" for path, message in damaged.items()]
    say(record, [*lines, *advice(damaged), f"checked {checked}"])
    if damaged:
        raise ItemError(
            f"{len(damaged)} damaged file{'s'[: len(damaged) > 1]}",
            where=results,
            remedy="Delete what is named above",
        )
    print(
        f"{results}: nothing is damaged, as far as texts without a digest can tell",
        file=sys.stderr,
    )


def advice(damaged):
    """Lines that say how to go on.

    Parameters
    ----------
    damaged : iterable of Path

    Returns
    -------
    list of str
    """
    if not damaged:
        return []
    here = Path.cwd()
    paths = [Path(os.path.relpath(p)) if p.absolute().is_relative_to(here) else p for p in damaged]
    made = [
        path
        for path in paths
        # Hidden: what a killed job left half-written.
        if not path.name.startswith(".") and not set(path.parent.parts) & set(_MADE_ALONE)
    ]
    lines = ["Delete what is damaged:", f"  rm {_quoted(paths)}"]
    if made:
        lines += [
            "then make it again, and with the study's own command all that was made from it:",
            f"  snakemake --cores all {_quoted(made)}",
            "  snakemake --cores all",
            "(both with the --configfile or --config of the study; a file that is no output of",
            "a rule, such as a video that you gave, has to be copied again)",
        ]
    return lines


def _quoted(paths):
    return " ".join(shlex.quote(str(path)) for path in paths)
