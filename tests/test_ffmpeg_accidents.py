"""Whose fault it is when ffmpeg fails, and what is read back of what was written."""

import contextlib
import errno
import io
import os
import stat
import subprocess
import sys

import ffmpeg
import numpy as np
import pytest

from choreo import media
from choreo.errors import AccidentError, ConfigError, ItemError
from choreo.files import sha256
from choreo.videos.audio import read_song
from choreo.videos.source import even_clock, look, picture_times
from choreo.videos.standardise import standardise
from choreo.videos.wav import write_song

SIZE = (64, 48)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """An mp4 of 60 pictures and a song that standardising copies."""
    folder = tmp_path_factory.mktemp("clip")
    moments = np.arange(2 * 16_000) / 16_000
    write_song(folder / "song.wav", [np.sin(2 * np.pi * 440 * moments) / 2], len(moments))
    with media.video_writer(folder / "clip.mp4", SIZE, 30, audio=folder / "song.wav") as put:
        for level in range(60):
            put(np.full((SIZE[1], SIZE[0], 3), 2 * level, np.uint8))
    return folder / "clip.mp4"


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Put an executable shell script in the place of ffmpeg, after the trial."""
    real = media.ffmpeg_binary()

    def put(body):
        path = tmp_path / "bin" / "ffmpeg"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\nREAL='{real}'\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(media, "ffmpeg_binary", lambda: str(path))
        return path

    return put


def standardised(clip, folder):
    paths = {kind: folder / "out" / f"c.{kind}" for kind in ("mp4", "wav", "json")}
    return standardise(
        clip, video=paths["mp4"], audio=paths["wav"], probe=paths["json"], min_seconds=1.0
    )


def written(folder, name="new.mp4"):
    with media.picture_writer(folder / "out" / name, SIZE, 30) as put:
        for level in range(20):
            put(np.full((SIZE[1], SIZE[0], 3), level, np.uint8))


VERBS = {
    "standardise": standardised,
    "read_frames": lambda clip, _: list(media.read_frames(clip, SIZE)),
    "picture_times": lambda clip, _: list(picture_times(clip)),
    "even_clock": lambda clip, _: even_clock(clip),
    "read_song": lambda clip, _: read_song(clip),
    "look": lambda clip, _: look(clip),
    "count_packets": lambda clip, _: media.count_packets(clip),
    "run": lambda clip, folder: media.run(
        media.target(media.source(clip).video, folder / "run.mp4"), where=clip
    ),
    "video_writer": lambda _, folder: written(folder),
    "gif_writer": lambda _, folder: written(folder, "new.gif"),
}
ACCIDENTS = {
    "killed": ("kill -9 $$", "ended by SIGKILL"),
    "killed below a shell": ("sh -c 'kill -9 $$'; exit $?", "ended by SIGKILL"),
    "asked to stop": ("exit 255", "ended by SIGTERM"),
    "disk full": ('echo "av_interleaved_write: No space left on device" >&2; exit 1', "No space"),
    "disk full, no status": ('echo "x: No space left on device" >&2; exit 0', "No space"),
    "disk broken": ('echo "file:a.mp4: Input/output error" >&2; exit 1', "Input/output error"),
    "old": ("echo \"Unrecognized option 'fps_mode'.\" >&2; exit 1", "can't do what is asked"),
    "no x264": ("echo \"Unknown encoder 'libx264'\" >&2; exit 1", "can't do what is asked"),
    "no library": (
        'echo "ffmpeg: error while loading shared libraries: libx264.so.164" >&2; exit 127',
        "can't do what is asked",
    ),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("kind", ACCIDENTS)
def test_an_accident_is_not_the_fault_of_the_video(kind, verb, clip, stand_in, tmp_path):
    body, message = ACCIDENTS[kind]
    stand_in(body)
    with pytest.raises(AccidentError, match=message):
        VERBS[verb](clip, tmp_path)
    assert not list((tmp_path / "out").glob("*"))


@pytest.mark.parametrize("verb", VERBS)
def test_a_binary_that_can_not_be_started(verb, clip, tmp_path, monkeypatch):
    monkeypatch.setattr(media, "ffmpeg_binary", lambda: str(tmp_path / "gone"))
    with pytest.raises(AccidentError, match="can't be started"):
        VERBS[verb](clip, tmp_path)


@pytest.mark.parametrize("verb", ["standardise", "read_frames", "even_clock", "read_song"])
def test_ended_in_the_middle(verb, clip, stand_in, tmp_path):
    # What came until then looks like a shorter file.
    stand_in(
        'case "$*" in *d:999*|*frames:*) exec "$REAL" "$@";; esac\n"$REAL" "$@" | head -c 20000\n'
        "kill -9 $$"
    )
    with pytest.raises(AccidentError, match="SIGKILL"):
        VERBS[verb](clip, tmp_path)


def test_words_in_names_and_titles_are_no_accidents(clip, tmp_path):
    words = "No space left on device: Unrecognized option, Input_output error"
    path = tmp_path / f"{words}.mp4"
    title = ("-metadata", f"title={words}", "-metadata:s:v:0", f"handler_name={words}")
    command = [media.ffmpeg_binary(), "-loglevel", "error", "-i", clip, "-c", "copy", *title, path]
    subprocess.run(command, check=True)
    assert look(path).picture.size == SIZE
    assert standardised(path, tmp_path)["frames"] == 60
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ItemError):
        look(path)


_CUT = "1a45dfa3a34286810142f7810142f2810442f381084282886d6174726f736b61428781044285"


@pytest.mark.parametrize("rest", ["8102841254c367", "8102841654ae6b5381ac82"])
@pytest.mark.parametrize(
    "said",
    [
        "[in#0] File ended prematurely at pos. 45\nError opening input: Input/output error",
        "[in#0 @ 0x5575a9413d00] Error opening input: Input/output error",
        "file:{path}: Input/output error",
    ],
)
def test_a_matroska_file_that_was_cut_is_no_broken_disk(tmp_path, rest, said):
    """Of such a one ffmpeg says that there was an input/output error."""
    path = tmp_path / "a.mkv"
    path.write_bytes(bytes.fromhex(_CUT + rest))
    with pytest.raises(ItemError, match=r"a\.mkv"):
        look(path)
    assert media.accident_in(251, said.format(path=path), where=path) is None
    path.unlink()
    # Where nobody can read it, it is the disk.
    assert media.accident_in(251, said.format(path=path), where=path) is not None


@pytest.mark.parametrize(
    ("number", "status"),
    [(errno.ENOTCONN, 149), (errno.ESTALE, 140), (errno.ETIMEDOUT, 146), (errno.EBUSY, 240)],
)
def test_a_code_of_ffmpeg_for_what_the_disk_did_is_no_signal(number, status):
    """It ends with the low byte of minus the number, as a shell ends with 128 and a signal."""
    said = f"[in#0] Error during demuxing: {os.strerror(number)}"
    found = media.accident_in(status, said, where="a.mp4")
    assert os.strerror(number) in found.message
    assert "SIG" not in found.message


@pytest.mark.parametrize(
    "said",
    [
        "x264 [error]: malloc of size 1386176 failed",
        "[h264 @ 0x5] get_buffer() failed",
        "Error initializing output stream: Cannot allocate memory",
    ],
)
def test_what_wants_more_memory_than_there_should_be_is_the_file(said, monkeypatch):
    def none(_, size):
        raise OSError(errno.ENOMEM, f"no {size} bytes")

    monkeypatch.setattr(media.mmap, "mmap", lambda *_: io.BytesIO())
    assert media.accident_in(1, said, where="a.mp4") is None
    monkeypatch.setattr(media.mmap, "mmap", none)
    assert "no memory" in media.accident_in(1, said, where="a.mp4").message


@pytest.mark.parametrize("verb", VERBS)
def test_a_limit_on_ffmpeg_alone_is_not_the_files_fault(verb, clip, stand_in, tmp_path):
    stand_in('ulimit -v 40000\nexec "$REAL" "$@"')
    with pytest.raises(AccidentError):
        VERBS[verb](clip, tmp_path)
    # With more it gets further, and then it says other things.
    for kilobytes in range(120_000, 400_000, 40_000):
        stand_in(f'ulimit -v {kilobytes}\nexec "$REAL" "$@"')
        with contextlib.suppress(AccidentError):
            VERBS[verb](clip, tmp_path)


def test_no_thread_is_never_the_files_fault():
    said = "[vf#0:0] pthread_create() failed: Resource temporarily unavailable"
    assert "no thread" in media.accident_in(245, said, where="a.mp4").message


@pytest.mark.parametrize("status", [1, 69, 183, 234])
def test_what_is_about_the_file_stays_with_it(status):
    said = "[mov @ 0x55] Invalid data found when processing input"
    assert media.accident_in(status, said, where="a.mp4") is None


@pytest.mark.parametrize("cut", ["truncate -s 600", "truncate -s -400", ": >"])
@pytest.mark.parametrize("verb", ["standardise", "video_writer"])
def test_a_video_that_was_not_written_does_not_count(verb, cut, clip, stand_in, tmp_path):
    # As ffmpeg 5.1 does on a full disk: status 0, no word, a file that is not whole.
    stand_in(
        'for last in "$@"; do case "$last" in file:*.mp4) out=${last#file:};; esac; done\n'
        '"$REAL" "$@" || exit\n'
        f'case "$*" in *faststart*) {cut} "$out";; esac\nexit 0'
    )
    with pytest.raises(AccidentError, match="pictures can be read"):
        VERBS[verb](clip, tmp_path)
    assert not list((tmp_path / "out").glob("*"))


@pytest.mark.parametrize("verb", ["standardised(clip, out)", "written(out)"])
def test_a_limit_on_the_size_of_files(verb, clip, tmp_path):
    # A process of its own, since a limit that was lowered can't be raised again.
    script = (
        "import resource, sys\nfrom pathlib import Path\n"
        f"sys.path.insert(0, {os.path.dirname(__file__)!r})\n"
        "from test_ffmpeg_accidents import *\n"
        f"clip, out = Path({str(clip)!r}), Path({str(tmp_path)!r})\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.getrlimit("
        "resource.RLIMIT_FSIZE)[1]))\n"
        f"try:\n    {verb}\n"
        "except (AccidentError, OSError) as error:\n    print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "AccidentError" in done.stdout or "File too large" in done.stdout
    assert not list((tmp_path / "out").glob("*"))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_full_disk_under_the_song(code, clip, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("wave.Wave_write.writeframesraw", full)
    monkeypatch.setattr("wave.Wave_write.close", lambda _: None)
    with pytest.raises(AccidentError, match=os.strerror(code)):
        standardised(clip, tmp_path)
    assert not list((tmp_path / "out").glob("*"))


def test_a_copy_that_fails_by_accident_is_not_encoded_instead(clip, stand_in, tmp_path):
    assert standardised(clip, tmp_path)["copied"]
    before = sha256(tmp_path / "out" / "c.mp4")
    stand_in(
        'case "$*" in *libx264*) echo encoded >> "$0.log";;\n'
        '*faststart*) echo "Error writing trailer: No space left on device" >&2; exit 1;; esac\n'
        'exec "$REAL" "$@"'
    )
    with pytest.raises(AccidentError):
        standardised(clip, tmp_path)
    assert not list(tmp_path.glob("bin/*.log"))
    assert sha256(tmp_path / "out" / "c.mp4") == before


@pytest.fixture
def fresh(monkeypatch):
    """Choose the binary anew, in this test and after it."""
    media.ffmpeg_binary.cache_clear()
    yield monkeypatch
    media.ffmpeg_binary.cache_clear()


def executable(path, body):
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def bundled():
    import imageio_ffmpeg

    return imageio_ffmpeg.get_ffmpeg_exe()


OLD = (
    'case "$*" in *fps_mode*) echo "Unrecognized option \'fps_mode\'." >&2; exit 1;; esac\n'
    'echo "ffmpeg version 4.4.2"'
)
UNABLE = {
    "old": OLD,
    "no x264": "echo \"Unknown encoder 'libx264'\" >&2; exit 1",
    "broken": "kill -9 $$",
}


@pytest.mark.parametrize("kind", UNABLE)
def test_an_unable_ffmpeg_of_the_path_is_passed_over(kind, fresh, tmp_path):
    found = executable(tmp_path / "bin" / "ffmpeg", UNABLE[kind])
    fresh.delenv("CHOREO_FFMPEG", raising=False)
    fresh.setenv("PATH", str(found.parent), prepend=os.pathsep)
    assert media.ffmpeg_binary() == bundled()


def test_an_able_ffmpeg_of_the_path_is_used(fresh, tmp_path):
    found = executable(tmp_path / "bin" / "ffmpeg", f'exec "{bundled()}" "$@"')
    fresh.delenv("CHOREO_FFMPEG", raising=False)
    fresh.setenv("PATH", str(found.parent), prepend=os.pathsep)
    assert media.ffmpeg_binary() == str(found)


@pytest.mark.parametrize("kind", [*UNABLE, "gone"])
def test_an_unable_ffmpeg_that_was_asked_for_is_refused(kind, fresh, tmp_path):
    path = tmp_path / "own" / "ffmpeg"
    if kind != "gone":
        executable(path, UNABLE[kind])
    fresh.setenv("CHOREO_FFMPEG", str(path))
    with pytest.raises(ConfigError, match="CHOREO_FFMPEG names can't be used"):
        media.ffmpeg_binary()


def test_an_able_ffmpeg_that_was_asked_for_is_used(fresh, tmp_path):
    path = executable(tmp_path / "own" / "ffmpeg", f'exec "{bundled()}" "$@"')
    fresh.setenv("CHOREO_FFMPEG", str(path))
    assert media.ffmpeg_binary() == str(path)


def test_an_able_ffmpeg_whose_trial_is_killed_is_tried_again(fresh, tmp_path):
    body = f'[ -e "$0.once" ] || {{ : > "$0.once"; kill -9 $$; }}\nexec "{bundled()}" "$@"'
    found = executable(tmp_path / "bin" / "ffmpeg", body)
    fresh.delenv("CHOREO_FFMPEG", raising=False)
    fresh.setenv("PATH", str(found.parent), prepend=os.pathsep)
    assert media.ffmpeg_binary() == str(found)


def test_the_ffmpeg_that_is_brought_is_killed_as_it_is_looked_for(fresh, tmp_path):
    """Then there is none, says imageio-ffmpeg; no address is wrong for that."""
    from imageio_ffmpeg import _utils

    fresh.delenv("CHOREO_FFMPEG", raising=False)
    fresh.setenv("PATH", str(tmp_path))
    fresh.setattr(_utils, "_is_valid_exe", lambda exe: False)
    fresh.setattr(_utils, "_get_ffmpeg_exe", _utils._get_ffmpeg_exe.__wrapped__)
    with pytest.raises(AccidentError, match=r"does not start.*same command again"):
        media.ffmpeg_binary()


def test_what_takes_too_long_to_tell_is_given_up(clip, stand_in):
    stand_in("exec sleep 60")
    node = ffmpeg.output(media.source(clip).video, "pipe:1", format="rawvideo")
    with media.Pipe(node, where=clip, seconds=0.2) as pipe:
        assert pipe.stdout.read() == b""
        with pytest.raises(ItemError, match=r"can't tell within 0\.2 s"):
            pipe.wait()
