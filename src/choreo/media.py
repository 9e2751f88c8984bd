"""The one ffmpeg wrapper: frames and sound out of files, and into them.

The binary is the system's ffmpeg, else the one that imageio-ffmpeg brings (or what
``CHOREO_FFMPEG`` names). Commands are built by ffmpeg-python, never by a shell, and
every input is limited to the ``file`` and ``pipe`` protocols and to containers of video and
sound, so that a playlist that calls itself a video can't make ffmpeg open another file or a
network address.
"""

import contextlib
import functools
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import ffmpeg
import numpy as np

from choreo import MADE_BY
from choreo.errors import ItemError
from choreo.files import whole

SAMPLE_RATE = 16_000
"""Samples a second of every song in the project (thesis section 4.1)."""

FORMATS = (
    "mov,matroska,avi,mpegts,mpeg,flv,asf,ogg,nut,mxf,dv,wtv,"
    "wav,w64,mp3,flac,aac,ac3,eac3,aiff,au,caf,amr"
)
"""ffmpeg's names of the containers that are opened. Playlists, pictures, subtitles and
the texts that ffmpeg would draw as pictures are not among them."""


@functools.cache
def ffmpeg_binary():
    """Path of the ffmpeg executable."""
    chosen = os.environ.get("CHOREO_FFMPEG") or shutil.which("ffmpeg")
    if chosen:
        return chosen
    import imageio_ffmpeg

    return imageio_ffmpeg.get_ffmpeg_exe()


def source(path, **options):
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
        name.encode()
    except UnicodeEncodeError as error:
        raise ItemError(
            "its name or folder is no UTF-8 text", where=path, remedy="Rename it"
        ) from error
    return name


def target(stream, path, **options):
    """Output node for a local file."""
    streams = stream if isinstance(stream, (list, tuple)) else [stream]
    # Encoders that carry no date and no version make the same bytes in two runs.
    return ffmpeg.output(
        *streams,
        _local(path),
        **{"map_metadata": -1, "metadata": f"comment={MADE_BY}", **options},
    ).global_args("-bitexact")


def _command(node, loglevel="error"):
    return ffmpeg.compile(
        node.global_args("-hide_banner", "-nostdin", "-loglevel", loglevel),
        cmd=ffmpeg_binary(),
        overwrite_output=True,
    )


def last_lines(text, count=3):
    """Return the last lines of a tool's output that say something, joined into one."""
    # Not ffmpeg's "[h264 @ 0x55d0c1a2]": an address says nothing and differs each time.
    text = re.sub(r"\[[^\]\n]* @ 0x[0-9a-f]+\] *", "", text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "; ".join(lines[-count:]) or "no message"


def run(node, *, where):
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
    """
    done = subprocess.run(
        _command(node), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    if done.returncode:
        raise ItemError(
            f"ffmpeg can't use this file: {last_lines(done.stderr.decode(errors='replace'))}",
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
    loglevel : str
        How much ffmpeg says: ``error``, or ``info`` for what it knows about its input.

    Attributes
    ----------
    stdout : binary file
        What ffmpeg writes.
    """

    def __init__(self, node, *, loglevel="error"):
        # A file, not a pipe: a full pipe that nobody reads would stop ffmpeg.
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by __exit__)
        self._process = subprocess.Popen(
            _command(node, loglevel),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        self.stdout = self._process.stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stdout.close()
        self._process.kill()
        self._process.wait()
        self._errors.close()

    def wait(self):
        """Wait for the end; return ffmpeg's exit status."""
        return self._process.wait()

    def messages(self):
        """Return what ffmpeg has said so far, its first 200,000 bytes at most."""
        self._errors.seek(0)
        return self._errors.read(200_000).decode(errors="replace")


def read_frames(path, size, *, pixels="rgb24"):
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
        Where ffmpeg stops with an error, or the pictures have another size.
    """
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
    with Pipe(node) as pipe:
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
def video_writer(path, size, fps, *, audio=None, crf=20, preset="veryfast", threads=1):
    """Encode frames to an H.264 mp4, whole or not at all.

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

    Yields
    ------
    callable
        ``write(frame)`` takes an (height, width, 3) uint8 RGB array.
    """
    width, height = size
    video = ffmpeg.input(
        "pipe:0", format="rawvideo", pix_fmt="rgb24", s=f"{width}x{height}", framerate=fps
    ).video
    video = video.filter("pad", "ceil(iw/2)*2", "ceil(ih/2)*2")
    options = {
        "vcodec": "libx264",
        "pix_fmt": "yuv420p",
        "crf": crf,
        "preset": preset,
        "threads": threads,
        "movflags": "+faststart",
    }
    streams = [video]
    if audio is not None:
        streams.append(source(audio).audio)
        options |= {"acodec": "aac", "audio_bitrate": "128k"}
    with whole(path) as temporary, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            _command(target(streams, temporary, **options)), stdin=subprocess.PIPE, stderr=errors
        )

        def write(frame):
            if frame.shape != (height, width, 3) or frame.dtype != np.uint8:
                raise ValueError(
                    f"frame must be uint8 {(height, width, 3)}, not {frame.dtype} {frame.shape}"
                )
            try:
                process.stdin.write(np.ascontiguousarray(frame).data)
            except BrokenPipeError:
                _writer_failed(process, errors, path)

        try:
            yield write
            process.stdin.close()
            if process.wait():
                _writer_failed(process, errors, path)
        finally:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            process.kill()
            process.wait()


def _writer_failed(process, errors, path):
    process.wait()
    errors.seek(0)
    raise ItemError(
        f"ffmpeg can't write this video: {last_lines(errors.read().decode(errors='replace'))}",
        where=path,
    )
