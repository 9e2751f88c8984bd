"""Sound on the clock of the pictures: decoded, averaged to mono, resampled.

Sample n is at ``n / rate`` seconds of the clock of `choreo.videos.source`.
"""

import contextlib
import math
import wave
from pathlib import Path

import ffmpeg
import numpy as np
import soxr

from choreo import media
from choreo.errors import ItemError
from choreo.files import whole
from choreo.media import SAMPLE_RATE
from choreo.videos.source import look

_BLOCK = 1 << 16
_MAX_SECONDS = 4 * 3600.0


def on_clock(source, *, start=0.0, seek=0.0, threads=1):
    """Sound of a source as an ffmpeg stream whose sample n is at ``start + n / rate``.

    Silence stands where the file has no sound: before a late start and in the gaps between
    its packets; what comes before `start` is left out. More than two channels are mixed
    down to two as ITU-R BS.775 does (centre and surround at -3 dB, no LFE).

    Parameters
    ----------
    source : choreo.videos.source.Source
        With sound.
    start : float
        Seconds on the source's clock.
    seek : float
        As `Source.seek_point` gives it.
    threads : int
        Decoding threads.

    Returns
    -------
    ffmpeg stream
        At the source's rate, of one or two channels. The command needs ``-copyts``.
    """
    stream = source.stream("a:0", seek=seek, threads=threads)
    zero = round((source.zero + start) * source.sound.rate)
    # aresample looks at where the first sample should be only if that is 0; 10 ms: steps
    # that are smaller are jitter of the container's times (1 ms in mkv and flv).
    return (
        stream.filter("asetpts", f"PTS-round({zero}/{source.sound.rate}/TB)")
        .filter("aresample", **{"async": 1, "first_pts": 0, "min_hard_comp": 0.01})
        .filter("aformat", channel_layouts="mono" if source.sound.channels == 1 else "stereo")
    )


def mono_blocks(source, *, start=0.0, seconds=math.inf, seek=0.0, threads=1):
    """Read the sound of a source as mono, the mean of its channels, at its own rate.

    Parameters
    ----------
    source, start, seek, threads
        As `on_clock` has them.
    seconds : float
        How much at most.

    Yields
    ------
    ndarray of float32, shape (n,)
        A piece of the sound, full scale at 1.
    """
    channels = min(source.sound.channels, 2)
    left = math.inf if math.isinf(seconds) else round(seconds * source.sound.rate)
    node = ffmpeg.output(
        on_clock(source, start=start, seek=seek, threads=threads),
        "pipe:1",
        format="f32le",
        acodec="pcm_f32le",
    ).global_args("-copyts")
    with media.Pipe(node) as pipe:
        while left and (data := pipe.stdout.read(_BLOCK * channels * 4)):
            frames = np.frombuffer(data, "<f4")[: len(data) // (4 * channels) * channels]
            mono = frames.reshape(-1, channels).mean(axis=1, dtype=np.float32)
            mono = mono[: int(min(left, len(mono)))]
            left -= len(mono)
            # A float file may hold NaN; one of them would spread over the whole filter.
            yield np.nan_to_num(mono, nan=0.0, posinf=0.0, neginf=0.0)
        if left and pipe.wait():
            raise ItemError(
                f"ffmpeg can't decode this sound: {media.last_lines(pipe.messages())}",
                where=source.path,
                remedy="Check that it plays; a truncated download must be fetched again",
            )


def resampled(blocks, source_rate, rate):
    """Resample a stream of mono blocks with soxr's very high quality, without delay.

    Parameters
    ----------
    blocks : iterable of ndarray of float32, shape (n,)
    source_rate, rate : int
        Samples a second of `blocks` and of what is wanted.

    Yields
    ------
    ndarray of float32, shape (m,)
    """
    if source_rate == rate:
        yield from blocks
        return
    stream = soxr.ResampleStream(source_rate, rate, 1, dtype="float32", quality="VHQ")
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def write_song(path, blocks, count, *, rate=SAMPLE_RATE):
    """Write exactly `count` samples as 16-bit mono wav; silence where the blocks end early.

    Parameters
    ----------
    path : str or Path
        The wav; written whole or not at all.
    blocks : iterable of ndarray of float32, shape (n,)
        Mono sound at `rate`, full scale at 1; louder samples are clipped.
    count : int
        Samples to write.
    rate : int
        Samples a second.

    Returns
    -------
    dict
        `samples` that came from the blocks, `peak` and `rms` of all (full scale is 1).
    """
    done, peak, power = 0, 0.0, 0.0
    with whole(path) as temporary, contextlib.closing(wave.open(str(temporary), "wb")) as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        for block in blocks:
            block = block[: count - done].astype(np.float64)
            if len(block):
                peak = max(peak, float(np.abs(block).max()))
                power += float(np.square(block).sum())
            done += len(block)
            file.writeframesraw(
                np.clip(np.rint(block * 32768), -32768, 32767).astype("<i2").tobytes()
            )
            if done == count:
                break
        for begin in range(done, count, _BLOCK):
            file.writeframesraw(bytes(2 * min(_BLOCK, count - begin)))
    return {"samples": done, "peak": peak, "rms": math.sqrt(power / count) if count else 0.0}


def read_song(path, rate=SAMPLE_RATE):
    """Read a song as mono.

    Parameters
    ----------
    path : str or Path
        The 16 kHz wav of a standardised video (read directly), or any sound or video file
        (decoded by ffmpeg, channels averaged, resampled by soxr).
    rate : int
        Samples a second that are wanted.

    Returns
    -------
    ndarray of float32, shape (n,)
        Sample n is at ``n / rate`` seconds after the first picture, or after the first
        sound where there is no picture. Full scale is 1.

    Raises
    ------
    ItemError
        Where the file can't be read, holds no sound, or lasts longer than 4 hours.
    """
    path = Path(path)
    song = _read_wav(path, rate)
    if song is None:
        source = look(path)
        if source.sound is None:
            raise ItemError("the file holds no sound", where=path, remedy="Give a file with sound")
        blocks = mono_blocks(source, seconds=_MAX_SECONDS + 1)
        song = np.concatenate(
            [np.zeros(0, np.float32), *resampled(blocks, source.sound.rate, rate)]
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


def _read_wav(path, rate):
    """Read a 16-bit mono wav of the wanted rate; None for any other file."""
    try:
        with contextlib.closing(wave.open(str(path), "rb")) as file:
            kind = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            if kind != (1, 2, rate):
                return None
            data = file.readframes(min(file.getnframes(), int(_MAX_SECONDS * rate) + 1))
    except (OSError, EOFError, wave.Error):
        # ffmpeg says what is wrong with it, or reads it.
        return None
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float32) / 32768
