"""Sound on the clock of the pictures: decoded, made mono, resampled.

Sample n is at ``n / rate`` seconds of the clock of `choreo.videos.source`.
"""

from __future__ import annotations

import contextlib
import math
import wave
from dataclasses import dataclass
from pathlib import Path

import ffmpeg
import numpy as np

from choreo import media
from choreo.errors import ChoreoError, ItemError, accident, check_known
from choreo.files.sealed import compare
from choreo.media import SAMPLE_RATE
from choreo.videos.joined import joined_at, other_kind_at
from choreo.videos.source import Source, look, sound_frames
from choreo.videos.wav import resampled, together, wav_blocks

CHANNELS = ("mean", "left")
"""How sound is made mono."""
_BLOCK = 1 << 16
# Bytes of the head of a wav that holds nothing else.
_HEADER = 44
_MAX_SECONDS = 4 * 3600.0
# The times that a container gives its packets jitter: by a millisecond in mkv and flv, by
# the length of a block in Ogg Vorbis. So only what is off for long is moved.
_JITTER = 0.005
_FOR_LONG = 0.25


@dataclass(frozen=True)
class Placement:
    """Where the sound of a source lies in time.

    Attributes
    ----------
    begin : int
        File time of the first decoded sample, in samples.
    shifts : tuple of (int, int)
        (n, s): s samples of silence belong before the n-th decoded sample, counted from
        0; where s is negative, -s samples from the n-th on are too many.
    end : float
        Seconds on the clock at which the sound that was read ends.
    """

    begin: int
    shifts: tuple
    end: float


def shifts_of(parts, rate):
    """Find where decoded sound is out of step with the times of its packets.

    Parameters
    ----------
    parts : iterable of tuple of int
        Time and length in samples of each decoded part.
    rate : int
        Samples a second.

    Yields
    ------
    tuple of int
        As `Placement.shifts`: one for each place from which on the times are off by more
        than 5 ms, in one direction, for at least 0.25 s.
    """
    index, due, begin, off = 0, None, 0, []
    for time, length in parts:
        due = time if due is None else due
        error = time - due
        if abs(error) <= _JITTER * rate or (off and off[0] * error < 0):
            off = []
        if abs(error) > _JITTER * rate:
            begin = begin if off else index
            off.append(error)
            if index + length - begin >= _FOR_LONG * rate:
                shift = int(np.median(off))
                yield begin, shift
                due, off = due + shift, []
        due += length
        index += length


def place_sound(
    source: Source, *, until: float = math.inf, seek: float = 0.0, threads: int = 1
) -> Placement | None:
    """Find out where the sound of a source lies in time.

    Parameters
    ----------
    source : choreo.videos.source.Source
        With sound.
    until : float
        Seconds on the clock after which nothing need be read.
    seek : float
        As `Source.seek_point` gives it.
    threads : int
        Decoding threads.

    Returns
    -------
    Placement or None
        None where no sound is found.
    """
    assert source.sound is not None
    rate = source.sound.rate
    begin: int | None = None
    end = 0

    def parts():
        nonlocal begin, end
        for time, length in sound_frames(source, until=until, seek=seek, threads=threads):
            begin, end = time if begin is None else begin, time + length
            yield time, length

    shifts = tuple(shifts_of(parts(), rate))
    if begin is None:
        return None
    return Placement(begin, shifts, end / rate - source.zero)


class Levels:
    """How loud left and right are, and how loud their mean.

    Attributes
    ----------
    mean, left : float
        Sums of squares.
    """

    def __init__(self):
        self.mean = self.left = 0.0

    def add(self, frames, mono):
        """Count (n, 2) samples and their mean."""
        self.left += float(np.square(frames[:, 0], dtype=np.float64).sum())
        self.mean += float(np.square(mono, dtype=np.float64).sum())

    @property
    def opposite(self):
        """Left and right cancel out: their mean is 40 dB below the left."""
        return self.mean < 1e-4 * self.left


def as_mono(consume, source, placement, *, channels="mean", **part):
    """Make sound mono in blocks; where left and right cancel out, of the left alone.

    Parameters
    ----------
    consume : callable
        Takes the blocks; it is called anew with other ones where the first cancel out.
    source, placement, channels
        As of `mono_blocks`.
    **part
        Its other arguments.

    Returns
    -------
    object
        What `consume` returns.
    channels : {"mean", "left"}
        How the sound was made mono in the end.
    """
    levels = Levels()
    result = consume(mono_blocks(source, placement, channels=channels, levels=levels, **part))
    if levels.opposite:
        channels = "left"
        result = consume(mono_blocks(source, placement, channels=channels, **part))
    return result, channels


def mono_blocks(
    source,
    placement,
    *,
    start=0.0,
    seconds=math.inf,
    seek=0.0,
    channels="mean",
    threads=1,
    levels=None,
):
    """Read the sound of a source as mono at its own rate.

    Silence stands where the file has no sound: before a late start and in the gaps between
    its packets; what comes before `start` is left out.

    Parameters
    ----------
    source : choreo.videos.source.Source
        With sound.
    placement : Placement
        Found with the same `seek`.
    start, seconds : float
        From where on the source's clock, and how much at most.
    seek, threads : float, int
        As `place_sound` has them.
    channels : {"mean", "left"}
        ``mean`` of the channels; more than two are mixed down to two first, as ITU-R
        BS.775 does: centre and surround at -3 dB, no LFE. ``left``: the first channel
        alone, as the released code takes it.
    levels : Levels, optional
        It counts what is read of two channels.

    Yields
    ------
    ndarray of float32, shape (n,)
        A part of the sound, full scale at 1; sample n of all parts together is at
        ``start + n / rate``.
    """
    rate = source.sound.rate
    late = placement.begin - round((source.zero + start) * rate)
    left = math.inf if math.isinf(seconds) else round(seconds * rate)
    decoded = _decoded(source, seek, channels, threads, levels)
    for block in shifted(decoded, [(0, late), *placement.shifts]):
        yield block[: int(min(left, len(block)))]
        left -= len(block)
        if left <= 0:
            return


def _decoded(source, seek, channels, threads, levels):
    """Yield the decoded sound as mono blocks, each sample once, whatever its time."""
    check_known(channels, CHANNELS, what="choice of channels")
    stream = source.stream("a:0", seek=seek, threads=threads)
    if channels == "left":
        count, stream = 1, stream.filter("channelmap", map="0", channel_layout="mono")
    else:
        count = min(source.sound.channels, 2)
        stream = stream.filter("aformat", channel_layouts="mono" if count == 1 else "stereo")
    node = ffmpeg.output(
        stream,
        "pipe:1",
        format="f32le",
        acodec="pcm_f32le",
    ).global_args("-copyts")
    with media.Pipe(node, where=source.path) as pipe:
        while data := pipe.stdout.read(_BLOCK * count * 4):
            frames = np.frombuffer(data, "<f4", len(data) // (4 * count) * count)
            # A float file may hold NaN; one of them would spread over the whole filter.
            frames = np.nan_to_num(frames, nan=0.0, posinf=0.0, neginf=0.0).reshape(-1, count)
            mono = frames.mean(axis=1, dtype=np.float32)
            if levels is not None and count == 2:
                levels.add(frames, mono)
            yield mono
        if pipe.wait():
            raise ItemError(
                f"ffmpeg can't decode this sound: {media.last_lines(pipe.messages())}",
                where=source.path,
                remedy="Check that it plays; a truncated download must be fetched again",
            )


def shifted(blocks, shifts):
    """Put decoded sound where it belongs.

    Parameters
    ----------
    blocks : iterable of ndarray of float32, shape (n,)
        The decoded sound.
    shifts : iterable of tuple of int
        As `Placement.shifts`.

    Yields
    ------
    ndarray of float32, shape (m,)
        The sound with silence put in and samples left out.
    """
    shifts, index, drop = list(shifts), 0, 0
    for block in blocks:
        while len(block):
            while shifts and shifts[0][0] <= index:
                shift = shifts.pop(0)[1]
                # Samples that are still to be dropped are silence that need not be added.
                drop, silence = max(0, drop - shift), max(0, shift - drop)
                for begin in range(0, silence, _BLOCK):
                    yield np.zeros(min(_BLOCK, silence - begin), np.float32)
            until = shifts[0][0] - index if shifts else len(block)
            part, block = block[:until], block[until:]
            index += len(part)
            kept = part[drop:]
            drop -= len(part) - len(kept)
            yield kept


def read_song(path: str | Path, rate: int = SAMPLE_RATE, *, channels: str = "mean") -> np.ndarray:
    """Read a song as mono.

    Parameters
    ----------
    path : str or Path
        The 16 kHz wav of a standardised video (read directly), or any sound or video file
        (decoded by ffmpeg, made mono, resampled by soxr).
    rate : int
        Samples a second that are wanted.
    channels : {"mean", "left"}
        As `mono_blocks` has it.

    Returns
    -------
    ndarray of float32, shape (n,)
        Sample n is at ``n / rate`` seconds after the first picture, or after the first
        sound where there is no picture. Full scale is 1.

    Raises
    ------
    ItemError
        Where the file can't be read, holds no sound, lasts longer than 4 hours, or is a wav
        that choreo wrote and that was damaged since.
    """
    path = Path(path)
    song = _read_wav(path, rate)
    if song is None:
        source = look(path)
        if source.sound is None:
            raise ItemError("the file holds no sound", where=path, remedy="Give a file with sound")
        song, _ = as_mono(
            lambda mono: together(resampled(mono, source.sound.rate, rate)),
            source,
            place_sound(source),
            seconds=_MAX_SECONDS + 1,
            channels=channels,
        )
    if not len(song):
        raise ItemError("the sound has no sample", where=path, remedy="Give a file with sound")
    if len(song) > _MAX_SECONDS * rate:
        raise ItemError(
            f"the sound is longer than {_MAX_SECONDS / 3600:g} hours",
            where=path,
            remedy="Cut it first",
        )
    return song


def check_song(path: str | Path) -> None:
    """Refuse what `read_song` refuses, without taking its samples.

    Parameters
    ----------
    path : str or Path
        A sound or video file.

    Raises
    ------
    ItemError
        Where it holds no sound, or ffmpeg reads a part of it only.
    """
    source = look(path)
    if source.sound is None or place_sound(source) is None:
        raise ItemError("the file holds no sound", where=path, remedy="Give a file with sound")


def _read_wav(path, rate):
    """Read a 16-bit mono wav of the wanted rate; None for any other file."""
    try:
        if joined_at(path) is not None or other_kind_at(path) is not None:
            return None
        sealed = compare(path)
        with contextlib.closing(wave.open(str(path), "rb")) as file:
            kind = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            count = min(file.getnframes(), int(_MAX_SECONDS * rate) + 1)
            # Who writes to a pipe does not know the size and writes 0.
            unknown = count == 0 and not sealed and path.stat().st_size > _HEADER
            if kind != (1, 2, rate) or unknown:
                return None
            return together(wav_blocks(file, count))
    except ChoreoError:
        raise
    except Exception as error:  # of a damaged file `wave` raises more than its own
        if (found := accident(error, where=path)) is not None:
            raise found from error
        # ffmpeg says what is wrong with it, or reads it.
        return None
