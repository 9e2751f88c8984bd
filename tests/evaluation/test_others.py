"""Dances of other projects: their files, and the one table of them."""

import json
import pickle
import re
from dataclasses import replace

import numpy as np
import pytest
from test_published_parity import dance as wandering

from choreo.cli import main
from choreo.errors import ItemError
from choreo.evaluation.others import published, right
from choreo.evaluation.others.bodies import (
    FEET,
    SMPL,
    Dance,
    bone,
    film,
    named,
    posed,
)
from choreo.evaluation.others.bvh import meanings
from choreo.evaluation.others.graph import motion_graph
from choreo.evaluation.others.music import music_of
from choreo.evaluation.others.reading import (
    aist_beats,
    aist_dancer,
    read_dance,
    read_folder,
    read_systems,
)
from choreo.evaluation.others.table import GRAPH, PUBLISHED, evaluate_others, halves
from choreo.pose.skeletons import COCO17, OPENPOSE18
from choreo.pose.track import PoseTrack
from choreo.poses.formats import registry

FPS = 30
SECONDS = 11


def stepping(seed=0, fps=FPS, seconds=SECONDS, tempo=120.0, late=0.0):
    """A body of 24 joints that bends its knees and swings its arms in a tempo, (T, 24, 3)."""
    rng = np.random.default_rng(seed)
    count = round(fps * seconds)
    beats = (np.arange(count) / fps - late) * tempo / 60
    angle = np.zeros((count, 24, 3))
    swing = 0.8 * np.sin(np.pi * beats) * rng.uniform(0.8, 1.2)
    for side in ("left", "right"):
        angle[:, SMPL.index(f"{side}_shoulder"), 0] = swing
        angle[:, SMPL.index(f"{side}_elbow"), 1] = 0.5 * np.sin(np.pi * beats + rng.uniform(0, 1))
        angle[:, SMPL.index(f"{side}_knee"), 0] = 0.3 * (1 - np.cos(2 * np.pi * beats))
    x, y, _ = np.moveaxis(angle, -1, 0)
    zero, one = np.zeros_like(x), np.ones_like(x)
    about_x = [one, zero, zero, zero, np.cos(x), -np.sin(x), zero, np.sin(x), np.cos(x)]
    about_y = [np.cos(y), zero, np.sin(y), zero, one, zero, -np.sin(y), zero, np.cos(y)]
    turns = (np.stack(a, -1).reshape(count, 24, 3, 3) for a in (about_x, about_y))
    root = np.zeros((count, 3))
    root[:, 1] = 1 + 0.05 * np.cos(2 * np.pi * beats)
    return posed(np.matmul(*turns), root)


def saved(path, joints=None):
    """A file of a kind that a project writes, told by its name."""
    joints = stepping() if joints is None else joints
    z_up = joints[..., [0, 2, 1]] * [1, -1, 1]
    match path.name:
        case "edge.pkl":
            path.write_bytes(pickle.dumps({"full_pose": z_up, "smpl_trans": z_up[:, 0]}))
        case "aist.pkl":
            at = named(joints, SMPL)
            face = ["head"] * 5
            coco = np.stack([at[name] for name in [*face, *COCO17.joints[5:]]], axis=1)
            path.write_bytes(pickle.dumps({"keypoints3d_optim": coco * 100}))
        case "bailando.npy":
            np.save(path, {"pred_position": joints.reshape(len(joints), 72)}, allow_pickle=True)
        case "array.npy":
            np.save(path, joints.astype(np.float32))
        case "named.npz":
            np.savez(path, keypoints=joints, joints=np.array(SMPL), fps=30.0)
        case "list.json":
            path.write_text(json.dumps(joints.tolist()))
        case "table.csv":
            np.savetxt(path, z_up.reshape(len(joints), 72), delimiter=",")
    return path


@pytest.mark.parametrize(
    "name", ["edge.pkl", "bailando.npy", "array.npy", "named.npz", "list.json", "table.csv"]
)
def test_one_dance_from_every_kind_of_file(name, tmp_path):
    joints = stepping()
    found = read_dance(saved(tmp_path / name, joints), fps=FPS)
    assert found.fps == FPS
    assert found.own == SMPL
    # Upwards is y again, and nothing is mirrored; the way round the vertical is as it was.
    assert found.array() == pytest.approx(joints, abs=1e-4)


def turning(joints):
    """The same, of a dancer who turns once about themselves."""
    angle = np.linspace(0, 2 * np.pi, len(joints))
    turn = np.array(
        [
            [np.cos(angle), 0 * angle, np.sin(angle)],
            [0 * angle, 0 * angle + 1, 0 * angle],
            [-np.sin(angle), 0 * angle, np.cos(angle)],
        ]
    )
    return np.einsum("ijt,tnj->tni", turn, joints)


@pytest.mark.parametrize("count", [22, 24])
@pytest.mark.parametrize("up", [1, -1])
def test_a_body_in_2d_is_what_a_camera_in_front_saw(count, up, tmp_path):
    joints = stepping()[:, :count]
    solid = Dance("solid", named(joints, SMPL[:count]), FPS, own=SMPL[:count])
    # The dancer faces +z: in front of them the picture's x goes to their left.
    seen = 300 * joints[..., :2] * [1, up]
    np.save(tmp_path / "flat.npy", seen)
    official = ["spine1" if name == "belly" else name for name in SMPL[:count]]
    np.savez(tmp_path / "named.npz", keypoints=seen, joints=np.array(official))
    for name in ("flat.npy", "named.npz"):
        flat = read_dance(tmp_path / name, fps=FPS)
        assert flat.about == f"up {'-+'[up > 0]}y"
        assert not flat.solid
        filmed = [film(dance) - film(dance)[:, 8:9] for dance in (solid, flat)]
        assert filmed[1] == pytest.approx(filmed[0], abs=0.02)


def test_a_face_in_2d_turns_with_the_shoulders(tmp_path):
    joints = turning(stepping())
    np.save(tmp_path / "flat.npy", 300 * joints[..., :2])
    flat = film(read_dance(tmp_path / "flat.npy", fps=FPS))
    ears = [OPENPOSE18.index(f"{side}_ear") for side in ("left", "right")]
    shoulders = [OPENPOSE18.index(f"{side}_shoulder") for side in ("left", "right")]
    apart, width = (flat[:, a, 0] - flat[:, b, 0] for a, b in (ears, shoulders))
    assert np.ptp(apart) == pytest.approx(2 * 0.28, rel=0.02)
    assert apart == pytest.approx(0.28 * width / width.max(), abs=0.01)
    # Of who is seen from the side alone noise makes no face.
    side = stepping()[..., [2, 1]] * 300
    side += np.random.default_rng(0).normal(0, 1, side.shape)
    np.save(tmp_path / "side.npy", side)
    seen = film(read_dance(tmp_path / "side.npy", fps=FPS))
    assert np.abs(seen[:, ears[0]] - seen[:, ears[1]]).max() < 0.05


def test_a_row_of_48_numbers_is_not_guessed(tmp_path):
    """24 joints in 2-D or 16 in 3-D."""
    np.save(tmp_path / "row.npy", stepping()[..., :2].reshape(-1, 48))
    with pytest.raises(ItemError, match="shape"):
        read_dance(tmp_path / "row.npy", fps=FPS)
    np.save(tmp_path / "row.npy", stepping()[:, :22, :2].reshape(-1, 44))
    assert read_dance(tmp_path / "row.npy", fps=FPS).own == SMPL[:22]
    lying = stepping()[..., [1, 0]]
    np.save(tmp_path / "lying.npy", lying)
    with pytest.raises(ItemError, match="upright"):
        read_dance(tmp_path / "lying.npy", fps=FPS)


def test_a_body_without_shoulders_is_named(tmp_path):
    kept = [k for k, name in enumerate(SMPL) if not name.endswith("shoulder")]
    names = np.array(SMPL)[kept]
    np.savez(tmp_path / "a.npz", keypoints=stepping()[:, kept, :2], joints=names, fps=30.0)
    with pytest.raises(ItemError, match=r"lacks joints.*shoulder"):
        film(read_dance(tmp_path / "a.npz"))


def test_aist_keypoints_have_their_rate_and_unit(tmp_path):
    joints = stepping(fps=60)
    found = read_dance(saved(tmp_path / "aist.pkl", joints))
    assert found.fps == 60
    assert found.own == COCO17.joints
    assert found.joints["left_knee"] == pytest.approx(joints[:, SMPL.index("left_knee")], abs=1e-6)


def _features_of(joints, turned):
    """InfiniteDance's features of a dancer who has turned so far (radians) in each frame."""
    half = turned / 2
    found = np.zeros((len(joints), 264))
    found[:, 0] = joints[:, 0, 1]
    found[:-1, 2] = np.diff(half)

    def seen(places, angle):
        c, s = np.cos(angle)[:, None], np.sin(angle)[:, None]
        x, y, z = np.moveaxis(places, -1, 0)
        return np.stack([c * x + s * z, y, c * z - s * x], axis=-1)

    under = joints[:, :1] * [1, 0, 1]
    found[:, 5:68] = seen(joints[:, 1:] - under, turned).reshape(len(joints), 63)
    found[:-1, 3:5] = seen(np.diff(under, axis=0), turned[1:])[:, 0, [0, 2]]
    return found


def test_infinitedance_writes_joints_and_features(tmp_path):
    joints = stepping()[:, :22]
    times = np.arange(len(joints)) / FPS
    joints = joints + np.stack([np.sin(times), 0 * times, times / 4], axis=-1)[:, None]
    np.save(tmp_path / "joints.npy", joints.astype(np.float32))
    np.save(tmp_path / "song_mofea264.npy", _features_of(joints, 0.7 * times))
    for name in ("joints.npy", "song_mofea264.npy"):
        found = read_dance(tmp_path / name)
        assert found.fps == 30
        assert "30 frames a second taken" in found.about
        assert found.own == SMPL[:22]
        # Where they began is not in the features.
        start = joints[0, 0] * [1, 0, 1] if name.startswith("song") else 0
        assert found.array() == pytest.approx(joints - start, abs=1e-5)
    assert read_dance(tmp_path / "joints.npy", fps=60).fps == 60
    assert "taken" not in read_dance(tmp_path / "joints.npy", fps=60).about


def test_rotations_alone_are_put_on_a_body(tmp_path):
    poses = np.zeros((150, 72))
    poses[:, 3 * SMPL.index("left_shoulder") + 2] = np.linspace(0, 1, 150)
    path = tmp_path / "motion.pkl"
    trans = np.tile([0, 100.0, 0], (150, 1))
    path.write_bytes(
        pickle.dumps({"smpl_poses": poses, "smpl_trans": trans, "smpl_scaling": np.array([90.0])})
    )
    found = read_dance(path)
    assert found.fps == 60
    assert found.joints["pelvis"][:, 1] == pytest.approx(100 / 90)
    raised = found.joints["left_wrist"][:, 1]
    assert (np.diff(raised) > 0).all()
    assert np.ptp(found.joints["right_wrist"], axis=0) == pytest.approx(0, abs=1e-9)


USUAL = {
    "mixamo": (
        "mixamorig:Hips mixamorig:Spine mixamorig:Spine1 mixamorig:Spine2 mixamorig:Neck "
        "mixamorig:Head mixamorig:LeftShoulder mixamorig:LeftArm mixamorig:LeftForeArm "
        "mixamorig:LeftHand mixamorig:LeftUpLeg mixamorig:LeftLeg mixamorig:LeftFoot "
        "mixamorig:LeftToeBase",
        "pelvis belly spine chest neck head left_collar left_shoulder left_elbow left_wrist "
        "left_hip left_knee left_ankle left_toe",
    ),
    "smpl": (
        "Pelvis Spine1 Spine2 Spine3 Neck Head L_Collar L_Shoulder L_Elbow L_Wrist L_Hip L_Knee "
        "L_Ankle L_Toe",
        "pelvis belly spine chest neck head left_collar left_shoulder left_elbow left_wrist "
        "left_hip left_knee left_ankle left_toe",
    ),
    "unreal": (
        "pelvis spine_01 spine_02 spine_03 neck_01 head clavicle_l upperarm_l lowerarm_l hand_l "
        "thigh_l calf_l foot_l ball_l",
        "pelvis belly spine chest neck head left_collar left_shoulder left_elbow left_wrist "
        "left_hip left_knee left_ankle left_toe",
    ),
    "acclaim": (
        "Hips Chest Neck Head RightCollar RightUpArm RightLowArm RightHand RightUpLeg RightLowLeg "
        "RightFoot",
        "pelvis chest neck head right_collar right_shoulder right_elbow right_wrist right_hip "
        "right_knee right_ankle",
    ),
}


@pytest.mark.parametrize("kind", USUAL)
def test_joints_of_a_bvh_are_known_by_the_usual_names(kind):
    given, meant = (text.split() for text in USUAL[kind])
    assert {name: given[index] for name, index in meanings(given).items()} == dict(
        zip(meant, given)
    )


BVH = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Spine { OFFSET 0 20 0 CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT Neck { OFFSET 0 30 0 CHANNELS 3 Zrotation Xrotation Yrotation
      JOINT Head { OFFSET 0 10 0 CHANNELS 3 Zrotation Xrotation Yrotation
        End Site { OFFSET 0 20 0 } } }
    ARMS }
  LEGS
}
MOTION
Frames: 90
Frame Time: 0.0333333
"""
_NO_MOVE = "CHANNELS 3 Zrotation Xrotation Yrotation"


def _bvh():
    arms, legs = "", ""
    for side, sign in (("Left", 1), ("Right", -1)):
        arms += (
            f"JOINT {side}Shoulder {{ OFFSET {5 * sign} 25 0 {_NO_MOVE} "
            f"JOINT {side}Arm {{ OFFSET {12 * sign} 0 0 {_NO_MOVE} "
            f"JOINT {side}ForeArm {{ OFFSET {28 * sign} 0 0 {_NO_MOVE} "
            f"JOINT {side}Hand {{ OFFSET {25 * sign} 0 0 {_NO_MOVE} }} }} }} }} "
        )
        legs += (
            f"JOINT {side}UpLeg {{ OFFSET {9 * sign} -5 0 {_NO_MOVE} "
            f"JOINT {side}Leg {{ OFFSET 0 -42 0 {_NO_MOVE} "
            f"JOINT {side}Foot {{ OFFSET 0 -40 0 {_NO_MOVE} "
            f"JOINT {side}ToeBase {{ OFFSET 0 -5 12 {_NO_MOVE} }} }} }} }} "
        )
    text = BVH.replace("ARMS", arms).replace("LEGS", legs)
    # The left upper arm is the seventh joint; z turns it upwards.
    joints = re.findall(r"(?:ROOT|JOINT) (\w+)", text)
    at = 3 + 3 * joints.index("LeftArm")
    rows = np.zeros((90, 3 + 3 * len(joints)))
    rows[:, 1] = 90
    rows[:, at] = np.linspace(0, 90, 90)
    return text + "\n".join(" ".join(f"{value:g}" for value in row) for row in rows) + "\n"


def test_a_bvh_is_posed(tmp_path):
    (tmp_path / "a.bvh").write_text(_bvh())
    found = read_dance(tmp_path / "a.bvh")
    assert found.fps == pytest.approx(30, abs=0.01)
    assert "unit 0.01 m" in found.about
    shoulder, wrist = found.joints["left_shoulder"], found.joints["left_wrist"]
    assert shoulder[0] == pytest.approx([0.17, 1.35, 0])
    assert wrist[0] - shoulder[0] == pytest.approx([0.53, 0, 0], abs=1e-9)
    assert wrist[-1] - shoulder[-1] == pytest.approx([0, 0.53, 0], abs=1e-9)
    assert found.joints["right_ankle"][-1] == pytest.approx([-0.09, 0.03, 0])
    assert film(found).shape == (90, 18, 2)
    for cut in ("Frames: 91", "Frames: 0"):
        (tmp_path / "b.bvh").write_text(_bvh().replace("Frames: 90", cut))
        with pytest.raises(ItemError, match=r"b\.bvh"):
            read_dance(tmp_path / "b.bvh")


def test_a_file_of_edge_has_the_score_that_its_own_axes_give(tmp_path):
    joints = stepping()
    joints[:, :, 0] += np.sin(np.arange(len(joints)) / 5)[:, None]
    path = saved(tmp_path / "edge.pkl", joints)
    raw = pickle.loads(path.read_bytes())["full_pose"]
    feet = [SMPL.index(foot) for foot in FEET]
    theirs = published.physical_contact(raw[:, 0], [raw[:, foot] for foot in feet], up=2)
    frame = evaluate_others({"edge": [read_dance(path)]}).frame.set_index("metric")
    assert theirs > 0
    assert frame.loc["physical_contact", "published"] == pytest.approx(theirs)


def test_centimetres_are_seen_and_what_is_never_upright_is_refused(tmp_path):
    joints = stepping()
    np.save(tmp_path / "cm.npy", joints * 100)
    found = read_dance(tmp_path / "cm.npy", fps=FPS)
    assert found.array() == pytest.approx(joints, abs=1e-9)
    assert "unit 0.01 m" in found.about
    half = np.where(np.arange(len(joints)) % 2, 1, -1)[:, None, None]
    np.save(tmp_path / "lying.npy", joints * half)
    with pytest.raises(ItemError, match="upright"):
        read_dance(tmp_path / "lying.npy", fps=FPS)


def test_a_file_that_would_run_something_runs_nothing(tmp_path):
    class Evil:
        def __reduce__(self):
            return open, (str(tmp_path / "made"), "w")

    for name in ("evil.npy", "evil.pkl"):
        path = tmp_path / name
        if name.endswith("npy"):
            np.save(path, {"pred_position": Evil()}, allow_pickle=True)
        else:
            path.write_bytes(pickle.dumps({"full_pose": Evil()}))
        with pytest.raises(ItemError, match="not an array"):
            read_dance(path, fps=FPS)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (np.zeros((100, 5)), "shape"),
        (np.zeros((100, 7, 3)), "unknown joints"),
        (np.zeros((10, 24, 3)), "shorter"),
        (np.full((100, 24, 3), np.nan), "missing in too many"),
        (np.full((100, 264), np.inf), "missing in too many|farther"),
    ],
)
def test_what_is_no_dance_is_refused(content, said, tmp_path):
    np.save(tmp_path / "a.npy", content)
    with pytest.raises(ItemError, match=said):
        read_dance(tmp_path / "a.npy", fps=FPS)


def test_the_frame_rate_must_be_known(tmp_path):
    with pytest.raises(ItemError, match="--fps"):
        read_dance(saved(tmp_path / "array.npy"))
    edge = saved(tmp_path / "edge.pkl")
    assert read_dance(edge).fps == 30
    assert read_dance(edge, fps=60).fps == 60
    assert read_dance(saved(tmp_path / "named.npz"), fps=60).fps == 30


def test_beats_by_the_names_of_aist():
    assert aist_beats("gHO_sBM_cAll_d19_mHO2_ch03", 2.0) == pytest.approx([0, 0.5, 1, 1.5])
    late = aist_beats("predicted_gKR_sBM_cAll_d30_mKR2_ch02_slice6", 2.0)
    assert late == pytest.approx([0, 0.6, 1.2, 1.8])
    assert aist_beats("anything", 2.0) is None


def test_right_features_do_not_know_where_the_dancer_stands_or_how_often_they_were_filmed():
    joints = stepping(fps=60)
    own = right.kinetic(joints, 60)
    assert right.kinetic(joints + np.array([3, 0, 5]), 60) == pytest.approx(own)
    slower = right.kinetic(joints[::2], 30)
    assert slower == pytest.approx(own, rel=0.2, abs=0.02)
    feet = [
        joints[:, SMPL.index(f"{s}_{p}")] + np.arange(len(joints))[:, None] / 60 * [1, 0, 0]
        for s in ("left", "right")
        for p in ("ankle", "toe")
    ]
    twice = right.physical_contact(joints[:, 0], feet, 60)
    assert twice > 0
    half = right.physical_contact(joints[::2, 0], [foot[::2] for foot in feet], 30)
    assert half == pytest.approx(twice, rel=0.1)


def test_the_camera_sees_the_dancer_from_in_front(tmp_path):
    joints = stepping()
    turned = joints @ np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0]]).T
    np.save(tmp_path / "a.npy", joints)
    np.save(tmp_path / "b.npy", turned)
    one, two = (film(read_dance(tmp_path / name, fps=FPS)) for name in ("a.npy", "b.npy"))
    assert two == pytest.approx(one, abs=1e-6)
    left, right_ = one[:, 5, 0], one[:, 2, 0]
    assert (left > right_).all()
    assert (one[:, 1, 1] < one[:, 10, 1]).all()
    side = film(read_dance(tmp_path / "a.npy", fps=FPS), "left")
    assert np.abs(side[:, 5, 0] - side[:, 2, 0]).max() < 0.3
    # From the dancer's left they face the picture's left: the nose lies ahead of the neck.
    assert (side[:, 0, 0] < side[:, 1, 0]).all()
    assert bone("right_hip")[0] == -bone("left_hip")[0]


def _folder(path, count, **about):
    path.mkdir()
    for k in range(count):
        np.save(path / f"gHO_sBM_cAll_d19_mHO2_ch0{k}.npy", stepping(seed=k, **about))
    return path


def _dancers(count, **about):
    """Real dances whose names tell a dancer each, with beats by their names."""
    return [_dance(f"gHO_sBM_cAll_d{k:02d}_mHO2_ch01", stepping(k, **about)) for k in range(count)]


def _dance(name, joints):
    beats = aist_beats(name, len(joints) / FPS)
    return Dance(name, named(joints, SMPL), FPS, beats, own=SMPL)


def test_a_motion_graph_copies_and_joins_without_jumps():
    real = [_dance(f"gHO_sBM_cAll_d{k:02d}_mHO2_ch01", stepping(k)) for k in range(4)]
    # Somewhere else, turned: neither is a jump.
    turn = np.array([[0, 0, -1], [0, 1, 0], [1, 0, 0]])
    moved = {name: joint @ turn + [3, 0, 1] for name, joint in real[1].joints.items()}
    real[1] = replace(real[1], joints=moved)
    # A song with other beats, that begin late.
    song = replace(real[0], beats=0.3 + 0.55 * np.arange(18))
    (made,) = motion_graph(real, [song], seed=3)
    assert len(made) == len(song)
    assert made.own == SMPL
    step = np.linalg.norm(np.diff(made.array(), axis=0), axis=-1).max()
    usual = max(np.linalg.norm(np.diff(d.array(), axis=0), axis=-1).max() for d in real)
    assert step < 1.5 * usual
    # Heights are as they were: nobody sinks or flies.
    assert np.ptp(made.joints["pelvis"][:, 1]) < 0.2
    # Every beat of a piece lies on a beat of the song: the knees are bent halfway between.
    bend = made.joints["pelvis"][:, 1]
    at = np.interp(song.beats[2:-2], np.arange(len(made)) / FPS, bend)
    between = np.interp(song.beats[2:-2] + 0.275, np.arange(len(made)) / FPS, bend)
    assert (at > between + 0.04).all()
    again, other = (motion_graph(real, [song], seed=seed)[0] for seed in (3, 4))
    assert again.array() == pytest.approx(made.array(), abs=0)
    assert np.abs(other.array() - made.array()).max() > 0.001


def test_a_motion_graph_without_beats_is_cut_by_the_clock():
    real = [replace(dance, beats=None) for dance in _dancers(3)]
    made = motion_graph(real, [replace(real[0], fps=2.0 * FPS)], seed=1)[0]
    # Half as long, at the frame rate of the real dances.
    assert made.fps == FPS
    assert len(made) == pytest.approx(len(real[0]) / 2, abs=1)
    assert np.isfinite(made.array()).all()
    assert motion_graph([_dance("short", stepping(seconds=1.5))], real) == []


def test_no_dancer_is_in_both_halves():
    names = ["d01"] * 5 + ["d02", "d02", "d03", "d04", "d05"]
    dances = [
        _dance(f"gHO_sBM_cAll_{d}_mHO2_ch{k:02d}", stepping(seconds=2)) for k, d in enumerate(names)
    ]
    copied, real = halves(dances, seed=1)
    assert (len(copied), len(real)) == (5, 5)
    both = [{aist_dancer(dance.name) for dance in half} for half in (copied, real)]
    assert not both[0] & both[1]
    assert {d.name for d in copied + real} == {d.name for d in dances}


def test_the_graph_is_a_row_and_is_not_measured_against_what_it_copies():
    systems = {"theirs": _dancers(3, late=0.2)}
    real = _dancers(8)
    table = evaluate_others(systems, real)
    frame = table.frame.set_index(["system", "metric"])
    assert list(frame.index.get_level_values(0).unique()) == ["theirs", GRAPH]
    assert (table.frame["reference_dances"] == 4).all()
    assert frame.loc[(GRAPH, "fid_k"), "dances"] == 3
    for metric in ("fid_k", "dist_k", "motion_to_music", "physical_contact", "foot_sliding"):
        assert np.isfinite(frame.loc[(GRAPH, metric), ["right", "half_width"]].astype(float)).all()
    assert frame.loc[("theirs", "dist_k"), "published_half_width"] > 0
    assert frame.loc[(GRAPH, "phase_locking"), "right"] > 0.8
    assert any("invents nothing" in note for note in table.notes)
    for few in (evaluate_others(systems, real[:7]), evaluate_others(systems, real, graph=False)):
        assert set(few.frame["system"]) == {"theirs"}
        assert any("No motion graph" in note for note in few.notes)


def test_one_command_gives_one_table(tmp_path, capsys):
    made = _folder(tmp_path / "made", 3, late=0.2)
    real = _folder(tmp_path / "real", 5)
    out = tmp_path / "tables"
    words = ["evaluate-others", made, "--reference", real, "--fps", "30", "-o", out, "--json"]
    assert main([str(word) for word in words]) == 0
    rows = {row["metric"]: row for row in json.loads(capsys.readouterr().out)}
    assert list(rows) == list(PUBLISHED)
    for metric in ("fid_k", "fid_g", "dist_k", "motion_to_music", "physical_contact"):
        assert rows[metric]["published"] is not None
        assert rows[metric]["right"] is not None
    assert rows["fid_k"]["right_real"] is not None
    # Both keep the tempo, and the phase of their arms does not make them lose it.
    assert rows["phase_locking"]["right"] > 0.9
    text = (out / "others.md").read_text()
    assert "As published" in text
    assert "orthographic" in text
    assert (out / "others.html").is_file()


def test_a_moved_dancer_changes_the_published_distance_and_not_the_right_one(tmp_path):
    real = [read_dance(_saved(tmp_path / f"r{k}.npy", stepping(k)), fps=FPS) for k in range(6)]
    own = [read_dance(_saved(tmp_path / f"a{k}.npy", stepping(k + 9)), fps=FPS) for k in range(3)]
    far = [
        read_dance(_saved(tmp_path / f"b{k}.npy", stepping(k + 9) + np.array([2, 0, 0])), fps=FPS)
        for k in range(3)
    ]
    frame = evaluate_others({"own": own, "far": far}, real).frame.set_index(["system", "metric"])
    near, moved = (frame.loc[(name, "fid_k")] for name in ("own", "far"))
    assert moved["right"] == pytest.approx(near["right"], rel=1e-6)
    assert moved["published"] > 2 * near["published"]


def _saved(path, joints):
    np.save(path, joints)
    return path


def _track(frames=90):
    keypoints = wandering(0, frames)[:, :17, :2] * 100 + [320, 180] + np.arange(17)[:, None]
    return PoseTrack(keypoints, np.ones((frames, 17)), fps=FPS, size=(640, 360), skeleton="coco17")


def test_tracks_of_choreo_and_of_the_pose_formats_are_read(tmp_path):
    track = _track()
    track.save(tmp_path / "a.npz")
    found = read_dance(tmp_path / "a.npz")
    assert found.fps == FPS
    assert not found.solid
    assert found.array() == pytest.approx(track.keypoints)
    registry.write("aist", track, tmp_path / "a.pkl")
    about = {"format": "aist", "fps": FPS, "size": (640, 360)}
    assert read_dance(tmp_path / "a.pkl", **about).array() == pytest.approx(track.keypoints)
    with pytest.raises(ItemError, match="--size"):
        read_dance(tmp_path / "a.pkl", format="aist", fps=FPS)


def test_short_gaps_are_drawn_across(tmp_path):
    track = _track()
    keypoints = track.keypoints.copy()
    keypoints[10:13, 4] = np.nan
    track.with_(keypoints=keypoints).save(tmp_path / "a.npz")
    found = read_dance(tmp_path / "a.npz").array()
    across = keypoints[9, 4] + (keypoints[13, 4] - keypoints[9, 4]) / 2
    assert found[11, 4] == pytest.approx(across)


def test_beats_come_from_a_file_before_the_name(tmp_path):
    name = "gHO_sBM_cAll_d19_mHO2_ch03"
    np.save(tmp_path / f"{name}.npy", stepping())
    (tmp_path / "beats.json").write_text(json.dumps({"mHO2": [1.0, 0.25, 2.0]}))
    beats = music_of(beats=tmp_path / "beats.json")
    found = read_dance(tmp_path / f"{name}.npy", fps=FPS, beats=beats)
    assert found.beats.tolist() == [0.25, 1.0, 2.0]
    (tmp_path / "beats.json").write_text(json.dumps({"mHO2": ["x"]}))
    with pytest.raises(ItemError, match=r"beats\.json, `mHO2.0`: .*got 'x'.*in seconds"):
        music_of(beats=tmp_path / "beats.json")
    (tmp_path / "beats.json").write_text(json.dumps({"mHO2": [500, 1000]}))
    beats = music_of(beats=tmp_path / "beats.json")
    with pytest.raises(ItemError, match=r"outside of its .* seconds \(got '500 to 1000'\)"):
        read_dance(tmp_path / f"{name}.npy", fps=FPS, beats=beats)


def test_beats_that_are_of_none_of_the_dances_are_refused(tmp_path):
    (tmp_path / "ours").mkdir()
    for name in ("a", "b"):
        np.save(tmp_path / "ours" / f"{name}.npy", stepping())
    for known in ("b", "c"):
        (tmp_path / "beats.json").write_text(json.dumps({known: [0.5, 1.0]}))
        about = {"fps": FPS, "beats": music_of(beats=tmp_path / "beats.json")}
        if known == "b":
            systems, _ = read_systems([tmp_path / "ours"], **about)
            assert [dance.beats is None for dance in systems["ours"]] == [True, False]
            continue
        with pytest.raises(ItemError, match=r"none of the dances' names.*got 'a'.*keys of"):
            read_systems([tmp_path / "ours"], **about)


@pytest.mark.parametrize(
    ("encoding", "delimiter", "point"),
    [("utf-8-sig", ",", "."), ("utf-16", "\t", ","), ("utf-8", ";", ",")],
)
def test_tables_as_spreadsheets_save_them(tmp_path, encoding, delimiter, point):
    rows = np.round(stepping(), 4).reshape(-1, 72)
    cells = [[f"{x:.4f}".replace(".", point) for x in row] for row in rows]
    cells[3][5] = ""
    text = "\n".join(delimiter.join(row) for row in cells) + "\n\n"
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    found = read_dance(tmp_path / "a.csv", fps=FPS).array()
    np.save(tmp_path / "b.npy", rows.reshape(-1, 24, 3))
    expected = read_dance(tmp_path / "b.npy", fps=FPS).array()
    assert found == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x,y,z\n1,2,3\n", "line 1: must hold numbers alone.*heading"),
        ("1,2,3\n1,=A1,3\n", "line 2: must hold numbers alone"),
        ("1,2,3\n1,2\n", "line 2: has 2 cells, the first row 3.*cut off"),
        ("caf\xe9,2\n", "is not UTF-8.*Save it as UTF-8"),
    ],
)
def test_tables_that_are_no_dance(tmp_path, text, said):
    (tmp_path / "a.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(ItemError, match=said):
        read_dance(tmp_path / "a.csv", fps=FPS)


def test_dances_of_a_picture_have_no_published_distances(tmp_path):
    for k in range(4):
        _saved(tmp_path / f"d{k}.npy", wandering(k, 400)[:, :17, :2] + np.arange(17)[:, None])
    dances = read_folder(tmp_path, fps=FPS)
    frame = evaluate_others({"flat": dances}, dances).frame.set_index("metric")
    assert np.isnan(frame.loc["fid_k", "published"])
    assert frame.loc["fid_k", "right"] == pytest.approx(0, abs=1e-6)
    assert np.isnan(frame.loc["motion_to_music", "right"])
    alone = evaluate_others({"flat": dances}).frame.set_index("metric")
    assert np.isnan(alone.loc["fid_k", "right"])
    assert alone.loc["fid_k", "used"] == 0
