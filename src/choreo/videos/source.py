"""What a foreign video or sound file holds, and its clock.

There is no ffprobe beside imageio-ffmpeg's binary, so everything comes from ffmpeg: names
of codecs from the description that it prints of its input (`_described`), sizes and times
from what it decodes (its ``framecrc`` output, a text with one line a frame or packet).

**The clock.** Second 0 is when the first picture is shown; in a file without pictures,
when its first sound is heard. Times that the file itself gives (its "pts", after edit
lists and the encoder's priming samples are taken off) are called *file times* here.
"""

from __future__ import annotations

import array
import contextlib
import math
import re
import shlex
import shutil
import struct
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ffmpeg
import numpy as np

from choreo import media
from choreo.errors import ItemError
from choreo.files.outside import looks_like, missing, reading
from choreo.files.temporary import owned
from choreo.videos.containers import mapped
from choreo.videos.cut_off import states_no_length
from choreo.videos.joined import joined_at, other_kind_at, reads_on, stated_end

MICROSECONDS = 1_000_000
"""Ticks a second in which picture times are asked for; finer than any container's by need."""

# What pictures may be off an even grid, in seconds: containers round to milliseconds, and
# encoders jitter by a few.
_EVEN = 0.004
_EVEN_SHARE = 0.99
_FULL = 0.8
_RATES = tuple(
    Fraction(x) for x in ("24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001", "60")
)
_SEEKABLE = {"mov", "matroska"}
_SEEK_MARGIN = 10.0
_MAX_PIXELS = 8192 * 8192
_INPUT = re.compile(
    r"^Input #0, (.*), from (?:[\s\S]*?"
    r"^  Duration: (?:(\d+):(\d+):(\d+\.?\d*))?.*?(?:start: (-?[\d.]+)|$))?",
    re.MULTILINE,
)
_STREAM = re.compile(
    r"  Stream #0:\d+(?:\[(?P<number>\w+)\])?(?:\([^)]*\))?: (?P<kind>Video|Audio): (?P<codec>\w+)"
)
# What the rest of its line may say; a name in brackets may hold an "x" or a comma, too.
_FIELDS = {
    "pixel_format": re.compile(r", (\w+)"),
    "size": re.compile(r", (\d+x\d+)"),
    "fps": re.compile(r", ([\d.]+) fps"),
    "interlaced": re.compile(r"\((?:[^)]*, )?(top|bottom) (?:coded )?first"),
    "rate": re.compile(r", (\d+) Hz"),
    "cover": re.compile(r"\((attached pic)\)"),
}
# Of the lines below it only those of the side data count: a title may say anything, but each
# line of it is indented further.
_ROTATION = re.compile(
    r"^    Side data:\r?\n(?:      .*\n)*?"
    r"      (?:Display Matrix|displaymatrix): rotation of (-?\d+(?:\.\d+)?) degrees\r?$",
    re.MULTILINE,
)
_FRAME = re.compile(r"\d+, *-?\d+, *(-?\d+), *(-?\d+), *(\d+),")
# H.264 and HEVC are decoded a third faster without smoothing the edges of their blocks.
_TIMES_ONLY = {"skip_loop_filter": "all"}
_REMEDY = "Check that the file plays from its beginning to its end"
_A_VIDEO = "Give an mp4, mov, mkv, webm, avi, wav, mp3, ogg or flac file"
# Samples a second of sound that is worth reading; what a header says may be anything.
_SOUND_RATES = range(4_000, 768_001)
# Times within a part go back by milliseconds at most, where a file is made badly.
_JITTER = 0.1
# Seconds without a picture after which the clock is taken for another one.
_LEAP = 3600
# Containers that say in every part what they hold, and how much of their end is looked at.
_SAID_AGAIN = {"mpegts", "mpeg", "aac"}
_END_BYTES = 1 << 21
# How much of a matroska file its tracks are looked for in.
_HEAD_BYTES = 1 << 16
# Pictures at one time after which the clock stands still.
_STILL = 10
# Whatever the file, this much is enough to say what it holds.
_LOOK_SECONDS = 120


@dataclass(frozen=True)
class Picture:
    """The pictures of a file.

    Attributes
    ----------
    codec, pixel_format : str
        ffmpeg's names.
    size : tuple of int
        Width and height in stored pixels, after the rotation has been applied.
    sample_aspect : Fraction
        Width of a stored pixel over its height, after the rotation.
    rotation : float
        Degrees by which the file asks to be turned (counter-clockwise), as ffmpeg says it.
    fps : float or None
        Frames a second that the file claims.
    interlaced : bool
        A picture is made of two half pictures of different times.
    first : float
        File time of the first picture in seconds.
    """

    codec: str
    pixel_format: str
    size: tuple[int, int]
    sample_aspect: Fraction
    rotation: float
    fps: float | None
    interlaced: bool
    first: float


@dataclass(frozen=True)
class Sound:
    """The sound of a file.

    Attributes
    ----------
    codec : str
        ffmpeg's name.
    rate : int
        Samples a second.
    channels : int
        Their number.
    layout : str
        ffmpeg's name of their arrangement, such as ``stereo`` or ``5.1(side)``.
    first : float
        File time of the first sample that is heard.
    """

    codec: str
    rate: int
    channels: int
    layout: str
    first: float


@dataclass(frozen=True)
class Source:
    """A file that can be read.

    Attributes
    ----------
    path : Path
        The file.
    container : str
        ffmpeg's names of its container, separated by commas.
    begin : float
        File time at which the file says to begin.
    duration : float or None
        Seconds that the file says to last.
    picture : Picture or None
        Its first video stream (a cover picture is none).
    sound : Sound or None
        Its first audio stream.
    """

    path: Path
    container: str
    begin: float
    duration: float | None
    picture: Picture | None
    sound: Sound | None

    @property
    def zero(self) -> float:
        """File time of second 0 of the clock."""
        first = self.picture or self.sound
        assert first is not None  # `look` refuses what holds neither
        return first.first

    def seek_point(self, start: float) -> float:
        """Where to begin reading for what is at `start`, in seconds after `begin`.

        Well before `start`, so that whatever the decoder needs comes with it; 0 in
        containers whose times after a jump are guesses.
        """
        if start <= _SEEK_MARGIN or not _SEEKABLE & set(self.container.split(",")):
            return 0.0
        return start - _SEEK_MARGIN

    def stream(self, kind: str, *, seek: float = 0.0, threads: int = 1, **options: Any) -> Any:
        """Give an input stream of ffmpeg-python, with the times of the file (needs ``-copyts``).

        Parameters
        ----------
        kind : {"V:0", "a:0"}
            Pictures or sound.
        seek : float
            As `seek_point` gives it.
        threads : int
            Decoding threads.
        **options
            Further input options of ffmpeg.
        """
        if seek:
            options |= {"ss": seek, "noaccurate_seek": None}
        if kind == "V:0":
            # A change of the size within the file must not restart the filters and with
            # them the clock.
            options["reinit_filter"] = 0
        return _input(self.path, threads=threads, **options)[kind]


def _input(path, **options):
    # The decoder's own bound, against a file that asks for all memory.
    return media.source(path, max_pixels=_MAX_PIXELS, **options)


def _listing(stream, **options):
    """Output node: one line a frame with its file time in `MICROSECONDS` (sound: samples)."""
    return ffmpeg.output(
        stream,
        "pipe:1",
        format="framecrc",
        fps_mode="passthrough",
        **{"enc_time_base:v": f"1:{MICROSECONDS}"},
        **options,
    ).global_args("-copyts")


def _lines(pipe, head=None):
    """Yield time, duration and bytes of each frame of a listing; `head` takes what comes before."""
    for raw in pipe.stdout:
        line = raw.decode("ascii", errors="replace").strip()
        if match := _FRAME.match(line):
            yield tuple(map(int, match.groups()))
        elif head is not None and (match := re.fullmatch(r"#(\w+) \d+: (.*)", line)):
            head[match[1]] = match[2]


# A clock that goes back is told by a leap forward of this much and what it went back by.
# Without it framecrc would hold the time until the old clock is reached again.
_BACK = 1 << 36
_STEP_BACK = (
    "if(isnan(PTS),PREV_OUTPTS,if(isnan(PREV_OUTPTS),PTS,"
    f"PREV_OUTPTS+if(lt(PTS,PREV_INPTS),{_BACK}+PREV_INPTS-PTS,PTS-PREV_INPTS)))"
)


def _with_steps_back(stream, kind):
    """Filter that writes down where times go back, for `_frames`."""
    if kind == "V:0":
        return stream.filter("settb", f"1/{MICROSECONDS}").filter("setpts", _STEP_BACK)
    return stream.filter("asetpts", _STEP_BACK)


def _frames(pipe, second):
    """Read a listing of one stream that went through `_with_steps_back`.

    Parameters
    ----------
    pipe : choreo.media.Pipe
        The listing.
    second : int
        Ticks of its times in a second.

    Yields
    ------
    tuple of int
        Time, length and whether the clock begins anew here. Times rise until it does: what
        goes back by less than `_JITTER` is held.
    """
    said = time = held = None
    for stated, length, _ in _lines(pipe):
        step = 0 if said is None else stated - said
        back = step - _BACK if step >= _BACK // 2 else 0
        raw = stated if said is None else time - back if back else time + step
        anew = back > _JITTER * second or (step > _LEAP * second and not back)
        said, time = stated, raw
        held = raw if held is None or anew else max(held, raw)
        yield held, length, anew
    pipe.wait()


def _first(path, kind):
    """Header and first frame of a stream: (dict, (time, duration, bytes)); None without one."""
    head = {}
    node = _listing(_input(path, threads=1)[kind], **{f"frames:{kind[0].lower()}": 1})
    with media.Pipe(node, where=path, seconds=_LOOK_SECONDS) as pipe:
        for frame in _lines(pipe, head):
            return head, frame
        pipe.wait()
        # The decoder's own bound; the container may state another size, or none.
        if match := re.search(r"Picture size (\d+x\d+) (?:is invalid|exceeds)", pipe.messages()):
            raise _too_large(path, match[1], _MAX_PIXELS)
    return None


def _too_large(path, size, max_pixels):
    return ItemError(
        f"the pictures are larger than {max_pixels:,} pixels",
        where=path,
        value=size,
        remedy="Scale the video down first",
    )


def _describe(path):
    """What ffmpeg says of a file, as `_described` gives it."""
    # The listing of nothing but a map that never matches makes ffmpeg stop after it has
    # described its input.
    node = _listing(_input(path)["d:999"])
    with media.Pipe(node, where=path, loglevel="info", seconds=_LOOK_SECONDS) as pipe:
        pipe.stdout.read()
        pipe.wait()
        return _described(pipe.messages())


def _described(text):
    """Read ffmpeg's description of its input.

    PyAV has numbers, but of another ffmpeg than the one that encodes (docs/videos.md).

    Returns
    -------
    SimpleNamespace
        ``text``; ``container``, None where it can't be opened; ``begin`` and ``duration``
        in seconds; ``video`` and ``audio``: what is said of each stream but covers, as texts
        or None by the names of `_STREAM` and `_FIELDS`, and its ``rotation`` in degrees.
    """
    head = _INPUT.search(text)
    container, hours, minutes, seconds, begin = head.groups() if head else [None] * 5
    said = SimpleNamespace(text=text, container=container, begin=float(begin or 0))
    said.duration = hours and int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    said.video, said.audio = [], []
    for block in re.split(r"\n(?=  Stream #)", text):
        if match := _STREAM.match(block):
            line, turned = block.partition("\n")[0][match.end() :], _ROTATION.search(block)
            found = {name: (one.search(line) or [None] * 2)[1] for name, one in _FIELDS.items()}
            stream = SimpleNamespace(**match.groupdict(), **found)
            stream.rotation = float(turned[1]) if turned else 0.0
            if not stream.cover:
                getattr(said, stream.kind.lower()).append(stream)
    return said


def look(path: str | Path, *, max_pixels: int = _MAX_PIXELS) -> Source:
    """Find out what a file holds; only its first picture and first sound are decoded.

    Parameters
    ----------
    path : str or Path
        The file.
    max_pixels : int
        More pixels a frame than this are refused.

    Returns
    -------
    Source
        With a picture or a sound or both.

    Raises
    ------
    ItemError
        Where the file is missing, empty, cut off before its index, neither video nor
        sound, too large in pixels, of an impossible rate, or two files joined of which a
        player shows the first alone.
    AccidentError
        Where the machine fails.
    """
    path = Path(path)
    if not path.is_file():
        raise missing(path)
    if path.stat().st_size == 0:
        raise ItemError("the file has 0 bytes", where=path, remedy="Copy or fetch it again")
    with reading(path, "a video or sound file"):
        path.open("rb").close()
    said = _describe(path)
    if said.container is None:
        raise _unreadable(path, said.text)
    picture = _picture(path, said.video[0], max_pixels) if said.video else None
    sound = _sound(path, said.audio[0]) if said.audio else None
    if picture is None and sound is None:
        raise ItemError("the file holds neither picture nor sound", where=path, remedy=_REMEDY)
    source = Source(
        path=path,
        container=said.container,
        begin=said.begin,
        duration=None if states_no_length(path) else said.duration,
        picture=picture,
        sound=sound,
    )
    if (place := joined_at(path)) is not None:
        raise _joined(source, place)
    if (other := other_kind_at(path, source.container)) is not None:
        raise _joined(source, *other)
    if (unlike := _unlike_parts(source)) is not None:
        # Of what is no longer what its beginning says, decoding may fail before its end.
        second = None
        with contextlib.suppress(ItemError):
            second = _end_read(source)
        raise _of_different_kinds(source, unlike, second)
    return source


def _end_read(source):
    """Second at which what is read of a joined file ends."""
    if source.picture:
        return scan(source, fps=source.picture.fps or 30).end
    return sum(length for _, length in sound_frames(source)) / source.sound.rate


def _of_different_kinds(source, said, second):
    """The error about parts that are not alike, of which ffmpeg reads those like the first."""
    part = "-c:v libx264 -crf 16 -c:a flac PART.mkv" if source.picture else "PART.flac"
    return ItemError(
        f"parts of different kinds were joined there, and only the first is read: {said}",
        where=source.path,
        value=None if second is None else f"second {second:.2f}",
        remedy=f"Bring every part to one kind ({_ffmpeg()} -i PART {part}), list them as lines "
        f"`file 'NAME'` in parts.txt, then {_ffmpeg()} -f concat -i parts.txt -c copy whole"
        f"{'.mkv' if source.picture else '.flac'}",
    )


def _unlike_parts(source):
    """Tell that what comes last in a file is of another kind than what comes first.

    ffmpeg passes over what the beginning did not announce, without a word.

    Returns
    -------
    str or None
        Both kinds; None where all is alike, or nothing tells.
    """
    if source.container in _SAID_AGAIN:
        return _unlike_end(source)
    with mapped(source.path) as data:
        head, kind = _HEADS.get(data[:4], (None, None))
        if head is None:
            return None
        # Behind what an attachment may be in.
        first = stated_end(data)
        found = (one.start() for one in head.finditer(data))
        places = [place for place in found if not 0 < place < first]
        ends = [*places[1:], len(data)]
        kinds = [
            kind(data[place : min(end, place + _HEAD_BYTES)]) for place, end in zip(places, ends)
        ]
    return next((f"{kinds[0]}, then {one}" for one in kinds if one != kinds[0]), None)


def _unlike_end(source):
    """As `_unlike_parts`, of streams that say again and again what they hold."""
    size = source.path.stat().st_size
    count = min(_END_BYTES, max(_END_BYTES >> 8, size // 16))
    first, last = (
        _described_part(source.path, place, count) for place in (0, max(0, size - count))
    )
    # Parts of bare sound may look like anything.
    if last.container is None or first.container != source.container:
        return None
    if first.container != last.container:
        return None if source.container == "aac" else f"{first.container}, then {last.container}"
    # In a program stream the number tells the kind of sound; the codec is guessed.
    fields = ("number",) if source.container == "mpeg" else ("number", "codec", "rate")
    for one, others in ((first.video[:1], last.video), (first.audio[:1], last.audio)):
        if one and others and not any(_alike(one[0], other, fields) for other in others):
            return ", then ".join(
                f"{s.codec} {f'{s.rate} Hz' if s.rate else s.number}" for s in (*one, others[0])
            )
    return None


def _alike(one, other, fields):
    """Whether two descriptions of a stream agree; a part may be too short to say all of it."""
    pairs = [(getattr(one, name), getattr(other, name)) for name in fields]
    return all(a == b or not (a and b) for a, b in pairs)


def _described_part(path, place, count):
    """What ffmpeg says of some bytes of a file."""
    with (
        tempfile.NamedTemporaryFile(prefix=owned(), suffix=path.suffix) as part,
        open(path, "rb") as file,
    ):
        file.seek(place)
        part.write(file.read(count))
        part.flush()
        return _describe(Path(part.name))


def _tracks_of_matroska(head):
    """Names of the codecs in the first bytes of a matroska file."""
    names = [
        head[found.end() : found.end() + found[1][0] - 0x80].decode("ascii", errors="replace")
        for found in re.finditer(rb"\x86([\x85-\xbf])(?=[VA]_)", head)
    ]
    return " and ".join(dict.fromkeys(names))


def _stream_of_flac(head):
    """What the first bytes of a flac file say of its samples and blocks."""
    smallest, largest = struct.unpack(">HH", head[8:12])
    rate = int.from_bytes(head[18:21]) >> 4
    return f"{rate} Hz in blocks of {smallest} to {largest}"


def _joined(source, place, kind=None):
    """Two files in one, of which ffmpeg reads the first; the other begins at byte `place`."""
    second = ""
    if not reads_on(source.path):
        with contextlib.suppress(ItemError):  # the second can spoil the end of the first
            second = f" after {_end_read(source):.2f} s"
    path, name = source.path, shlex.quote(source.path.name)
    begin = f"`tail -c +{place + 1} {name} > second{f'.{kind}' if kind else path.suffix}` writes"
    if kind is None:
        return ItemError(
            f"this is two files joined end to end, the second{second}; players show the first "
            "alone",
            where=path,
            remedy=f"{begin} the second; list both as lines `file 'NAME'` in parts.txt, then "
            f"{_ffmpeg()} -f concat -i parts.txt -c copy whole.mkv",
        )
    return ItemError(
        f"a file of another kind ({kind}) begins in it at byte {place}{second}; players show what "
        "comes before alone",
        where=path,
        remedy=f"{begin} the second, `head -c {place} {name} > first{path.suffix}` the first: take "
        "that, or bring both to one kind and join them by ffmpeg's concat",
    )


# First bytes -> what every part of such a file begins with, and what that says of its kind.
_HEADS = {
    b"\x1a\x45\xdf\xa3": (
        re.compile(rb"\x1a\x45\xdf\xa3.{1,80}?\x42\x82.(?:matroska|webm)", re.DOTALL),
        _tracks_of_matroska,
    ),
    b"fLaC": (re.compile(rb"fLaC[\0\x80]\0\0\x22.{34}", re.DOTALL), _stream_of_flac),
}


def _ffmpeg():
    """How a person calls the ffmpeg at hand."""
    binary = media.ffmpeg_binary()
    return "ffmpeg" if shutil.which("ffmpeg") == binary else shlex.quote(binary)


def begins_anew(source: Source, second: float, *, rate: float | None = None) -> ItemError:
    """The error about a clock that does not go on.

    Parameters
    ----------
    source : Source
        The file.
    second : float
        Where on its clock.
    rate : float, optional
        Pictures a second before that.

    Returns
    -------
    ItemError
        With the command that puts the parts one after the other.
    """
    picture = source.picture
    mended = "mended.mp4" if picture else "mended.flac"
    if picture is None:
        filters = "-af asetpts=N/SR/TB"
    else:
        rate = (picture.fps if rate is None else rate) or 30
        filters = f"-vf 'setpts=N/({float(rate):.6g}*TB)' -fps_mode passthrough -crf 16"
        filters += " -af asetpts=N/SR/TB" if source.sound else ""
    return ItemError(
        "its clock begins anew there, as where parts were joined with cat",
        where=source.path,
        value=f"second {second:.2f}",
        remedy=f"Join the parts with ffmpeg, or mend it: {_ffmpeg()} -i "
        f"{shlex.quote(source.path.name)} {filters} {mended}",
    )


def _picture(path, said, max_pixels):
    """Describe the pictures; `said` is what ffmpeg says of their stream."""
    if said.size and math.prod(map(int, said.size.split("x"))) > max_pixels:
        raise _too_large(path, said.size, max_pixels)
    found = _first(path, "V:0")
    if found is None:
        raise ItemError("no picture of this file can be decoded", where=path, remedy=_REMEDY)
    head, frame = found
    aspect = Fraction(head.get("sar", "1/1").replace("/0", "/1"))
    return Picture(
        codec=said.codec,
        pixel_format=said.pixel_format or "",
        size=tuple(int(n) for n in head["dimensions"].split("x")),
        sample_aspect=aspect if aspect > 0 else Fraction(1),
        rotation=said.rotation,
        fps=said.fps and float(said.fps),
        interlaced=said.interlaced is not None,
        first=frame[0] / MICROSECONDS,
    )


def _sound(path, said):
    """Describe the sound; None where ffmpeg can't decode any of it."""
    found = _first(path, "a:0")
    if found is None:
        return None
    head, (time, samples, size) = found
    rate = int(head["sample_rate"])
    if rate not in _SOUND_RATES:
        raise ItemError(
            f"its sound has no rate from {_SOUND_RATES[0]:,} to {_SOUND_RATES[-1]:,} samples a "
            "second",
            where=path,
            value=rate,
            remedy="Its header may be wrong: write the sound anew, at 16000 or more",
        )
    return Sound(
        codec=said.codec,
        rate=rate,
        # The listing is of 16-bit samples.
        channels=size // max(samples, 1) // 2,
        layout=head.get("channel_layout_name", ""),
        first=time / rate,
    )


@dataclass(frozen=True)
class Scan:
    """The times of a file's pictures, from decoding them.

    Attributes
    ----------
    frames : int
        Pictures between start and end.
    last : float
        Seconds on the clock of the last picture read.
    interval, longest : float
        Mean and longest seconds from one picture to the next; NaN and 0 for a single one.
    times : ndarray of float64, shape (n,)
        Seconds on the clock of every picture read.
    whole : bool
        The file was read to its end.
    end : float
        Seconds on the clock at which the last picture read stops being shown.
    seek : float
        Where reading began, as `Source.seek_point` gives it.
    """

    frames: int
    last: float
    interval: float
    longest: float
    times: np.ndarray
    whole: bool
    end: float
    seek: float

    def off_grid(self, fps: float) -> float:
        """Largest distance in seconds of the k-th picture read from ``k / fps``."""
        return float(np.abs(self.times - np.arange(len(self.times)) / fps).max())

    def even_rate(self, stated: float | None) -> Fraction | None:
        """Frames a second of the even grid that the pictures lie on.

        99 of 100 must be within 4 ms of the grid that begins with the first picture read,
        and a fifth of its places at most be empty, as where pictures were lost: on a finer
        grid, pictures would be held, and shown late in the mean. What the file states is tried
        first, then the mean rate, then the usual rates from 24000/1001 to 60.

        Parameters
        ----------
        stated : float or None
            What ffmpeg says of the file, which of a variable rate is the mean.

        Returns
        -------
        Fraction or None
            None where no grid from 10 to 60 frames a second fits: a variable rate.
        """
        mean = Fraction(1 / self.interval).limit_denominator(1001) if self.interval > 0 else None
        stated = None if stated is None else _unrounded(stated)
        for rate in (stated, mean, *_RATES):
            if rate is not None and 10 <= rate <= 60:
                places = (self.times - self.times[0]) * float(rate)
                off = np.abs(places - np.rint(places)) / float(rate)
                full = len(places) >= _FULL * (places[-1] + 1)
                if full and np.quantile(off, _EVEN_SHARE) <= _EVEN:
                    return rate
        return None


def _near_usual(rate):
    """The usual rate within a thousandth of a measured one, else as measured."""
    nearest = min(_RATES, key=lambda usual: abs(usual - rate))
    return nearest if abs(nearest / rate - 1) < 1e-3 else rate


def _unrounded(stated):
    """Rate of which ffmpeg said two decimals: 29.97 is 30000/1001."""
    television = Fraction(round(stated * 1.001) * 1000, 1001)
    return television if abs(television - stated) < 0.005 else Fraction(str(stated))


def picture_times(path: str | Path) -> Iterator[float]:
    """Decode a video for the file times of its pictures.

    Parameters
    ----------
    path : str or Path
        A video.

    Yields
    ------
    float
        Seconds.
    """
    with media.Pipe(_listing(_input(path, **_TIMES_ONLY)["V:0"]), where=path) as pipe:
        for time, _, _ in _lines(pipe):
            yield time / MICROSECONDS
        pipe.wait()


def _refuse_other_streams(source, pipe, second):
    """Refuse a chained ogg of which ffmpeg, which has come to its end, follows the first part."""
    if re.search(r"failed to create or replace stream|multistream ogg", pipe.messages()):
        raise _of_different_kinds(source, "what follows is not like it", second)


def sound_frames(
    source: Source, *, until: float = math.inf, seek: float = 0.0, threads: int = 1
) -> Iterator[tuple[int, int]]:
    """Decode the sound of a source for the times of its parts.

    Of sound alone, parts whose clock begins anew follow each other; beside pictures nothing
    tells how the parts of both go together.

    Parameters
    ----------
    source : Source
        With sound.
    until : float
        Seconds on the clock after which nothing need be read.
    seek, threads : float, int
        As `Source.seek_point` gives it; decoding threads.

    Yields
    ------
    tuple of int
        File time and length of a decoded part, both in samples of the source's rate.

    Raises
    ------
    ItemError
        Where the clock begins anew before `until`, or the sound becomes another one (rate,
        channels) that ffmpeg does not follow.
    """
    assert source.sound is not None
    rate = source.sound.rate
    stream = _with_steps_back(source.stream("a:0", seek=seek, threads=threads), "a:0")
    due = late = 0
    with media.Pipe(_listing(stream), where=source.path) as pipe:
        for time, length, anew in _frames(pipe, rate):
            if anew and source.picture is None:
                late = due - time
            elif anew and due / rate - source.zero > until:
                return
            elif anew:
                raise begins_anew(source, due / rate - source.zero)
            time += late
            due = time + length
            yield time, length
            if time / rate - source.zero > until + 1:
                return
        _refuse_other_streams(source, pipe, due / rate - source.zero)
        if re.search(r"(?:rate|[Cc]hannel) change is not supported", pipe.messages()):
            raise ItemError(
                "its sound becomes one of another rate or of other channels there",
                where=source.path,
                value=f"second {due / rate - source.zero:.2f}",
                remedy=f"Bring all parts to one kind ({_ffmpeg()} -i PART -ar 48000 -ac 2 "
                "PART.flac) before they are joined",
            )


def scan(
    source: Source,
    *,
    fps: float,
    start: float = 0.0,
    end: float = math.inf,
    threads: int = 1,
) -> Scan:
    """Decode a file, or a stretch of it, for the times of its frames.

    Parameters
    ----------
    source : Source
        With pictures.
    fps : float
        Frames a second that a file of one picture is taken to have.
    start, end : float
        The stretch, in seconds on the clock; reading stops soon after `end`.
    threads : int
        Decoding threads.

    Returns
    -------
    Scan

    Raises
    ------
    ItemError
        Where no picture can be decoded, or the clock begins anew before `end`.
    AccidentError
        Where the machine fails.
    """
    seek = source.seek_point(start)
    result = _scan(source, fps, start, end, threads, seek)
    if result is None and seek:
        # The jump went too far: a file with a bad index.
        result = _scan(source, fps, start, end, threads, 0.0)
    if result is None:
        raise ItemError("no picture of this file can be decoded", where=source.path, remedy=_REMEDY)
    return result


def _scan(source, fps, start, end, threads, seek):
    """As `scan`; None where no picture, or none as early as `start`, is found."""
    stream = source.stream("V:0", seek=seek, threads=threads, **_TIMES_ONLY)
    stream = _with_steps_back(stream, "V:0")
    times, frames, last = array.array("d"), 0, math.nan
    gap, longest, whole, still = math.nan, 0.0, True, 0
    with media.Pipe(_listing(stream), where=source.path) as pipe:
        for time, _, anew in _frames(pipe, MICROSECONDS):
            time = time / MICROSECONDS - source.zero
            still = still + 1 if time == last else 0
            if anew or still == _STILL:
                step = (last - times[0]) / max(1, len(times) - 1)
                raise begins_anew(source, last + step, rate=step and _near_usual(1 / step))
            if times:
                gap = time - last
                longest = max(longest, gap)
            elif seek and time > start:
                return None
            times.append(time)
            last = time
            if time >= end:
                whole = False
                break
            frames += time >= start
        if whole and times:
            _refuse_other_streams(source, pipe, last)
    if not times:
        return None
    interval = (last - times[0]) / (len(times) - 1) if len(times) > 1 else math.nan
    return Scan(
        frames=frames,
        last=last,
        interval=interval,
        longest=longest,
        times=np.array(times),
        whole=whole,
        # Nothing tells how long the last picture is shown: as long as the one before it,
        # unless that one stood still.
        end=last + (min(interval, gap) if len(times) > 1 else 1 / fps),
        seek=seek,
    )


def even_clock(path: str | Path) -> tuple[tuple[int, int], float, int]:
    """Size, rate and length of a video whose frames come evenly; all of it is decoded.

    Parameters
    ----------
    path : str or Path
        A video.

    Returns
    -------
    size : tuple of int
        Width and height in stored pixels, after the rotation.
    fps : float
        Frames a second: the whole number, or that times 1000/1001, whichever is nearer, or
        else what the file claims; as measured where none is within a thousandth.
    frames : int
        Decoded frames.

    Raises
    ------
    ItemError
        Where it has no picture, or its frames do not come evenly: poses by frame number
        have no times then.
    """
    source = look(path)
    if source.picture is None:
        raise ItemError("the file holds no picture", where=path, remedy="Give a video")
    claimed = source.picture.fps or 30.0
    times = scan(source, fps=claimed)
    if times.frames < 2:
        return source.picture.size, claimed, times.frames
    if times.longest > 1.5 * times.interval:
        raise ItemError(
            "its frames do not come evenly",
            where=path,
            value=f"mean step {times.interval:.4f} s, longest {times.longest:.4f} s",
            remedy="Bring it to a constant rate (choreo videos) and find the poses in that",
        )
    measured = 1 / times.interval
    usual = (float(round(measured)), round(measured) * 1000 / 1001)
    # What ffmpeg says of the claim is rounded, and so are the times of some containers.
    for fps in (min(usual, key=lambda rate: abs(rate - measured)), claimed):
        if abs(fps / measured - 1) < 1e-3:
            return source.picture.size, fps, times.frames
    return source.picture.size, measured, times.frames


def _unreadable(path, text):
    with open(path, "rb") as file:
        mp4 = file.read(8)[4:] in {b"ftyp", b"mdat", b"free", b"wide", b"skip"}
    if mp4 and "moov atom not found" in text:
        return ItemError(
            "the file is cut off: its index (moov atom) is missing",
            where=path,
            remedy="Copy or fetch it again",
        )
    if (kind := looks_like(path)) is not None:
        return ItemError(f"this is {kind[0]}, no video or sound file", where=path, remedy=kind[1])
    if match := re.search(r"\[(\S+) @ \w+\] Format not on whitelist", text):
        return ItemError(
            "this is no video or sound file that choreo opens",
            where=path,
            # New versions of ffmpeg give its number among the inputs there.
            value=None if match[1].startswith("in#") else match[1],
            remedy=_A_VIDEO,
        )
    if "Invalid data found" in text:
        return ItemError(
            "this is no video or sound file, or it is damaged", where=path, remedy=_REMEDY
        )
    return ItemError(
        f"ffmpeg can't open this file: {media.last_lines(text, 1)}", where=path, remedy=_REMEDY
    )
