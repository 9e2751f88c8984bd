import numpy as np
import pytest
from soaking import soak_after

from choreo.cleaning import robust
from choreo.cleaning.clean import AT_THE_ENDS, clean
from choreo.cleaning.faults import FLICKERING, corrupt, flicker
from choreo.cleaning.robust import consistent, find_exchanges, repair, written_absent
from choreo.cleaning.truths import CLIPS, held_out, stress
from choreo.errors import ConfigError
from choreo.pose.size import body_size
from choreo.pose.skeletons import COCO17
from choreo.pose.track import PoseTrack

# Standing upright, in units of 200 px; the right side at smaller x.
BODY = np.array(
    [
        (0, -0.42), (0.02, -0.45), (-0.02, -0.45), (0.04, -0.43), (-0.04, -0.43),
        (0.1, -0.3), (-0.1, -0.3), (0.15, -0.15), (-0.15, -0.15), (0.17, 0), (-0.17, 0),
        (0.07, 0), (-0.07, 0), (0.07, 0.25), (-0.07, 0.25), (0.07, 0.5), (-0.07, 0.5),
    ]
)  # fmt: skip


def dance(frames=150, fps=30, swing=0.08):
    """Arms swing twice a second, the body sways."""
    t = np.arange(frames) / fps
    keypoints = np.repeat(BODY[None], frames, 0) * 200 + (320, 180)
    keypoints[..., 0] += 30 * np.sin(2 * np.pi * t / 4)[:, None]
    keypoints[:, [9, 10]] += 200 * swing * np.sin(4 * np.pi * t)[:, None, None]
    keypoints[:, [7, 8]] += 100 * swing * np.sin(4 * np.pi * t)[:, None, None]
    return PoseTrack(
        keypoints, np.full((frames, 17), 0.9), fps=fps, size=(640, 360), skeleton="coco17"
    )


def moved(track, frames, joints, by):
    keypoints = track.keypoints.copy()
    keypoints[np.ix_(list(frames), list(joints))] += by
    return track.with_(keypoints=keypoints)


def exchanged(track, frames, pairs=COCO17.pairs):
    keypoints = track.keypoints.copy()
    for left, right in pairs:
        keypoints[frames, left] = track.keypoints[frames, right]
        keypoints[frames, right] = track.keypoints[frames, left]
    return track.with_(keypoints=keypoints)


def error(track, truth):
    return np.linalg.norm(track.keypoints - truth.keypoints, axis=-1)


@pytest.mark.parametrize("fps", [10, 24, 30, 60])
def test_a_smooth_dance_is_unchanged(fps):
    truth = dance(frames=5 * fps, fps=fps)
    cleaned, record = clean(truth, method="robust")
    assert np.array_equal(cleaned.keypoints, truth.keypoints)
    assert not cleaned.repaired.any()
    assert (record["incorrect"], record["exchanged"]) == (0, [])


def test_a_fast_arm_is_no_error_here_and_one_by_the_text():
    truth = dance(swing=0.8)
    assert clean(truth)[1]["incorrect"] > 0
    cleaned, record = clean(truth, method="robust")
    assert record["incorrect"] == 0
    assert np.array_equal(cleaned.keypoints, truth.keypoints)


def test_only_the_joint_that_jumps_is_repaired():
    truth = dance()
    cleaned, record = clean(moved(truth, [40], [9], (60, -30)), method="robust")
    assert np.argwhere(cleaned.repaired).tolist() == [[40, 9]]
    assert error(cleaned, truth).max() < 0.5
    assert record["flagged"] == [40]
    assert record["repaired_joints"] == 1
    # The text throws the whole frame away.
    assert clean(moved(truth, [40], [9], (60, -30)))[0].repaired[40].all()


@pytest.mark.parametrize("length", [1, 3, 6, 9])
@pytest.mark.parametrize("joints", [[9], [7, 9], [13, 15], range(17)])
def test_a_wrong_stretch_is_dropped_whole(length, joints):
    truth = dance()
    frames = range(60, 60 + length)
    corrupted = moved(truth, frames, joints, (45, 40))
    cleaned, _ = clean(corrupted, method="robust")
    expected = np.zeros((150, 17), bool)
    expected[np.ix_(frames, list(joints))] = True
    assert np.array_equal(cleaned.repaired, expected)
    # Two swings a second: what is filled over nine frames misses most of one.
    assert error(cleaned, truth).max() < (10 if length < 9 else 25)
    if length > 2:
        # Eq. (1)-(2) take the stretch from its third frame on for the truth.
        assert error(clean(corrupted, threshold_px=30)[0], truth).max() > 40


@pytest.mark.parametrize("part", [["left_elbow", "left_wrist"], COCO17.joints])
@pytest.mark.parametrize("at", ["middle", "before the end", "at the end"])
def test_small_offsets_and_clip_ends(part, at):
    joints = [COCO17.index(joint) for joint in part]
    truth = next(iter(held_out(CLIPS[2:3]).values()))
    track = corrupt(truth, 0, 5).track
    last = {"middle": 180, "before the end": 296, "at the end": 299}[at]
    frames = range(last - 9, last + 1)
    by = 0.2 * body_size(truth.keypoints)
    done = repair(moved(track, frames, joints, (by, 0)).keypoints, track.scores, 30, COCO17)
    expected = np.zeros(track.given.shape, bool)
    expected[np.ix_(frames, joints)] = True
    # A true frame after it may go too, none before it.
    assert done.dropped[expected].all()
    assert not done.dropped[:297][~expected[:297]].any()


def test_a_stretch_too_long_to_bridge_is_left_empty():
    truth = dance(300, swing=0.02)
    cleaned, record = clean(moved(truth, range(100, 122), [7, 9], (40, 40)), method="robust")
    assert not cleaned.given[100:122][:, [7, 9]].any()
    assert cleaned.given.sum() == cleaned.given.size - 44
    assert record["unrepaired"][0]["reason"] == "gap longer than 0.5 s"


@pytest.mark.parametrize("jitter", soak_after(1, [0.008, 0.004, 0.016]))
def test_jitter_alone_is_left_as_it_is(jitter):
    for number, truth in enumerate(held_out(CLIPS[::2]).values()):
        track = corrupt(truth, 0, number, jitter=jitter).track
        cleaned, record = clean(track, method="robust")
        assert record["flagged"] == []
        assert np.array_equal(cleaned.keypoints, track.keypoints)


def test_a_jump_of_less_than_50_px_is_found():
    truth = dance()
    corrupted = moved(truth, [70], [15], (0, 30))
    assert clean(corrupted)[1]["incorrect"] == 0
    cleaned, _ = clean(corrupted, method="robust")
    assert np.argwhere(cleaned.repaired).tolist() == [[70, 15]]


@pytest.mark.parametrize("length", [1, 5, 20])
def test_left_and_right_are_put_back(length):
    truth = dance()
    frames = slice(50, 50 + length)
    cleaned, record = clean(exchanged(truth, frames), method="robust")
    assert error(cleaned, truth).max() < 1
    assert cleaned.repaired[frames, 1:].all()
    assert not cleaned.repaired[:, 0].any()
    assert record["exchanged"] == list(range(50, 50 + length))


@pytest.mark.parametrize("fps", soak_after(2, [10, 60, 15, 20, 24, 25]))
def test_true_tracks_are_unchanged_at_any_frame_rate(fps):
    for truth in held_out(fps=fps).values():
        cleaned, record = clean(truth, method="robust")
        assert record["exchanged"] == []
        # Nothing is moved; an emptied true joint is harm too.
        assert np.array_equal(cleaned.keypoints[cleaned.given], truth.keypoints[cleaned.given])
        assert (~cleaned.given).sum() <= (1 if fps < 20 else 0)


@pytest.mark.parametrize("fps", soak_after(2, [20, 60, 24, 30]))
def test_swaps_are_put_back_at_lower_frame_rates_too(fps):
    wrong = found = 0
    for number, truth in enumerate(held_out(fps=fps).values()):
        corrupted = corrupt(truth, 0.1, number, kind="swaps")
        done = repair(corrupted.track.keypoints, corrupted.track.scores, fps, COCO17)
        wrong += corrupted.wrong.sum()
        found += (corrupted.wrong & done.exchanged).sum()
    # At 20 frames a second quick turns and swaps look alike.
    assert found > (0.8 if fps == 20 else 0.9) * wrong


def test_legs_alone_are_put_back():
    truth = dance()
    legs = [
        pair for pair in COCO17.pairs if COCO17.joints[pair[0]].endswith(("knee", "ankle", "hip"))
    ]
    found = find_exchanges(
        exchanged(truth, slice(50, 60), legs).keypoints, body_size(truth.keypoints), COCO17, 30
    )
    expected = np.zeros((150, 17), bool)
    expected[50:60, [j for pair in legs for j in pair]] = True
    assert np.array_equal(found, expected)


def test_arms_that_cross_are_not_exchanged():
    truth = dance()
    keypoints = truth.keypoints.copy()
    swing = 0.2 * 200 * np.sin(2 * np.pi * np.arange(150) / 30)
    keypoints[:, 9, 0] = 320 + swing
    keypoints[:, 10, 0] = 320 - swing
    assert not find_exchanges(keypoints, body_size(keypoints), COCO17, 30)[:, [9, 10]].any()


@pytest.mark.parametrize(
    ("fps", "jitter"),
    soak_after(2, [(24, 0), (60, 0.008), (24, 0.008), (30, 0), (30, 0.008), (60, 0)]),
)
def test_movements_in_depth_are_unchanged(fps, jitter):
    for number, truth in enumerate(stress(fps=fps).values()):
        track = corrupt(truth, 0, number, jitter=jitter).track
        cleaned, record = clean(track, method="robust")
        assert np.array_equal(cleaned.keypoints, track.keypoints)
        assert (record["flagged"], record["unrepaired"]) == ([], [])


@pytest.mark.parametrize("backwards", [False, True])
def test_a_limb_that_a_jump_made_too_long_is_dropped(backwards):
    truth = dance(300, swing=0.02)
    # The wrist jumps away and drifts back, or the other way: the path has only one jump.
    drift = np.linspace(60, 0, 25)
    keypoints = truth.keypoints.copy()
    keypoints[100:125, 9, 0] += drift[::-1] if backwards else drift
    corrupted = truth.with_(keypoints=keypoints)
    cleaned, record = clean(corrupted, method="robust", max_gap_seconds=2)
    frames = slice(117, 125) if backwards else slice(100, 108)
    assert cleaned.repaired[frames, 9].all()
    assert not np.delete(cleaned.repaired, 9, axis=1).any()
    assert not cleaned.repaired[:100].any()
    assert not cleaned.repaired[125:].any()
    assert error(cleaned, truth).max() < error(corrupted, truth).max() / 1.5
    assert record["incorrect"] >= 8


def test_a_limb_that_grows_smoothly_may_be_turning_towards_the_picture():
    truth = dance(300)
    keypoints = truth.keypoints.copy()
    keypoints[100:140, 9, 0] += 60 * np.sin(np.pi * np.arange(40) / 40) ** 2
    assert clean(truth.with_(keypoints=keypoints), method="robust")[1]["incorrect"] == 0


def test_what_is_filled_is_held_to_its_limb():
    truth = dance(300, swing=0)
    keypoints = truth.keypoints.copy()
    # The wrist leaves and comes back in a gap, at a speed that a spline carries on.
    way = np.concatenate([np.arange(8), np.full(12, np.nan), np.arange(8)[::-1]])
    keypoints[100:128, 9, 0] += 3 * way
    forearm = keypoints[:, 9] - keypoints[:, 7]
    cleaned, _ = clean(truth.with_(keypoints=keypoints), method="robust")
    assert cleaned.repaired[108:120, 9].all()
    filled = cleaned.keypoints[:, 9] - cleaned.keypoints[:, 7]
    assert np.hypot(*filled.T).max() <= np.nanmax(np.hypot(*forearm.T)) + 1e-3


@pytest.mark.parametrize("gone", ["left_wrist", "left_elbow"])
def test_filled_joints_are_held_from_either_end(gone):
    truth = dance(300, swing=0.3)
    elbow, wrist = COCO17.index("left_elbow"), COCO17.index("left_wrist")
    keypoints = truth.keypoints.astype(float)
    keep = np.ones((300, 17), bool)
    keep[150:154, COCO17.index(gone)] = False
    keypoints[150:154, COCO17.index(gone)] += 150
    held = robust._held(keypoints, keep, COCO17)
    forearm = np.hypot(*(held[:, wrist] - held[:, elbow]).T)
    assert (forearm[150:154] <= forearm[keep.all(1)].max() + 1e-6).all()
    assert np.array_equal(held[keep], keypoints[keep])


def test_partial_frames_are_filled_joint_by_joint():
    truth = dance()
    keypoints = truth.keypoints.copy()
    keypoints[::7, 3] = np.nan
    keypoints[::5, 15] = np.nan
    cleaned, record = clean(truth.with_(keypoints=keypoints), method="robust")
    # Frame 0 lies at the end and stays empty; 149 is given.
    assert cleaned.given[1:].all()
    assert error(cleaned, truth)[1:].max() < 0.5
    assert record["unrepaired"] == [
        {"first": 0, "last": 0, "joints": ["left_ear", "left_ankle"], "reason": AT_THE_ENDS}
    ]


def test_long_gaps_split_the_clip():
    truth = dance()
    keypoints = truth.keypoints.copy()
    keypoints[50:60] = np.nan
    keypoints[80:100] = np.nan
    gap = truth.with_(keypoints=keypoints)
    cleaned, record = clean(gap, method="robust")
    assert cleaned.repaired[50:60].all()
    assert not cleaned.given[80:100].any()
    assert record["unrepaired"] == [
        {"first": 80, "last": 99, "joints": "all", "reason": "gap longer than 0.5 s"}
    ]
    assert clean(gap, method="robust", max_gap_seconds=1)[0].given.all()


def test_a_joint_of_little_confidence_is_dropped_for_less():
    at = np.arange(80)
    wrong = (at >= 25) & (at < 55)
    path = np.zeros((80, 1, 2))
    path[wrong, 0, 0] = 0.5
    certain, half = np.ones(80), np.where(wrong, 0.5, 1.0)
    level = robust.JOINT
    assert 2 * level.cap < wrong.sum()
    # Thirty certain frames outweigh two joins that miss, thirty doubtful ones do not.
    assert consistent([(at, path, certain)], 30, level)[0].all()
    assert np.array_equal(consistent([(at, path, half)], 30, level)[0], ~wrong)


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5])
def test_short_tracks(frames):
    truth = dance(frames)
    assert np.array_equal(clean(truth, method="robust")[0].keypoints, truth.keypoints)


def test_the_size_of_the_picture_does_not_matter():
    truth = dance()
    corrupted = moved(truth, [40, 41], [9, 15], (60, -30))
    large = corrupted.with_(keypoints=corrupted.keypoints * 4, size=(2560, 1440))
    one, four = (clean(t, method="robust")[0] for t in (corrupted, large))
    assert np.array_equal(one.repaired, four.repaired)


def test_the_record_has_no_threshold_in_pixels():
    _, record = clean(dance(), method="robust")
    assert record["threshold_px"] is None
    assert record["max_gap_seconds"] == 0.5
    with pytest.raises(ConfigError, match="Use one of thesis, released, robust"):
        clean(dance(), method="best")


def test_nobody_and_a_single_joint():
    nothing = np.full((5, 17, 2), np.nan)
    assert body_size(nothing) == 1
    alone = nothing.copy()
    alone[:, 0] = 100
    done = repair(alone, np.full((5, 17), np.nan), 30, COCO17)
    assert np.array_equal(done.keypoints, alone, equal_nan=True)
    assert not done.exchanged.any()


@pytest.mark.parametrize("gap", [4, 15])
def test_good_frames_beside_a_gap_are_kept(gap):
    truth = dance(300, swing=0.2)
    keypoints = truth.keypoints.copy()
    for first in (40, 100, 160, 220):
        keypoints[first : first + gap] = np.nan
    cleaned, record = clean(truth.with_(keypoints=keypoints), method="robust")
    assert (record["flagged"], record["exchanged"]) == ([], [])
    assert np.array_equal(cleaned.repaired, np.isnan(keypoints[..., 0]))


def test_a_wrong_frame_beside_a_gap_is_found():
    truth = dance(300)
    wrong = moved(truth, [59, 80], [9], (60, 0))
    keypoints = wrong.keypoints.copy()
    keypoints[60:80] = np.nan
    _, record = clean(truth.with_(keypoints=keypoints), method="robust", max_gap_seconds=1)
    assert record["flagged"] == [59, 80]


def test_a_turn_during_a_gap_is_no_exchange():
    truth = dance(200, swing=0)
    keypoints = truth.keypoints.astype(float)
    # During the gap the dancer turns round: left is right of it afterwards.
    keypoints[108:, :, 0] = 640 - keypoints[108:, :, 0]
    keypoints[100:108] = np.nan
    found = find_exchanges(keypoints, body_size(keypoints), COCO17, 30)
    assert not found.any()


@pytest.fixture(scope="module")
def six_seconds():
    return next(iter(held_out(CLIPS[:1], seconds=6).values()))


@pytest.mark.parametrize("written", ["0, 0", "-1, -1", "elsewhere", "elsewhere, low scores"])
@pytest.mark.parametrize("joints", FLICKERING)
@pytest.mark.parametrize("rate", [0.17, 0.33])
def test_a_joint_that_flickers_is_found(rate, joints, written, six_seconds):
    """The faults must not become what jitter is taken for."""
    corrupted = flicker(six_seconds, rate, 3, joints=joints, written=written)
    track = corrupted.track
    dropped = repair(track.keypoints, track.scores, 30, COCO17).dropped
    hits = (dropped & corrupted.wrong).sum()
    assert hits >= (0.99 if written[0] in "0-" else 0.9) * corrupted.wrong.sum()
    assert hits >= 0.8 * dropped.sum()


@pytest.mark.parametrize("every", [3, 4, 6])
def test_every_nth_frame(every, six_seconds):
    """At a regular step no four frames in a row are right."""
    track = moved(corrupt(six_seconds, 0, 5).track, range(5, 175, every), [9], (-90, 70))
    dropped = repair(track.keypoints, track.scores, 30, COCO17).dropped
    assert dropped[5:175:every, 9].all()
    assert dropped.sum() <= 1.1 * len(range(5, 175, every))


def test_where_absent_joints_are_written_is_no_place():
    corner = np.array([[[0, 0], [-1, -1], [0, 5], [-1, 0], [np.nan, np.nan], [3, 3]]], float)
    assert written_absent(corner).tolist() == [[True, True, False, False, False, False]]
