"""Parts joined end to end (as `cat` does): all of it is read, or it is refused with the second."""

import re
import shlex
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from made_clips import clicks, ffmpeg, loud_at, make_clip, need
from soaking import soak_after

from choreo import media
from choreo.cli import main
from choreo.errors import ItemError
from choreo.pose.track import PoseTrack
from choreo.videos.audio import read_song
from choreo.videos.joined import joined_at, other_kind_at
from choreo.videos.source import even_clock, look, scan

COUNT, SECONDS = 60, 2.0
# Container -> encoders of picture and sound.
READ_ON = {
    "ts": ("libx264", "aac"),
    "vob": ("mpeg2video", "mp2"),
    "mkv": ("libx264", "aac"),
    "webm": ("libvpx-vp9", "libopus"),
}
FIRST_ALONE = {
    "mp4": ("libx264", "aac"),
    "flv": ("flv", "libmp3lame"),
    "wmv": ("wmv2", "wmav2"),
    "nut": ("libx264", "aac"),
}
SONGS = {
    "ogg": "libvorbis",
    "opus": "libopus",
    "flac": "flac",
    "mp3": "libmp3lame",
    "aac": "aac",
    "mka": "aac",
}


def join(path, *parts):
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def part(path, encoders, moments=(0.5, 1.5), **options):
    need(encoders[1])
    return make_clip(
        path,
        count=COUNT,
        sound=clicks(moments, SECONDS),
        encoder=encoders[0],
        sound_encoder=encoders[1],
        **options,
    )


def entrances(run):
    """Name -> what reads a video from there on."""
    return {
        "standardise": run,
        "even_clock": even_clock,
        "song": read_song,
    }


@pytest.mark.parametrize(
    ("kind", "entrance"),
    soak_after(
        len(READ_ON | FIRST_ALONE) + 2,
        [
            *((kind, "standardise") for kind in READ_ON | FIRST_ALONE),
            ("ts", "even_clock"),
            ("mp4", "song"),
            *((kind, "even_clock") for kind in READ_ON | FIRST_ALONE if kind != "ts"),
            *((kind, "song") for kind in READ_ON | FIRST_ALONE if kind != "mp4"),
        ],
    ),
)
def test_a_joined_video_is_refused_with_the_second(kind, entrance, run, tmp_path):
    one = part(tmp_path / f"one.{kind}", (READ_ON | FIRST_ALONE)[kind])
    with pytest.raises(ItemError) as error:
        entrances(run)[entrance](join(tmp_path / f"two.{kind}", one, one))
    text = str(error.value)
    assert re.search("begins anew|joined end to end", text)
    second = float(re.search(r"(?:second|after) (\d+\.\d+)", text)[1])
    assert second == pytest.approx(SECONDS, abs=0.15)
    assert not run.folder.exists() or not list(run.folder.iterdir())


@pytest.mark.parametrize("kind", ["ts", "mkv"])
def test_the_command_that_is_given_mends_it(kind, run, tmp_path):
    one = part(tmp_path / f"one.{kind}", READ_ON[kind])
    with pytest.raises(ItemError) as error:
        run(join(tmp_path / f"two.{kind}", one, one))
    words = shlex.split(re.search(r"mend it: (.*)", error.value.remedy)[1])
    words = [media.ffmpeg_binary(), "-nostdin", "-loglevel", "error", *words[1:]]
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    mended = tmp_path / "mended.mp4"
    times = scan(look(mended), fps=30)
    assert times.frames == 2 * COUNT
    assert times.off_grid(30) < 0.002
    assert loud_at(read_song(mended)) == pytest.approx([0.5, 1.5, 2.5, 3.5], abs=0.08)


def test_the_first_part_alone_can_be_taken(run, tmp_path):
    one = part(tmp_path / "one.ts", READ_ON["ts"])
    probe, frames, song = run(join(tmp_path / "two.ts", one, one), end=1.6)
    assert probe["frames"] == len(frames) == 48
    assert loud_at(song) == pytest.approx([0.5, 1.5], abs=0.01)


@pytest.mark.parametrize("kind", SONGS)
def test_the_parts_of_a_song_follow_each_other(kind, tmp_path):
    need(SONGS[kind])
    parts = []
    for name, moments in {"a": [0.5, 1.7], "b": [0.9, 2.4]}.items():
        soundfile.write(tmp_path / "s.wav", clicks(moments, 3.0), 48_000)
        parts.append(tmp_path / f"{name}.{kind}")
        ffmpeg("-i", tmp_path / "s.wav", "-c:a", SONGS[kind], parts[-1])
    song = read_song(join(tmp_path / f"two.{kind}", *parts))
    assert len(song) / 16_000 == pytest.approx(6.0, abs=0.15)
    # An encoder begins each part with a few milliseconds of its own.
    assert loud_at(song) == pytest.approx([0.5, 1.7, 3.9, 5.4], abs=0.08)


@pytest.mark.parametrize("kind", ["wav", "aiff", "w64", "caf"])
def test_of_a_sound_file_whose_head_states_its_size(kind, tmp_path):
    soundfile.write(tmp_path / "s.wav", clicks([0.5], 1.0, 16_000), 16_000, subtype="PCM_16")
    ffmpeg("-i", tmp_path / "s.wav", tmp_path / f"a.{kind}")
    assert loud_at(read_song(tmp_path / f"a.{kind}")) == pytest.approx([0.5], abs=0.002)
    two = join(tmp_path / f"two.{kind}", *[tmp_path / f"a.{kind}"] * 2)
    with pytest.raises(ItemError, match=r"joined end to end, the second after 1\.00 s"):
        read_song(two)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("au", ()),
        ("amr", ("-ar", "8000")),
        ("wav", ("-rf64", "always")),
        ("wav", ("-f", "wav", "pipe:1")),
        ("au", ("-f", "au", "pipe:1")),
    ],
)
def test_the_head_of_a_second_file_is_no_sound(kind, options, tmp_path):
    soundfile.write(tmp_path / "s.wav", clicks([0.5], 1.0, 16_000), 16_000, subtype="PCM_16")
    one = tmp_path / f"a.{kind}"
    if "pipe:1" in options:
        one.write_bytes(ffmpeg("-i", tmp_path / "s.wav", *options))
    else:
        ffmpeg("-i", tmp_path / "s.wav", *options, one)
    assert loud_at(read_song(one)) == pytest.approx([0.5], abs=0.01)
    with pytest.raises(ItemError, match="joined end to end"):
        read_song(join(tmp_path / f"two.{kind}", one, one))


def test_a_song_that_changes_its_channels_is_not_cut_off(tmp_path):
    parts = []
    for channels in (1, 2):
        soundfile.write(tmp_path / "s.wav", clicks([0.5], 2.0, channels=channels), 48_000)
        parts.append(tmp_path / f"{channels}.ogg")
        ffmpeg("-i", tmp_path / "s.wav", "-c:a", "libvorbis", parts[-1])
    with pytest.raises(ItemError, match=r"of other channels there \(got 'second 2\.0"):
        read_song(join(tmp_path / "two.ogg", *parts))


# Endings of the two parts -> encoders of the first and of the second, and more of the second.
UNLIKE = {
    "another codec.ts": (("libx264", "aac"), ("mpeg2video", "mp2"), ()),
    "another number.ts": (("libx264", "aac"), ("libx264", "aac"), ("-mpegts_start_pid", "768")),
    "other sound.vob": (("mpeg2video", "mp2"), ("mpeg2video", "ac3"), ()),
    "another codec.mkv": (("libx264", "aac"), ("mpeg4", "libmp3lame"), ()),
    "chain.ogv": (("libtheora", "libvorbis"), ("libtheora", "libvorbis"), ()),
}


@pytest.mark.parametrize("name", UNLIKE)
@pytest.mark.parametrize("entrance", soak_after(1, ["standardise", "even_clock", "song"]))
def test_parts_of_different_kinds_are_refused(name, entrance, run, tmp_path):
    *both, more = UNLIKE[name]
    parts = [tmp_path / f"{number}{Path(name).suffix}" for number in range(2)]
    for path, encoders in zip(parts, both):
        need(encoders[0])
        part(path, encoders)
    if more:
        ffmpeg("-i", parts[1], "-c", "copy", *more, tmp_path / "more.ts")
        parts[1] = tmp_path / "more.ts"
    for path in parts:
        assert entrances(run)["song"](path).size
    with pytest.raises(ItemError, match=r"of different kinds|begins anew"):
        entrances(run)[entrance](join(tmp_path / f"two{Path(name).suffix}", *parts))


@pytest.mark.parametrize(
    ("kind", "encoders"),
    [
        ("flac", [["flac"], ["flac", "-ar", "44100"]]),
        ("aac", [["aac"], ["aac", "-ar", "44100"]]),
        ("ogg", [["libvorbis"], ["libopus"]]),
        ("mka", [["aac"], ["libvorbis"]]),
    ],
)
def test_so_are_those_of_a_song(kind, encoders, tmp_path):
    noise = np.random.default_rng(0).normal(0, 0.1, (96_000, 1))
    soundfile.write(tmp_path / "s.wav", noise, 48_000)
    parts = []
    for number, encoder in enumerate(encoders):
        need(encoder[0])
        parts.append(tmp_path / f"{number}.{kind}")
        ffmpeg("-i", tmp_path / "s.wav", "-c:a", *encoder, parts[-1])
        assert len(read_song(parts[-1])) / 16_000 == pytest.approx(2.0, abs=0.1)
    with pytest.raises(ItemError, match="of different kinds were joined there"):
        read_song(join(tmp_path / f"two.{kind}", *parts))


FOREIGN = {
    **{"wav": (), "aiff": (), "flac": (), "ogg": ("-c:a", "libvorbis"), "mka": (), "au": ()},
    **{"w64": (), "caf": (), "m4a": (), "mp3": ("-c:a", "libmp3lame"), "wma": (), "aac": ()},
    **{"amr": ("-ar", "8000", "-ac", "1"), "ac3": (), "mp2": (), "oga": ("-c:a", "flac")},
    **dict.fromkeys(("mp4", "avi", "ts", "flv", "nut"), ("-c:v", "mpeg4")),
    "mpg": ("-c:v", "mpeg1video"),
}
# Bare frames in a stream of packets may be its own: that it does not end with them is said by
# what its last packets hold.
PACKETS, BARE = {"ts", "mpg"}, {"aac", "ac3", "mp2"}
# Files of one kind by two names, or of which the one goes on in the other.
ALIKE = [{"mp4", "m4a"}, {"ogg", "oga"}, {"mp3", "mp2"}]
# In these, sound may lie as bare frames, and no end is stated.
OPEN = {"w64", "caf", "wma", "nut", "au"}
"""Kinds of files, and how the project's ffmpeg makes one."""


@pytest.fixture(scope="module")
def of_every_kind(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds")
    for kind, encoders in FOREIGN.items():
        picture = ("-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=1") if "-c:v" in encoders else ()
        encoder = ("-c:v", "flv") if kind == "flv" else encoders
        tone = ("-f", "lavfi", "-i", "sine=d=1:r=44100")
        ffmpeg(*picture, *tone, *encoder, folder / f"part.{kind}")
    return folder


@pytest.mark.parametrize("first", soak_after(4, list(FOREIGN)))
def test_another_kind_behind_the_end_is_seen(first, of_every_kind, tmp_path):
    """`cat song.wav song.flac` plays as the first alone, everywhere."""
    assert other_kind_at(of_every_kind / f"part.{first}") is None
    begin = (of_every_kind / f"part.{first}").stat().st_size
    for second in FOREIGN:
        if {first, second} in [{second}, *ALIKE]:
            continue
        if (first in PACKETS | OPEN and second in BARE) or (first, second) == ("aac", "ts"):
            continue
        parts = [of_every_kind / f"part.{kind}" for kind in (first, second)]
        two = join(tmp_path / f"{second}.{first}", *parts)
        place, kind = other_kind_at(two)
        # An encoder's words stand in the first frame of an mp3, behind its tag.
        assert begin <= place <= begin + (200 if second == "mp3" else 0)
        names = {"mka": "matroska", "m4a": "mp4", "wma": "asf", "ts": "mpegts", "mpg": "mpeg"}
        assert kind == (names | {"mp2": "mp3", "oga": "ogg"}).get(second, second)
        with pytest.raises(ItemError):
            read_song(two)
        if (first, second) == ("wav", "flac"):
            with pytest.raises(ItemError, match=r"another kind \(flac\) .* after 1.00 s.*tail -c"):
                look(two)


def _tag(data):
    """ID3 with a file in it, as with a cover."""
    size = b"GEOB" + len(data).to_bytes(4) + b"\0\0" + data
    return b"ID3\3\0\0" + bytes(len(size) >> s & 0x7F for s in (21, 14, 7, 0)) + size


ODD = {
    "flac.ogg": ("-c:a", "flac"),
    "piped flac.mkv": ("-c:a", "flac", "-f", "matroska", "pipe:1"),
    "live flac.mkv": ("-c:a", "flac", "-live", "1"),
    "attached.mkv": ("-attach", "part.wav", "-attach", "part.mp3", "-attach", "part.aac"),
    "live attached.mkv": ("-live", "1", "-attach", "part.wav", "-attach", "part.m4a"),
    "its own kind attached.mka": ("-c:a", "aac", "-attach", "part.mka"),
    "tag.flac": lambda parts: _tag(parts["wav"]) + _tag(parts["aac"]) + parts["flac"],
    "tag.aac": lambda parts: _tag(parts["flac"]) + parts["aac"],
    "tag.mp3": lambda parts: _tag(parts["m4a"]) + parts["mp3"],
    "middle.ts": lambda parts: parts["ts"][100:],
    "zeros.mp3": lambda parts: bytes(500) + parts["mp3"],
    "zeros.aac": lambda parts: bytes(33) + parts["aac"],
    "padded.wav": lambda parts: parts["wav"] + bytes(4096),
}
"""Files in which beginnings of others stand, or whose own is not at their first byte."""


@pytest.mark.parametrize("name", soak_after(6, list(ODD)))
def test_beginnings_within_a_good_file_are_none_of_another(name, of_every_kind, tmp_path):
    path, how = tmp_path / name, ODD[name]
    if callable(how):
        parts = {kind: (of_every_kind / f"part.{kind}").read_bytes() for kind in FOREIGN}
        path.write_bytes(how(parts))
    else:
        options = [of_every_kind / one if one.startswith("part.") else one for one in how]
        if "-attach" in how:
            options += ["-metadata:s:t", "mimetype=application/octet-stream"]
        tone = ("-f", "lavfi", "-i", "sine=d=1:r=44100")
        piped = ffmpeg(*tone, *options, *([] if "pipe:1" in how else [path]))
        if "pipe:1" in how:
            path.write_bytes(piped)
    assert look(path).sound is not None
    assert len(read_song(path)) >= 15_000


def test_another_kind_is_seen_behind_tags_and_streams(of_every_kind, tmp_path):
    parts = {kind: (of_every_kind / f"part.{kind}").read_bytes() for kind in FOREIGN}
    live = tmp_path / "live.mkv"
    tone = ("-f", "lavfi", "-i", "sine=d=1:r=44100")
    ffmpeg(*tone, "-c:a", "flac", "-live", "1", live)
    for first, second, kind in (
        (_tag(parts["wav"]) + parts["flac"], "mp3", "mp3"),
        (_tag(parts["wav"]) + parts["mp3"], "flac", "flac"),
        (live.read_bytes(), "wav", "wav"),
        (live.read_bytes(), "flac", "flac"),
    ):
        path = tmp_path / "two"
        path.write_bytes(first + parts[second])
        place, found = other_kind_at(path)
        assert (found, len(first) <= place <= len(first) + 200) == (kind, True)


def test_no_single_file_is_taken_for_a_joined_one(tmp_path):
    for kind, encoders in (READ_ON | FIRST_ALONE).items():
        assert joined_at(part(tmp_path / f"one.{kind}", encoders)) is None
        assert other_kind_at(tmp_path / f"one.{kind}") is None
    flat = tmp_path / "one.mp4"
    for flags in ("faststart", "frag_keyframe+empty_moov", "frag_every_frame+dash"):
        ffmpeg("-i", flat, "-c", "copy", "-movflags", flags, tmp_path / "again.mp4")
        assert joined_at(tmp_path / "again.mp4") is None
        assert other_kind_at(tmp_path / "again.mp4") is None
    soundfile.write(tmp_path / "odd.wav", np.zeros(101), 16_000, subtype="PCM_U8")
    assert joined_at(tmp_path / "odd.wav") is None
    assert joined_at(join(tmp_path / "two.wav", *[tmp_path / "odd.wav"] * 2)) is not None


# Files that hold the first bytes of another kind, or a row of its frames, and end with themselves.
WITHIN = {
    "flac in ogg.oga": ("-c:a", "flac"),
    "flac in a live.mkv": ("-c:a", "flac", "-live", "1"),
    "mp3 in a live.mkv": ("-c:a", "libmp3lame", "-live", "1"),
    "mp3 in caf.caf": ("-c:a", "libmp3lame"),
    "mp3 in wav.wav": ("-c:a", "libmp3lame"),
    "ac3 in mpg.mpg": ("-c:a", "ac3", "-b:a", "64k"),
    "mp2 in mpg.mpg": ("-c:a", "mp2", "-ar", "16000", "-b:a", "16k"),
    "mp2 in ts.ts": ("-c:a", "mp2", "-ar", "16000", "-b:a", "16k"),
    "dv.dv": ("-c:v", "dvvideo", "-s", "720x576", "-r", "25", "-ar", "48000", "-ac", "2"),
    "two channels.rf64": ("-f", "wav", "-rf64", "always", "-ac", "2"),
}


@pytest.mark.parametrize("name", WITHIN)
def test_what_a_file_holds_is_no_other_file(name, tmp_path):
    soundfile.write(tmp_path / "s.wav", clicks([0.5], 1.0), 48_000)
    picture = ("-f", "lavfi", "-i", "color=s=64x48:r=25:d=1") if "-c:v" in WITHIN[name] else ()
    ffmpeg(*picture, "-i", tmp_path / "s.wav", *WITHIN[name], tmp_path / name)
    assert joined_at(tmp_path / name) is None
    assert other_kind_at(tmp_path / name) is None
    assert loud_at(read_song(tmp_path / name)) == pytest.approx([0.5], abs=0.08)


@pytest.mark.parametrize("kind", ["flac", "aac", "ac3", "mp3"])
def test_a_tag_before_sound_is_no_other_file(kind, tmp_path):
    soundfile.write(tmp_path / "s.wav", clicks([0.5], 1.0), 48_000)
    ffmpeg("-i", tmp_path / "s.wav", "-write_xing", "0", tmp_path / f"a.{kind}")
    tagged = tmp_path / f"b.{kind}"
    tagged.write_bytes(b"ID3\3\0\0\0\0\2\x2c" + bytes(300) + (tmp_path / f"a.{kind}").read_bytes())
    assert other_kind_at(tagged) is None
    assert loud_at(read_song(tagged)) == pytest.approx([0.5], abs=0.08)


def test_joined_songs_are_heard_whole_in_a_drawn_video(tmp_path):
    soundfile.write(tmp_path / "s.wav", clicks([0.5], 1.0), 48_000)
    ffmpeg("-i", tmp_path / "s.wav", tmp_path / "a.flac")
    song = join(tmp_path / "two.flac", *[tmp_path / "a.flac"] * 3)
    with media.video_writer(tmp_path / "v.mp4", (32, 32), 30, audio=song) as put:
        for _ in range(90):
            put(np.zeros((32, 32, 3), np.uint8))
    assert loud_at(read_song(tmp_path / "v.mp4")) == pytest.approx([0.5, 1.5, 2.5], abs=0.002)


@pytest.mark.parametrize(
    "verb",
    [
        "videos {two} -o {out}",
        "poses {two} -o {out}/a.npz",
        "beats {two}",
        "import coco {track} --video {two} -o {out}/a.npz",
        "dataset shard {track} {two} -o {out}/a.h5",
        "render {track} --audio {two} -o {out}/a.mp4",
    ],
)
def test_every_verb_refuses_them(verb, tmp_path, capsys):
    one = part(tmp_path / "one.ts", READ_ON["ts"])
    two = join(tmp_path / "two.ts", one, one)
    track = tmp_path / "a.npz"
    joints = np.random.default_rng(0).uniform(20, 60, (120, 17, 2)).astype(np.float32)
    PoseTrack(
        keypoints=joints,
        scores=np.ones(joints.shape[:2], np.float32),
        fps=30.0,
        size=(64, 64),
        skeleton="coco17",
        meta={},
    ).save(track)
    out = tmp_path / "out"
    out.mkdir()
    words = verb.format(two=two, out=out, track=track).split()
    assert main(words) == 1
    assert "its clock begins anew there" in capsys.readouterr().err
    assert not list(out.iterdir())
