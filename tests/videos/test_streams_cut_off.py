"""Streams that say nothing of their length and break off: refused, or used as far as asked."""

import pytest
from made_clips import clicks, ffmpeg, make_clip

from choreo.errors import ItemError
from choreo.videos.cut_off import is_cut
from choreo.videos.standardise import standardise

FRAGMENTED = ("-movflags", "frag_keyframe+empty_moov")
# Name -> options of the container; a `pipe` can't go back to write the length.
STREAMS = {
    "fragmented.mp4": FRAGMENTED,
    "fragmented.mov": FRAGMENTED,
    "dash.mp4": ("-movflags", "dash"),
    "live.mkv": ("-live", "1"),
    "clusters.mkv": ("-live", "1", "-cluster_time_limit", "300"),
    "live.flv": ("-flvflags", "no_duration_filesize"),
    "plain.ts": (),
    "piped.avi": ("-c:v", "mpeg4", "-r", "30", "-c:a", "libmp3lame", "-f", "avi", "pipe:1"),
    "camcorder.m2ts": ("-f", "mpegts", "-mpegts_m2ts_mode", "1"),
}
TOLD = {"whole.mp4": (), "first.mp4": ("-movflags", "faststart"), "whole.mkv": ()}


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Bytes of the same clip in every container."""
    folder = tmp_path_factory.mktemp("cut")
    clip = make_clip(folder / "clip.mp4", count=90, sound=clicks([0.5, 2.5], 3.0))
    found = {}
    for name, options in (STREAMS | TOLD).items():
        if "pipe:1" in options:
            found[name] = ffmpeg("-i", clip, "-c", "copy", *options)
            continue
        ffmpeg("-i", clip, "-c", "copy", *options, folder / name)
        found[name] = (folder / name).read_bytes()
    return found


def made(path, **options):
    folder = path.parent
    return standardise(
        path,
        video=folder / "v.mp4",
        audio=folder / "v.wav",
        probe=folder / "v.json",
        min_seconds=0.5,
        require_sound=False,
        **options,
    )


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_that_breaks_off_is_not_the_whole(clips, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(clips[name])
    assert not is_cut(path)
    assert made(path)["duration"] == pytest.approx(3.0, abs=0.1)
    path.write_bytes(clips[name][: len(clips[name]) * 3 // 5 // 188 * 188 + 5])
    with pytest.raises(ItemError, match="the file is cut off: ") as error:
        made(path)
    # What the remedy says helps.
    end = float(error.value.remedy.split("set end to ")[1].split()[0])
    assert made(path, end=end)["duration"] == pytest.approx(end, abs=0.1)


@pytest.mark.parametrize("name", [*STREAMS, *TOLD])
def test_any_first_part_of_a_file(clips, tmp_path, name):
    """Of hundreds of places only those between two parts of the container can't be told."""
    data, path = clips[name], tmp_path / name
    begin = len(data) // 2
    found = []
    for size in range(begin, len(data), max(1, len(data) // 2 // 200)):
        path.write_bytes(data[:size])
        found.append(is_cut(path))
    assert sum(found) > 0.8 * len(found) or name == "whole.mp4"
    path.write_bytes(data)
    assert not is_cut(path)


@pytest.mark.parametrize("name", TOLD)
def test_where_the_length_is_told_a_missing_end_is_measured(clips, tmp_path, name):
    """The last bytes hold no picture, or one: what the header says decides."""
    path = tmp_path / name
    path.write_bytes(clips[name][:-20])
    assert not is_cut(path, streams_only=True)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 500,
        b"FLV",
        b"\x1a\x45\xdf\xa3",
        b"\0\0\0\x01ftyp",
        b"RIFF\0\0\0\0AVI ",
        b"G" * 90,
    ],
    ids=repr,
)
def test_what_is_nothing_of_these_kinds(tmp_path, data):
    path = tmp_path / "x"
    path.write_bytes(data)
    assert not is_cut(path, streams_only=True) or data[:1] == b"\x1a"


def test_the_last_part_of_an_avi_may_be_odd(clips, tmp_path):
    """Some write no byte behind it that makes its length even."""
    data, path = clips["piped.avi"], tmp_path / "a.avi"
    whole = data + b"JUNK" + (5).to_bytes(4, "little") + bytes(5)
    for lacking in (0, 1):
        path.write_bytes(whole[: len(whole) - lacking])
        assert is_cut(path) == bool(lacking)
