import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from choreo.pose.skeletons import HALPE26
from choreo.synth.body import CHANNELS, INDEX, KNEE_LIMIT, LIMITS
from choreo.synth.dancers import JITTER, MOST_JITTER, make_dance, make_dancer
from choreo.synth.grammar import LEAST_GAP
from choreo.synth.motifs import ARMS
from choreo.synth.names import DANCERS

RATE = 120
JOINT = {name: index for index, name in enumerate(HALPE26.joints)}


@pytest.fixture(scope="module")
def dances(songs):
    """(song, dance, times, pose) for every song, each danced by another dancer."""
    out = []
    for index, song in enumerate(songs.values()):
        dancer = make_dancer([*DANCERS, "someone", "tall-1"][index % 8])
        dance = make_dance(song, dancer, 1, 0)
        t = np.arange(0, song.duration, 1 / RATE)
        out.append((song, dance, t, dance.pose(t)))
    return out


def at(pose, name):
    return pose.joints[:, JOINT[name]]


def angle(a, b):
    cos = (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)
    return np.degrees(np.arccos(np.clip(cos, -1, 1)))


BONES = [
    ("{}_hip", "{}_knee", "thigh"),
    ("{}_knee", "{}_ankle", "shank"),
    ("{}_shoulder", "{}_elbow", "upper_arm"),
    ("{}_elbow", "{}_wrist", "forearm"),
    ("{}_hip", "hip", "hip_half"),
]


@pytest.mark.parametrize(("one", "two", "length"), BONES)
def test_limbs_keep_their_length(dances, one, two, length):
    for _, dance, _, pose in dances:
        for side in ("left", "right"):
            bone = at(pose, one.format(side)) - at(pose, two.format(side))
            wanted = getattr(dance.dancer.body, length)
            assert np.linalg.norm(bone, axis=-1) == pytest.approx(wanted, abs=1e-9)


def test_head_keeps_its_shape(dances):
    for _, _, _, pose in dances:
        for one, two in [("nose", "left_eye"), ("left_ear", "right_ear"), ("head", "nose")]:
            length = np.linalg.norm(at(pose, one) - at(pose, two), axis=-1)
            assert np.ptp(length) < 1e-9


def test_joints_stay_inside_human_limits(dances):
    for _, dance, t, pose in dances:
        channels = np.degrees(dance.motion.channels(t))
        for name, index in INDEX.items():
            limits = LIMITS.get(name) or LIMITS.get(name.split("_")[-1])
            if limits:
                low, high = limits
                # A nod with the groove comes on top of the keys.
                slack = 4 if name == "head_pitch" else 1e-6
                assert channels[:, index].min() >= low - slack, name
                assert channels[:, index].max() <= high + slack, name
        for side in ("left", "right"):
            thigh = at(pose, f"{side}_hip") - at(pose, f"{side}_knee")
            shank = at(pose, f"{side}_knee") - at(pose, f"{side}_ankle")
            bend = angle(thigh, shank)
            assert bend.min() > 5  # never locked
            assert bend.max() < KNEE_LIMIT
            # Forwards: the knee lies before the line from hip to ankle.
            ahead = ((at(pose, f"{side}_knee") - at(pose, f"{side}_hip")) * _ahead(pose)).sum(-1)
            straight = (at(pose, f"{side}_ankle") - at(pose, f"{side}_hip")) * _ahead(pose)
            assert (ahead - 0.5 * straight.sum(-1) > 0).all()


def _ahead(pose):
    return pose.pelvis[:, :, 2]


def test_movement_is_smooth(dances):
    """Accelerations (m/s^2) stay bounded through all keys, steps, jumps and motifs."""
    bounds = {"hip": 40, "nose": 90, "left_knee": 110, "left_ankle": 110, "left_wrist": 300}
    for _, _, _, pose in dances:
        for name, most in bounds.items():
            for joint in {name, name.replace("left", "right")}:
                change = np.diff(at(pose, joint), 2, axis=0) * RATE**2
                assert np.linalg.norm(change, axis=-1).max() < most, joint


def test_movement_does_not_depend_on_the_frame_rate(songs):
    dance = make_dance(songs["strut"], make_dancer("esi"), 2, 0)
    fine, coarse = np.arange(3, 9, 1 / 60), np.arange(3, 9, 1 / 15)
    assert np.allclose(dance.pose(fine).joints[::4], dance.pose(coarse).joints, atol=1e-9)


def test_feet_stand_still_between_steps(dances):
    """Whenever a foot is on the floor it does not slide."""
    for _, dance, t, pose in dances:
        height = dance.motion.places(t)[:, :, 1] + dance.motion.lift(t)[:, None]
        for i, side in enumerate(("left", "right")):
            ankle = at(pose, f"{side}_ankle")
            down = height[:, i] < 1e-9
            still = down[1:] & down[:-1]
            moved = np.linalg.norm(np.diff(ankle, axis=0), axis=-1)[still]
            assert still.mean() > 0.3
            assert moved.max() < 0.002  # metres in 1/120 s, at the ends of a step
            assert ankle[:, 1].min() >= dance.dancer.body.ankle - 1e-9
        assert pose.joints[..., 1].min() > 0


def test_one_foot_is_on_the_floor_except_in_jumps(dances):
    for _, dance, t, _ in dances:
        places = dance.motion.places(t)
        flying = dance.motion.lift(t) > 1e-6
        assert (places[~flying][:, :, 1].min(1) < 0.02).all()
        assert flying.any()


def test_jumps_are_as_high_as_gravity_allows(dances):
    for _, dance, _, _ in dances:
        start, end, height = dance.motion.jumps.T
        assert (height <= 9.81 / 8 * (end - start) ** 2).all()
        assert (end > start).all()


def test_there_are_half_turns_and_the_back_is_seen_briefly(dances):
    backs = []
    for _, _, _, pose in dances:
        back = at(pose, "left_shoulder")[:, 0] < at(pose, "right_shoulder")[:, 0]
        backs.append(back.mean())
        runs = np.diff(np.flatnonzero(np.diff(np.r_[0, back, 0])))[::2]
        if len(runs):
            assert runs.max() / RATE < 1.0
    assert max(backs) > 0.03
    assert max(backs) < 0.15


def test_dancers_travel(dances):
    far = [np.ptp(at(pose, "hip")[:, 0]) for _, _, _, pose in dances]
    assert max(far) > 1.0
    assert max(far) < 2.6


def test_accents_are_on_the_counts_with_the_known_jitter(dances):
    every, between = [], []
    for song, dance, _, _ in dances:
        ends = np.append(song.beats, 2 * song.beats[-1] - song.beats[-2])
        places = np.interp(dance.counts, np.arange(len(ends)), ends)
        assert np.allclose(dance.accents - places, dance.jitter, atol=1e-9)
        assert (np.diff(dance.accents) > LEAST_GAP - 2 * MOST_JITTER).all()
        assert (dance.counts * 2 % 1 == 0).all()
        every.append(dance.jitter)
        between.append(dance.counts % 1 > 0)
    every = np.concatenate(every)
    assert np.abs(every).max() <= MOST_JITTER
    assert 0.8 * JITTER < every.std() < 1.2 * JITTER
    assert 0.005 < np.concatenate(between).mean() < 0.25


def test_accents_are_seen_as_halts(dances):
    """Near every accent the summed speed of all joints has a minimum."""
    for _, dance, t, pose in dances:
        speed = np.linalg.norm(np.diff(pose.joints, axis=0), axis=-1).sum(1)
        low = np.flatnonzero((speed[1:-1] < speed[:-2]) & (speed[1:-1] <= speed[2:])) + 1
        halts = t[low] + 0.5 / RATE
        inside = dance.accents[1:-1]
        assert (np.abs(inside[:, None] - halts).min(1) < 0.05).mean() > 0.97


def movement(dance, song):
    """Joints against the hip at ten times a second."""
    joints = dance.pose(np.arange(0, song.duration, 0.1)).joints
    return joints - joints[:, [JOINT["hip"]]]


def test_takes_share_a_dance_and_dancers_do_not(songs):
    song = songs["neon"]
    first = movement(make_dance(song, make_dancer("ada"), 1, 0), song)
    spread = ((first - first.mean(0)) ** 2).mean()
    take = movement(make_dance(song, make_dancer("ada"), 2, 0), song)
    dancer = movement(make_dance(song, make_dancer("bruno"), 1, 0), song)
    assert 0 < ((first - take) ** 2).mean() < 0.8 * spread
    assert ((first - dancer) ** 2).mean() > ((first - take) ** 2).mean()


def test_more_energy_is_more_movement(dances):
    every = {}
    for song, _, t, pose in dances:
        speed = np.linalg.norm(np.diff(pose.joints, axis=0), axis=-1).mean(1) * RATE
        by_kind = {}
        for section in song.sections:
            inside = (t[1:] >= section.start) & (t[1:] < section.end)
            by_kind.setdefault(section.kind, []).append(speed[inside].mean())
        for kind, values in by_kind.items():
            every.setdefault(kind, []).append(np.mean(values))
        # What a dancer likes may make one verse quiet, but not a chorus.
        assert np.mean(by_kind["break"]) < np.mean(by_kind["chorus"])
    means = {kind: np.mean(values) for kind, values in every.items()}
    assert 1.1 * means["break"] < means["verse"] < means["chorus"] / 1.1


def test_a_dance_is_the_same_twice_and_differs_by_take_and_seed(songs):
    song, dancer = songs["sunset"], make_dancer("chika")
    one = make_dance(song, dancer, 1, 0)
    assert np.array_equal(one.motion.values, make_dance(song, dancer, 1, 0).motion.values)
    for take, seed in [(2, 0), (1, 1)]:
        assert not np.array_equal(one.accents, make_dance(song, dancer, take, seed).accents)


@given(st.from_regex(r"[a-z][a-z0-9]{0,11}", fullmatch=True))
@settings(max_examples=40, deadline=None)
def test_any_name_gives_a_dancer_of_human_size(name):
    dancer = make_dancer(name)
    assert dancer == make_dancer(name)
    assert 1.4 < dancer.body.height < 2.05
    legs = dancer.body.thigh + dancer.body.shank + dancer.body.ankle
    assert 0.48 < legs / dancer.body.height < 0.60


def test_arm_poses_put_the_hands_where_their_names_say(songs):
    """The left wrist in the chest's frame, with all else at rest."""
    dance = make_dance(songs["neon"], make_dancer("ada"), 1, 0)
    body = dance.dancer.body
    reach = body.upper_arm + body.forearm

    def wrist(name):
        motion = dance.motion
        values = np.zeros((2, len(CHANNELS)))
        for part, degrees in zip(("flex", "abduct", "rotate", "elbow"), ARMS[name]):
            values[:, INDEX[f"left_{part}"]] = np.radians(degrees)
        still = type(motion)(
            body,
            np.array([0.0, 1.0]),
            values,
            np.zeros_like(values),
            motion.feet,
            np.zeros((0, 3)),
            motion.beats,
            0 * motion.groove,
        )
        pose = still.pose(np.array([0.0]))
        return (at(pose, "left_wrist") - at(pose, "left_shoulder"))[0] / reach

    assert wrist("rest")[1] < -0.9
    assert wrist("side")[0] > 0.85
    assert wrist("front")[2] > 0.85
    assert wrist("vee")[1] > 0.75
    assert wrist("back")[2] < -0.4
    assert wrist("across")[0] < -0.15
    assert wrist("goal")[1] > 0.3
    assert wrist("hang")[1] < -0.3
