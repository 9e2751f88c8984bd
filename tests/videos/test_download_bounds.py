"""What may not happen to a download: two at once, no bound, the wrong network, a wrong blame."""

import contextlib
import errno
import functools
import hashlib
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
import yt_dlp
from made_clips import clicks, ffmpeg, make_clip
from test_download import Handler, files, ranges, server  # noqa: F401  (fixtures)
from yt_dlp.aes import aes_cbc_decrypt_bytes

from choreo.errors import AccidentError, ChoreoError, ItemError
from choreo.pipeline.tombstones import MAGIC
from choreo.videos import download as module
from choreo.videos import sockets
from choreo.videos.aes import decrypt_cbc

download = functools.partial(module.download, allow_private=True, wait=0.01)


class Odd(Handler):
    """Answers that depend on what the test gave the server."""

    def do_GET(self):
        name = self.path.strip("/")
        if name.startswith("status"):
            self.server.requests.append((self.path, None))
            self.send_error(int(name[6:9]))
        elif name in self.server.given:
            self.server.requests.append((self.path, self.headers.get("Range")))
            if self.server.given[name] is None:
                self.send_error(404)
                return
            kind = "application/x-mpegURL" if name.endswith(".m3u8") else "video/mp2t"
            self._send(self.server.given[name], kind)
        elif name == "reset.mp4":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.connection.close()
            self.close_connection = True
        elif name == "elsewhere.mp4":
            port = self.server.server_address[1]
            place = f"http://{self.server.elsewhere}:{port}/good.mp4"
            self._send(b"", status=302, headers=[("Location", place)])
        elif name.startswith("untold"):
            # Its end is that of the connection, which breaks.
            self.server.requests.append((self.path, None))
            self.send_response(200)
            self.send_header("Content-Type", "video/mp4")
            self.end_headers()
            data = self.server.given["cut"]
            self.wfile.write(data[: len(data) * 2 // 3] if self.server.most else data)
            self.close_connection = True
        elif name.startswith("short"):
            # A promise that is not kept, each time by the next of these, then by the last.
            self.server.requests.append((self.path, None))
            data, places = self.server.video, self.server.places
            self.send_response(200)
            self.send_header("Content-Type", "video/mp4")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: places.pop(0) if len(places) > 1 else places[0]])
            self.close_connection = True
        elif name.startswith("endless"):
            self.send_response(200)
            self.send_header("Content-Type", self.server.kind)
            self.end_headers()
            with contextlib.suppress(OSError):
                while not self.server.ended.is_set():
                    self.wfile.write(b"#EXTM3U\n<p>a word</p>\n" * 5000)
            self.close_connection = True
        elif name == "drip.mp4":
            self.send_response(200)
            self.send_header("Content-Type", "video/mp4")
            self.end_headers()
            while not self.server.ended.wait(0.05):
                self.wfile.write(b"\0")
        elif name == "gate.mp4":
            self.server.requests.append((self.path, self.headers.get("Range")))
            if self.headers.get("Range") or len(self.server.requests) == 1:
                self._send_range()
            else:
                # The first that fetches has some of it, and waits for the test.
                self._gated()
        elif name == "tagged.mp4":
            self.server.requests.append((self.path, self.headers.get("Range")))
            # One request looks at the address, one fetches; after that one that was cut, none.
            if self.server.most and len(self.server.requests) > 2:
                self.send_error(404)
            else:
                self._tagged()
        else:
            super().do_GET()

    def _gated(self):
        video = self.server.video
        self.send_response(200)
        self.send_header("Content-Type", "video/mp4")
        self.send_header("Content-Length", str(len(video)))
        self.end_headers()
        self.wfile.write(video[:655_360])
        self.wfile.flush()
        self.server.gate.wait(120)
        self.wfile.write(video[655_360:])
        self.close_connection = True

    def _tagged(self):
        video, asked = self.server.video, self.headers.get("Range")
        begin = int(asked[6:-1]) if asked else 0
        self.send_response(206 if asked else 200)
        for key, value in self.server.tags:
            self.send_header(key, value)
        if asked:
            self.send_header("Content-Range", f"bytes {begin}-{len(video) - 1}/{len(video)}")
        self.send_header("Content-Length", str(len(video) - begin))
        self.end_headers()
        self.wfile.write(video[begin : begin + (self.server.most or len(video))])
        self.close_connection = True


@pytest.fixture
def odd(server, monkeypatch):  # noqa: F811
    server.RequestHandlerClass = Odd
    server.given, server.tags, server.most, server.elsewhere = {}, [], None, "127.0.0.2"
    server.ended, server.gate = threading.Event(), threading.Event()
    yield server
    server.gate.set()
    server.ended.set()


@pytest.fixture(scope="module")
def hls(tmp_path_factory):
    """A playlist with AES-128, its fragments and key; and the clip that they were made from."""
    folder = tmp_path_factory.mktemp("hls")
    clip = make_clip(folder / "clip.mp4", count=60, sound=clicks([1.0], 2.0))
    (folder / "key.bin").write_bytes(bytes(range(16)))
    (folder / "info").write_text(f"key.bin\n{folder / 'key.bin'}\n")
    options = "-c:v libx264 -g 15 -c:a copy -f hls -hls_time 0.5 -hls_list_size 0".split()
    options += ["-hls_key_info_file"]
    ffmpeg("-i", clip, *options, folder / "info", folder / "list.m3u8")
    return {
        file.name: file.read_bytes()
        for file in folder.iterdir()
        if file.suffix in (".ts", ".m3u8", ".bin")
    }


def failed(url, path, kind, **options):
    with pytest.raises(ChoreoError) as error:
        download(url, path, **{"retries": 1, **options})
    assert type(error.value) is kind, error.value
    assert error.value.remedy
    assert "\n" not in str(error.value)
    assert not path.exists()
    return str(error.value)


# Whose fault it is


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_a_refusal_is_of_the_video(odd, tmp_path, status):
    failed(f"{odd.address}/status{status}.mp4", tmp_path / "a.video", ItemError)
    assert len(odd.requests) == 1


@pytest.mark.parametrize("status", [407, 408, 429, 500, 502, 503, 504, 507, 520])
def test_a_broken_server_is_not(odd, tmp_path, status):
    failed(f"{odd.address}/status{status}.mp4", tmp_path / "a.video", AccidentError)


def test_a_connection_that_is_reset_is_not(odd, tmp_path):
    text = failed(f"{odd.address}/reset.mp4", tmp_path / "a.video", AccidentError)
    assert "the server can't be reached" in text


SAID = {
    "Private video. Sign in if you've been granted access to this video": ItemError,
    "Video unavailable. This video has been removed by the uploader": ItemError,
    "The uploader has not made this video available in your country": ItemError,
    "Join this channel to get access to members-only content": ItemError,
    "This video is DRM protected": ItemError,
    "Requested format is not available": ItemError,
    "Sign in to confirm you're not a bot. Use --cookies": AccidentError,
    "Unable to download API page: HTTP Error 503: Service Unavailable": AccidentError,
    "Unable to download webpage: HTTP Error 429: Too Many Requests": AccidentError,
    "Unable to download webpage: The read operation timed out": AccidentError,
    "[Errno -3] Temporary failure in name resolution": AccidentError,
    "unable to write data: [Errno 28] No space left on device": AccidentError,
    "Postprocessing: ffmpeg exited with code -9": AccidentError,
}


@pytest.mark.parametrize("text", SAID)
def test_what_yt_dlp_says_is_understood(tmp_path, monkeypatch, text):
    def fetch(*_):
        raise yt_dlp.utils.DownloadError(f"ERROR: [site] abc: {text}")

    monkeypatch.setattr(module, "_fetch", fetch)
    failed("http://example.org/a", tmp_path / "a.video", SAID[text])


CAUSES = [
    (OSError(errno.ENOSPC, "No space left on device"), AccidentError),
    (OSError(errno.EIO, "Input/output error"), AccidentError),
    (MemoryError(), AccidentError),
    (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), AccidentError),
    (TimeoutError(errno.ETIMEDOUT, "timed out"), AccidentError),
    (ConnectionResetError(errno.ECONNRESET, "reset"), AccidentError),
    (OSError(errno.ENETUNREACH, "Network is unreachable"), AccidentError),
    (KeyError("formats"), ItemError),
    (RecursionError("maximum recursion depth"), ItemError),
]


@pytest.mark.parametrize(("cause", "kind"), CAUSES, ids=lambda value: repr(value)[:30])
@pytest.mark.parametrize("wrapped", [True, False])
def test_what_lies_below_counts(tmp_path, monkeypatch, cause, kind, wrapped):
    error = cause
    if wrapped and isinstance(cause, OSError) and cause.errno not in (errno.ENOSPC, errno.EIO):
        error = yt_dlp.networking.exceptions.TransportError(cause=cause)
    if wrapped:
        error = yt_dlp.utils.DownloadError("ERROR: x", (type(error), error, None))

    def fetch(*_):
        raise error

    monkeypatch.setattr(module, "_fetch", fetch)
    failed("http://example.org/a", tmp_path / "a.video", kind)


@pytest.mark.parametrize("network_there", [True, False])
def test_a_name_that_nobody_has(tmp_path, monkeypatch, network_there):
    cause = socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    def fetch(*_):
        raise yt_dlp.networking.exceptions.TransportError(cause=cause)

    class Probe(socket.socket):
        def connect(self, address):
            if not network_there:
                raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(module, "_fetch", fetch)
    monkeypatch.setattr(module.socket, "socket", Probe)
    kind = ItemError if network_there else AccidentError
    failed("http://nobody.example/a", tmp_path / "a.video", kind)


def test_an_impossible_name(tmp_path):
    url = f"http://{'a' * 70}.example/a.mp4"
    text = failed(url, tmp_path / "a.video", ItemError, retries=0)
    assert "no server can have this name" in text


# Bounds


def test_too_large_is_known_before_it_comes(odd, tmp_path):
    text = failed(f"{odd.address}/good.mp4", tmp_path / "a.video", ItemError, max_bytes=1_000_000)
    assert "larger than" in text
    assert not list((tmp_path / ".partial").iterdir())


def test_too_large_without_an_announced_length(odd, tmp_path):
    failed(f"{odd.address}/unknown.mp4", tmp_path / "a.video", ItemError, max_bytes=20_000)


def test_a_slow_server_is_given_up(odd, tmp_path):
    began = time.monotonic()
    url = f"{odd.address}/drip.mp4"
    text = failed(url, tmp_path / "a.video", AccidentError, max_seconds=1.0)
    assert "not fetched within" in text
    assert time.monotonic() - began < 100


def test_no_room(odd, tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 101 * 1024**2})
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: usage)
    text = failed(f"{odd.address}/good.mp4", tmp_path / "a.video", AccidentError)
    assert "too little room" in text
    usage.free = 10**12
    download(f"{odd.address}/good.mp4", tmp_path / "a.video")


@pytest.mark.parametrize("kind", ["text/html", "application/x-mpegURL"])
def test_a_page_without_end_takes_little_memory(odd, tmp_path, monkeypatch, kind):
    monkeypatch.setattr(module, "MAX_PAGE_BYTES", 3 << 20)
    odd.kind = kind
    text = failed(f"{odd.address}/endless", tmp_path / "a.video", ItemError, retries=0)
    assert "a page or playlist there is larger than 3 MiB" in text


def test_a_playlist_leads_to_no_other_kind_of_address(odd, tmp_path):
    """Not by the ones that yt-dlp itself would follow."""
    start = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n"
    for address in (b"ftp://127.0.0.1/a.ts", b"file:///etc/hostname"):
        odd.given["list.m3u8"] = start + address + b"\n#EXT-X-ENDLIST\n"
        text = failed(f"{odd.address}/list.m3u8", tmp_path / "a.video", ItemError, retries=0)
        assert "not http or https" in text


def test_an_encrypted_stream(odd, hls, tmp_path):
    odd.given |= hls
    assert b"METHOD=AES-128" in hls["list.m3u8"]
    download(f"{odd.address}/list.m3u8", tmp_path / "a.video")
    assert module.look(tmp_path / "a.video").picture is not None


def test_an_encrypted_stream_obeys_the_bounds(odd, hls, tmp_path):
    odd.given |= hls
    most = sum(len(data) for name, data in hls.items() if name.endswith(".ts")) // 2
    url = f"{odd.address}/list.m3u8"
    assert "larger than" in failed(url, tmp_path / "a.video", ItemError, max_bytes=most)


def test_a_fragment_that_is_missing_is_not_passed_over(odd, hls, tmp_path):
    odd.given |= hls
    odd.given[sorted(name for name in hls if name.endswith(".ts"))[1]] = None
    text = failed(f"{odd.address}/list.m3u8", tmp_path / "a.video", ItemError, retries=0)
    assert "404" in text


def test_decryption_is_that_of_yt_dlp():
    data, key, iv = (
        hashlib.shake_128(name).digest(n) for name, n in ((b"d", 320), (b"k", 16), (b"i", 16))
    )
    assert decrypt_cbc(data, key, iv) == bytes(aes_cbc_decrypt_bytes(data, key, iv))
    with pytest.raises(ValueError, match="whole blocks"):
        decrypt_cbc(data[:-1], key, iv)


# One's own network

OWN = [
    "127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "0.0.0.0", "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%lo", "fc00::1",
    "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
    "2002:7f00:1::1", "::7f00:1",
]  # fmt: skip


@pytest.mark.parametrize("address", OWN)
def test_addresses_of_ones_own(address):
    assert sockets.is_own(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_addresses_of_the_internet(address):
    assert not sockets.is_own(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"]
)
def test_own_addresses_are_refused_by_default(odd, tmp_path, host):
    url = f"http://{host}:{odd.server_address[1]}/good.mp4"
    text = failed(url, tmp_path / "a.video", ItemError, allow_private=False)
    assert "your own network" in text
    assert "videos.allow_private: true" in text
    assert not odd.requests


def test_a_name_that_leads_home(odd, tmp_path, monkeypatch):
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: real("127.0.0.1", *rest, **more)
    )
    url = f"http://public.example:{odd.server_address[1]}/good.mp4"
    assert "your own network" in failed(url, tmp_path / "a.video", ItemError, allow_private=False)
    assert not odd.requests


@pytest.fixture
def public(monkeypatch):
    """127.0.0.1 counts as the internet, so that a server there can lead elsewhere."""
    real = sockets.is_own
    monkeypatch.setattr(sockets, "is_own", lambda address: address != "127.0.0.1" and real(address))


def test_after_a_redirect(odd, public, tmp_path):
    url = f"{odd.address}/elsewhere.mp4"
    text = failed(url, tmp_path / "a.video", ItemError, allow_private=False)
    assert "your own network (127.0.0.2)" in text
    download(f"{odd.address}/good.mp4", tmp_path / "a.video", allow_private=False)


@pytest.mark.parametrize("which", ["fragment", "key"])
def test_inside_a_playlist(odd, public, hls, tmp_path, which):
    odd.given |= hls
    other = f"http://127.0.0.2:{odd.server_address[1]}/".encode()
    listed = hls["list.m3u8"]
    odd.given["list.m3u8"] = (
        listed.replace(b"\nlist", b"\n" + other + b"list")
        if which == "fragment"
        else listed.replace(b'URI="', b'URI="' + other)
    )
    url = f"{odd.address}/list.m3u8"
    text = failed(url, tmp_path / "a.video", ItemError, allow_private=False)
    assert "your own network (127.0.0.2)" in text


def test_through_a_proxy(odd, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", odd.address)
    monkeypatch.delenv("no_proxy", raising=False)
    url = "http://169.254.169.254/good.mp4"
    assert "your own network" in failed(url, tmp_path / "a.video", ItemError, allow_private=False)
    assert not odd.requests


# The same file, whole, and by one at a time


def partial(path, url, data, known="{}"):
    folder = module.partial_folder(url, path)
    folder.mkdir(parents=True)
    (folder / "video.mp4.part").write_bytes(data)
    (folder / "state.json").write_text(known)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ([("ETag", '"a"')], [("ETag", '"b"')]),
        ([("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")],
         [("Last-Modified", "Tue, 02 Jan 2024 00:00:00 GMT")]),
        ([], "longer"),
    ],
)  # fmt: skip
def test_another_file_is_not_put_behind_the_first(odd, tmp_path, first, then):
    url, path = f"{odd.address}/tagged.mp4", tmp_path / "a.video"
    odd.tags, odd.most, whole = first, 655_360, odd.video
    odd.video = b"\0" * len(whole) if then != "longer" else whole[: 10**6]
    failed(url, path, ItemError, retries=0)
    part = next((tmp_path / ".partial").rglob("*.part"))
    assert part.stat().st_size == 655_360
    odd.tags, odd.most, odd.video = [] if then == "longer" else then, None, whole
    download(url, path)
    assert path.read_bytes() == whole


def test_the_same_file_is_gone_on_with(odd, tmp_path):
    url, path = f"{odd.address}/tagged.mp4", tmp_path / "a.video"
    odd.tags, odd.most = [("ETag", '"a"')], 655_360
    failed(url, path, ItemError, retries=0)
    odd.most = None
    download(url, path)
    assert path.read_bytes() == odd.video
    assert ranges(odd)[-1] == 655_360


@pytest.mark.parametrize(
    "known", ["{}", "", "[]", '{"0": {"length": -1}}', '{"0": 5}', "[" * 99_999]
)
def test_a_part_of_which_nothing_is_known_is_not_used(odd, tmp_path, known):
    url, path = f"{odd.address}/good.mp4", tmp_path / "a.video"
    partial(path, url, b"x" * 500_000, known)
    download(url, path)
    assert path.read_bytes() == odd.video


def test_a_part_that_is_too_long_is_not_used(odd, tmp_path):
    # As two that append to the same file leave it.
    url, path = f"{odd.address}/good.mp4", tmp_path / "a.video"
    size = len(odd.video)
    known = f'{{"0": {{"length": {size}}}}}'
    partial(path, url, b"x" * (size + 50), known)
    download(url, path)
    assert path.read_bytes() == odd.video


PROGRAM = """
import sys
from choreo.videos.download import download
download(sys.argv[1], sys.argv[2], allow_private=True, wait=0.01)
"""


def started(url, path):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, url, str(path)], stderr=subprocess.PIPE, text=True
    )


def until_a_part_is_there(folder, process, size=500_000):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if sum(file.stat().st_size for file in folder.rglob("*.part")) > size:
            return
        time.sleep(0.02)
    pytest.fail("nothing came")


@pytest.mark.soak
@pytest.mark.parametrize("first_is_killed", [False, True])
def test_two_at_once(odd, tmp_path, first_is_killed):
    url, path = f"{odd.address}/gate.mp4", tmp_path / "a.video"
    first = started(url, path)
    until_a_part_is_there(tmp_path, first)
    second = started(url, path)
    assert "another process fetches it; waiting" in second.stderr.readline()
    asked = len(odd.requests)
    if first_is_killed:
        first.kill()
    else:
        odd.gate.set()
    assert first.wait(60) == (-signal.SIGKILL if first_is_killed else 0)
    assert second.wait(60) == 0
    assert path.read_bytes() == odd.video
    if first_is_killed:
        assert ranges(odd)[-1] > 500_000  # gone on with, not begun anew
    else:
        assert len(odd.requests) == asked  # the second took what the first had fetched


@pytest.mark.parametrize("kind", [".mp4", ".mkv", ".ts", ".flv"])
@pytest.mark.parametrize("most", [1, None])
def test_a_file_of_untold_length_that_breaks_off(odd, tmp_path, kind, most):
    clip = make_clip(tmp_path / f"clip{kind}", count=40, sound=clicks([0.5], 1.3))
    if kind == ".mp4":
        ffmpeg("-i", clip, "-c", "copy", "-movflags", "faststart", tmp_path / "first.mp4")
        clip = tmp_path / "first.mp4"
    odd.given["cut"], odd.most = clip.read_bytes(), most
    url, path = f"{odd.address}/untold{kind}", tmp_path / "out" / "a.video"
    if most is None:
        download(url, path, retries=0)
        assert path.read_bytes() == odd.given["cut"]
    else:
        # Always at the same byte, it is what the server has; elsewhere each time, the network.
        assert "cut off" in failed(url, path, ItemError)
        assert "cut off" in failed(url, path, AccidentError, retries=0)
        assert not list(path.parent.glob(".partial/*/video*"))


@pytest.mark.parametrize(
    ("places", "kind"),
    [
        # Where the network breaks is chance; that nothing comes at all, too.
        ([n * 70_001 % 1_900_000 for n in range(9, 40)], AccidentError),
        ([0], AccidentError),
        ([600_000], ItemError),
        ([30_000], ItemError),
    ],
)
def test_a_promise_that_is_not_kept(odd, tmp_path, places, kind):
    """A file that always ends at one byte is damaged; elsewhere each time, it is the network."""
    odd.places = list(places)
    assert "cut off" in failed(f"{odd.address}/short.mp4", tmp_path / "a.video", kind)


def test_a_file_that_begins_like_a_record_of_ours_is_no_video(odd, tmp_path):
    video = MAGIC.encode() + b'{"item": "other", "message": "fake"}\n' + odd.video
    odd.given["a.mp4"] = video
    text = failed(f"{odd.address}/a.mp4", tmp_path / "a.video", ItemError)
    assert "no video" in text


def test_a_bound_leaves_no_alarm_behind(odd, tmp_path):
    before = signal.getsignal(signal.SIGALRM)
    download(f"{odd.address}/good.mp4", tmp_path / "a.video")
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
