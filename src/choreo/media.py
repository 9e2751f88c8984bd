"""The one ffmpeg wrapper: frames and sound out of files, and into them.

The binary is what ``CHOREO_FFMPEG`` names, else the system's ffmpeg where it can do all that
is needed, else the one that imageio-ffmpeg brings. Commands are built by ffmpeg-python, never
by a shell, and every input is limited to the ``file`` and ``pipe`` protocols and to containers
of video and sound, so that a playlist that calls itself a video can't make ffmpeg open another
file or a network address.

Where ffmpeg fails, its end and its words tell whose fault it is: a signal, a full or failing
disk and a tool that lacks an option are accidents of the machine (`AccidentError`); what is
left is the file's (`ItemError`). What was written is read back before it counts as written.
"""

from __future__ import annotations

import contextlib
import functools
import mmap
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np

from choreo import MADE_BY
from choreo.errors import FAILED_DISK, AccidentError, ConfigError, ItemError
from choreo.files import ending, whole
from choreo.files.outside import reading, unread
from choreo.files.sealed import compare, seal_video
from choreo.files.temporary import temporary_folder
from choreo.rates import SAMPLE_RATE as SAMPLE_RATE

FORMATS = (
    "mov,matroska,avi,mpegts,mpeg,flv,asf,ogg,nut,mxf,dv,wtv,"
    "wav,w64,mp3,flac,aac,ac3,eac3,aiff,au,caf,amr"
)
"""ffmpeg's names of the containers that are opened. Playlists, pictures, subtitles and
the texts that ffmpeg would draw as pictures are not among them."""


_QUICK = {
    "preset": "superfast",
    "x264-params": "qp=25:b-adapt=0:scenecut=0:weightp=0:me=dia",
}
"""A fixed quantiser and fixed kinds of pictures: x264 need not look at each picture twice."""
_PIPE_BYTES = 1 << 20

# Times of sound whose clock begins anew, as of parts joined with cat: the parts follow each
# other, as `choreo.videos.audio.read_song` reads them.
_ON_AND_ON = (
    "st(1,if(lt(PTS,PREV_INPTS-0.1/TB),NB_CONSUMED_SAMPLES/SR/TB-PTS,ld(1)));PTS+round(ld(1))"
)
# What ffmpeg and x264 say where they got no memory, which a hostile file makes them say, too:
# see `_short_of_memory`.
_OF_MEMORY = re.compile(
    r"Cannot allocate memory|malloc of size \d+ failed|get_buffer\(\) failed|bad_alloc"
    r"|Resource temporarily unavailable|Error while opening (?:en|de)coder"
)
# No file has a say in how many threads there are.
_NO_THREAD = re.compile(r"pthread_create\(\) failed")
_MEMORY_BYTES = 1 << 32
# Of a matroska file that was cut, ffmpeg says that reading it failed, as of a broken disk; its
# versions in different words.
_ENDS_EARLY = re.compile(
    r"File ended prematurely|Error opening input: Input/output error|INPUT: Input/output error"
)
# What ffmpeg says where it lacks what is asked of it, whatever the file.
_OF_THE_TOOL = re.compile(
    r"Unrecognized option|Option \S+ not found|Option not found|Unknown encoder"
    r"|Encoder \S+ not found|No such filter|Error splitting the argument list"
    r"|Requested output format \S+ is not|Unable to choose an output format"
    r"|error while loading shared libraries|symbol lookup error|not found \(required by"
)
_ALL_WORDS = (FAILED_DISK, _OF_MEMORY, _NO_THREAD, _OF_THE_TOOL)
_CRASHES = {"SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGSYS", "SIGTRAP"}
_PROBE_SECONDS = 60
_NEEDED = "Install ffmpeg 5.1 or newer with libx264, or unset CHOREO_FFMPEG: choreo brings one"


@functools.cache
def ffmpeg_binary() -> str:
    """Path of the ffmpeg executable: one that can do what choreo asks of it.

    Returns
    -------
    str
        What ``CHOREO_FFMPEG`` names; else the ffmpeg of the PATH, where it passes a trial;
        else the one that imageio-ffmpeg brings.

    Raises
    ------
    ConfigError
        Where ``CHOREO_FFMPEG`` names something that does not pass.
    AccidentError
        Where the one that is brought does not start.
    """
    if chosen := os.environ.get("CHOREO_FFMPEG"):
        if (fault := _unable(chosen)) is not None:
            raise ConfigError(
                f"the ffmpeg that CHOREO_FFMPEG names can't be used: {fault}",
                where=chosen,
                remedy=_NEEDED,
            )
        return chosen
    found = shutil.which("ffmpeg")
    if found and _unable(found) is None:
        return found
    import imageio_ffmpeg

    try:
        return imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        # It starts the one that it brings, and looks elsewhere where that does not end well.
        raise AccidentError(
            f"the ffmpeg that imageio-ffmpeg brings does not start: {error}",
            where=imageio_ffmpeg.__file__,
            remedy="Run the same command again; where it stays so, make the environment anew",
        ) from error


def _unable(binary, again=False):
    """Why an ffmpeg can't be used, in its own words; None where it can.

    It makes a fifth of a second of picture and sound and throws them away, with every option,
    filter and encoder that not all builds have.
    """
    pictures = "color=s=32x32:d=0.2,settb=1/1000000,fps=25,setpts=PTS,scale=16:16,tpad=stop=1[v]"
    command = "-hide_banner -nostdin -loglevel error -bitexact -filter_complex".split()
    command += [f"{pictures};anullsrc=d=0.2,aresample=48000[a]", *"-map [v] -map [a]".split()]
    command += "-fps_mode passthrough -enc_time_base:v 1:1000000".split()
    command += "-c:v libx264 -preset veryfast -threads 1 -c:a aac -f null -".split()
    try:
        done = subprocess.run(
            [binary, *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROBE_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    if -done.returncode in (signal.SIGKILL, signal.SIGTERM) and not again:
        # Somebody ended this one process; another ffmpeg in its place would encode otherwise.
        return _unable(binary, again=True)
    if done.returncode < 0:
        return f"it was ended by {_signal(-done.returncode)}"
    return last_lines(done.stderr.decode(errors="replace"))


def _signal(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def accident_in(status: int, text: str, *, where: str | Path) -> AccidentError | None:
    """Tell an accident of the machine in how ffmpeg ended.

    Parameters
    ----------
    status : int
        Its exit status; negative for the signal that ended it, as `subprocess` has it.
    text : str
        What it said.
    where : str or Path
        The file that it was at work on.

    Returns
    -------
    AccidentError or None
        None where it ended well, or the fault is the file's.
    """
    text = _of_ffmpeg_itself(text, Path(where).resolve())
    ends_early = _ENDS_EARLY.search(text.replace(str(Path(where).resolve()), "INPUT"))
    if ends_early and Path(where).is_file() and unread(where) is None:
        text = text.replace("Input/output error", "")
    if match := FAILED_DISK.search(text):
        return AccidentError(
            f"ffmpeg was stopped by the machine: {match[0]}",
            where=where,
            remedy="Check the disk (room, quota, connection) and run the same command again",
        )
    if _NO_THREAD.search(text) or (_OF_MEMORY.search(text) and _short_of_memory()):
        return AccidentError(
            "ffmpeg got no memory, or no thread",
            where=where,
            remedy="Close other programs, raise limits (`ulimit -v`, `ulimit -u`) or run fewer "
            "jobs at once, then run the same command again",
        )
    # After the words: ffmpeg's own codes for some of these errors are those of signals.
    if (number := _ended_by(status, text)) is not None:
        name, again = _signal(number), "Run the same command again"
        if name == "SIGXFSZ":
            again = "A limit on the size of files stands in the way (`ulimit -f`): raise it"
        elif name == "SIGKILL":
            again += "; where memory is short, run fewer jobs at once"
        elif name in _CRASHES:
            again += "; where it ends so each time, leave this file out"
        return AccidentError(f"ffmpeg was ended by {name}", where=where, remedy=again)
    if status and (_OF_THE_TOOL.search(text) or status in (126, 127)):
        return AccidentError(
            f"this ffmpeg can't do what is asked of it: {last_lines(text, 2)}",
            where=ffmpeg_binary(),
            remedy=_NEEDED,
        )
    return None


def _short_of_memory():
    """Whether this process, or ffmpeg, would not get what large pictures may need."""
    try:
        mmap.mmap(-1, _MEMORY_BYTES).close()
    except OSError:
        return True
    # A limit can lie on ffmpeg alone: it gets pictures of 4K that are in order for certain.
    command = "-hide_banner -nostdin -loglevel error -f lavfi -i color=s=4096x2304:r=10:d=2".split()
    command += [word for option in _QUICK.items() for word in (f"-{option[0]}", option[1])]
    try:
        done = subprocess.run(
            [ffmpeg_binary(), *command, "-c:v", "libx264", "-f", "null", "-"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROBE_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return True
    return done.returncode != 0


def _of_ffmpeg_itself(text, path):
    """What ffmpeg says without the titles and names of files that it repeats."""
    # The description of a file is indented, and so is all that stands in its metadata.
    text = "\n".join(line for line in text.splitlines() if not line.startswith(" "))
    # `choreo.files.whole` writes to such a name beside the path.
    for name in (str(path), f"{path.parent}/.{path.stem[:64]}", path.stem):
        if any(words.search(name) for words in _ALL_WORDS):
            text = text.replace(name, "")
    return text


def _ended_by(status, text):
    """Number of the signal that ended ffmpeg; None where it came to its own end."""
    if status < 0:
        return -status
    # A shell in between gives 128 + the signal (ffmpeg's own codes for errors lie above).
    if 128 < status <= 128 + signal.SIGSYS:
        return status - 128
    # Asked to stop, ffmpeg ends in order and gives 255 (which is EPERM's code, too).
    if status == 255 and "Operation not permitted" not in text:
        return signal.SIGTERM
    return None


@contextlib.contextmanager
def _starting(command):
    """Turn what stops ffmpeg from being started into an accident."""
    try:
        yield
    except OSError as error:
        raise AccidentError(
            f"ffmpeg can't be started: {error.strerror or error}", where=command[0], remedy=_NEEDED
        ) from error


def source(path: str | Path, **options: Any) -> Any:
    """Input stream of a local file, with the protocols limited to file and pipe."""
    # An absolute path with the protocol before it: no name can be taken for an option
    # or for another protocol.
    return ffmpeg.input(
        _local(path),
        protocol_whitelist="file,pipe",
        format_whitelist=FORMATS,
        **options,
    )


def _local(path):
    name = f"file:{Path(path).resolve()}"
    try:
        # As bytes: where Python takes file names for ASCII, a good name holds escapes, which
        # ffmpeg-python can't take.
        return os.fsencode(name).decode("utf-8")
    except UnicodeError as error:
        raise ItemError(
            "its name or folder is no UTF-8 text", where=path, remedy="Rename it"
        ) from error


def target(stream: Any, path: str | Path, **options: Any) -> Any:
    """Output node for a local file."""
    streams = stream if isinstance(stream, (list, tuple)) else [stream]
    # Encoders that carry no date and no version make the same bytes in two runs.
    return ffmpeg.output(
        *streams,
        _local(path),
        **{"map_metadata": -1, "metadata": f"comment={MADE_BY}", **options},
    ).global_args("-bitexact")


def _command(node, loglevel="error"):
    command = ffmpeg.compile(
        node.global_args("-hide_banner", "-nostdin", "-loglevel", loglevel),
        cmd=ffmpeg_binary(),
        overwrite_output=True,
    )
    # The bytes of `_local`'s names, whatever Python takes file names for.
    return [os.fsdecode(part.encode("utf-8", "surrogateescape")) for part in command]


def last_lines(text: str, count: int = 3) -> str:
    """Return the last lines of a tool's output that say something, joined into one."""
    # Not ffmpeg's "[h264 @ 0x55d0c1a2]": an address says nothing and differs each time.
    text = re.sub(r"\[[^\]\n]* @ 0x[0-9a-f]+\] *", "", text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "; ".join(lines[-count:]) or "no message"


def run(node: Any, *, where: str | Path) -> None:
    """Run ffmpeg to its end.

    Parameters
    ----------
    node : ffmpeg output node
        As `target` gives it.
    where : str or Path
        The file that an error is about.

    Raises
    ------
    ItemError
        With ffmpeg's own last lines.
    AccidentError
        Where the machine or the tool failed, also where ffmpeg itself took no notice.
    """
    command = _command(node)
    with _starting(command):
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
    said = done.stderr.decode(errors="replace")
    if (found := accident_in(done.returncode, said, where=where)) is not None:
        raise found
    if done.returncode:
        raise ItemError(
            f"ffmpeg can't use this file: {last_lines(said)}",
            where=where,
            remedy="Check that it plays; a truncated download must be fetched again",
        )


class Pipe:
    """A running ffmpeg whose output is read while it is made.

    Use it in a ``with`` block: whatever happens in the block, the process is gone after it,
    so that a reader may stop at any time.

    Parameters
    ----------
    node : ffmpeg output node
        It writes to ``pipe:1``.
    where : str or Path
        The file that it reads, for what is said about an accident.
    loglevel : str
        How much ffmpeg says: ``error``, or ``info`` for what it knows about its input.
    seconds : float, optional
        Time after which it is ended, for what must not take long whatever the file.

    Attributes
    ----------
    stdout : binary file
        What ffmpeg writes.
    """

    def __init__(
        self,
        node: Any,
        *,
        where: str | Path,
        loglevel: str = "error",
        seconds: float | None = None,
    ):
        self._where = where
        # A file, not a pipe: a full pipe that nobody reads would stop ffmpeg.
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by __exit__)
        command = _command(node, loglevel)
        with _starting(command):
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._errors,
            )
        self.stdout = self._process.stdout
        self._seconds, self._late = seconds, threading.Event()
        self._timer = threading.Timer(seconds, self._end) if seconds else None
        if self._timer:
            self._timer.daemon = True
            self._timer.start()

    def _end(self):
        self._late.set()
        self._process.kill()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._timer:
            self._timer.cancel()
        self.stdout.close()
        self._process.kill()
        self._process.wait()
        self._errors.close()

    def wait(self):
        """Wait for the end; return ffmpeg's exit status.

        Whoever reads to the end of `stdout` asks this, since an ffmpeg that was ended gives a
        file that looks shorter than it is.

        Raises
        ------
        AccidentError
            Where the machine or the tool failed.
        ItemError
            Where it took longer than `seconds`.
        """
        status = self._process.wait()
        if self._late.is_set():
            raise ItemError(
                f"ffmpeg can't tell within {self._seconds:g} s what this file holds",
                where=self._where,
                remedy="Check that it plays, or encode it anew",
            )
        if (found := accident_in(status, self.messages(), where=self._where)) is not None:
            raise found
        return status

    def messages(self) -> str:
        """Return what ffmpeg has said, its first and last 100,000 bytes at most."""
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(0)
        text = self._errors.read(min(size, 100_000))
        if size > len(text):
            self._errors.seek(max(len(text), size - 100_000))
            text += b"\n" + self._errors.read()
        return text.decode(errors="replace")


def read_frames(
    path: str | Path, size: tuple[int, int], *, pixels: str = "rgb24"
) -> Generator[np.ndarray, None, None]:
    """Decode a standardised video frame by frame, in constant memory.

    Parameters
    ----------
    path : str or Path
        A video.
    size : tuple of int
        Width and height of the pictures. Where one is odd, the video may have one column or
        row more, which `choreo.videos.standardise` adds at the right or below.
    pixels : {"rgb24", "bgr24"}
        Order of the channels.

    Yields
    ------
    ndarray of uint8, shape (height, width, 3)
        One frame; its memory is not used again.

    Raises
    ------
    ItemError
        Where ffmpeg stops with an error, the pictures have another size, or choreo wrote
        the file and it was damaged since.
    AccidentError
        Where the machine fails.
    """
    with reading(path, "a video"):
        compare(path)
    width, height = size
    # passthrough: every decoded frame once, none doubled or dropped to fit a clock. Before
    # each picture, PPM says the size that the decoder gave it.
    node = ffmpeg.output(
        source(path).video,
        "pipe:1",
        format="image2pipe",
        vcodec="ppm",
        pix_fmt="rgb24",
        fps_mode="passthrough",
    )
    with Pipe(node, where=path) as pipe:
        while pipe.stdout.readline():
            wide, tall = map(int, pipe.stdout.readline().split())
            pipe.stdout.readline()
            count = wide * tall * 3
            if len(data := pipe.stdout.read(count)) < count:
                break
            if not (0 <= wide - width <= width % 2 and 0 <= tall - height <= height % 2):
                raise ItemError(
                    f"its pictures are {wide}x{tall}, not {width}x{height}",
                    where=path,
                    remedy="Give the video in which the poses were found",
                )
            frame = np.frombuffer(data, np.uint8).reshape(tall, wide, 3)[:height, :width]
            yield frame if pixels == "rgb24" else np.ascontiguousarray(frame[..., ::-1])
        if pipe.wait():
            raise ItemError(
                f"ffmpeg can't decode this file: {last_lines(pipe.messages())}", where=path
            )


@contextlib.contextmanager
def video_writer(
    path: str | Path,
    size: tuple[int, int],
    fps: float,
    *,
    audio: str | Path | None = None,
    crf: int = 20,
    preset: str = "veryfast",
    threads: int = 1,
    pixels: str = "rgb24",
    quick: bool = False,
) -> Generator[Callable[[np.ndarray], None], None, None]:
    """Encode frames to an H.264 mp4, whole or not at all: it is read back, counted and sealed.

    Parameters
    ----------
    path : str or Path
        The mp4.
    size : tuple of int
        Width and height; odd sizes are padded by one pixel, which H.264 asks for.
    fps : float
        Frames a second.
    audio : str or Path, optional
        A sound file that is encoded with the picture, from their common start.
    crf, preset : int, str
        x264's quality and speed.
    threads : int
        x264's threads; a fixed number gives the same bytes on any machine.
    pixels : {"rgb24", "yuv420p"}
        What frames are: RGB, or the planes of a `choreo.drawing.Picture`, which take half the
        time to encode.
    quick : bool
        Whether what was drawn on a still ground is encoded in half the time, in a file that is
        a half larger and looks the same; without `crf` and `preset`.

    Yields
    ------
    callable
        ``write(frame)`` takes a uint8 array of shape (height, width, 3), or that of
        the planes.

    Raises
    ------
    ItemError
        Where ffmpeg can't use the sound.
    AccidentError
        Where the machine fails, or the mp4 does not hold what was given.
    """
    width, height = size
    shape: tuple[int, ...] = (height, width, 3)
    if pixels == "yuv420p":
        width, height = width + width % 2, height + height % 2
        shape = height * 3 // 2, width
    video = ffmpeg.input(
        "pipe:0", format="rawvideo", pix_fmt=pixels, s=f"{width}x{height}", framerate=fps
    ).video
    if pixels == "rgb24":
        video = video.filter("pad", "ceil(iw/2)*2", "ceil(ih/2)*2")
    options = {
        "vcodec": "libx264",
        "pix_fmt": "yuv420p",
        "crf": crf,
        "preset": preset,
        "threads": threads,
        "movflags": "+faststart",
    }
    if quick:
        del options["crf"]
        options |= _QUICK
    streams = [video]
    if audio is not None:
        streams.append(source(audio).audio.filter("asetpts", _ON_AND_ON))
        options |= {"acodec": "aac", "audio_bitrate": "128k"}
        options |= {"aac_coder": "fast"} if quick else {}
    with whole(path) as temporary, tempfile.TemporaryFile() as errors:
        command = _command(target(streams, temporary, **options))
        with _starting(command):
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors)
        pictures = process.stdin
        assert pictures is not None  # a pipe, as asked for
        _widen(pictures)
        count = 0

        def write(frame):
            nonlocal count
            if frame.shape != shape or frame.dtype != np.uint8:
                raise ValueError(f"frame must be uint8 {shape}, not {frame.dtype} {frame.shape}")
            try:
                pictures.write(np.ascontiguousarray(frame).data)
            except BrokenPipeError as error:
                _check_writer(process, errors, path)
                raise AccidentError("ffmpeg ended before its time", where=path) from error
            count += 1

        try:
            yield write
            with contextlib.suppress(BrokenPipeError):
                pictures.close()
            _check_writer(process, errors, path)
            check_written(temporary, count, where=path)
            seal_video(temporary)
        finally:
            with contextlib.suppress(BrokenPipeError):
                pictures.close()
            process.kill()
            process.wait()


@contextlib.contextmanager
def gif_writer(
    path: str | Path, size: tuple[int, int], fps: float
) -> Generator[Callable[[np.ndarray], None], None, None]:
    """Encode frames to a gif with colours of its own, whole or not at all.

    The frames are kept in a lossless film meanwhile, since all of them decide on the colours:
    a long dance needs no more memory than a short one.

    Parameters
    ----------
    path : str or Path
        The gif, which plays on and on.
    size : tuple of int
        Width and height.
    fps : float
        Frames a second; each lasts a whole number of hundredths of a second, which ffmpeg
        rounds to.

    Yields
    ------
    callable
        ``write(frame)``, as of `video_writer`.

    Raises
    ------
    AccidentError
        Where the machine fails, or the gif has no end.
    """
    with temporary_folder() as folder:
        film, palette = folder / "film.mp4", folder / "palette.nut"
        with video_writer(film, size, fps, crf=0, preset="ultrafast") as write:
            yield write
        colours = source(film).video.filter("palettegen", max_colors=128)
        run(target(colours, palette, vcodec="rawvideo"), where=path)
        pictures = ffmpeg.filter(
            [source(film).video, source(palette).video],
            "paletteuse",
            dither="bayer",
            bayer_scale=5,
            diff_mode="rectangle",
        )
        with whole(path) as temporary:
            run(target(pictures, temporary, loop=0), where=path)
            _mark_gif(temporary, path)


def _mark_gif(temporary, path):
    """Put our comment at the end of a gif, which ffmpeg does not do, if it is whole."""
    data = temporary.read_bytes()
    if not _ends_well(data):
        raise AccidentError(
            "the gif has no end",
            where=path,
            remedy="Check the disk (room, quota) and run the same command again",
        )
    comment = MADE_BY.encode()
    with open(temporary, "r+b") as file:
        file.seek(len(data) - 1)
        file.write(b"\x21\xfe" + bytes([len(comment)]) + comment + b"\x00\x3b")


def _ends_well(data):
    """Tell whether a gif's blocks follow each other up to the mark of its end."""

    def after_table(at, flags):
        return at + (3 << (flags & 7) + 1 if flags & 0x80 else 0)

    def after_parts(at):
        while data[at]:
            at += data[at] + 1
        return at + 1

    try:
        at = after_table(13, data[10])
        while data[at] != 0x3B:
            if data[at] == 0x2C:  # a picture: its place, its colours, its parts
                at = after_parts(after_table(at + 10, data[at + 9]) + 1)
            elif data[at] == 0x21:
                at = after_parts(at + 2)
            else:
                return False
    except IndexError:
        return False
    return at == len(data) - 1


def picture_writer(
    path: str | Path,
    size: tuple[int, int],
    fps: float,
    *,
    audio: str | Path | None = None,
    **film: Any,
) -> AbstractContextManager[Callable[[np.ndarray], None]]:
    """`video_writer`, or by its ending `gif_writer`, which leaves the sound out."""
    if ending(path) == ".gif":
        return gif_writer(path, size, fps)
    return video_writer(path, size, fps, audio=audio, **film)


def _widen(pipe):
    """Let a pipe hold a picture, where the system has that: fewer changes between processes."""
    # Where it doesn't, or has given out what it lends, the pipe is as it was.
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _check_writer(process, errors, path):
    status = process.wait()
    errors.seek(0)
    said = errors.read().decode(errors="replace")
    if (found := accident_in(status, said, where=path)) is not None:
        raise found
    if status:
        raise ItemError(f"ffmpeg can't write this video: {last_lines(said)}", where=path)


def check_written(path: str | Path, frames: int, *, where: object) -> None:
    """Read back a video that was just written, and count.

    On a full disk some versions of ffmpeg end without an error and leave a file that lacks
    its index or its last pictures.

    Parameters
    ----------
    path : str or Path
        The video.
    frames : int or None
        Pictures that it must hold; None where their number is another's to judge.
    where : str or Path
        What an error is about.

    Raises
    ------
    AccidentError
        Where it holds others, or can't be read to its end.
    """
    found, said = _packets(path, kinds=("V:0", "a?"))
    if said or frames not in (None, found):
        due = found if frames is None else frames
        raise AccidentError(
            f"the video is not what was written: {found} of {due} pictures can be read"
            + (f" ({last_lines(said, 1)})" if said else ""),
            where=where,
            remedy="Check the disk (room, quota) and run the same command again",
        )


def count_packets(path: str | Path) -> int:
    """Count the encoded pictures of a video, those that an edit list hides included.

    All of it is read, none decoded; 0 where it can't be opened.
    """
    return _packets(path)[0]


def _packets(path, kinds=("V:0",)):
    """Number of encoded pictures, and what ffmpeg says against what it reads."""
    hidden = {"ignore_editlist": 1} if ending(path) in {".mp4", ".mov", ".m4v"} else {}
    stream = source(path, **hidden)
    node = ffmpeg.output(
        *(stream[kind] for kind in kinds), "pipe:1", format="framecrc", codec="copy"
    )
    with Pipe(node, where=path) as pipe:
        found = sum(1 for line in pipe.stdout if line.startswith(b"0,"))
        pipe.wait()
        return found, pipe.messages()
