"""What `standardise` makes of a video, and what it refuses."""

import json
from fractions import Fraction

import cv2
import numpy as np
import pytest
from made_clips import SIZE, clicks, coded, ffmpeg, make_clip, number_in

from choreo.errors import ItemError
from choreo.files import sha256
from choreo.videos.source import look, picture_times
from choreo.videos.standardise import standard_size


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Six seconds that are already standard: 30 fps H.264 in mp4, with sound."""
    folder = tmp_path_factory.mktemp("plain")
    return make_clip(folder / "plain.mp4", sound=clicks([1.0, 3.0], 6.0))


def refused(run, source, **options):
    """The message, after checking that nothing was written."""
    with pytest.raises(ItemError) as error:
        run(source, **options)
    assert not list(run.folder.glob("*"))
    text = str(error.value)
    assert text.startswith(f"{source}: ")
    assert error.value.remedy
    return text


# Geometry


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_rotated_video_becomes_upright(degrees, plain, run, tmp_path):
    # A picture with one white corner, turned by the file's display matrix.
    corner = np.zeros((48, 96), np.uint8)
    corner[:16, :32] = 255
    flat = make_clip(tmp_path / "flat.mp4", count=60, picture=lambda k: corner, size=(96, 48))
    turned = tmp_path / "turned.mp4"
    try:
        ffmpeg("-display_rotation", degrees, "-i", flat, "-c", "copy", turned)
    except AssertionError:
        pytest.skip("this ffmpeg can't write a display matrix (option -display_rotation)")
    probe, frames, _ = run(turned, require_sound=False)
    # The option turns counter-clockwise, as numpy does.
    expected = np.rot90(corner, degrees // 90)
    assert (probe["height"], probe["width"]) == expected.shape
    assert np.abs(frames[30][:, :, 0].astype(int) - expected).mean() < 8
    assert abs(probe["source"]["rotation"]) == (90 if degrees != 180 else 180)
    # The result itself asks for no turning.
    assert look(run.folder / "clip.mp4").picture.rotation == 0


def test_an_odd_size_is_padded_without_moving_anything(run, tmp_path):
    picture = np.full((51, 65), 200, np.uint8)
    clip = make_clip(
        tmp_path / "clip.mp4",
        count=60,
        picture=lambda k: picture,
        size=(65, 51),
        options=["-pix_fmt", "yuv444p"],
    )
    probe, frames, _ = run(clip, require_sound=False)
    assert (probe["width"], probe["height"]) == (66, 52)
    assert frames[0].shape == (52, 66, 3)
    assert frames[10][:50, :64].min() > 180
    assert frames[10][51, :].max() < 60
    assert frames[10][:, 65].max() < 60


@pytest.mark.parametrize(
    ("size", "aspect", "height", "expected"),
    [
        ((640, 360), 1, None, (640, 360)),
        ((641, 359), 1, None, (642, 360)),
        ((640, 360), 1, 180, (320, 180)),
        ((640, 360), 1, 181, (322, 182)),
        ((1080, 1920), 1, 360, (202, 360)),
        # PAL and NTSC widescreen: stored 720 wide, shown 1024 and 853 wide.
        ((720, 576), Fraction(64, 45), None, (1024, 576)),
        ((720, 480), Fraction(32, 27), 480, (854, 480)),
        ((720, 480), Fraction(32, 27), 240, (426, 240)),
        ((3, 1000), 1, 16, (2, 16)),
    ],
)
def test_standard_size(size, aspect, height, expected):
    assert standard_size(size, Fraction(aspect), height) == expected


def test_pixels_become_square(run, tmp_path):
    clip = make_clip(tmp_path / "clip.mp4", count=60, options=["-vf", "setsar=3/2"])
    probe, frames, _ = run(clip, require_sound=False)
    assert (probe["width"], probe["height"]) == (96, 64)
    assert probe["source"]["pixel_aspect"] == "3/2"
    assert [number_in(frame) for frame in frames] == list(range(60))
    assert look(run.folder / "clip.mp4").picture.sample_aspect == 1


def test_a_set_height(plain, run):
    probe, frames, _ = run(plain, height=32)
    assert (probe["width"], probe["height"]) == (32, 32)
    assert [number_in(frame) for frame in frames] == list(range(180))


def test_a_change_of_size_within_the_file(run, tmp_path):
    small = make_clip(tmp_path / "a.ts", count=60)
    large = make_clip(
        tmp_path / "b.ts",
        count=60,
        picture=lambda k: np.kron(coded(k + 60), np.ones((2, 2), np.uint8)),
        size=(2 * SIZE[0], 2 * SIZE[1]),
        options=["-output_ts_offset", "2"],
    )
    joined = tmp_path / "joined.ts"
    joined.write_bytes(small.read_bytes() + large.read_bytes())
    probe, frames, _ = run(joined, require_sound=False)
    assert (probe["width"], probe["height"]) == SIZE
    shown = [number_in(frame) for frame in frames]
    assert shown[:60] == list(range(60))
    assert shown == sorted(shown)
    assert shown[-1] == 119


def test_half_pictures_become_whole(run, tmp_path):
    clip = make_clip(
        tmp_path / "clip.ts",
        count=60,
        picture=lambda k: np.tile(np.uint8([[255], [0]]), (32, 64)),
        options=["-flags", "+ildct+ilme", "-x264-params", "tff=1", "-vf", "setfield=tff"],
    )
    probe, frames, _ = run(clip, require_sound=False)
    assert probe["source"]["interlaced"]
    assert probe["frames"] == 60
    # Lines that alternate between the half pictures are not left as a comb.
    middle = frames[30][8:-8, 8:-8, 0].astype(int)
    assert np.abs(np.diff(middle, axis=0)).mean() < 100


# The mp4


def test_a_standard_video_is_copied(plain, run):
    probe, frames, _ = run(plain)
    assert probe["copied"]
    assert [number_in(frame) for frame in frames] == list(range(180))
    times = list(picture_times(run.folder / "clip.mp4"))
    assert np.abs(np.array(times) - np.arange(180) / 30).max() < 2e-6


@pytest.mark.parametrize("options", [{"start": 0.5}, {"end": 3.0}, {"height": 32}, {"fps": 15.0}])
def test_a_cut_or_scaled_video_is_not_copied(options, plain, run):
    probe, _, _ = run(plain, **options)
    assert not probe["copied"]


def test_opencv_reads_the_same_frames(run, tmp_path):
    clip = make_clip(tmp_path / "clip.mkv", rate="25", count=100)
    probe, frames, _ = run(clip, require_sound=False)
    video = cv2.VideoCapture(str(run.folder / "clip.mp4"))
    assert video.get(cv2.CAP_PROP_FPS) == pytest.approx(30)
    seen = []
    while (got := video.read())[0]:
        seen.append(number_in(got[1]))
    assert seen == [number_in(frame) for frame in frames]
    assert len(seen) == probe["frames"] == 120


def test_what_the_mp4_is(plain, run):
    run(plain, start=1.0)
    made = look(run.folder / "clip.mp4")
    assert (made.picture.codec, made.picture.pixel_format) == ("h264", "yuv420p")
    assert made.sound.codec == "aac"
    data = (run.folder / "clip.mp4").read_bytes()
    # The index comes first, so that a browser can begin before it has all.
    assert data.index(b"moov") < data.index(b"mdat")


def test_two_runs_make_the_same_bytes(plain, run):
    hashes = []
    for _ in range(2):
        run(plain, start=0.25, end=4.0)
        hashes.append([sha256(run.folder / f"clip.{kind}") for kind in ("mp4", "wav", "json")])
    assert hashes[0] == hashes[1]


# The probe


def test_the_probe(plain, run):
    probe, frames, song = run(plain, start=1.0, end=5.0)
    assert json.loads((run.folder / "clip.json").read_text()) == probe
    assert probe["frames"] == len(frames) == 120
    assert (probe["fps"], probe["width"], probe["height"]) == (30.0, *SIZE)
    assert (probe["duration"], probe["start"], probe["end"]) == (4.0, 1.0, 5.0)
    audio = probe["audio"]
    assert (audio["samples"], audio["rate"], audio["seconds"]) == (64_000, 16_000, 4.0)
    assert len(song) == 64_000
    assert audio["peak"] == pytest.approx(np.abs(song).max(), abs=1e-4)
    assert audio["rms"] == pytest.approx(np.sqrt(np.mean(song**2)), abs=1e-5)
    source = probe["source"]
    assert source["name"] == "plain.mp4"
    assert source["sha256"] == sha256(plain)
    assert source["bytes"] == plain.stat().st_size
    assert (source["codec"], source["frames"], source["fps"]) == ("h264", 120, 30.0)
    assert (source["width"], source["height"], source["rotation"]) == (*SIZE, 0.0)
    assert source["audio"] == {
        "codec": "aac",
        "rate": 48_000,
        "channels": 1,
        "layout": "mono",
        "offset": 0.0,
    }


def test_a_video_without_sound_where_none_is_required(run, tmp_path):
    clip = make_clip(tmp_path / "clip.mp4")
    probe, _, song = run(clip, require_sound=False)
    assert probe["audio"] is None
    assert probe["source"]["audio"] is None
    assert len(song) == 96_000
    assert not song.any()
    assert look(run.folder / "clip.mp4").sound is None


# What is refused


def test_a_missing_file(run, tmp_path):
    text = refused(run, tmp_path / "none.mp4")
    assert "no such file" in text


def test_a_folder(run, tmp_path):
    assert "a folder, not a file. Name a file in it" in refused(run, tmp_path)


def test_an_empty_file(run, tmp_path):
    path = tmp_path / "empty.mp4"
    path.touch()
    assert "has 0 bytes" in refused(run, path)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("text.mp4", b"hello\n" * 500),
        ("page.mp4", b"<!DOCTYPE html><html><body>no video</body></html>"),
        ("noise.mkv", np.random.default_rng(0).bytes(50_000)),
        ("bytes.webm", b"\x00" * 10_000),
        ("archive.mp4", b"PK\x03\x04" + bytes(500)),
        ("packed.mp4", b"\x1f\x8b\x08" + bytes(500)),
        ("record.mp4", b'choreo problem\n{"item": "a", "message": "no"}\n'),
        ("record_cut.mp4", b"choreo problem\n{"),
    ],
)
def test_a_file_that_is_no_video(name, data, run, tmp_path):
    path = tmp_path / name
    path.write_bytes(data)
    assert "no video or sound file" in refused(run, path)


@pytest.mark.parametrize("name", ["song.txt", "list.m3u8", "files.ffconcat", "picture.png"])
def test_containers_that_are_not_opened(name, run, tmp_path, plain):
    # ffmpeg itself would draw a text, follow a playlist and take a picture for a video.
    path = tmp_path / name
    path.write_text(
        {
            "song.txt": "la la la\n" * 300,
            "list.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\n{plain}\n#EXT-X-ENDLIST\n",
            "files.ffconcat": f"ffconcat version 1.0\nfile {plain}\n",
            "picture.png": "",
        }[name]
    )
    if name == "picture.png":
        cv2.imwrite(str(path), np.zeros((64, 64, 3), np.uint8))
    assert "no video or sound file" in refused(run, path)


def test_a_file_without_its_index(plain, run, tmp_path):
    data = plain.read_bytes()
    assert data.index(b"moov") > data.index(b"mdat")
    path = tmp_path / "cut.mp4"
    path.write_bytes(data[: data.index(b"moov") - 8])
    assert "cut off: its index (moov atom) is missing" in refused(run, path)


def test_a_file_that_is_cut_off(plain, run, tmp_path):
    ffmpeg("-i", plain, "-c", "copy", "-movflags", "+faststart", tmp_path / "fast.mp4")
    data = (tmp_path / "fast.mp4").read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(data[: data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 2])
    text = refused(run, path)
    assert "cut off: of 6.00 s only" in text
    # What is left can be used by saying so.
    limit = float(text.split("set end to ")[1].split()[0])
    assert 1.5 < limit < 4.5
    probe, frames, _ = run(path, end=limit)
    assert probe["frames"] == len(frames) == round(limit * 30)
    assert [number_in(frame) for frame in frames] == list(range(len(frames)))


def test_no_sound(run, tmp_path):
    clip = make_clip(tmp_path / "clip.mp4", count=60)
    text = refused(run, clip)
    assert "the video has no sound" in text
    assert "require_sound: false" in text


def test_silence(run, tmp_path):
    clip = make_clip(tmp_path / "clip.mp4", count=60, sound=np.zeros((96_000, 1)))
    assert "the sound of the clip is silence" in refused(run, clip)


def test_sound_only(run, tmp_path, plain):
    ffmpeg("-i", plain, "-vn", tmp_path / "song.m4a")
    assert "sound only, no picture (got 'aac')" in refused(run, tmp_path / "song.m4a")


def test_a_song_with_a_cover_picture(run, tmp_path, plain):
    cover = tmp_path / "cover.png"
    cv2.imwrite(str(cover), np.zeros((64, 64, 3), np.uint8))
    song = tmp_path / "song.m4a"
    ffmpeg(
        *("-i", plain, "-i", cover, "-map", "0:a", "-map", "1:v", "-c:a", "copy"),
        *("-c:v", "png", "-disposition:v:0", "attached_pic", song),
    )
    assert "sound only, no picture" in refused(run, song)


def test_too_short(plain, run):
    text = refused(run, plain, min_seconds=5.0, start=1.5)
    assert "the clip is shorter than 5 s (got '4.500 s')" in text
    assert "shorter than 5 s (got '0.500 s')" in refused(run, plain, min_seconds=5.0, end=0.5)


def test_exactly_long_enough(plain, run):
    probe, _, _ = run(plain, min_seconds=5.0, start=1.0)
    assert probe["frames"] == 150


def test_no_frame_at_all(plain, run):
    assert "shorter than" in refused(run, plain, min_seconds=0.0, start=1.0, end=1.01)


def test_too_long(plain, run):
    assert "longer than 3 s" in refused(run, plain, max_seconds=3.0)
    assert "longer than 3 s (got '5 s')" in refused(run, plain, max_seconds=3.0, end=5.0)


def test_too_large(plain, run):
    text = refused(run, plain, max_pixels=64 * 63)
    assert "larger than 4,032 pixels (got '64x64')" in text


def test_pixels_of_an_absurd_shape(run, tmp_path):
    clip = make_clip(tmp_path / "clip.mkv", count=60, options=["-vf", "setsar=20"])
    text = refused(run, clip, require_sound=False, max_pixels=50_000)
    assert "larger than 50,000 pixels (got '1280x64')" in text


def test_times_that_jump_by_days(run, tmp_path):
    clip = make_clip(tmp_path / "clip.mkv", count=60, times="'(N+gte(N,30)*20000000)*3000'")
    assert "clock begins anew" in refused(run, clip, require_sound=False)


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize("seed", range(3))
def test_damaged_files_are_refused_or_read_and_nothing_else(container, seed, run, tmp_path):
    clip = make_clip(tmp_path / f"clip.{container}", count=60, sound=clicks([1.0], 2.0))
    rng = np.random.default_rng(seed)
    data = np.frombuffer(clip.read_bytes(), np.uint8).copy()
    data[rng.integers(0, len(data), 20)] = rng.integers(0, 256, 20)
    clip.write_bytes(data.tobytes())
    try:
        probe, frames, song = run(clip)
    except ItemError:
        assert not list(run.folder.glob("*"))
    else:
        assert probe["frames"] == len(frames)
        assert len(song) == round(len(frames) * 16_000 / 30)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": 6.5}, r"start lies outside the video, whose pictures last 6.000 s (got 6.5)"),
        ({"start": 500.0}, "start lies outside the video"),
        ({"end": 7.0}, r"end lies outside the video, whose pictures last 6.000 s (got 7.0)"),
        ({"start": -1.0}, "start must be a number of seconds, 0 or more (got -1.0)"),
        ({"end": float("nan")}, "end must be a number of seconds, 0 or more (got nan)"),
        ({"start": 3.0, "end": 3.0}, "end must come after start, which is 3 s (got 3.0)"),
        ({"fps": float("inf")}, "fps must be from 1 to 240 (got inf)"),
        ({"height": 0}, "height must be from 16 to 4320 pixels (got 0)"),
    ],
)
def test_settings_that_do_not_fit(options, message, plain, run):
    assert message in refused(run, plain, **options)


def test_an_end_a_little_after_the_last_picture(plain, run):
    # As a player shows it, whose length is that of the sound.
    probe, _, _ = run(plain, end=6.05)
    assert probe["frames"] == 180


def test_a_failure_leaves_the_earlier_outputs(plain, run, tmp_path):
    run(plain)
    before = {path.name: sha256(path) for path in run.folder.iterdir()}
    silent = make_clip(tmp_path / "clip.mp4", count=60, sound=np.zeros((96_000, 1)))
    with pytest.raises(ItemError, match="silence"):
        run(silent)
    assert {path.name: sha256(path) for path in run.folder.iterdir()} == before
    assert sorted(before) == ["clip.json", "clip.mp4", "clip.wav"]


def test_names_that_look_like_options_or_addresses(plain, run, tmp_path):
    for name in ("-i.mp4", "http:x.mp4", "a 'b' [c], d%03d.mp4"):
        path = tmp_path / name
        path.write_bytes(plain.read_bytes())
        probe, _, _ = run(path)
        assert probe["source"]["name"] == name
