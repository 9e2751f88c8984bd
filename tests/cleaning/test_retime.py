"""Poses brought from the times of the pictures to those of the frames."""

import functools
import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from choreo.cleaning.clean import clean
from choreo.cleaning.retime import LONGEST_STEP, clean_at_frame_times, retime, times_taken
from choreo.cleaning.truths import CLIPS, held_out
from choreo.cli import main
from choreo.errors import ItemError
from choreo.pose.skeletons import COCO17
from choreo.pose.track import PoseTrack

SCRIPT = Path(__file__).parents[2] / "workflow" / "scripts" / "clean_track.py"
LEFT, RIGHT = (COCO17.index(f"{side}_wrist") for side in ("left", "right"))


def track_of(keypoints, fps=30.0, scores=None, repaired=None):
    if scores is None:
        scores = np.ones(keypoints.shape[:2])
    return PoseTrack(keypoints, scores, fps, (640, 360), skeleton="coco17", repaired=repaired)


def straight(times):
    """Joints that go straight on: 100 px a second, one below the other."""
    times = np.asarray(times, float)
    keypoints = np.empty((len(times), 17, 2))
    keypoints[..., 0] = 100 + 100 * times[:, None]
    keypoints[..., 1] = np.linspace(50, 300, 17)
    return keypoints


@functools.cache
def paths():
    """True dances as functions of time."""
    return [
        CubicSpline(np.arange(len(track)) / 120, track.keypoints.astype(float))
        for track in held_out(CLIPS[::3], fps=120).values()
    ]


def held(fps, rate, seconds, rng=None):
    """Times at which the pictures of the frames were taken, each the last one that is due."""
    frames = np.arange(round(seconds * fps)) / fps
    if rng is None:
        pictures = np.arange(0, seconds, 1 / rate)
    else:
        pictures = np.append(0, np.cumsum(rng.choice([0.016, 0.033, 0.05], int(60 * seconds))))
    return pictures[np.searchsorted(pictures, frames + 1e-9, side="right") - 1]


@pytest.mark.parametrize("rate", [24000 / 1001, 24, 15, 12])
def test_straight_motion_is_where_it_is_at_the_frames_times(rate):
    taken = held(30, rate, 4)
    after, record = retime(track_of(straight(taken)), taken)
    at = np.arange(120) / 30
    inside = at <= taken[-1]
    np.testing.assert_allclose(after.keypoints[inside], straight(at[inside]), atol=1e-3)
    # After the last picture it stays: nothing is extrapolated.
    np.testing.assert_allclose(after.keypoints[~inside], straight(taken)[~inside], atol=1e-4)
    assert record["repeated"] == 120 - len(np.unique(taken))
    assert record["largest_ms"] == pytest.approx(1e3 * np.abs(taken - at).max(), abs=1e-3)
    assert record["mean_ms"] == pytest.approx(1e3 * np.abs(taken - at).mean(), abs=1e-3)
    assert record["held"] == np.sum(~inside & (at - taken > 5e-4))
    assert not after.repaired.any()
    np.testing.assert_array_equal(after.scores, 1)


def test_frames_on_time_keep_their_bits():
    taken = held(30, 24, 4)
    keypoints = straight(taken) + np.random.default_rng(0).normal(0, 3, (120, 17, 2))
    keypoints[1:][np.diff(taken) == 0] = keypoints[:-1][np.diff(taken) == 0]
    before = track_of(keypoints)
    after, _ = retime(before, taken)
    on_time = np.abs(taken - np.arange(120) / 30) < 1e-9
    assert on_time.sum() >= 20
    np.testing.assert_array_equal(after.keypoints[on_time], before.keypoints[on_time])
    # And the curve never leaves the two pictures that it lies between.
    low, high = keypoints.min(0), keypoints.max(0)
    assert (after.keypoints >= low - 1e-3).all()
    assert (after.keypoints <= high + 1e-3).all()


def test_gaps_stay_gaps():
    taken = held(30, 24, 4)
    keypoints = straight(taken)
    gap = (taken > 1.0) & (taken < 1.5)
    keypoints[gap, LEFT] = np.nan
    keypoints[:9, RIGHT] = np.nan
    before = track_of(keypoints)
    after, _ = retime(before, taken)
    np.testing.assert_array_equal(after.given, before.given)
    both = np.isfinite(after.keypoints[..., 0])
    at = np.broadcast_to((np.arange(120) / 30)[:, None], both.shape)
    error = np.abs(after.keypoints[..., 0] - (100 + 100 * at))[both]
    # At the edges of a gap a frame keeps its picture's pose.
    assert np.quantile(error, 0.98) < 1e-3
    assert error.max() < 100 / 24


def test_a_picture_that_stands_for_long_is_not_left_early():
    taken = held(60, 30, 4)
    still = (taken > 1.0) & (taken < 1.0 + LONGEST_STEP + 0.1)
    taken[still] = 1.0
    after, record = retime(track_of(straight(taken), 60.0), taken)
    np.testing.assert_allclose(after.keypoints[still], straight(taken)[still], atol=1e-4)
    assert record["held"] >= still.sum() - 1
    short = held(60, 30, 4)
    some = (short > 1.0) & (short < 1.0 + LONGEST_STEP - 0.1)
    short[some] = 1.0
    after, _ = retime(track_of(straight(short), 60.0), short)
    np.testing.assert_allclose(after.keypoints[:230], straight(np.arange(230) / 60), atol=1e-3)


@pytest.mark.parametrize("method", ["thesis", "released"])
def test_what_was_repaired_is_filled_in_time_and_marked(method):
    """Frame numbers of held pictures bend what goes straight on; times do not."""
    taken = held(60, 30, 3)
    keypoints = straight(taken)
    bad = np.isclose(taken, 1.0)
    keypoints[bad, LEFT] += 80
    before = track_of(keypoints, 60.0)
    cleaned, _ = clean(before, method=method)
    after, record = clean_at_frame_times(before, taken, method=method)
    at = np.arange(180) / 60
    inside = at <= taken[-1]
    np.testing.assert_allclose(after.keypoints[inside], straight(at[inside]), atol=1e-3)
    assert np.abs(cleaned.keypoints[inside] - straight(at[inside])).max() > 2
    # All between the pictures beside it.
    beside = (at > 29 / 30 + 1e-6) & (at < 31 / 30 - 1e-6)
    assert after.repaired[beside].all()
    assert np.isnan(after.scores[beside]).all()
    assert not after.repaired[at <= 29 / 30].any()
    assert set(np.flatnonzero(bad)) <= set(record["flagged"])
    assert record["retimed"]["repeated"] == 90


def test_thesis_looks_at_frames_as_the_text_does():
    """So a wrong picture that is shown three times is a stretch, whose end eq. (2) misses."""
    taken = held(60, 20, 3)
    keypoints = straight(taken)
    bad = np.flatnonzero(np.isclose(taken, 1.0))
    keypoints[bad, LEFT] += 80
    before = track_of(keypoints, 60.0)
    _, record = clean_at_frame_times(before, taken, method="thesis")
    assert record["flagged"] == clean(before, method="thesis")[1]["flagged"]
    assert [i in record["flagged"] for i in bad] == [True, True, False]
    _, record = clean_at_frame_times(before, taken, method="robust")
    assert record["flagged"] == bad.tolist()


def test_scores_lie_between_those_of_the_pictures():
    taken = held(30, 15, 2)
    scores = np.where(np.arange(60)[:, None] // 2 % 2, 0.4, 0.8) * np.ones(17)
    after, _ = retime(track_of(straight(taken), scores=scores), taken)
    np.testing.assert_allclose(after.scores[::2], scores[::2], atol=1e-6)
    np.testing.assert_allclose(after.scores[1:-1:2], 0.6, atol=1e-6)


@pytest.mark.parametrize(("fps", "rate"), [(30, 24), (30, 15), (60, 30), (60, None)])
def test_robust_is_not_fooled_by_repeated_pictures(fps, rate):
    """True dances, shown as a slower or variable source would be."""
    rng = None if rate else np.random.default_rng(3)
    taken = held(fps, rate, 9.5, rng)
    at = np.arange(len(taken)) / fps
    flagged = fooled = 0
    for path in paths():
        before = track_of(path(taken), float(fps))
        fooled += clean(before, method="robust")[1]["incorrect"]
        after, record = clean_at_frame_times(before, taken, method="robust")
        flagged += record["incorrect"]
        assert (record["frames"], record["fps"]) == (len(taken), fps)
        error, late = (
            np.nanmean(np.linalg.norm(x.keypoints - path(at), axis=-1)) for x in (after, before)
        )
        assert error < late / 5
    assert fooled > 0
    # 15 a second is below what it is made for (docs/cleaning.md).
    assert flagged <= (20 if rate == 15 else 0)


def test_the_record_of_robust_is_of_the_frames():
    taken = held(60, 30, 4)
    keypoints = straight(taken)
    of = np.rint(taken * 30).astype(int)
    keypoints[of == 40, LEFT] += 200
    keypoints[(of == 60) | (of == 61)] = np.nan
    after, record = clean_at_frame_times(track_of(keypoints, 60.0), taken, method="robust")
    assert record["flagged"] == [80, 81]
    assert record["missing_runs"] == [[120, 123]]
    assert (record["missing"], record["incorrect"], record["frames"]) == (4, 2, 240)
    assert record["repaired_runs"] == [[80, 81], [120, 123]]
    assert (record["repaired_frames"], record["repaired_joints"]) == (6, 2 + 4 * 17)
    assert (record["longest_gap"], record["longest_gap_seconds"]) == (4, 4 / 60)
    assert record["segments"] == [[0, 239]]
    assert record["unrepaired"] == []
    np.testing.assert_allclose(after.keypoints[:238], straight(np.arange(238) / 60), atol=1e-3)


def test_exchanged_sides_are_taken_as_seen():
    """What was put back is no gap: its own positions are used."""
    path = paths()[0]
    taken = held(30, 24, 9.5)
    at = np.arange(len(taken)) / 30
    keypoints = path(taken)
    mirror = np.arange(17)
    for left, right in COCO17.pairs:
        mirror[[left, right]] = right, left
    wrong = (taken > 4) & (taken < 5)
    keypoints[wrong] = keypoints[wrong][:, mirror]
    after, record = clean_at_frame_times(track_of(keypoints), taken, method="robust")
    assert len(record["exchanged"]) >= 28
    error = np.linalg.norm(after.keypoints - path(at), axis=-1)[wrong]
    assert np.median(error) < 0.2


@pytest.mark.parametrize("method", ["thesis", "released", "robust"])
def test_nothing_is_touched_where_all_are_on_time(method):
    before = track_of(straight(np.arange(60) / 30))
    expected, record = clean(before, method=method)
    after, found = clean_at_frame_times(before, None, method=method)
    assert found == record | {"retimed": None}
    np.testing.assert_array_equal(after.keypoints, expected.keypoints)


def written(path, **probe):
    path.write_text(json.dumps({"frames": 3, "fps": 30.0, "shift": "0 -83 40"} | probe))
    return path


def test_times_from_the_probe(tmp_path):
    found = times_taken(written(tmp_path / "a.json"))
    np.testing.assert_allclose(found, [0, 1 / 30 - 0.0083, 2 / 30 + 0.004])
    assert times_taken(written(tmp_path / "a.json", shift=None)) is None


@pytest.mark.parametrize(
    ("probe", "message"),
    [
        ({"shift": "0 0"}, "2 times for 3 frames"),
        ({"shift": "0 x 0"}, "invalid literal"),
        ({"shift": [0, 0, 0]}, "not the probe"),
        ({"shift": "0 900 0"}, "the times of its pictures fall"),
        ({"shift": "0 0 " + "9" * 400}, "not the probe"),
        ({"fps": 0}, "not the probe"),
        ({"frames": 10**12}, "3 times for 1000000000000 frames"),
    ],
)
def test_what_is_no_probe_is_refused(probe, message, tmp_path):
    with pytest.raises(ItemError, match=message) as caught:
        times_taken(written(tmp_path / "a.json", **probe))
    assert "a.json" in str(caught.value)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(ItemError, match="no such file"):
        times_taken(tmp_path / "none.json")
    for text, remedy in (("[]", "choreo videos"), ("{", "choreo videos"), ("\0", "fetch it again")):
        (tmp_path / "b.json").write_text(text)
        with pytest.raises(ItemError, match=rf"not the probe.*{remedy}"):
            times_taken(tmp_path / "b.json")


def test_a_probe_of_another_video_is_refused():
    with pytest.raises(ItemError, match="the video has 3 frames and the track 60"):
        clean_at_frame_times(track_of(straight(np.arange(60) / 30)), np.arange(3) / 30)


def slow_source(tmp_path, frames=90):
    """Track and probe of a 24-fps source at 30 fps."""
    taken = held(30, 24, frames / 30)
    track_of(straight(taken)).save(tmp_path / "t.npz")
    shift = np.rint((taken - np.arange(frames) / 30) * 1e4).astype(int)
    probe = tmp_path / "t.json"
    probe.write_text(
        json.dumps({"frames": frames, "fps": 30.0, "shift": " ".join(map(str, shift))})
    )
    return taken, tmp_path / "t.npz", probe


def test_clean_with_a_probe(tmp_path, capsys):
    taken, track, probe = slow_source(tmp_path)
    command = ["clean", str(track), "-o", str(tmp_path / "out.npz")]
    assert main([*command, "--probe", str(probe)]) == 0
    said = capsys.readouterr().out
    assert "moved to the frames' times by up to 33.3 ms; 18 frames show a picture again" in said
    after = PoseTrack.load(tmp_path / "out.npz")
    at = np.arange(90) / 30
    np.testing.assert_allclose(
        after.keypoints[at < taken[-1]], straight(at[at < taken[-1]]), atol=0.02
    )
    # Without a probe nothing is known of the pictures.
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["retimed"] is None
    assert main([*command, "--probe", str(tmp_path / "none.json")]) == 1
    assert "no such file" in capsys.readouterr().err


@pytest.mark.parametrize("given", [True, False])
def test_the_script_of_the_rule(given, tmp_path):
    """Simulated poses come without a probe."""
    taken, track, probe = slow_source(tmp_path)
    outputs = {"track": str(tmp_path / "out.npz"), "record": str(tmp_path / "out.json")}
    inputs = {"track": str(track)} | ({"probe": str(probe)} if given else {})
    params = {"item": "v1", "stage": "cleaning", "on_bad_video": "skip", "method": "thesis"}
    params |= {"threshold_px": 50.0, "threshold_height": None, "max_gap_seconds": None}
    job = SimpleNamespace(
        rule="clean_track",
        input=type("Inputs", (list,), inputs | {"get": inputs.get})(inputs.values()),
        output=type("Outputs", (list,), outputs)(outputs.values()),
        log=[str(tmp_path / "log")],
        wildcards=SimpleNamespace(video="v1"),
        params=SimpleNamespace(**params, get=params.get),
    )
    runpy.run_path(str(SCRIPT), init_globals={"snakemake": job})
    record = json.loads((tmp_path / "out.json").read_text())
    after = PoseTrack.load(tmp_path / "out.npz").keypoints
    right = straight(np.arange(90) / 30 if given else taken)
    np.testing.assert_allclose(after[:88], right[:88], atol=0.02)
    assert (record["retimed"] is not None) == given
