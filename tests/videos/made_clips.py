"""Made clips: pictures that carry their own number, flashes, clicks."""

import functools
import subprocess

import numpy as np
import pytest
import soundfile

from choreo import media

SIZE = (64, 64)
_BLOCK = 16


def coded(number, size=SIZE):
    """Gray picture with `number` (0..65535) as 16 black or white blocks of 16x16 pixels."""
    picture = np.zeros(size[::-1], np.uint8)
    for bit in range(16):
        if number >> bit & 1:
            y, x = divmod(bit, 4)
            picture[y * _BLOCK : (y + 1) * _BLOCK, x * _BLOCK : (x + 1) * _BLOCK] = 255
    return picture


def number_in(picture):
    """Read the number of a coded picture, of any size."""
    rows, columns = np.array(picture.shape[:2]) / 4
    bits = [
        picture[int((y + 0.5) * rows), int((x + 0.5) * columns)].mean() > 127
        for y in range(4)
        for x in range(4)
    ]
    return sum(int(bit) << k for k, bit in enumerate(bits))


def flashing(flashes, length=3):
    """Pictures that are white for `length` frames from each of `flashes` on."""
    lit = {first + k for first in flashes for k in range(length)}
    return lambda number: np.full(SIZE[::-1], 255 if number in lit else 0, np.uint8)


def clicks(times, seconds, rate=48_000, channels=1):
    """Sound with a 10 ms burst of 1 kHz around each time, loudest exactly at it."""
    sound = np.zeros(round(seconds * rate))
    for time in times:
        near = np.arange(max(0, int((time - 0.005) * rate)), min(len(sound), (time + 0.006) * rate))
        near = near[np.abs(near / rate - time) < 0.005].astype(int)
        offset = near / rate - time
        sound[near] += 0.8 * np.cos(np.pi * offset / 0.01) ** 2 * np.cos(2e3 * np.pi * offset)
    return np.repeat(sound[:, None], channels, axis=1)


def loud_at(song, rate=media.SAMPLE_RATE):
    """Seconds of the clicks in a song: the centre of the energy of each."""
    energy = np.square(song, dtype=np.float64)
    found, reach = [], rate // 50
    while energy[peak := int(energy.argmax())] > 0.06:
        near = slice(max(0, peak - reach), min(len(energy), peak + reach))
        places = np.arange(near.start, near.stop)
        found.append(float(np.average(places, weights=energy[near])) / rate)
        energy[near] = 0
    return sorted(found)


def lit_at(frames, fps=30.0):
    """Seconds at which a video of flashes becomes white."""
    white = np.array([frame.mean() > 127 for frame in frames])
    return list((np.flatnonzero(white[1:] & ~white[:-1]) + 1) / fps)


@functools.cache
def encoders():
    """Names of what the ffmpeg at hand can encode."""
    listed = subprocess.run(
        [media.ffmpeg_binary(), "-hide_banner", "-encoders"], capture_output=True, text=True
    )
    return {line.split()[1] for line in listed.stdout.splitlines() if len(line.split()) > 1}


def ffmpeg(*arguments, stdin=None):
    """Run ffmpeg with the given arguments; returns what it writes to a pipe."""
    done = subprocess.run(
        [media.ffmpeg_binary(), "-hide_banner", "-loglevel", "error", "-y", *map(str, arguments)],
        input=stdin,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def need(encoder):
    """Skip a test whose clip the ffmpeg at hand can't make."""
    if encoder not in encoders():
        pytest.skip(f"this ffmpeg has no encoder {encoder}")


def make_clip(
    path,
    *,
    rate="30",
    count=180,
    picture=coded,
    size=SIZE,
    times=None,
    encoder="libx264",
    sound=None,
    sample_rate=48_000,
    sound_encoder="aac",
    sound_filter="anull",
    video_offset=0.0,
    sound_offset=0.0,
    options=(),
):
    """Encode ``picture(0) .. picture(count - 1)`` and a sound (n, channels)."""
    need(encoder)
    frames = b"".join(np.ascontiguousarray(picture(k)).tobytes() for k in range(count))
    command = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{size[0]}x{size[1]}"]
    command += ["-framerate", rate, "-itsoffset", video_offset, "-i", "pipe:0"]
    if sound is not None:
        wav = path.with_name(path.name + ".source.wav")
        soundfile.write(wav, sound, sample_rate, subtype="FLOAT")
        command += ["-itsoffset", sound_offset, "-i", wav, "-af", sound_filter]
        command += ["-c:a", sound_encoder, "-b:a", "192k"]
    if times:
        command += ["-vf", f"settb=1/90000,setpts={times}", "-enc_time_base:v", "1:90000"]
    command += ["-c:v", encoder, "-pix_fmt", "yuv420p", "-fps_mode", "passthrough", "-g", "60"]
    fast = {
        "libx264": ["-preset", "ultrafast", "-crf", "20"],
        "libx265": ["-preset", "ultrafast", "-x265-params", "log-level=none"],
        "libvpx-vp9": ["-deadline", "realtime", "-cpu-used", "8"],
        "libaom-av1": ["-cpu-used", "8", "-usage", "realtime"],
        "libsvtav1": ["-preset", "12", "-crf", "18", "-svtav1-params", "enable-tf=0"],
    }
    ffmpeg(*command, *fast.get(encoder, ()), *options, path, stdin=frames)
    return path
