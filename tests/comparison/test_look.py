import matplotlib.pyplot as plt
import numpy as np
import pytest
from comparison_tracks import dancer, moved

from choreo import media
from choreo.cli import main
from choreo.comparison.look import (
    INCORRECT,
    MISSING,
    Panel,
    draw_certainty,
    fit,
    look,
    mp4_layout,
    sheet_frames,
    timeline,
    track_names,
)
from choreo.errors import ItemError

FRAMES, SIZE, FPS = 20, (640, 360), 10.0
KNOWN = {"size": SIZE, "fps": FPS, "frames": FRAMES}


@pytest.fixture(autouse=True)
def _close():
    yield
    assert plt.get_fignums() == []


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("look") / "v.mp4"
    with media.video_writer(path, SIZE, FPS) as write:
        for i in range(FRAMES):
            write(np.full((SIZE[1], SIZE[0], 3), 60 + 8 * i, np.uint8))
    return path


def faulty():
    """Frames 4 and 5 are missing, 10 is incorrect, 15 lacks a joint."""
    track = moved(dancer(FRAMES), slice(4, 6), None, np.nan)
    track = moved(track, 10, "left_wrist", 200.0)
    return moved(track, 15, "nose", np.nan)


def test_what_is_known_about_each_frame():
    one = Panel.of("a", faulty())
    assert one.status[[0, 4, 5, 10, 15]].tolist() == [
        "",
        "missing",
        "missing",
        "incorrect",
        "joints missing",
    ]
    assert one.confidence[0] == pytest.approx(0.5)
    assert one.confidence[4] == 0
    assert one.confidence[15] == pytest.approx(0.5)


def test_scores_above_one_are_scaled_and_absent_ones_are_zero():
    heatmap = dancer(2, scores=2.0)
    heatmap.scores[1] = 1.0
    assert Panel.of("a", heatmap).confidence.tolist() == [1, 0.5]
    without = dancer(2, scores=np.nan)
    assert Panel.of("a", without).confidence.tolist() == [0, 0]


def test_the_timeline_marks_missing_and_incorrect_apart():
    image = timeline(Panel.of("a", faulty()), 200, 30)  # ten columns a frame
    assert image.shape == (30, 200, 3)
    assert (image[:, 45] == MISSING).all()
    assert (image[:10, 105] == INCORRECT).all()
    assert (image[15:, 105] != INCORRECT).any()
    assert (image[:10, 5] == 255).all()  # confidence is a half
    assert (image[20:, 5] != 255).any()
    # In grey as well: dark over the whole height, against a mark above alone.
    assert np.mean(MISSING) < np.mean(INCORRECT) < 255


def test_the_timeline_of_many_frames_hides_no_fault():
    track = moved(dancer(5000), 2503, None, np.nan)
    image = timeline(Panel.of("a", track), 100, 9)
    dark = (image == MISSING).all((0, 2))
    assert np.flatnonzero(dark).tolist() == [50]
    assert (timeline(Panel.of("a", dancer(3)), 2, 9) != MISSING).any()


def test_discs_show_the_certainty():
    pose = dancer(1).keypoints[0]
    at = tuple(int(n) for n in pose[5])[::-1]
    for certainty, grey in ((1.0, 0), (0.0, 255)):
        image = np.full((360, 640, 3), 128, np.uint8)
        draw_certainty(image, pose, np.full(17, certainty), "coco17")
        assert image[at].tolist() == [grey] * 3
    far = np.where(np.arange(17)[:, None] < 3, 1e9, pose)
    draw_certainty(image, far, np.ones(17), "coco17")


def test_sheet_shows_faults_and_the_whole_video():
    one = Panel.of("a", faulty())
    frames = sheet_frames([one], FRAMES, 8)
    assert len(frames) == 8
    assert frames == sorted(set(frames))
    assert {4, 5, 10, 15} <= set(frames)
    assert len(set(frames) & {4, 5, 10, 15}) == 4
    assert len(sheet_frames([Panel.of("a", dancer(FRAMES))], FRAMES, 8)) == 8
    assert sheet_frames([], FRAMES, 2) == [5, 15]
    assert sheet_frames([], 3, 8) == [0, 1, 2]
    assert sheet_frames([], 0, 8) == []


def test_a_track_that_ends_early_is_filled_up():
    fitted = fit({"a": dancer(12)}, FRAMES, SIZE)["a"]
    assert len(fitted) == FRAMES
    assert np.isnan(fitted.keypoints[12:]).all()
    np.testing.assert_array_equal(fitted.keypoints[:12], dancer(12).keypoints)


@pytest.mark.parametrize(
    ("tracks", "message"),
    [
        ({"a": dancer(21)}, "track a has 21 frames of 640x360, the video 20 of 640x360"),
        ({"a": dancer(20, size=(320, 180))}, "20 frames of 320x180"),
        ({"a": dancer(20), "b": dancer(20, fps=25)}, "differ in frames a second"),
    ],
)
def test_a_track_of_another_video_is_refused(tracks, message):
    with pytest.raises(ItemError, match=message):
        fit(tracks, FRAMES, SIZE)


def test_names_tell_tracks_apart(tmp_path):
    paths = [tmp_path / "a" / "v.npz", tmp_path / "b" / "v.npz"]
    assert track_names(paths) == ["a", "b"]
    assert track_names([tmp_path / "x.npz", tmp_path / "y.npz"]) == ["x", "y"]
    both = [tmp_path / "1" / "a" / "v.npz", tmp_path / "2" / "a" / "v.npz"]
    assert track_names(both) == [str(p) for p in both]
    assert track_names([]) == []
    with pytest.raises(ItemError, match="the same track is given twice"):
        track_names([paths[0], paths[0]])


@pytest.mark.parametrize("count", [0, 1, 3, 5])
def test_the_mp4_has_every_frame(video, tmp_path, count):
    tracks = {f"estimator{n}": faulty() for n in range(count)}
    look(video, tracks, tmp_path / "look.mp4", **KNOWN)
    width = {0: 640, 1: 640, 3: 1280, 5: 1920}[count]
    size = tuple(n + n % 2 for n in mp4_layout(count, SIZE)[2])
    assert size[0] == width
    frames = list(media.read_frames(tmp_path / "look.mp4", size))
    assert len(frames) == FRAMES
    if count == 1:
        # The bar over the picture is dark where the frame is missing.
        bar = [frame[23, 300].mean() for frame in frames]
        assert bar[4] < 90 < bar[10] < 180 < bar[0]


def test_the_sheet(video, tmp_path):
    for name, tracks in (("a", {"x": faulty(), "y": dancer(FRAMES)}), ("b", {})):
        for run in (1, 2):
            look(video, tracks, tmp_path / f"{name}{run}.png", samples=4, **KNOWN)
        first, second = ((tmp_path / f"{name}{run}.png").read_bytes() for run in (1, 2))
        assert first == second
        assert first.startswith(b"\x89PNG")


def test_other_suffixes_are_refused(video, tmp_path):
    with pytest.raises(ItemError, match=r"written as \.mp4 or \.png"):
        look(video, {}, tmp_path / "look.gif", **KNOWN)
    with pytest.raises(ItemError, match="no frame to look at"):
        look(video, {}, tmp_path / "look.png", samples=0, **KNOWN)
    assert not list(tmp_path.iterdir())


def test_the_verb_look(video, tmp_path, capsys):
    faulty().save(tmp_path / "a" / "v.npz")
    dancer(FRAMES).save(tmp_path / "b" / "v.npz")
    tracks = [str(tmp_path / e / "v.npz") for e in "ab"]
    assert main(["look", str(video), *tracks, "-o", str(tmp_path / "look.png")]) == 0
    assert (tmp_path / "look.png").stat().st_size > 10_000
    assert "look.png: written" in capsys.readouterr().out


def test_the_verb_look_says_what_is_wrong(video, tmp_path, capsys):
    dancer(FRAMES).save(tmp_path / "v.npz")
    track = str(tmp_path / "v.npz")
    for arguments, message in (
        ([], "nothing to write. Give -o OUT, --rerun FILE, or both"),
        (["-o", "x.gif"], "x.gif: a look is written as .mp4 or .png"),
        (["--rerun", "x.mp4"], "x.mp4: a look is written as .rrd"),
        (["-o", str(video)], "this would write over the input"),
    ):
        assert main(["look", str(video), track, *arguments]) == 1
        assert message in capsys.readouterr().err


def test_the_verb_compare(tmp_path, capsys):
    faulty().save(tmp_path / "a.npz")
    dancer(FRAMES).save(tmp_path / "b.npz")
    arguments = ["compare", str(tmp_path / "a.npz"), str(tmp_path / "b.npz")]
    assert main([*arguments, "--truth", str(tmp_path / "b.npz")]) == 0
    text = capsys.readouterr().out
    assert "| a | 17 | 10.00 | 10.00 |" in text
    assert "distance between pose estimators in torsos" in text
    assert main([*arguments, "--json"]) == 0
    assert '"threshold_height": 0.2' in capsys.readouterr().out


def test_the_verb_quality_takes_a_scale_free_threshold(tmp_path, capsys):
    faulty().save(tmp_path / "a.npz")
    for fraction, count in (("0.5", 2), ("2", 1)):
        arguments = ["quality", str(tmp_path / "a.npz"), "--threshold-height", fraction, "--json"]
        assert main(arguments) == 0
        assert f'"incorrect": {count},' in capsys.readouterr().out
