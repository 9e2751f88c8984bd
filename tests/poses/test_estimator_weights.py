import hashlib
import io
import re
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch

from choreo.errors import ConfigError
from choreo.poses import estimator_weights
from choreo.poses.estimator_weights import Asset, fetch, verify

CONTENT = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MD5 = hashlib.md5(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT, with the faults that its attributes name; remembers the requests."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.etag = '"one"'
        self.cut_at = []  # bytes after which the next answers break off
        self.status = None
        self.page = None
        self.target = None
        self.ranges = True
        self.length = True
        self.seen = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/file"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        asked = self.headers.get("Range")
        server.seen.append((asked, self.headers.get("If-Range")))
        if server.target:
            self.send_response(302)
            self.send_header("Location", server.target)
            self.end_headers()
            return
        if server.status:
            self.send_response(server.status)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(server.page or b"")
            return
        start = 0
        condition = self.headers.get("If-Range")
        if asked and server.ranges and condition in (None, server.etag):
            start = int(re.match(r"bytes=(\d+)-", asked)[1])
        body = (server.page or server.content)[start:]
        if start >= len(server.content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(server.content)}")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            whole = len(server.content)
            self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
        self.send_header("Content-Type", "text/html" if server.page else "application/data")
        if server.etag:
            self.send_header("ETag", server.etag)
        if server.length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = server.cut_at.pop(0) if server.cut_at else None
        self.wfile.write(body[:cut])


@pytest.fixture
def server(monkeypatch):
    # Only https outside of tests; this server is plain.
    monkeypatch.setattr(estimator_weights, "SCHEMES", ("http",))
    monkeypatch.setattr(estimator_weights, "WAIT_SECONDS", 0.0)
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def asset(server, **known):
    page = {"page": "https://example.org/zoo", "setting": "poses.tool.weights"}
    return Asset("model.bin", server.url, licence="free", **page, **known)


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_the_file_its_hash_and_nothing_else(server, tmp_path, capsys):
    terminal = io.StringIO()
    known = asset(server, size=len(CONTENT), sha256=SHA256, md5=MD5)
    path = fetch(known, tmp_path / "new", terminal=terminal)
    assert path == tmp_path / "new" / "model.bin"
    assert path.read_bytes() == CONTENT
    assert names(path.parent) == ["model.bin", "model.bin.sha256"]
    assert (path.parent / "model.bin.sha256").read_text() == f"{SHA256}  model.bin\n"
    assert terminal.getvalue() == "model.bin: 1 of 1 MB\n"
    out = capsys.readouterr().out
    assert out == f"model.bin: from {server.url} (free)\n"
    # The next time it is only checked.
    assert fetch(known, path.parent) == path
    assert len(server.seen) == 1


def test_a_broken_connection_is_resumed(server, tmp_path):
    server.cut_at = [300_000, 500_000]
    path = fetch(asset(server), tmp_path, terminal=io.StringIO())
    assert path.read_bytes() == CONTENT
    assert server.seen[0] == (None, None)
    starts = [int(r.removeprefix("bytes=").rstrip("-")) for r, _ in server.seen[1:]]
    assert starts == sorted(starts)
    assert starts[0] > 0
    assert {condition for _, condition in server.seen[1:]} == {'"one"'}


def test_the_next_run_resumes_what_a_run_left(server, tmp_path):
    server.cut_at = [200_000] + [0] * estimator_weights.TRIES
    with pytest.raises(ConfigError, match="can't be fetched") as error:
        fetch(asset(server), tmp_path, terminal=io.StringIO())
    assert "goes on at 200000 bytes" in str(error.value)
    assert server.url in str(error.value)
    assert "in a browser from https://example.org/zoo and name its path in poses.tool." in str(
        error.value
    )
    assert not (tmp_path / "model.bin").exists()
    before = len(server.seen)
    assert fetch(asset(server), tmp_path, terminal=io.StringIO()).read_bytes() == CONTENT
    assert server.seen[before] == ("bytes=200000-", '"one"')
    assert names(tmp_path) == ["model.bin", "model.bin.sha256"]


def test_a_part_of_another_version_is_not_continued(server, tmp_path):
    server.cut_at = [200_000] + [0] * estimator_weights.TRIES
    with pytest.raises(ConfigError):
        fetch(asset(server), tmp_path, terminal=io.StringIO())
    server.etag, server.content = '"two"', CONTENT[::-1]
    assert fetch(asset(server), tmp_path, terminal=io.StringIO()).read_bytes() == CONTENT[::-1]


@pytest.mark.parametrize("known", [{}, {"sha256": SHA256}])
def test_without_a_version_a_part_is_continued_only_where_a_hash_tells(server, tmp_path, known):
    server.etag = None
    server.cut_at = [200_000]
    fetched = fetch(asset(server, **known), tmp_path, terminal=io.StringIO())
    assert fetched.read_bytes() == CONTENT
    assert server.seen[1] == (("bytes=200000-", None) if known else (None, None))


def test_a_server_that_knows_no_ranges_begins_anew(server, tmp_path):
    server.ranges = False
    server.cut_at = [200_000]
    fetched = fetch(asset(server, sha256=SHA256), tmp_path, terminal=io.StringIO())
    assert fetched.read_bytes() == CONTENT


def test_a_part_longer_than_the_file_begins_anew(server, tmp_path):
    (tmp_path / ".model.bin.part").write_bytes(CONTENT + b"more")
    known = asset(server, sha256=SHA256)
    assert fetch(known, tmp_path, terminal=io.StringIO()).read_bytes() == CONTENT


def test_a_part_that_is_the_whole_file_is_taken(server, tmp_path):
    (tmp_path / ".model.bin.part").write_bytes(CONTENT)
    known = asset(server, sha256=SHA256)
    assert fetch(known, tmp_path, terminal=io.StringIO()).read_bytes() == CONTENT
    assert server.seen == [(f"bytes={len(CONTENT)}-", None)]


def test_a_web_page_is_refused_and_its_words_are_shown(server, tmp_path):
    server.page = b"<html><style>x{}</style><p>Quota exceeded\x1b[2J</p> try later</html>"
    with pytest.raises(ConfigError) as error:
        fetch(asset(server), tmp_path, terminal=io.StringIO())
    assert "the server gives a web page: Quota exceeded[2J try later" in str(error.value)
    assert "name its path in poses.tool.weights" in str(error.value)
    assert not (tmp_path / "model.bin").exists()
    assert len(server.seen) == 1


def test_a_page_that_says_it_is_data_is_refused_too(server, tmp_path):
    server.content = b"\n<!DOCTYPE html><title>Sign in</title>"
    with pytest.raises(ConfigError, match=r"is a web page, not model\.bin"):
        fetch(asset(server), tmp_path, terminal=io.StringIO())
    assert not any(tmp_path.glob("*.bin"))


@pytest.mark.parametrize(
    ("status", "tries"),
    [(404, 1), (403, 1), (503, estimator_weights.TRIES), (429, estimator_weights.TRIES)],
)
def test_the_server_refuses(server, tmp_path, status, tries):
    server.status = status
    with pytest.raises(ConfigError, match=f"the server answers {status}"):
        fetch(asset(server), tmp_path, terminal=io.StringIO())
    assert len(server.seen) == tries


def test_nobody_answers(server, tmp_path):
    nobody = Asset("a.bin", "http://127.0.0.1:9/a.bin")
    with pytest.raises(ConfigError, match=r"can't be fetched.*refused"):
        fetch(nobody, tmp_path, terminal=io.StringIO())


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/x", "file:///etc/passwd"])
def test_other_kinds_of_addresses_are_not_followed(server, tmp_path, target):
    server.target = target
    with pytest.raises(ConfigError, match=r"only addresses of the kind http are|is not allowed"):
        fetch(asset(server), tmp_path, terminal=io.StringIO())


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "file:///etc/passwd", "ftp://a/b"])
def test_only_https(tmp_path, url):
    with pytest.raises(ConfigError, match="only addresses of the kind https are opened"):
        fetch(Asset("a.bin", url), tmp_path, terminal=io.StringIO())


def test_another_size(server, tmp_path):
    with pytest.raises(ConfigError, match=f"it has {len(CONTENT)} bytes there, not 7"):
        fetch(asset(server, size=7), tmp_path, terminal=io.StringIO())


@pytest.mark.parametrize("known", [{"size": 1000}, {}])
def test_a_server_that_never_ends_is_stopped(server, tmp_path, monkeypatch, known):
    monkeypatch.setattr(estimator_weights, "MAX_BYTES", 1000)
    server.length = False
    with pytest.raises(ConfigError, match="it has more than 1000 bytes"):
        fetch(asset(server, **known), tmp_path, terminal=io.StringIO())
    assert (tmp_path / ".model.bin.part").stat().st_size <= 1000


@pytest.mark.parametrize("known", [{"sha256": "0" * 64}, {"md5": "0" * 32}])
def test_another_hash_is_refused_and_not_kept(server, tmp_path, known):
    with pytest.raises(ConfigError) as error:
        fetch(asset(server, **known), tmp_path, terminal=io.StringIO())
    (kind,) = known
    found = SHA256 if kind == "sha256" else MD5
    assert f"its {kind.upper()} is {found}, that of model.bin is 000" in str(error.value)
    assert not any(tmp_path.glob("*.bin"))
    assert not (tmp_path / ".model.bin.part").exists()


def test_the_first_download_is_trusted_and_another_refused(server, tmp_path, capsys):
    path = fetch(asset(server), tmp_path, terminal=io.StringIO())
    assert "publishes no hash" in capsys.readouterr().out
    path.write_bytes(CONTENT[::-1])
    with pytest.raises(ConfigError, match=f"when model.bin was first fetched it was {SHA256}"):
        fetch(asset(server), tmp_path, terminal=io.StringIO())
    # The same for a new download of something else.
    path.unlink()
    server.content = CONTENT[::-1]
    with pytest.raises(ConfigError, match=r"when model\.bin was first fetched"):
        fetch(asset(server), tmp_path, terminal=io.StringIO())
    assert not path.exists()


def test_two_that_want_it_at_once_fetch_it_once(server, tmp_path):
    threads = [
        threading.Thread(target=fetch, args=(asset(server), tmp_path), kwargs={"terminal": None})
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "model.bin").read_bytes() == CONTENT
    assert len(server.seen) == 1


def test_a_folder_that_cannot_be_made(server, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"model\.bin can't be written: "):
        fetch(asset(server), tmp_path / "file", terminal=io.StringIO())


KNOWN = Asset("model.bin", "https://a/b", size=len(CONTENT), sha256=SHA256, setting="poses.x.y")


def test_verify_gives_the_hash(tmp_path):
    path = tmp_path / "given.bin"
    path.write_bytes(CONTENT)
    # A note that lies beside it says nothing.
    (tmp_path / "given.bin.sha256").write_text("0" * 64)
    assert verify(path, KNOWN) == SHA256


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"there is no such file; model.bin should be here. Mend poses.x.y in the config"),
        (b"", r"has 0 bytes, model.bin has 1024000"),
        (CONTENT[:-1], r"has 1023999 bytes, model.bin has 1024000. It was not fetched whole"),
        (CONTENT[::-1], rf"its SHA256 is .*, that of model.bin is {SHA256}. It was damaged"),
    ],
)
def test_verify_says_what_is_wrong(tmp_path, content, message):
    path = tmp_path / "given.bin"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        verify(path, KNOWN)


def test_a_file_of_which_only_the_kind_and_about_the_size_are_known(tmp_path):
    known = Asset("model.pth", "https://a/b", about=1700, container="torch")
    path = tmp_path / "model.pth"
    for new in (True, False):
        values = {"a": torch.zeros(256)}
        torch.save(values, path, _use_new_zipfile_serialization=new)
        size = path.stat().st_size
        kind = replace(known, about=round(size / (1 - 0.9 * estimator_weights.NEARLY)))
        assert verify(path, kind) == hashlib.sha256(path.read_bytes()).hexdigest()
        with pytest.raises(ConfigError, match=rf"has {size} bytes, model\.pth has about 0 MB"):
            verify(path, replace(known, about=round(size / (1 - 1.1 * estimator_weights.NEARLY))))
    # Neither noise nor another pickle is what torch writes.
    for data in (bytes(1700), b"\x80\x02" + bytes(1698), b"PK\x03\x04" + bytes(1696)):
        path.write_bytes(data)
        with pytest.raises(ConfigError, match="is no file of torch, or was cut"):
            verify(path, known)


def test_no_more_is_fetched_than_the_size_that_is_known_about(server, tmp_path):
    with pytest.raises(ConfigError, match=r"it has 1024000 bytes, more than 1030"):
        fetch(asset(server, about=1000), tmp_path, terminal=io.StringIO())


def test_the_address_of_a_large_file_on_google_drive():
    assert estimator_weights.google_drive("abc") == (
        "https://drive.usercontent.google.com/download?id=abc&export=download&confirm=t"
    )
