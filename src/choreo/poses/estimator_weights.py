"""Weights of pose estimators: downloaded once, resumed where they broke off, and checked.

Nothing here is a part of this project's own files: every asset has its owner's licence.
"""

import contextlib
import hashlib
import http.client
import json
import re
import sys
import time
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from choreo.errors import ConfigError, accident
from choreo.files import write_text
from choreo.files.locks import hold
from choreo.files.temporary import publish

SCHEMES = ("https",)
"""Addresses of other kinds are not opened, nor followed to."""

MAX_BYTES = 4 << 30
"""Largest file that is fetched where its size isn't known."""

TRIES = 5
"""Attempts in a row that bring nothing new before a download gives up."""

WAIT_SECONDS = 2.0
"""Pause before the second attempt; each later one is twice as long."""

TIMEOUT_SECONDS = 60.0
"""How long a server may be silent."""

NEARLY = 0.03
"""How far a file may be from a size that is only roughly known, as a share of it."""

_BLOCK = 1 << 20

# The number that torch's older format begins with, as pickle's protocol 2 writes it.
_TORCH_PICKLE = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."


@dataclass(frozen=True)
class Asset:
    """A file that an estimator needs and that is fetched from its owner.

    Attributes
    ----------
    name : str
        Its file name.
    url : str
        Where it is fetched from, by https.
    size : int or None
        Bytes, where known.
    about : int or None
        Bytes within `NEARLY`, where only that is known.
    container : {"torch", "zip"} or None
        What kind of file it is, where neither size nor hash tells: what `torch.save` writes
        (its zip, or its older pickle), or a zip.
    sha256, md5 : str or None
        Hexadecimal, where known. Without either, what the first download gave is
        trusted and anything else is refused later on.
    licence : str
        Under which terms its owner gives it.
    page : str
        Where a person finds it in a browser.
    setting : str
        The key of the config that names a file to use instead.
    """

    name: str
    url: str
    size: int | None = None
    about: int | None = None
    container: str | None = None
    sha256: str | None = None
    md5: str | None = None
    licence: str = ""
    page: str = ""
    setting: str = ""

    @property
    def remedy(self):
        """What a person can do where it can't be fetched."""
        named = f" and name its path in {self.setting}" if self.setting else ""
        return f"Or download it in a browser from {self.page or self.url}{named}"


def google_drive(identifier):
    """Address of a file on Google Drive, past the question that it asks for large ones."""
    return (
        f"https://drive.usercontent.google.com/download?id={identifier}&export=download&confirm=t"
    )


def verify(path, asset):
    """Check a file against what is known of an asset.

    Parameters
    ----------
    path : str or Path
        It is read anew; a hash that was written beside it counts for nothing.
    asset : Asset

    Returns
    -------
    str
        Hexadecimal SHA-256 of the file.

    Raises
    ------
    ConfigError
        Where it is missing, empty, a web page, another kind of file, or differs in size or
        hash.
    """
    path = Path(path)
    again = f"Delete it and fetch it again. {asset.remedy}"
    if not path.is_file():
        raise ConfigError(
            f"there is no such file; {asset.name} should be here",
            where=path,
            remedy=f"Mend {asset.setting} in the config" if asset.setting else asset.remedy,
        )
    size = path.stat().st_size
    if asset.size not in (None, size) or not size:
        raise ConfigError(
            f"has {size} bytes, {asset.name} has {asset.size or 'more than none'}",
            where=path,
            remedy=f"It was not fetched whole, or is another file. {again}",
        )
    if asset.about and abs(size - asset.about) > NEARLY * asset.about:
        raise ConfigError(
            f"has {size} bytes, {asset.name} has about {asset.about / 1e6:.0f} MB",
            where=path,
            remedy=f"It was not fetched whole, or is another file. {again}",
        )
    with open(path, "rb") as file:
        if _is_page(file.read(512)):
            raise ConfigError(
                f"is a web page, not {asset.name}",
                where=path,
                remedy=again,
            )
        if not _is_of_kind(asset.container, file):
            raise ConfigError(
                f"is no {'zip' if asset.container == 'zip' else 'file of torch'}, or was cut",
                where=path,
                remedy=again,
            )
        file.seek(0)
        found = {"sha256": hashlib.sha256()}
        if asset.md5:
            found["md5"] = hashlib.md5(usedforsecurity=False)
        while block := file.read(_BLOCK):
            for digest in found.values():
                digest.update(block)
    for kind, digest in found.items():
        known = getattr(asset, kind)
        if known and digest.hexdigest() != known.lower():
            raise ConfigError(
                f"its {kind.upper()} is {digest.hexdigest()}, that of {asset.name} is {known}",
                where=path,
                remedy=f"It was damaged, or is another file. {again}",
            )
    return found["sha256"].hexdigest()


def fetch(asset, folder, *, terminal=None):
    """Download an asset to ``folder/name``, or check the one that lies there already.

    A download that breaks off is resumed, also by the next run. The SHA-256 is written to
    ``<name>.sha256``; where the owner publishes none, the first download is trusted, and
    one that differs from it later is refused.

    Parameters
    ----------
    asset : Asset
    folder : str or Path
        It is made.
    terminal : file, optional
        Where progress goes; stderr by default.

    Returns
    -------
    Path

    Raises
    ------
    ConfigError
        Where it can't be fetched or is not what it should be, with the address and what
        to do instead.
    AccidentError
        Where the disk is full or fails.
    """
    terminal = sys.stderr if terminal is None else terminal
    folder = Path(folder)
    path, note = folder / asset.name, folder / f"{asset.name}.sha256"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Two runs that want the same file: the second waits and then finds it there.
        with open(folder / f".{asset.name}.part", "ab") as part:
            hold(part, wait=True, where=part.name)
            if not path.exists():
                print(f"{asset.name}: from {asset.url} ({asset.licence})", flush=True)
                _download(asset, part, terminal)
                new = Path(part.name)
                try:
                    _check(asset, new, note)
                except ConfigError:
                    # Going on with it another time could not make it right.
                    new.unlink()
                    raise
                publish(new, path)
            else:
                _check(asset, path, note)
    except OSError as error:
        if (found := accident(error, where=folder)) is not None:
            raise found from error
        raise ConfigError(
            f"{asset.name} can't be written: {error.strerror or error}", where=folder
        ) from error
    with contextlib.suppress(OSError):
        for name in (f".{asset.name}.part", f".{asset.name}.part.json"):
            (folder / name).unlink(missing_ok=True)
    return path


def _check(asset, path, note):
    """Check a file by what is known, or else by what was found when it was first fetched."""
    digest = verify(path, asset)
    first = note.read_text().split()[:1] if note.exists() else []
    if first and first != [digest]:
        raise ConfigError(
            f"its SHA-256 is {digest}; when {asset.name} was first fetched it was {first[0]}",
            where=path,
            remedy=f"If its owner changed it and you trust that, delete {note} and {asset.name}",
        )
    if not first:
        if not (asset.sha256 or asset.md5):
            print(
                f"{asset.name}: its owner publishes no hash; this first download "
                f"(SHA-256 {digest}) is trusted and later ones must equal it",
                flush=True,
            )
        write_text(note, f"{digest}  {asset.name}\n")


class _Secure(urllib.request.HTTPRedirectHandler):
    """Follows a redirection only to where we would go ourselves."""

    def redirect_request(self, request, *rest):
        _check_address(rest[-1])
        return super().redirect_request(request, *rest)


def _check_address(url):
    if urlsplit(url).scheme not in SCHEMES:
        raise ConfigError(
            f"only addresses of the kind {', '.join(SCHEMES)} are opened", value=url[:200]
        )


def _is_page(start):
    return start.lstrip().lower().startswith((b"<!doctype html", b"<html"))


def _is_of_kind(container, file):
    """Tell whether an open file is such a container; every file is where none is known."""
    if container is None:
        return True
    file.seek(0)
    if container == "torch" and file.read(len(_TORCH_PICKLE)) == _TORCH_PICKLE:
        return True
    # Its table of contents is at the end, so that a zip that was cut is none.
    return zipfile.is_zipfile(file)


def _said(page):
    """What a web page says to a reader, shortened."""
    text = page.decode("utf-8", "replace")
    text = re.sub(r"(?is)<(script|style)\b.*?</\1>|<[^>]*>", " ", text)
    return "".join(c for c in " ".join(text.split()) if c.isprintable())[:200]


class _Refused(Exception):
    """The server gave something that asking again does not change."""


def _download(asset, part, terminal):
    """Fill `part` with the asset, however often the connection breaks."""
    _check_address(asset.url)
    failed = 0
    while True:
        before = part.tell()
        try:
            _receive(asset, part, terminal)
            return
        except (_Refused, ConfigError) as error:
            message = getattr(error, "message", str(error))
            raise ConfigError(
                f"{asset.name} can't be fetched: {message}",
                where=asset.url,
                value=getattr(error, "value", None),
                remedy=asset.remedy,
            ) from error
        except urllib.error.HTTPError as error:
            reason = f"the server answers {error.code} {error.reason}"
            # Asking again helps against "too many", "busy" and "timeout" only.
            again = error.code in (408, 429) or error.code >= 500
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            if isinstance(error, OSError) and error.filename is not None:
                raise
            reason, again = str(getattr(error, "reason", error)) or type(error).__name__, True
        failed = 1 if part.tell() > before else failed + 1
        if not again or failed >= TRIES:
            raise ConfigError(
                f"{asset.name} can't be fetched: {reason}",
                where=asset.url,
                remedy=f"The same command again goes on at {part.tell()} bytes. {asset.remedy}",
            )
        wait = WAIT_SECONDS * 2 ** (failed - 1)
        print(f"{asset.name}: {reason}; again in {wait:g} s", file=terminal, flush=True)
        time.sleep(wait)


def _receive(asset, part, terminal):
    """One request: take what is still missing."""
    state = Path(f"{part.name}.json")
    have = part.seek(0, 2)
    validator = _validator(state, asset) if have else None
    if have and not (validator or asset.sha256 or asset.md5):
        # Nothing would tell that the rest belongs to another version of the file.
        _empty(part)
        have = 0
    request = urllib.request.Request(asset.url, headers={"User-Agent": "choreo"})
    if have:
        request.add_header("Range", f"bytes={have}-")
        if validator:
            # The rest of another version of the file is never put behind this one.
            request.add_header("If-Range", validator)
    opener = urllib.request.build_opener(_Secure)
    try:
        answer = opener.open(request, timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 416 and have:
                if error.headers.get("Content-Range") == f"bytes */{have}":
                    # All of it was there.
                    return
                _empty(part)
                raise ConnectionError("what was there did not fit; from the beginning") from error
            page = error.read(4096) if "html" in error.headers.get("Content-Type", "") else b""
        if error.code < 500 and page:
            raise _Refused(f"the server answers {error.code}: {_said(page)}") from error
        raise
    with answer:
        if answer.status != 206 or not _continues(answer, have):
            _empty(part)
            have = 0
        if "html" in answer.headers.get("Content-Type", "").lower():
            raise _Refused(f"the server gives a web page: {_said(answer.read(1 << 16))}")
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length and length.isdigit() else None
        most = asset.size or (int((1 + NEARLY) * asset.about) if asset.about else MAX_BYTES)
        if asset.size and total not in (None, asset.size):
            _empty(part)
            raise _Refused(f"it has {total} bytes there, not {asset.size}")
        if total and total > most:
            raise _Refused(f"it has {total} bytes, more than {most}")
        _remember(state, asset, answer)
        shown = _Progress(asset.name, total, terminal)
        while block := answer.read(_BLOCK):
            have += len(block)
            if have > most:
                _empty(part)
                raise _Refused(f"it has more than {most} bytes")
            part.write(block)
            part.flush()
            shown(have)
    if total is not None and have < total:
        raise ConnectionError(f"the connection ended at {have} of {total} bytes")
    shown(have, end=True)


def _empty(part):
    part.truncate(0)
    part.seek(0)


def _continues(answer, have):
    match = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return match is not None and int(match[1]) == have


def _validator(state, asset):
    """What tells the version of the part that lies there, if the server said so."""
    try:
        kept = json.loads(state.read_text())
        return kept["validator"] if kept["url"] == asset.url else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(state, asset, answer):
    etag = answer.headers.get("ETag", "")
    strong = etag if etag and not etag.startswith("W/") else None
    validator = strong or answer.headers.get("Last-Modified")
    write_text(state, json.dumps({"url": asset.url, "validator": validator}))


class _Progress:
    """A line at the terminal, now and then."""

    def __init__(self, name, total, terminal):
        self._name, self._total, self._terminal = name, total, terminal
        self._next = time.monotonic() + 2

    def __call__(self, have, *, end=False):
        if end or time.monotonic() >= self._next:
            self._next = time.monotonic() + 10
            of = f" of {self._total / 1e6:.0f}" if self._total else ""
            print(f"{self._name}: {have / 1e6:.0f}{of} MB", file=self._terminal, flush=True)
