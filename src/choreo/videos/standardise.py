"""Any video to one upright mp4 of constant frame rate, its 16 kHz song and its probe.

Frame i of the mp4 is at ``i / fps`` and sample n of the song at ``n / 16000`` on one
clock, whose 0 is the clip's start.
"""

import contextlib
import math
from fractions import Fraction
from pathlib import Path

import ffmpeg

from choreo import media
from choreo.errors import ItemError
from choreo.files import sha256, whole, write_json
from choreo.media import SAMPLE_RATE
from choreo.videos import audio as sound_of
from choreo.videos.source import MICROSECONDS, look, scan

# A player's length of a video is often a little more than its pictures last.
_END_TOLERANCE = 0.1
# Sound below -80 dB of full scale is none.
_SILENCE = 1e-4


def standardise(
    source,
    *,
    video,
    audio,
    probe,
    start=None,
    end=None,
    height=None,
    fps=30.0,
    require_sound=True,
    min_seconds=5.0,
    max_seconds=3600.0,
    max_pixels=7680 * 4320,
    threads=1,
):
    """Standardise a video.

    Parameters
    ----------
    source : str or Path
        Any video that ffmpeg decodes.
    video : str or Path
        The mp4 to write: H.264, yuv420p, upright, square pixels, `fps` frames a second,
        with the sound as AAC.
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
    fps : float
        Frames a second.
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
        ``frames`` (counted by decoding the mp4), ``fps``, ``width``, ``height``,
        ``duration`` (seconds), ``start``, ``end`` (seconds on the source's clock),
        ``copied`` (the picture was not encoded again), ``audio`` (``samples``,
        ``seconds``, ``rate``, ``peak``, ``rms``, ``offset``: seconds after the clip's start
        at which the source's sound begins, negative where it begins before, ``sound_end``:
        seconds after the clip's start until which the source has sound; or null) and
        ``source`` (``name``, ``bytes``, ``sha256``, ``container``, ``picture``, ``sound``).

    Raises
    ------
    ItemError
        Naming the file, the value and the remedy, where the source can't be used.
    """
    source = Path(source)
    _check_clip(source, start, end)
    found = look(source, max_pixels=max_pixels)
    if found.picture is None:
        raise ItemError(
            "the file holds sound only, no picture",
            where=source,
            value=found.sound.codec,
            remedy="Give the video, not its sound",
        )
    if found.sound is None and require_sound:
        raise _no_sound(source, "the video has no sound")
    begin = 0.0 if start is None else float(start)
    times = scan(
        found,
        fps=fps,
        start=begin,
        end=min(math.inf if end is None else end, begin + max_seconds + 1),
        threads=threads,
    )
    finish = _finish(found, times, begin, end)
    count = round((finish - begin) * fps)
    if count < max(1, round(min_seconds * fps)):
        raise ItemError(
            f"the clip is shorter than {max(min_seconds, 1 / fps):g} s",
            where=source,
            value=f"{finish - begin:.3f} s",
            remedy="Take a longer piece, or leave it out",
        )
    if finish - begin > max_seconds:
        raise ItemError(
            f"the clip is longer than {max_seconds:g} s",
            where=source,
            value=f"{finish - begin:.0f} s" if times.whole else "longer",
            remedy="Choose a piece with start and end",
        )
    size = standard_size(found.picture.size, found.picture.sample_aspect, height)

    rate = Fraction(fps).limit_denominator(1001)
    seconds = Fraction(count) / rate
    samples = round(seconds * SAMPLE_RATE)
    # The outputs appear together, after the last of them is known to be right.
    with whole(video) as new_video, whole(audio) as new_audio, whole(probe) as new_probe:
        song = _write_song(found, times, new_audio, begin, samples, threads)
        if require_sound and song["peak"] < _SILENCE:
            raise _no_sound(source, "the sound of the clip is silence")
        copied = _is_standard(found, times, begin, size, count, fps, end) and _copy(
            found, new_video, count, rate
        )
        if not copied:
            _encode(found, times, new_video, begin, count, rate, size, threads)
            decoded = _decoded(new_video, rate)
            if decoded != count:
                raise ItemError(
                    f"ffmpeg wrote a video of {decoded} frames where {count} were due",
                    where=source,
                    remedy="Please report this with the file",
                )
        record = {
            "frames": count,
            "fps": float(fps),
            "width": size[0],
            "height": size[1],
            "duration": float(seconds),
            "start": begin,
            "end": round(finish, 6),
            "copied": copied,
            "audio": found.sound
            and {
                "samples": samples,
                "seconds": samples / SAMPLE_RATE,
                "rate": SAMPLE_RATE,
                "peak": round(song["peak"], 6),
                "rms": round(song["rms"], 6),
                "offset": round(found.sound.first - found.zero - begin, 6),
                "sound_end": round(times.sound_end - begin, 6),
            },
            "source": _source_record(found, times),
        }
        write_json(new_probe, record)
    return record


def _check_clip(source, start, end):
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


def _no_sound(source, message):
    return ItemError(
        message,
        where=source,
        remedy="Give a video with its music, or set videos: require_sound: false",
    )


def _finish(found, times, begin, end):
    """Second at which the clip ends; refuses clips outside the file and files cut off."""
    if not times.whole:
        return times.last if end is None else end
    if found.duration is not None:
        # Against the longest of its streams: music may outlast the pictures.
        read = max(times.end, times.sound_end) + max(found.zero, found.zero - found.begin)
        if read < found.duration - max(0.5, 0.02 * found.duration):
            raise ItemError(
                f"the file is cut off: of {found.duration:.2f} s only the first "
                f"{max(times.end, 0):.2f} s can be decoded",
                where=found.path,
                remedy=f"Copy or fetch it again, or set end to {max(times.end, 0):.1f} or less",
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


def _write_song(found, times, path, begin, samples, threads):
    if found.sound is None:
        blocks = []
    else:
        # A little more than the song, so that the filter's tail is real sound.
        mono = sound_of.mono_blocks(
            found,
            start=begin,
            seconds=samples / SAMPLE_RATE + 0.1,
            seek=times.seek,
            threads=threads,
        )
        blocks = sound_of.resampled(mono, found.sound.rate, SAMPLE_RATE)
    return sound_of.write_song(path, blocks, samples)


def _sound_stream(found, begin, seek, seconds):
    """The sound of the mp4: as long as its pictures, at a rate that every player takes."""
    stream = sound_of.on_clock(found, start=begin, seek=seek)
    return (
        stream.filter("aresample", 44_100 if found.sound.rate % 11_025 == 0 else 48_000)
        .filter("apad")
        .filter("atrim", end=float(seconds))
    )


def _target(streams, path, **options):
    if len(streams) > 1:
        options |= {"acodec": "aac", "audio_bitrate": "128k"}
    return media.target(
        streams, path, movflags="+faststart", fps_mode="passthrough", **options
    ).global_args("-copyts")


def picture_filters(stream, *, zero, rate, size, scaled):
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
    size : tuple of int
        Width and height of the result.
    scaled : bool
        Scale to `size` rather than pad to it.

    Returns
    -------
    ffmpeg stream
        Endless: the last picture stays.
    """
    shift = round(zero * MICROSECONDS)
    half = f"if(isnan(PREV_INPTS),0,min(PTS-PREV_INPTS,{round(MICROSECONDS / rate)})/2)"
    width, height = size
    stream = stream.filter("settb", f"1/{MICROSECONDS}")
    stream = stream.filter("setpts", f"round(PTS-{shift}-{half})")
    stream = stream.filter("fps", f"{rate}", start_time=0, round="up")
    if scaled:
        stream = stream.filter("scale", width, height, flags="bicubic")
    else:
        stream = stream.filter("scale", "iw", "ih").filter("pad", width, height)
    return (
        stream.filter("setsar", 1)
        .filter("format", "yuv420p")
        # How the fps filter ends differs between versions of ffmpeg; -frames:v does not.
        .filter("tpad", stop_mode="clone", stop=-1)
    )


def _encode(found, times, path, begin, count, rate, size, threads):
    picture = found.picture
    padded = (picture.size[0] + picture.size[0] % 2, picture.size[1] + picture.size[1] % 2)
    streams = [
        picture_filters(
            found.stream("V:0", seek=times.seek, threads=threads),
            zero=found.zero + begin,
            rate=rate,
            size=size,
            scaled=picture.sample_aspect != 1 or size != padded,
        )
    ]
    if found.sound is not None:
        streams.append(_sound_stream(found, begin, times.seek, count / rate))
    node = _target(
        streams,
        path,
        vcodec="libx264",
        crf=18,
        preset="veryfast",
        threads=threads,
        **{"frames:v": count},
    )
    media.run(node, where=found.path)


def _is_standard(found, times, begin, size, count, fps, end):
    """Tell whether the source's pictures are already what would be made of them."""
    picture = found.picture
    return (
        begin == 0
        and end is None
        and "mov" in found.container.split(",")
        and found.zero == 0
        and (picture.codec, picture.pixel_format) == ("h264", "yuv420p")
        and picture.sample_aspect == 1
        and picture.rotation == 0
        and picture.size == size
        and times.frames == count
        and times.regular < 1e-3
        and picture.fps is not None
        and abs(picture.fps - fps) < 0.01
    )


def _copy(found, path, count, rate):
    """Copy the pictures without encoding them; False where that does not give the clock."""
    streams = [found.stream("V:0")]
    if found.sound is not None:
        streams.append(_sound_stream(found, 0.0, 0.0, count / rate))
    try:
        media.run(_target(streams, path, vcodec="copy"), where=found.path)
        # Also without the edit list: a reader that knows none must see the same frames.
        return _decoded(path, rate) == count == _decoded(path, rate, ignore_editlist=1)
    except ItemError:
        return False


def _decoded(path, rate, **options):
    """Number of frames of an mp4 by decoding it; -1 where they are not at ``i / rate``."""
    times = scan_frames(path, **options)
    off = 0.0 if options else max(abs(t - i / rate) for i, t in enumerate(times))
    return len(times)
