"""The sound that choreo writes, as 16-bit wavs that hold their digest, and reads back.

Sound from outside is read by `choreo.videos.audio`.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import struct
import wave
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from choreo.errors import ItemError
from choreo.files import whole
from choreo.files.outside import reading
from choreo.files.sealed import compare, damaged, seal_sound
from choreo.media import SAMPLE_RATE

Reader = Callable[..., np.ndarray]
"""`read_wav`, or `choreo.videos.audio.read_song` of songs from outside."""

_BLOCK = 1 << 16
_REMEDY = "Make it anew, or read it by choreo.videos.audio.read_song"


def write_song(
    path: str | Path, blocks: Iterable[np.ndarray], count: int, *, rate: int = SAMPLE_RATE
) -> dict[str, Any]:
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

    def samples():
        nonlocal done, peak, power
        for block in blocks:
            block = block[: count - done].astype(np.float64)
            if len(block):
                peak = max(peak, float(np.abs(block).max()))
                power += float(np.square(block).sum())
            done += len(block)
            yield np.clip(np.rint(block * 32768), -32768, 32767).astype(np.int16)
            if done == count:
                break
        for begin in range(done, count, _BLOCK):
            yield np.zeros(min(_BLOCK, count - begin), np.int16)

    write_wav(path, samples(), rate=rate)
    return {"samples": done, "peak": peak, "rms": math.sqrt(power / count) if count else 0.0}


def write_wav(path, blocks, *, rate=SAMPLE_RATE):
    """Write a 16-bit wav with its digest, whole or not at all: the one writer of sound.

    Parameters
    ----------
    path : str or Path
    blocks : iterable of ndarray of int16, shape (n,) or (n, channels)
    rate : int
        Samples a second.
    """
    with whole(path) as temporary:
        with contextlib.closing(wave.open(str(temporary), "wb")) as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            for number, block in enumerate(blocks):
                if number == 0 and block.ndim == 2:
                    file.setnchannels(block.shape[1])
                file.writeframesraw(block.astype("<i2", copy=False).tobytes())
        seal_sound(temporary)


def read_wav(path: str | Path, rate: int = SAMPLE_RATE, *, channels: str = "mean") -> np.ndarray:
    """Read a wav that `write_wav` wrote as mono, whatever its rate.

    Parameters
    ----------
    path : str or Path
    rate : int
        Samples a second that are wanted.
    channels : {"mean", "left"}
        What is read of several.

    Returns
    -------
    ndarray of float32, shape (n,)
        Full scale is 1.

    Raises
    ------
    ItemError
        Where it is missing, cut short, damaged since it was written, holds no sample, or is
        no 16-bit wav.
    """
    with reading(path, "a 16-bit wav", remedy=_REMEDY):
        sealed = compare(path)
        with contextlib.closing(wave.open(str(path), "rb")) as file:
            if file.getsampwidth() != 2:
                raise ItemError("not of 16 bits a sample", value=8 * file.getsampwidth())
            count = file.getnframes()
            blocks = wav_blocks(file, count, channels=channels)
            song = together(resampled(blocks, file.getframerate(), rate))
            if file.tell() < count:
                raise damaged(path, f"it holds {file.tell()} of {count} samples")
        if not sealed:
            check_chunks(path)
    if not len(song):
        raise ItemError("the sound has no sample", where=path, remedy="Give a file with sound")
    return song


def check_chunks(path: str | Path) -> None:
    """Refuse a wav that does not hold the chunks that its head says, to its end.

    A digest that was lost with the end of its file can't tell. What follows the end, and a
    size that was not known when the head was written, are no damage.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    DamagedError
    """
    with open(path, "rb") as file:
        mark, size, kind = struct.unpack("<4sI4s", file.read(12).ljust(12, b"\0"))
        if (mark, kind) != (b"RIFF", b"WAVE") or size in (0, 0xFFFFFFFF):
            return
        end, at = size + 8, 12
        there = file.seek(0, os.SEEK_END)
        if end > there:
            raise damaged(path, f"it holds {there:,} of {end:,} bytes")
        while at + 8 <= end:
            file.seek(at)
            name, length = struct.unpack("<4sI", file.read(8))
            if not all(32 <= byte < 127 for byte in name) or at + 8 + length > end:
                raise damaged(path, f"what is in it at byte {at:,} is no part of a wav")
            at += 8 + length + length % 2


def wav_blocks(file, count, *, channels="mean"):
    """Yield the first samples of an open 16-bit wav, of shape (n,) each, full scale at 1."""
    for begin in range(0, count, _BLOCK):
        data, several = file.readframes(min(_BLOCK, count - begin)), file.getnchannels()
        frames = np.frombuffer(data, "<i2", len(data) // (2 * several) * several)
        samples = frames.astype(np.float32) / 32768
        if several > 1:
            samples = samples.reshape(-1, several)
            samples = samples[:, 0] if channels == "left" else samples.mean(1, dtype=np.float32)
        yield samples
        if not len(samples):
            return


def together(blocks):
    """Join blocks without ever holding them twice, as a list of them and its copy would be."""
    grown = bytearray()
    for block in blocks:
        grown += memoryview(np.ascontiguousarray(block, np.float32)).cast("B")
    return np.frombuffer(grown, np.float32)


def copy_longest(paths: Sequence[str | Path], path: str | Path) -> None:
    """Copy the longest of several wavs of `write_song`, the first of several as long.

    Parameters
    ----------
    paths : sequence of str or Path
        The sound of a song's videos: the longest has most of the song.
    path : str or Path
        Written whole or not at all.

    Raises
    ------
    ItemError
        Where it was damaged since it was written.
    """
    source = longest(paths)
    compare(source)
    with whole(path) as temporary:
        shutil.copyfile(source, temporary)


def longest(paths: Sequence[str | Path]) -> str | Path:
    """The longest of several wavs of `write_song`, the first of several as long."""
    return max(paths, key=lambda wav: Path(wav).stat().st_size)


def resampled(blocks: Iterable[np.ndarray], source_rate: int, rate: int) -> Iterator[np.ndarray]:
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
