"""Any video to one upright mp4 of constant frame rate, its 16 kHz song and its probe.

Frame i of the mp4 is at ``i / fps`` and sample n of the song at ``n / 16000`` on one
clock, whose 0 is the clip's start.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from choreo import media
from choreo.errors import ItemError
from choreo.files import sha256, whole, write_json
from choreo.files.sealed import seal_video
from choreo.media import SAMPLE_RATE
from choreo.videos.audio import Placement, as_mono, place_sound
from choreo.videos.cut_off import is_cut
from choreo.videos.source import (
    MICROSECONDS,
    Scan,
    Source,
    look,
    picture_times,
    scan,
)
from choreo.videos.wav import resampled, write_song

FPS_OF_UNEVEN = 60
"""Frames a second of a source without an even rate: a picture begins within 8.3 ms of its time."""
# Seconds by which a picture may be shown beside its time without being recorded: what an
# even rate is allowed, too.
_ON_TIME = 0.004
# A player's length of a video is often a little more than its pictures last.
_END_TOLERANCE = 0.1
# Sound below -80 dB of full scale is none.
_SILENCE = 1e-4
# Seconds; times are read in microseconds.
_EXACT = 1e-5


def standardise(
    source: str | Path,
    *,
    video: str | Path,
    audio: str | Path,
    probe: str | Path,
    start: float | None = None,
    end: float | None = None,
    height: int | None = None,
    fps: float | None = None,
    channels: str = "mean",
    require_sound: bool = True,
    min_seconds: float = 5.0,
    max_seconds: float = 3600.0,
    max_pixels: int = 7680 * 4320,
    threads: int = 1,
) -> dict[str, Any]:
    """Standardise a video.

    Parameters
    ----------
    source : str or Path
        Any video that ffmpeg decodes.
    video : str or Path
        The mp4 to write: H.264, yuv420p, upright, square pixels, `fps` frames a second,
        with the song as AAC.
    audio : str or Path
        The wav to write: 16 kHz, mono, 16 bit; as long as the video, to the sample.
    probe : str or Path
        The JSON to write: what is returned.
    start, end : float, optional
        The clip, in seconds after the source's first picture; the whole by default.
    height : int, optional
        Height in pixels to scale to (an odd one is made even), keeping the shape. By
        default the original size, an odd width or height padded with one black column
        at the right or row at the bottom, so that no position changes.
    fps : float, optional
        Frames a second; by default the source's own, where its pictures lie on an even grid
        of 10 to 60 frames a second (`Scan.even_rate`). Then each picture is shown when it
        was taken; at another rate it begins up to half a frame early or late. Any other
        source, as of a variable rate, gets `FPS_OF_UNEVEN`.
    channels : {"mean", "left"}
        How the song is made mono: `choreo.videos.audio.as_mono`.
    require_sound : bool
        Refuse a clip without sound; otherwise its song is silence and `audio` in the
        probe is null.
    min_seconds, max_seconds : float
        Bounds of the clip's length.
    max_pixels : int
        Bound of the source's pixels a frame.
    threads : int
        Threads of the decoder and of the encoder.

    Returns
    -------
    dict
        What docs/videos.md lists: `frames` (counted by decoding the mp4), `fps`, `width`,
        `height`, `duration` (seconds), `start` and `end` (seconds of the source), `copied`
        (the pictures were not encoded again), `shift` (when the pictures were taken,
        where that is not when they are shown), `audio` (null without sound) and `source`.

    Raises
    ------
    ItemError
        Naming the file, the value and the remedy, where the source can't be used.
    """
    source = Path(source)
    _check_settings(source, start, end, height, fps)
    found = look(source, max_pixels=max_pixels)
    if found.picture is None:
        raise ItemError(
            "the file holds sound only, no picture",
            where=source,
            value=found.sound and found.sound.codec,
            remedy="Give the video, not its sound",
        )
    if found.sound is None and require_sound:
        raise _no_sound(source, "the video has no sound")
    begin = float(start or 0.0)
    # One second more than allowed tells a clip that is too long.
    limit = begin + max_seconds + 1
    times = scan(
        found,
        fps=fps or found.picture.fps or FPS_OF_UNEVEN,
        start=begin,
        end=limit if end is None else min(end, limit),
        threads=threads,
    )
    even = times.even_rate(found.picture.fps)
    rate = Fraction(fps or even or FPS_OF_UNEVEN).limit_denominator(1001)
    placement = None
    if found.sound is not None:
        # To its end where a file must be told from one that is cut off.
        until = math.inf if times.whole else times.last
        placement = place_sound(found, until=until, seek=times.seek, threads=threads)
    sound_end = placement.end if placement else -math.inf
    finish = _finish(found, times, sound_end, begin, end)
    if finish - begin > max_seconds:
        raise ItemError(
            f"the clip is longer than {max_seconds:g} s",
            where=source,
            value=None if end is None else f"{finish - begin:g} s",
            remedy="Choose a part with start and end",
        )
    count = round((finish - begin) * rate)
    if count < max(1, round(min_seconds * rate)):
        raise ItemError(
            f"the clip is shorter than {max(min_seconds, float(1 / rate)):g} s",
            where=source,
            value=f"{finish - begin:.3f} s",
            remedy="Take a longer part, or leave it out",
        )
    size = standard_size(found.picture.size, found.picture.sample_aspect, height)
    if size[0] * size[1] > max_pixels:
        raise ItemError(
            f"the upright picture of square pixels is larger than {max_pixels:,} pixels",
            where=source,
            value=f"{size[0]}x{size[1]}",
            remedy="Set a smaller height, or scale the video down first",
        )
    clip = _Clip(
        source=found,
        times=times,
        even=even,
        placement=placement,
        begin=begin,
        count=count,
        rate=rate,
        size=size,
        channels=channels,
        threads=threads,
    )
    # The outputs appear together, after the last of them is known to be right.
    with whole(video) as new_video, whole(audio) as new_audio, whole(probe) as new_probe:
        level, mono = _write_song(clip, new_audio)
        if require_sound and level["peak"] < _SILENCE:
            raise _no_sound(source, "the sound of the clip is silence")
        copied = end is None and _is_standard(clip) and _copy(clip, new_audio, new_video)
        if not copied:
            _encode(clip, new_audio, new_video)
        seal_video(new_video)
        record = _record(clip, level, mono, finish, copied)
        write_json(new_probe, record)
    return record


@dataclass(frozen=True)
class _Clip:
    """What to make of which file: `count` frames from second `begin` of its clock."""

    source: Source
    times: Scan
    even: Fraction | None
    placement: Placement | None
    begin: float
    count: int
    rate: Fraction
    size: tuple
    channels: str
    threads: int

    @property
    def seconds(self):
        return self.count / self.rate

    @property
    def samples(self):
        return round(self.seconds * SAMPLE_RATE)


def _check_settings(source, start, end, height, fps):
    for name, value in (("start", start), ("end", end)):
        if value is not None and not (math.isfinite(value) and value >= 0):
            raise ItemError(
                f"{name} must be a number of seconds, 0 or more",
                where=source,
                value=value,
                remedy=f"Correct {name}, or leave it empty",
            )
    if end is not None and end <= (start or 0):
        raise ItemError(
            f"end must come after start, which is {start or 0:g} s",
            where=source,
            value=end,
            remedy="Correct start and end (seconds)",
        )
    if fps is not None and not (math.isfinite(fps) and 1 <= fps <= 240):
        raise ItemError("fps must be from 1 to 240", where=source, value=fps, remedy="Correct fps")
    if height is not None and not 16 <= height <= 4320:
        raise ItemError(
            "height must be from 16 to 4320 pixels",
            where=source,
            value=height,
            remedy="Correct height, or leave it empty",
        )


def _no_sound(source, message):
    return ItemError(
        message,
        where=source,
        remedy="Give a video with its music, or set videos: require_sound: false",
    )


def _finish(found, times, sound_end, begin, end):
    """Second at which the clip ends; refuses clips outside the file and files cut off."""
    if not times.whole:
        return times.last if end is None else end
    if found.duration is not None:
        # The longest of its streams counts: music may outlast the pictures. The length is
        # counted from the first time of the file, by some containers from 0.
        read = max(times.end, sound_end) + max(found.zero, found.zero - found.begin)
        if read < found.duration - max(0.5, 0.02 * found.duration):
            raise ItemError(
                f"the file is cut off: of {found.duration:.2f} s only {times.end:.2f} s "
                "can be decoded",
                where=found.path,
                remedy=f"Copy or fetch it again, or set end to {times.end - 0.1:.1f} or less",
            )
    if is_cut(found.path, streams_only=True):
        raise ItemError(
            f"the file is cut off: it breaks off after {times.end:.2f} s, and does not say how "
            "long it should last",
            where=found.path,
            remedy=f"Copy or fetch it again, or set end to {times.end - 0.1:.1f} or less",
        )
    for name, value, limit in (
        ("start", begin, times.end),
        ("end", end, times.end + _END_TOLERANCE),
    ):
        if value is not None and value >= limit:
            raise ItemError(
                f"{name} lies outside the video, whose pictures last {times.end:.3f} s",
                where=found.path,
                value=value,
                remedy=f"Correct {name} (seconds), or leave it empty",
            )
    return times.end if end is None else min(end, times.end)


def standard_size(size, sample_aspect, height=None):
    """Width and height of the standardised video.

    Parameters
    ----------
    size : tuple of int
        Stored width and height of the source, upright.
    sample_aspect : Fraction
        Width of a stored pixel over its height.
    height : int, optional
        The height to scale to.

    Returns
    -------
    tuple of int
        Both even: padded where nothing is scaled, else the nearest that keep the shape.
    """
    width, tall = size
    if sample_aspect == 1 and height in (None, tall):
        return width + width % 2, tall + tall % 2
    shape = sample_aspect * width / tall
    if height is None:
        height = tall
    return max(2, round(shape * height / 2) * 2), max(2, height + height % 2)


def _write_song(clip, path):
    """Write the song; return its levels and how it was made mono."""
    if clip.placement is None:
        return write_song(path, [], clip.samples), clip.channels
    rate = clip.source.sound.rate
    return as_mono(
        lambda mono: write_song(path, resampled(mono, rate, SAMPLE_RATE), clip.samples),
        clip.source,
        clip.placement,
        start=clip.begin,
        # A little more than the song, so that the filter's tail is real sound.
        seconds=clip.samples / SAMPLE_RATE + 0.1,
        seek=clip.times.seek,
        channels=clip.channels,
        threads=clip.threads,
    )


def _write_mp4(clip, pictures, song, path, **options):
    """Write pictures and the song that goes with them."""
    streams = [pictures]
    if clip.placement is not None:
        # A rate that every player takes.
        streams.append(media.source(song).audio.filter("aresample", 48_000))
        options |= {"acodec": "aac", "audio_bitrate": "96k"}
    node = media.target(
        streams, path, movflags="+faststart", fps_mode="passthrough", **options
    ).global_args("-copyts", "-filter_complex_threads", f"{clip.threads}")
    media.run(node, where=clip.source.path)
    # Whether a copy has the frames that are due, its caller decides.
    due = None if options["vcodec"] == "copy" else clip.count
    media.check_written(path, due, where=clip.source.path)


def picture_filters(stream, *, zero, rate, interlaced, stored, size, square):
    """Put pictures on the grid of a constant frame rate.

    A picture of file time p, whose predecessor came g seconds earlier, is shown from
    ``p - min(g, 1 / rate) / 2`` on. So in a source faster than `rate` frame i is the picture
    nearest to ``i / rate``; in a slower one every picture begins at the nearest frame.
    No picture is shown more than half a frame (of the faster of the two clocks) early,
    and changes are neither late nor early in the mean.

    Parameters
    ----------
    stream : ffmpeg stream
        Decoded pictures with file times.
    zero : float
        File time of the first frame.
    rate : Fraction
        Frames a second.
    interlaced : bool
        Make whole pictures of half pictures first.
    stored, size : tuple of int
        Width and height of the pictures and of the result: padded where they differ by
        one pixel at most, else scaled.
    square : bool
        The stored pixels are square.

    Returns
    -------
    ffmpeg stream
        Endless: the last picture stays.
    """
    shift = round(zero * MICROSECONDS)
    half = f"if(isnan(PREV_INPTS),0,min(PTS-PREV_INPTS,{round(MICROSECONDS / rate)})/2)"
    padded = square and all(0 <= new - old <= 1 for old, new in zip(stored, size))
    if interlaced:
        stream = stream.filter("yadif", deint="interlaced")
    stream = (
        stream.filter("settb", f"1/{MICROSECONDS}")
        .filter("setpts", f"round(PTS-{shift}-{half})")
        .filter("fps", str(rate), start_time=0, round="up")
        # Of a file that changes its size, all pictures are brought to the first one's.
        .filter("scale", *(stored if padded else size), flags="bicubic")
    )
    if padded and stored != size:
        stream = stream.filter("pad", *size)
    return (
        stream.filter("setsar", 1)
        .filter("format", "yuv420p")
        # How the fps filter ends differs between versions of ffmpeg; -frames:v does not.
        .filter("tpad", stop_mode="clone", stop=-1)
    )


def _encode(clip, song, path):
    found, picture = clip.source, clip.source.picture
    pictures = picture_filters(
        found.stream("V:0", seek=clip.times.seek, threads=clip.threads),
        zero=found.zero + clip.begin,
        rate=clip.rate,
        interlaced=picture.interlaced,
        stored=picture.size,
        size=clip.size,
        square=picture.sample_aspect == 1,
    )
    options = {"vcodec": "libx264", "crf": 18, "preset": "veryfast", "threads": clip.threads}
    _write_mp4(clip, pictures, song, path, **options, **{"frames:v": clip.count})
    decoded = _frames_on_grid(path, clip.rate)
    if decoded != clip.count:
        raise ItemError(
            f"ffmpeg made {decoded} frames on the clock where {clip.count} were due",
            where=found.path,
            remedy="Encode the video anew with another tool",
        )


def _is_standard(clip):
    """Tell whether the source's pictures are already what would be made of them."""
    found, picture, times = clip.source, clip.source.picture, clip.times
    return (
        clip.begin == 0
        and "mov" in found.container.split(",")
        and found.zero == 0
        and (picture.codec, picture.pixel_format) == ("h264", "yuv420p")
        and picture.sample_aspect == 1
        and picture.rotation == 0
        and not picture.interlaced
        and picture.size == clip.size
        and times.frames == clip.count
        and times.off_grid(float(clip.rate)) < _EXACT
    )


def _copy(clip, song, path):
    """Copy the pictures as they are encoded; False where the copy is not on the clock."""
    try:
        _write_mp4(clip, clip.source.stream("V:0"), song, path, vcodec="copy")
    except ItemError:
        return False
    # A reader that knows no edit lists must find the same frames.
    return _frames_on_grid(path, clip.rate) == clip.count == media.count_packets(path)


def _frames_on_grid(path, rate):
    """Decode an mp4 and count the frames k that are at ``k / rate``."""
    times = enumerate(picture_times(path))
    return sum(abs(time - k / rate) < _EXACT for k, time in times)


def pictures_shown(times, count, *, begin, zero, rate):
    """Find out which picture each frame shows: what `picture_filters` does, in numbers.

    Parameters
    ----------
    times : ndarray, shape (n,)
        Seconds on the clock of the pictures that go into the filters (`Scan.times`).
    count : int
        Frames of the result.
    begin : float
        Second of the clock at which the first frame is.
    zero : float
        File time of the clock's second 0.
    rate : Fraction
        Frames a second.

    Returns
    -------
    ndarray of int, shape (count,)
        Indices into `times`.
    """
    taken = np.rint((times + zero) * MICROSECONDS)
    gaps = np.minimum(np.diff(taken), round(MICROSECONDS / rate))
    due = taken - round((zero + begin) * MICROSECONDS)
    due[1:] -= gaps / 2
    # As C rounds, half away from zero.
    due = np.trunc(due + np.copysign(0.5, due)).astype(np.int64)
    first = -(-due * rate.numerator // (MICROSECONDS * rate.denominator))
    return np.maximum(np.searchsorted(first, np.arange(count), side="right") - 1, 0)


def _shift(clip):
    """How much later than shown the picture of each frame was taken, in 0.1 ms, as a text."""
    shown = pictures_shown(
        clip.times.times, clip.count, begin=clip.begin, zero=clip.source.zero, rate=clip.rate
    )
    taken = clip.times.times[shown] - clip.begin
    late = taken - np.arange(clip.count) / float(clip.rate)
    if np.abs(late).max() <= _ON_TIME:
        return None
    # One string: a list would take a line of the file for each frame.
    return " ".join(map(str, np.rint(late * 1e4).astype(int)))


def _record(clip, level, mono, finish, copied):
    found, picture, times = clip.source, clip.source.picture, clip.times
    sound = found.sound and {
        "codec": found.sound.codec,
        "rate": found.sound.rate,
        "channels": found.sound.channels,
        "layout": found.sound.layout,
        "offset": round(found.sound.first - found.zero, 6),
    }
    return {
        "frames": clip.count,
        "fps": float(clip.rate),
        "width": clip.size[0],
        "height": clip.size[1],
        "duration": float(clip.seconds),
        "start": clip.begin,
        "end": round(finish, 6),
        "copied": copied,
        "shift": None if copied else _shift(clip),
        "audio": sound
        and {
            "samples": clip.samples,
            "rate": SAMPLE_RATE,
            "seconds": clip.samples / SAMPLE_RATE,
            "channels": mono,
            "decoded_seconds": level["samples"] / SAMPLE_RATE,
            "peak": round(level["peak"], 6),
            "rms": round(level["rms"], 6),
        },
        "source": {
            "name": found.path.name,
            "bytes": found.path.stat().st_size,
            "sha256": sha256(found.path),
            "container": found.container,
            "codec": picture.codec,
            "pixel_format": picture.pixel_format,
            "width": picture.size[0],
            "height": picture.size[1],
            "pixel_aspect": str(picture.sample_aspect),
            "rotation": picture.rotation,
            "interlaced": picture.interlaced,
            "fps": None if math.isnan(times.interval) else round(1 / times.interval, 4),
            "fps_stated": picture.fps,
            "fps_even": None if clip.even is None else round(float(clip.even), 4),
            "frames": times.frames,
            "longest_gap": round(times.longest, 6),
            "audio": sound,
        },
    }
