"""Fetch a video by http or https, with yt-dlp."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import pydantic
import yt_dlp
import yt_dlp.downloader
import yt_dlp.downloader.fragment
import yt_dlp.downloader.hls
from yt_dlp.downloader.external import FFmpegFD
from yt_dlp.networking.exceptions import CertificateVerifyError, HTTPError, TransportError
from yt_dlp.utils import ContentTooShortError, UnsupportedError, YoutubeDLError

from choreo.errors import AccidentError, ItemError, accident
from choreo.files import whole, write_text
from choreo.files.locks import held_folder
from choreo.files.outside import load_json
from choreo.media import ffmpeg_binary
from choreo.pipeline.tombstones import MAGIC
from choreo.videos.aes import decrypt_cbc
from choreo.videos.cut_off import is_cut
from choreo.videos.sockets import public_only
from choreo.videos.source import look

MAX_BYTES = 32 * 1024**3
"""Largest download."""
MAX_SECONDS = 7200.0
"""Longest download, all tries together."""
_SPARE_BYTES = 100 * 1024**2
"""Room that a download leaves on the disk."""
_MAX_MEMORY = 2 * 1024**3
"""Most that a fragment, with all else, may add to the memory of this process."""
MAX_PAGE_BYTES = 64 * 1024**2
"""Largest page, playlist or key, unpacked; a page of YouTube has 2 MB."""
_LOOK_SECONDS = 0.5
_LONGEST_PAUSE = 60.0
_STATUS_TO_TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}
_ADDRESS = "Open the address in a browser and correct it, or give a local file"
_AGAIN = "Check the network, then run the same command again"
_SCHEMES = {"http", "https"}
_INLINE = "data"
"""Scheme of an address that holds its content itself, as playlists have for keys."""
_PROTOCOLS = {
    *_SCHEMES,
    "m3u8",
    "m3u8_native",
    "http_dash_segments",
    "http_dash_segments_generator",
    "ism",
}
_STATE, _LOCK = "state.json", "lock"


def download(
    url: str,
    path: str | Path,
    *,
    retries: int = 5,
    folder: str | Path | None = None,
    on_progress: Callable[..., Any] | None = None,
    wait: float = 0.5,
    allow_private: bool = False,
    max_bytes: int = MAX_BYTES,
    max_seconds: float = MAX_SECONDS,
) -> None:
    """Fetch a video.

    What has come is kept in `folder` until the video is complete, so that a new try, or the
    next run after a killed one, goes on from there where the server allows it and still has
    the same file. It is locked: of two that fetch the same, the second waits for the first.

    Parameters
    ----------
    url : str
        An http or https address: of a video file, or of a page that yt-dlp knows.
    path : str or Path
        Where the video shall be, in whatever container it comes; whole or not at all.
    retries : int
        Tries after the first that bring nothing new before giving up. Tried again are
        broken connections, cut-off answers and a busy server, not a refusal such as 404.
    folder : str or Path, optional
        Where unfinished downloads lie, one folder for each `url` and `path`;
        ``.partial`` beside `path` by default.
    on_progress : callable, optional
        Called with (bytes so far, all bytes or None).
    wait : float
        Seconds before the second try; each further pause is twice as long, 60 s at most.
    allow_private : bool
        Connect also to addresses of this machine and its own network.
    max_bytes : int
        Largest download; of a video in several parts, all together.
    max_seconds : float
        Longest download, all tries together. Kept, as the other bounds are, also where the
        server sends a byte now and then; only in the main thread, which signals need.

    Raises
    ------
    ItemError
        With the address and what to do: not http, not found, refused, cut off, too large, in
        one's own network, a list of videos, or no video.
    AccidentError
        Where it says nothing about the video: no network, a busy or broken server, a full
        disk, the time is over.
    """
    path = Path(path)
    _check_address(url)
    began = _identity(path)
    partial = partial_folder(url, path, folder)
    try:
        with held_folder(
            partial,
            on_wait=lambda: print(
                f"{url}: another process fetches it; waiting", file=sys.stderr, flush=True
            ),
        ) as waited:
            if waited and _identity(path) not in (None, began):
                return
            _tidy(partial)
            bounds = _Bounds(partial, max_bytes, max_seconds)
            state = _Progress(on_progress, bounds)
            try:
                with bounds.watched(), public_only(not allow_private) as refused:
                    file = _fetch_with_patience(
                        url, partial, state, retries=retries, wait=wait, refused=refused
                    )
            except _Stopped as stop:
                if stop.kind is ItemError:
                    shutil.rmtree(partial)
                raise stop.kind(stop.message, where=url, remedy=stop.remedy) from None
            try:
                _check_video(file, url)
            except ItemError:
                # Nothing to go on from: the next run must fetch it anew.
                shutil.rmtree(partial)
                raise
            with whole(path) as temporary:
                shutil.move(file, temporary)
            shutil.rmtree(partial)
    except OSError as error:
        found = accident(error, where=path)
        if found is None:
            raise
        raise found from error


def partial_folder(url, path, folder=None):
    """Where an unfinished download lies (parameters as of `download`).

    Its name begins with that of the video, so that it can be found without the address; two
    clips of one video are fetched at the same time and don't share it.
    """
    path = Path(path)
    key = hashlib.sha256(f"{url}\n{path.name}".encode()).hexdigest()[:16]
    return Path(folder or path.parent / ".partial") / f"{path.stem}-{key}"


def _identity(path):
    with contextlib.suppress(FileNotFoundError):
        status = path.stat()
        return status.st_ino, status.st_ctime_ns
    return None


def _fetch_with_patience(url, folder, state, *, retries, wait, refused):
    failures, best = 0, _bytes_in(folder)
    while True:
        state.before = _bytes_in(folder)
        try:
            return _fetch(url, folder, state)
        except AccidentError:  # of ours: no ffmpeg starts
            raise
        except Exception as error:  # a page may make yt-dlp's readers raise anything
            if not isinstance(error, (YoutubeDLError, OSError)):
                traceback.print_exc()
            message, remedy, again, kind = _explain(error, state, folder, urlsplit(url).hostname)
            if refused:
                message = f"it leads into your own network ({refused[-1]})"
                remedy = "Set `videos.allow_private: true` in the config if you trust it"
                again, kind = False, ItemError
            here = _bytes_in(folder)
            failures = failures + 1 if here <= best else 0
            best = max(best, here)
            if not again or failures > retries:
                raise kind(
                    message + (f" (tried {retries + 1} times)" if again and retries else ""),
                    where=url,
                    remedy=remedy,
                ) from None
        time.sleep(min(_LONGEST_PAUSE, wait * 2 ** max(0, failures - 1)))


class _Known(pydantic.BaseModel):
    """What a server said of a file: enough to know it again."""

    etag: Annotated[str, pydantic.StringConstraints(max_length=1000)] | None = None
    modified: Annotated[str, pydantic.StringConstraints(max_length=100)] | None = None
    length: pydantic.NonNegativeInt | None = None

    @classmethod
    def of(cls, response):
        """Read the headers of an answer, of a whole file or of a range."""
        header = response.headers.get
        length = header("Content-Length")
        if response.status == 206:
            length = (header("Content-Range") or "").rpartition("/")[2]
        whole = (length or "").isdigit() and not header("Content-Encoding")
        return cls(
            etag=header("ETag"), modified=header("Last-Modified"), length=length if whole else None
        )

    def same(self, other):
        """Tell whether two answers are of the same file; not where nothing tells."""
        pairs = [
            (mine, theirs)
            for mine, theirs in zip(vars(self).values(), vars(other).values())
            if mine is not None and theirs is not None
        ]
        return bool(pairs) and all(mine == theirs for mine, theirs in pairs)


def _known(folder):
    """What the servers said of the files of an unfinished download, by format."""
    try:
        found = load_json(folder / _STATE, "what is known of a download", limit=1 << 16)
        return {str(name): _Known.model_validate(values) for name, values in found.items()}
    except (ItemError, ValueError, AttributeError):
        return {}


def _tidy(folder):
    """Remove what an earlier process left that can't be trusted to be gone on with."""
    known = _known(folder)
    lengths = [one.length for one in known.values()]
    fragments = {file.name.removesuffix(".ytdl") for file in folder.glob("*.ytdl")}
    for file in folder.iterdir():
        if file.name in (_STATE, _LOCK):
            continue
        size = file.stat().st_size
        if file.suffix == ".part":
            # Of a stream in fragments nothing tells whether the next ones belong to these.
            keep = file.stem not in fragments and any(
                length is None or size <= length for length in lengths
            )
        else:
            keep = size in lengths
        if not keep:
            file.unlink()


def _check_address(url):
    try:
        parts = urlsplit(url)
        good = parts.scheme in _SCHEMES and bool(parts.hostname)
    except ValueError:
        good = False
    if not good or re.search(r"[\s\x00-\x1f]", url):
        raise ItemError(
            "only http and https addresses are fetched",
            where=url,
            remedy="Correct the address, or give the path of a local file",
        )


class _Stopped(BaseException):
    """A bound was reached; not an Exception, so that yt-dlp does not try anything else."""

    def __init__(self, kind, message, remedy):
        super().__init__(message)
        self.kind, self.message, self.remedy = kind, message, remedy


class _Bounds:
    """Size, time, disk and memory of a download, whatever way its bytes come."""

    def __init__(self, folder, max_bytes, max_seconds):
        self._folder, self._most, self._seconds = folder, max_bytes, max_seconds
        self._end = time.monotonic() + max_seconds
        self._memory = _memory()
        self.merging = False

    def announced(self, size):
        """Refuse what is too large, or has no room, before it comes."""
        if size > self._most:
            raise self._too_large()
        self._room(max(0, size - _bytes_in(self._folder)))

    def look(self):
        """Raise where a bound is reached."""
        if _bytes_in(self._folder) > self._most * (2 if self.merging else 1):
            raise self._too_large()
        if time.monotonic() > self._end:
            raise _Stopped(
                AccidentError,
                f"it was not fetched within {self._seconds / 60:g} minutes",
                "Run the same command again to go on from there, raise "
                "`videos.download_minutes`, or fetch it yourself and give the local file",
            )
        self._room(0)
        if _memory() - self._memory > _MAX_MEMORY:
            raise _Stopped(ItemError, "a fragment there is too large to be read", _ADDRESS)

    def _room(self, size):
        free = shutil.disk_usage(self._folder).free
        if free < size + _SPARE_BYTES:
            raise _Stopped(
                AccidentError,
                f"too little room on the disk of {self._folder}: {free / 1024**2:,.0f} MiB are "
                f"free, {(size + _SPARE_BYTES) / 1024**2:,.0f} are needed",
                "Make room and run the same command again",
            )

    def _too_large(self):
        return _Stopped(
            ItemError,
            f"the file is larger than {self._most / 1024**3:.3g} GiB",
            "Fetch and cut it yourself, then give the local file",
        )

    @contextlib.contextmanager
    def watched(self):
        """Look every half second, also while yt-dlp waits for something."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGALRM, lambda *_: self.look())
        signal.setitimer(signal.ITIMER_REAL, _LOOK_SECONDS, _LOOK_SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before or signal.SIG_DFL)


def _memory():
    """Memory of this process in bytes; 0 where the system does not say."""
    with contextlib.suppress(OSError, ValueError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    return 0


class _Progress:
    """What yt-dlp's hook has told last."""

    def __init__(self, report, bounds):
        self.total = None
        self.last_error = None
        self.cut_at = None
        self.before = 0
        self.bounds = bounds
        self._report = report

    def __call__(self, status):
        done = status.get("downloaded_bytes") or 0
        self.total = status.get("total_bytes") or status.get("total_bytes_estimate")
        if status.get("total_bytes"):
            self.bounds.announced(self.total)
        self.bounds.look()
        if self._report:
            self._report(done, self.total and int(self.total))


class _Refused(YoutubeDLError):
    def __init__(self, message, remedy, again=False, kind=None):
        super().__init__(message)
        self.message, self.remedy, self.again = message, remedy, again
        self.kind = kind or (AccidentError if again else ItemError)


class _NoFFmpeg(FFmpegFD):
    """ffmpeg as a downloader: none, since it connects past the bounds above."""

    @classmethod
    def available(cls, path=None):
        return False

    def real_download(self, filename, info_dict):
        raise _Refused("the stream is protected, or of a kind that can't be fetched", _ADDRESS)


yt_dlp.downloader.FFmpegFD = yt_dlp.downloader.hls.FFmpegFD = _NoFFmpeg
yt_dlp.downloader.fragment.aes_cbc_decrypt_bytes = lambda data, key, iv, **_: decrypt_cbc(
    bytes(data), bytes(key), bytes(iv)
)


class _Session(yt_dlp.YoutubeDL):
    """yt-dlp, going on with a file only where the server still has the same."""

    def __init__(self, options, folder, state):
        super().__init__(options)
        self._folder, self._state = folder, state
        self._formats = {}

    def expect(self, formats):
        """Say which addresses are those of whole files."""
        self._formats = {
            part["url"]: str(part.get("format_id"))
            for part in formats
            if part.get("protocol", "http") in _SCHEMES
        }

    def urlopen(self, request):
        address = request if isinstance(request, str) else getattr(request, "url", None)
        if urlsplit(address or "").scheme not in {*_SCHEMES, _INLINE}:
            raise _Refused("the address leads to one that is not http or https", _ADDRESS)
        name = self._formats.get(address)
        begin = None
        if name is not None:
            begin = re.match(r"bytes=(\d+)-", request.headers.get("Range", ""))
        try:
            response = _bounded(super().urlopen(request))
            if name is None:
                return response
            found, known = _Known.of(response), _known(self._folder)
            if begin and int(begin[1]) and response.status == 206:
                if name in known and known[name].same(found):
                    return response
                response.close()
                del request.headers["Range"]
                response = _bounded(super().urlopen(request))
                found = _Known.of(response)
        except (HTTPError, TransportError) as error:
            self._state.last_error = error
            raise
        known[name] = found
        values = {key: one.model_dump() for key, one in known.items()}
        write_text(self._folder / _STATE, json.dumps(values))
        return response

    def check(self, status):
        """Hook: compare what came with what was announced."""
        name = str(status.get("info_dict", {}).get("format_id"))
        if status["status"] != "finished" or name not in self._formats.values():
            return
        known = _known(self._folder).get(name)
        file = Path(status["filename"])
        if known and known.length is not None and file.stat().st_size != known.length:
            size = file.stat().st_size
            file.unlink()
            raise _Refused(
                f"the file was damaged: {size:,} bytes, and {known.length:,} were announced",
                "Run the same command again",
                again=True,
            )
        # Of a file whose length nobody told, its container may tell.
        if known and known.length is None and is_cut(file):
            size, before = file.stat().st_size, self._state.cut_at
            self._state.cut_at = size
            file.unlink()
            raise _Refused(
                f"the file is cut off after {size:,} bytes (the server tells no length)",
                "Run the same command again; if it stays so, the file on the server is damaged",
                again=True,
                # A connection breaks anywhere, a damaged file always ends there.
                kind=ItemError if size == before else AccidentError,
            )


class _Log:
    """Keeps yt-dlp's lines to itself."""

    def debug(self, line):
        pass

    info = warning = error = debug


def _bounded(response):
    """Bound an answer that is read at once, as pages, playlists and keys are."""
    read = response.read

    def bounded(amount=None):
        if amount is not None:
            return read(amount)
        blocks, size = [], 0
        while block := read(1 << 16):
            blocks.append(block)
            size += len(block)
            if size > MAX_PAGE_BYTES:
                raise _Stopped(
                    ItemError,
                    f"a page or playlist there is larger than {MAX_PAGE_BYTES >> 20} MiB",
                    _ADDRESS,
                )
        return b"".join(blocks)

    response.read = bounded
    return response


def _bytes_in(folder):
    size = 0
    for file in folder.glob("video*"):
        with contextlib.suppress(FileNotFoundError):  # a fragment that was just taken in
            size += file.stat().st_size
    return size


def _fetch(url, folder, state):
    """One try; returns the complete file."""
    options = {
        "outtmpl": {"default": str(folder / "video.%(ext)s")},
        "logger": _Log(),
        "quiet": True,
        "noprogress": True,
        "progress_hooks": [state],
        "ffmpeg_location": ffmpeg_binary(),
        # H.264 in mp4 is what every tool reads; anything else is taken where there is none.
        "format": "bv*+ba/b",
        "format_sort": ["vcodec:h264", "acodec:aac", "ext:mp4:m4a"],
        "merge_output_format": "mp4/mkv",
        "noplaylist": True,
        "extract_flat": "in_playlist",
        "fixup": "never",
        "cachedir": False,
        "updatetime": False,
        "continuedl": True,
        # ffmpeg would connect by itself; see `_NoFFmpeg`.
        "external_downloader": "native",
        "hls_prefer_native": True,
        "skip_unavailable_fragments": False,
        "enable_file_urls": False,
        "socket_timeout": 20,
        # `download` tries again itself: it asks for the address of the file anew, which
        # on some sites is good for a short time only.
        "retries": 0,
        "fragment_retries": 3,
        # yt-dlp grows its blocks; a connection that breaks loses the last one.
        "buffersize": 1 << 16,
        "noresizebuffer": True,
    }
    with _Session(options, folder, state) as session:
        found = session.extract_info(url, download=False)
        if found.get("_type", "video") != "video":
            raise _Refused(
                "the address leads to a list, not to one video", "Give the address of one video"
            )
        if found.get("is_live"):
            raise _Refused("the video is a live broadcast", "Wait for its recording")
        parts = found.get("requested_formats") or [found]
        for part in parts:
            scheme = urlsplit(part.get("url") or "").scheme
            if scheme not in _SCHEMES:
                raise _Refused(f"the address leads to a {scheme or 'bare'}: address", _ADDRESS)
            protocol = part.get("protocol") or scheme
            if any(one not in _PROTOCOLS for one in protocol.split("+")):
                raise _Refused(f"streams of the kind {protocol} are not fetched", _ADDRESS)
        sizes = [part.get("filesize") for part in parts]
        if all(sizes):
            state.bounds.announced(sum(sizes))
        session.expect(parts)
        session.add_progress_hook(session.check)
        session.add_postprocessor_hook(lambda _: setattr(state.bounds, "merging", True))
        done = session.process_ie_result(found, download=True)
    files = [Path(part["filepath"]) for part in done.get("requested_downloads") or []]
    if len(files) != 1 or not files[0].is_file():
        raise _Refused("yt-dlp gave no file", _ADDRESS)
    return files[0]


def _causes(error):
    seen = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        inner = getattr(error, "exc_info", None) or (None, None, None)
        error = inner[1] or getattr(error, "cause", None) or error.__cause__


_ACCIDENTS_OF_SERVERS = re.compile(
    r"not a bot|HTTP Error (?:408|425|429|5\d\d)|rate.?limit|too many requests|timed? ?out"
    r"|temporary failure|connection (?:reset|refused|aborted)|network is unreachable"
    r"|no route to host|remote end closed|incomplete ?read|internal server error"
    r"|service unavailable|bad gateway|try again later",
    re.IGNORECASE,
)
"""What yt-dlp's own texts say where the network or the server failed, and not the video."""

_FULL_DISK = re.compile(r"Errno (?:28|122)\b|no space left|disk quota exceeded", re.IGNORECASE)
_KILLED = re.compile(r"exited with code -\d+|code (?:137|143)\b")


def _explain(error, state, folder, host):
    """Return what went wrong, what to do, whether a new try can help, and the kind of error."""
    causes = list(_causes(error))
    if state.last_error is not None and re.search(r"fragment \d+ not found|Got error", str(error)):
        causes += _causes(state.last_error)
    for cause in causes:
        if isinstance(cause, _Refused):
            return cause.message, cause.remedy, cause.again, cause.kind
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            found = accident(cause, where=folder)
            return f"{found.message} ({found.where})", found.remedy, False, AccidentError
        if isinstance(cause, HTTPError):
            status = f"the server answers {cause.status} {cause.reason or ''}".strip()
            if cause.status == 407:
                return status, "Give the proxy your name and password", False, AccidentError
            again = cause.status in _STATUS_TO_TRY_AGAIN
            if again or cause.status >= 500:
                return status, "Run the same command again later", again, AccidentError
            return status, _ADDRESS, False, ItemError
        if isinstance(cause, UnsupportedError):
            return (
                "the address gives a web page in which there is no video",
                _ADDRESS,
                False,
                ItemError,
            )
        if isinstance(cause, CertificateVerifyError):
            return "the server's certificate can't be trusted", _ADDRESS, False, ItemError
    if isinstance(causes[-1], UnicodeError):
        return "no server can have this name", _ADDRESS, False, ItemError
    text = re.sub(r"\x1b\[[0-9;]*m|\r|^ERROR: |\[\w+\] ", "", str(error)).strip()
    if _FULL_DISK.search(text):
        return "no space left on the disk", "Make room and run it again", False, AccidentError
    last = causes[-1]
    if isinstance(last, ContentTooShortError) or re.search(r"more expected|bytes, expected", text):
        here, said = _bytes_in(folder), re.search(r"(\d+) bytes read", text)
        came = f"{here:,} of {int(state.total):,}" if state.total else "a part of its"
        # Nothing is kept of a first block that is cut.
        place = here or int(said[1] if said else 0)
        before, state.cut_at = (state.before, state.cut_at), place
        return (
            f"the file is cut off: {came} bytes came",
            "Run again to go on from there; if it stays so, the file on the server is damaged",
            True,
            # A connection breaks anywhere, a damaged file always ends there.
            ItemError if place and place in before else AccidentError,
        )
    broken = (TransportError, TimeoutError, ConnectionError, socket.gaierror)
    if any(isinstance(cause, broken) for cause in causes):
        if host.endswith(".invalid"):
            return "no server has this name", _ADDRESS, False, ItemError
        if any(_is_no_name(cause) for cause in causes):
            return "no server has this name", _ADDRESS, False, ItemError
        reason = re.sub(r"^\[Errno -?\d+\] ", "", str(last))
        return f"the server can't be reached: {reason}", _AGAIN, True, AccidentError
    if (found := accident(last, where=folder)) is not None:
        return f"{found.message} ({found.where})", found.remedy, False, AccidentError
    if "Did not get any data blocks" in text:
        return "no data came", _ADDRESS, True, ItemError
    if re.search(r"No connection adapters|Unsupported url scheme|URLs are disabled", text):
        return "the address leads to one that is not http or https", _ADDRESS, False, ItemError
    text = re.sub(r"[;.] *please report this issue.*", "", text, flags=re.IGNORECASE | re.DOTALL)
    message = f"yt-dlp can't fetch it: {text}"
    if _KILLED.search(text):
        return message, "Run the same command again", False, AccidentError
    if "Got error" in text or _ACCIDENTS_OF_SERVERS.search(text):
        return message, "Run the same command again later", True, AccidentError
    return message, _ADDRESS, False, ItemError


def _is_no_name(error):
    """Tell a name that nobody has from name servers that can't be asked now."""
    none = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
    if not isinstance(error, socket.gaierror) or error.errno not in none:
        return False
    # Some systems say the same where there is no network. Nothing is sent by this.
    for family, address in ((socket.AF_INET, "1.1.1.1"), (socket.AF_INET6, "2606:4700::1111")):
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 53))
            return True
    return False


def _check_video(file, url):
    """Refuse a file that holds no picture."""
    with open(file, "rb") as data:
        head = data.read(512)
    if head.startswith(MAGIC.encode()):
        # In the place of a video it would be taken for a record of ours.
        raise ItemError("what the address gives is no video", where=url, remedy=_ADDRESS)
    head = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html")):
        raise ItemError("the address gives a web page, no video", where=url, remedy=_ADDRESS)
    try:
        source = look(file)
    except ItemError as error:
        raise ItemError(
            f"what the address gives is no video: {error.message}",
            where=url,
            value=error.value,
            remedy=_ADDRESS,
        ) from None
    if source.picture is None:
        raise ItemError(
            "what the address gives is sound without a picture", where=url, remedy=_ADDRESS
        )
