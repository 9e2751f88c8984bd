"""Fetch a video by http or https, with yt-dlp."""

import hashlib
import re
import shutil
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import yt_dlp
from yt_dlp.networking.exceptions import CertificateVerifyError, HTTPError, TransportError
from yt_dlp.utils import ContentTooShortError, UnsupportedError, YoutubeDLError

from choreo.errors import ItemError
from choreo.files import whole
from choreo.media import ffmpeg_binary
from choreo.videos.source import look

_MAX_BYTES = 32 * 1024**3
_LONGEST_PAUSE = 60.0
_STATUS_TO_TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}
_ADDRESS = "Open the address in a browser and correct it, or give a local file"


def download(url, path, *, retries=5, folder=None, quiet=True, on_progress=None, wait=0.5):
    """Fetch a video.

    What has come is kept in `folder` until the video is complete, so that a new try, or the
    next run after a killed one, goes on from there where the server allows it.

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
    quiet : bool
        Keep yt-dlp's lines to itself; otherwise they go to standard error.
    on_progress : callable, optional
        Called with (bytes so far, all bytes or None).
    wait : float
        Seconds before the second try; each further pause is twice as long, 60 s at most.

    Raises
    ------
    ItemError
        With the address and what to do: not http, not found, refused, cut off, a list of
        videos, or no video.
    """
    path = Path(path)
    _check_address(url)
    # The name is in it too: two clips of one video are fetched at the same time.
    key = hashlib.sha256(f"{url}\n{path.name}".encode()).hexdigest()[:16]
    folder = Path(folder or path.parent / ".partial") / key
    folder.mkdir(parents=True, exist_ok=True)
    state = _Progress(on_progress)
    failures, best = 0, _bytes_in(folder)
    while True:
        try:
            file = _fetch(url, folder, state, quiet)
            break
        except YoutubeDLError as error:
            message, remedy, again = _explain(error, state, folder)
            here = _bytes_in(folder)
            failures = failures + 1 if here <= best else 0
            best = max(best, here)
            if not again or failures > retries:
                raise ItemError(
                    message + (f" (tried {retries + 1} times)" if again and retries else ""),
                    where=url,
                    remedy=remedy,
                ) from None
        time.sleep(min(_LONGEST_PAUSE, wait * 2 ** max(0, failures - 1)))
    try:
        _check_video(file, url)
    except ItemError:
        # Nothing to go on from: the next run must fetch it anew.
        shutil.rmtree(folder)
        raise
    with whole(path) as temporary:
        shutil.move(file, temporary)
    shutil.rmtree(folder)


def _check_address(url):
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        good = False
    if not good or re.search(r"[\s\x00-\x1f]", url):
        raise ItemError(
            "only http and https addresses are fetched",
            where=url,
            remedy="Correct the address, or give the path of a local file",
        )


class _Progress:
    """What yt-dlp's hook has told last."""

    def __init__(self, report):
        self.total = None
        self._report = report

    def __call__(self, status):
        done = status.get("downloaded_bytes") or 0
        self.total = status.get("total_bytes") or status.get("total_bytes_estimate")
        if max(done, self.total or 0) > _MAX_BYTES:
            raise _Refused(
                f"the file is larger than {_MAX_BYTES / 1024**3:g} GiB",
                "Fetch and cut it yourself, then give the local file",
            )
        if self._report:
            self._report(done, self.total and int(self.total))


class _Refused(YoutubeDLError):
    def __init__(self, message, remedy):
        super().__init__(message)
        self.message, self.remedy = message, remedy


class _Log:
    def __init__(self, quiet):
        self._quiet = quiet

    def debug(self, line):
        if not self._quiet:
            print(line, file=sys.stderr)

    info = warning = error = debug


def _bytes_in(folder):
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())


def _fetch(url, folder, state, quiet):
    """One try; returns the complete file."""
    options = {
        "outtmpl": {"default": str(folder / "video.%(ext)s")},
        "logger": _Log(quiet),
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
    with yt_dlp.YoutubeDL(options) as session:
        found = session.extract_info(url, download=False)
        if found.get("_type", "video") != "video":
            raise _Refused(
                "the address leads to a list, not to one video", "Give the address of one video"
            )
        if found.get("is_live"):
            raise _Refused("the video is a live broadcast", "Wait for its recording")
        for part in found.get("requested_formats") or [found]:
            scheme = urlsplit(part.get("url") or "").scheme
            if scheme not in {"http", "https"}:
                raise _Refused(f"the address leads to a {scheme or 'bare'}: address", _ADDRESS)
        done = session.process_ie_result(found, download=True)
    files = [Path(part["filepath"]) for part in done.get("requested_downloads") or []]
    if len(files) != 1 or not files[0].is_file():
        raise _Refused("yt-dlp gave no file", _ADDRESS)
    return files[0]


def _causes(error):
    while error is not None:
        yield error
        inner = getattr(error, "exc_info", None) or (None, None, None)
        error = inner[1] or getattr(error, "cause", None) or error.__cause__


def _explain(error, state, folder):
    """Return what went wrong, what to do, and whether a new try can help."""
    for cause in _causes(error):
        if isinstance(cause, _Refused):
            return cause.message, cause.remedy, False
        if isinstance(cause, HTTPError):
            status = f"the server answers {cause.status} {cause.reason or ''}".strip()
            again = cause.status in _STATUS_TO_TRY_AGAIN
            return status, "Run again later" if again else _ADDRESS, again
        if isinstance(cause, UnsupportedError):
            return "the address gives a web page in which there is no video", _ADDRESS, False
        if isinstance(cause, CertificateVerifyError):
            return "the server's certificate can't be trusted", _ADDRESS, False
    text = re.sub(r"\x1b\[[0-9;]*m|\r|^ERROR: |\[\w+\] ", "", str(error)).strip()
    last = list(_causes(error))[-1]
    if isinstance(last, ContentTooShortError) or re.search(r"more expected|bytes, expected", text):
        came = f"{_bytes_in(folder):,} of {int(state.total):,}" if state.total else "a part of its"
        return (
            f"the file is cut off: {came} bytes came",
            "Run again to go on from there; if it stays so, the file on the server is damaged",
            True,
        )
    if any(isinstance(cause, TransportError) for cause in _causes(error)):
        reason = re.sub(r"^\[Errno -?\d+\] ", "", str(last))
        return (
            f"the server can't be reached: {reason}",
            "Check the address and the network, then run again",
            True,
        )
    if "Did not get any data blocks" in text:
        return "no data came", _ADDRESS, True
    if re.search(r"No connection adapters|Unsupported url scheme|URLs are disabled", text):
        return "the address leads to one that is not http or https", _ADDRESS, False
    text = re.sub(r"[;.] *please report this issue.*", "", text, flags=re.IGNORECASE | re.DOTALL)
    return f"yt-dlp can't fetch it: {text}", _ADDRESS, "Got error" in text


def _check_video(file, url):
    """Refuse a file that holds no picture."""
    with open(file, "rb") as data:
        head = data.read(512).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
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
