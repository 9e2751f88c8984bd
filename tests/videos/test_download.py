"""Downloads from a server on 127.0.0.1 that behaves well, and badly."""

import contextlib
import functools
import http.server
import re
import signal
import subprocess
import sys
import threading
import time

import pytest
from made_clips import clicks, ffmpeg, make_clip

from choreo.errors import AccidentError, ItemError
from choreo.videos import download as module

# The server of these tests is in our own network.
download = functools.partial(module.download, allow_private=True)

HTML = b"<!DOCTYPE html><html><head><title>x</title></head><body>nothing here</body></html>"


class Handler(http.server.BaseHTTPRequestHandler):
    """What is answered hangs on the path."""

    def log_message(self, *_):
        pass

    def handle(self):
        # A client that hangs up is part of these tests.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            super().handle()

    def do_GET(self):
        self.server.requests.append((self.path, self.headers.get("Range")))
        name = self.path.strip("/").partition(".")[0]
        getattr(self, f"_{name}")()

    def _send(self, data, kind="video/mp4", status=200, headers=(), promise=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(promise or len(data)))
        for key, value in headers:
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()
        self.close_connection = True

    def _send_range(self, most=None, pause=0.0):
        video = self.server.video
        match = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        begin = int(match[1]) if match else 0
        rest = video[begin:]
        self.send_response(206 if match else 200)
        self.send_header("Content-Type", "video/mp4")
        self.send_header("Content-Length", str(len(rest)))
        if match:
            self.send_header("Content-Range", f"bytes {begin}-{len(video) - 1}/{len(video)}")
        self.end_headers()
        for at in range(0, min(len(rest), most or len(rest)), 65_536):
            self.wfile.write(rest[at : at + 65_536])
            self.wfile.flush()
            time.sleep(pause)
        self.close_connection = True

    def _good(self):
        self._send_range()

    def _slow(self):
        self._send_range(pause=self.server.pause)

    def _pieces(self):
        # Half a megabyte a connection: every try brings something new.
        self._send_range(most=524_288)

    def _cut(self):
        # Always the same half, whatever is asked for.
        video = self.server.video
        self._send(video[: len(video) // 2], promise=len(video))

    def _unknown(self):
        # No length is told, and the file's index at its end does not come.
        self.send_response(200)
        self.send_header("Content-Type", "video/mp4")
        self.end_headers()
        self.wfile.write(self.server.video[: self.server.video.index(b"moov") - 8])
        self.close_connection = True

    def _missing(self):
        self.send_error(404)

    def _forbidden(self):
        self.send_error(403)

    def _busy(self):
        if len(self.server.requests) < 3:
            self.send_error(503)
        else:
            self._send_range()

    def _broken(self):
        self.send_error(500)

    def _page(self):
        self._send(HTML, "text/html")

    def _lie(self):
        self._send(HTML)

    def _noise(self):
        self._send(bytes(range(256)) * 100)

    def _nothing(self):
        self._send(b"")

    def _song(self):
        self._send(self.server.song, "audio/mp4")

    def _list(self):
        self._send(
            b"<html><video src='/good.mp4'></video><video src='/slow.mp4'></video>", "text/html"
        )

    def _embed(self):
        self._send(b"<html><video src='file:///etc/hostname'></video></html>", "text/html")

    def _moved(self):
        self._send(b"", status=302, headers=[("Location", "/good.mp4")])

    def _local(self):
        self._send(b"", status=302, headers=[("Location", "file:///etc/hostname")])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    clip = make_clip(folder / "clip.mp4", count=60, sound=clicks([1.0], 2.0))
    ffmpeg("-i", clip, "-vn", "-c", "copy", folder / "song.m4a")
    # Two megabytes: an mp4 may end with a box that readers pass over.
    data = clip.read_bytes()
    free = 2_000_000 - len(data)
    return data + free.to_bytes(4, "big") + b"free" + bytes(free - 8), (
        folder / "song.m4a"
    ).read_bytes()


@pytest.fixture
def server(files, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.video, server.song = files
    server.requests, server.pause = [], 0.0
    server.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def refused(server, name, tmp_path, kind=ItemError, **options):
    url = f"{server.address}/{name}"
    with pytest.raises(kind) as error:
        download(url, tmp_path / "out" / "a.video", **{"retries": 2, "wait": 0.01, **options})
    assert not (tmp_path / "out" / "a.video").exists()
    text = str(error.value)
    assert text.startswith(f"{url}: ")
    assert error.value.remedy
    assert "\n" not in text
    return text


def ranges(server):
    return [int(asked[6:-1]) for _, asked in server.requests if asked]


def test_a_video(server, tmp_path):
    seen = []
    path = tmp_path / "out" / "a.video"
    download(f"{server.address}/good.mp4", path, on_progress=lambda *done: seen.append(done))
    assert path.read_bytes() == server.video
    assert seen[-1] == (len(server.video), len(server.video))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert not list((tmp_path / "out" / ".partial").iterdir())


def test_a_redirect(server, tmp_path):
    download(f"{server.address}/moved.mp4", tmp_path / "a.video")
    assert (tmp_path / "a.video").read_bytes() == server.video


def test_an_earlier_file_is_replaced(server, tmp_path):
    (tmp_path / "a.video").write_text("old")
    download(f"{server.address}/good.mp4", tmp_path / "a.video")
    assert (tmp_path / "a.video").read_bytes() == server.video


def test_broken_connections_are_resumed(server, tmp_path):
    # Four connections are needed and no two failures follow without progress.
    download(f"{server.address}/pieces.mp4", tmp_path / "a.video", retries=1, wait=0.01)
    assert (tmp_path / "a.video").read_bytes() == server.video
    assert len(ranges(server)) >= 3
    assert ranges(server) == sorted(set(ranges(server)))


def test_a_killed_download_goes_on(server, tmp_path):
    server.pause = 0.05
    program = (
        "import sys; from choreo.videos.download import download;"
        "download(sys.argv[1], sys.argv[2], folder=sys.argv[3], allow_private=True)"
    )
    url, path, folder = f"{server.address}/slow.mp4", tmp_path / "a.video", tmp_path / "partial"
    process = subprocess.Popen([sys.executable, "-c", program, url, str(path), str(folder)])
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if sum(f.stat().st_size for f in folder.rglob("*.part")) > 300_000:
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not path.exists()
    server.pause = 0.0
    download(url, path, folder=folder)
    assert path.read_bytes() == server.video
    assert ranges(server)[0] > 250_000


def test_a_busy_server_is_asked_again(server, tmp_path):
    download(f"{server.address}/busy.mp4", tmp_path / "a.video", wait=0.01)
    assert (tmp_path / "a.video").read_bytes() == server.video


def test_pauses_grow(server, tmp_path, monkeypatch):
    pauses = []
    monkeypatch.setattr(module.time, "sleep", pauses.append)
    refused(server, "broken.mp4", tmp_path, AccidentError, retries=9, wait=0.5)
    assert pauses == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]


def test_two_clips_of_one_video_do_not_share_their_unfinished_file(server, tmp_path):
    url, folder = f"{server.address}/cut.mp4", tmp_path / "partial"
    for name in ("a.video", "b.video"):
        with pytest.raises(ItemError):
            download(url, tmp_path / name, folder=folder, retries=0)
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.mp4", "the server answers 404 Not Found. "),
        ("forbidden.mp4", "the server answers 403 Forbidden. "),
        ("cut.mp4", "of 2,000,000 bytes came (tried 3 times)"),
        ("unknown.mp4", "cut off"),
        ("page.html", "a web page in which there is no video"),
        ("lie.mp4", "the address gives a web page, no video"),
        ("noise.mp4", "what the address gives is no video"),
        ("nothing.mp4", "no data came"),
        ("song.m4a", "sound without a picture"),
        ("list.html", "a list, not to one video"),
        ("embed.html", "leads to a file: address"),
        ("local.mp4", "leads to one that is not http or https"),
    ],
)
def test_what_goes_wrong_is_said_in_one_line(name, message, server, tmp_path):
    assert message in refused(server, name, tmp_path)


def test_a_refusal_is_final(server, tmp_path):
    refused(server, "missing.mp4", tmp_path)
    assert len(server.requests) == 1


def test_an_ffmpeg_that_does_not_start_is_no_fault_of_the_address(server, tmp_path, monkeypatch):
    def none():
        try:
            raise RuntimeError("No ffmpeg exe could be found")
        except RuntimeError as error:
            raise AccidentError("it does not start", where="ffmpeg") from error

    monkeypatch.setattr(module, "ffmpeg_binary", none)
    with pytest.raises(AccidentError, match="it does not start"):
        download(f"{server.address}/good.mp4", tmp_path / "a.video")


def test_nobody_listens(server, tmp_path):
    server.shutdown()
    server.server_close()
    text = refused(server, "good.mp4", tmp_path, AccidentError)
    assert "the server can't be reached: Connection refused (tried 3 times)" in text


def test_a_file_that_is_no_video_is_fetched_anew_next_time(server, tmp_path):
    refused(server, "noise.mp4", tmp_path)
    assert not list((tmp_path / "out" / ".partial").iterdir())


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/hostname",
        "ftp://127.0.0.1/a.mp4",
        "/etc/hostname",
        "http://",
        "http://[::1",
        "http://127.0.0.1/a b.mp4",
        "http://127.0.0.1/\nfile:///etc/hostname",
        "ytsearch:dance",
    ],
)
def test_other_addresses(url, tmp_path):
    with pytest.raises(ItemError, match="only http and https addresses are fetched"):
        download(url, tmp_path / "a.video")
    assert not list(tmp_path.iterdir())
