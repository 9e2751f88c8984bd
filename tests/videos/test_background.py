"""What poses are drawn on: upright pictures, whatever the video that was given."""

import numpy as np
import pytest
from made_clips import ffmpeg

from choreo import media
from choreo.cli import main
from choreo.errors import ItemError
from choreo.pose.track import PoseTrack
from choreo.videos.background import as_tracked
from choreo.videos.standardise import standardise

FRAMES = 12
ODD, EVEN = (97, 55), (98, 56)


def _striped(path, size, *options, fps=30, frames=FRAMES):
    """A clip of three upright bars, red, green and blue: a sheared one has none."""
    width, height = size
    picture = np.zeros((height, width, 3), np.uint8)
    for n in range(3):
        picture[:, n * width // 3 : (n + 1) * width // 3, n] = 255
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", fps]
    coded = ["-c:v", "libx264", "-pix_fmt", "yuv444p", *options]
    ffmpeg(*raw, "-i", "pipe:0", *coded, path, stdin=picture.tobytes() * frames)
    return path


def _track(size, fps=30, frames=FRAMES):
    keypoints = np.full((frames, 17, 2), np.nan)
    return PoseTrack(keypoints, np.full((frames, 17), np.nan), fps, size, "coco17")


def _is_striped(picture):
    """Tell whether every row away from the edges of the bars is red, green, blue."""
    height, width = picture.shape[:2]
    columns = picture[2 : height - 3, [width // 6, width // 2, width * 5 // 6]]
    return (columns.argmax(-1) == [0, 1, 2]).all() and (columns.max(-1) > 150).all()


def _originals(folder):
    """Name -> the clip, and the track as poses found in it have it."""
    yield "odd", _striped(folder / "odd.mp4", ODD), _track(EVEN)
    yield "odd, as imported", folder / "odd.mp4", _track(ODD)
    wide = _striped(folder / "wide.mp4", (64, 96), "-vf", "setsar=2")
    yield "anamorphic", wide, _track((128, 96))
    yield "larger", _striped(folder / "larger.mp4", (384, 240)), _track((192, 120))
    fast = _striped(folder / "fast.mp4", EVEN, fps=60, frames=2 * FRAMES)
    yield "another rate", fast, _track(EVEN)
    plain = _striped(folder / "plain.mp4", (120, 60), "-vf", "transpose=cclock")
    turned = folder / "turned.mp4"
    ffmpeg("-display_rotation", "270", "-i", plain, "-c", "copy", turned)
    yield "turned", turned, _track((120, 60))


@pytest.mark.soak
def test_whatever_is_drawn_on_is_upright(tmp_path):
    for name, video, track in _originals(tmp_path):
        out = tmp_path / "drawn.mp4"
        track.save(tmp_path / "t.npz")
        assert main(["render", str(tmp_path / "t.npz"), "--video", str(video), "-o", str(out)]) == 0
        size = tuple(side + side % 2 for side in track.size)
        frames = list(media.read_frames(out, size))
        assert len(frames) == FRAMES, name
        assert all(map(_is_striped, frames)), name
        with as_tracked(video, track) as (path, known):
            assert known == {"size": track.size, "fps": 30, "frames": FRAMES}
            assert all(map(_is_striped, media.read_frames(path, track.size))), name
        picture = str(tmp_path / "page.png")
        cleaned = ["clean", str(tmp_path / "t.npz"), "-o", str(tmp_path / "c.npz")]
        if name == "odd, as imported":
            _moving(track).save(tmp_path / "t.npz")
            assert main([*cleaned, "--picture", picture, "--video", str(video)]) == 0
            assert main(["look", str(video), str(tmp_path / "t.npz"), "-o", picture]) == 0


def _moving(track):
    rng = np.random.default_rng(0)
    return track.with_(
        keypoints=rng.uniform(5, 50, track.keypoints.shape), scores=np.ones(track.scores.shape)
    )


@pytest.mark.parametrize("track", [_track((96, 96)), _track(EVEN, frames=FRAMES + 1)])
def test_a_video_of_other_poses_is_refused(track, tmp_path):
    video = _striped(tmp_path / "v.mp4", EVEN)
    found_elsewhere = pytest.raises(ItemError, match="Give the video in which it was found")
    with found_elsewhere, as_tracked(video, track):
        pass


def test_the_size_of_pictures_comes_from_the_decoder(tmp_path):
    files = {kind: tmp_path / f"v.{kind}" for kind in ("video", "audio", "probe")}
    files["video"] = tmp_path / "v.mp4"
    original = _striped(tmp_path / "odd.mp4", ODD)
    standardise(original, **files, require_sound=False, min_seconds=0.0)
    for size in (ODD, EVEN):
        (*frames,) = media.read_frames(files["video"], size)
        assert {frame.shape for frame in frames} == {(size[1], size[0], 3)}
        assert all(map(_is_striped, frames))
    (first, *_) = media.read_frames(files["video"], EVEN, pixels="bgr24")
    assert _is_striped(first[..., ::-1])
    for wrong in ((96, 56), (100, 56), (97, 57), (56, 98)):
        with pytest.raises(ItemError, match=f"its pictures are 98x56, not {wrong[0]}x{wrong[1]}"):
            list(media.read_frames(files["video"], wrong))
