"""Videos of dances: framing, figure, styles."""

from typing import get_args

import numpy as np
import pytest

from choreo import media
from choreo.config import Dances
from choreo.dances.figure import Figure, stage, turning
from choreo.dances.framing import FILL, between_frames, frame_dance
from choreo.dances.openpose_style import COLOURS, LIMBS, draw_openpose
from choreo.dances.video import STYLES, _Painter, render_dances
from choreo.drawing import LEFT, RIGHT, Picture
from choreo.pose.skeletons import SKELETONS
from choreo.pose.track import PoseTrack

# A standing dancer who faces us, in pixels of a picture 640 by 360.
STANDING = {
    "nose": (320, 100),
    "neck": (320, 130),
    "right_shoulder": (300, 130),
    "right_elbow": (292, 165),
    "right_wrist": (288, 195),
    "left_shoulder": (340, 130),
    "left_elbow": (348, 165),
    "left_wrist": (352, 195),
    "right_hip": (308, 195),
    "right_knee": (306, 245),
    "right_ankle": (304, 295),
    "left_hip": (332, 195),
    "left_knee": (334, 245),
    "left_ankle": (336, 295),
    "right_eye": (316, 96),
    "left_eye": (324, 96),
    "right_ear": (311, 98),
    "left_ear": (329, 98),
}


def standing(frames=20, fps=10.0, skeleton="openpose18"):
    pose = np.array([STANDING[name] for name in SKELETONS[skeleton].joints], float)
    keypoints = np.repeat(pose[None], frames, axis=0)
    return PoseTrack(keypoints, np.ones(keypoints.shape[:2]), fps, (640, 360), skeleton)


def moved(track, shift):
    return PoseTrack(track.keypoints + shift, track.scores, track.fps, track.size, track.skeleton)


@pytest.mark.parametrize("size", [(720, 720), (540, 720), (1280, 720)])
def test_a_standing_dancer_fills_two_thirds_of_the_picture(size):
    framed = frame_dance(standing(), size, 30)
    joints = framed.keypoints
    from_eyes_to_ankles = np.ptp(joints[0, :, 1]) / size[1]
    assert FILL - 0.16 < from_eyes_to_ankles < FILL
    assert abs(joints[..., 0].mean() - size[0] / 2) < 2


@pytest.mark.parametrize("kind", ["runs", "jumps", "kneels", "spreads", "leaps about"])
def test_no_joint_is_ever_outside(kind):
    rng = np.random.default_rng(5)
    frames = 120
    track, time = standing(frames), np.arange(frames)[:, None, None] / 10
    shift = np.zeros((frames, 18, 2))
    if kind == "runs":
        shift[..., 0] = 900 * time[..., 0]
    elif kind == "jumps":
        shift[..., 1] = -150 * np.maximum(0, np.sin(4 * time[..., 0]))
    elif kind == "kneels":
        shift[:, :11, 1] += 90
    elif kind == "spreads":
        shift[:, [4, 7], 0] = [-260, 260]
    else:
        shift[:] = rng.normal(0, 120, (frames, 1, 2)).cumsum(0)
    framed = frame_dance(moved(track, shift), (540, 720), 30)
    assert framed.keypoints.min() > 0
    assert (framed.keypoints < [540, 720]).all()


def test_the_picture_follows_a_dancer_who_travels_and_its_floor_stays():
    frames = 100
    shift = np.stack([np.linspace(0, 600, frames), np.zeros(frames)], -1)[:, None]
    framed = frame_dance(moved(standing(frames), shift), (720, 720), 30)
    middle = framed.keypoints[..., 0].mean(1)
    assert np.ptp(middle[60:-60]) < 5
    assert framed.travel[-1] == pytest.approx(600 * framed.unit / 65, rel=0.1)
    ankles = framed.keypoints[:, [10, 13], 1]
    assert np.ptp(ankles) < 1


def test_between_frames_there_is_no_corner():
    time = np.arange(40) / 10
    circle = 50 * np.stack([np.cos(2 * np.pi * time), np.sin(2 * np.pi * time)], -1)
    track = moved(standing(40), circle[:, None])
    dense = np.arange(1000, 3000) / 1000
    found = between_frames(track, dense)[:, 0] - STANDING["nose"]
    true = 50 * np.stack([np.cos(2 * np.pi * dense), np.sin(2 * np.pi * dense)], -1)
    assert np.abs(found - true).max() < 0.15
    speed = np.linalg.norm(np.diff(found, axis=0), axis=-1)
    assert np.abs(np.diff(speed)).max() < 0.01 * speed.mean()


def test_gaps_are_not_bridged():
    track = standing(20)
    keypoints, scores = track.keypoints.copy(), track.scores.copy()
    keypoints[5:9, 4], scores[5:9, 4] = np.nan, np.nan
    holed = PoseTrack(keypoints, scores, 10.0, track.size, track.skeleton)
    found = between_frames(holed, np.arange(0, 1.9, 0.05))
    missing = np.isnan(found[:, 4, 0])
    times = np.arange(0, 1.9, 0.05)
    assert np.array_equal(missing, (times > 0.4 + 1e-9) & (times < 0.9 - 1e-9))
    assert np.isfinite(np.delete(found, 4, axis=1)).all()


def drawn(track, turned=0.0):
    framed = frame_dance(track, (720, 720), 30)
    image = stage((720, 720), framed.floor)
    about = framed.skeleton, framed.unit, framed.floor
    Figure(framed.keypoints[:1], *about, np.array([turned])).draw(image, 0)
    return image


def close_to(image, colour, within=30):
    return np.abs(image.astype(int) - colour).max(-1) < within


def test_left_and_right_are_told_apart_in_colour_and_in_grey():
    image = drawn(standing())
    half = image.shape[1] // 2
    # She faces us: her left is on the picture's right.
    assert close_to(image[:, half:], LEFT).sum() > 1500 > 50 > close_to(image[:, :half], LEFT).sum()
    assert close_to(image[:, :half], RIGHT).sum() > 1500
    grey = [np.dot(colour, (0.299, 0.587, 0.114)) for colour in (LEFT, RIGHT)]
    assert grey[1] - grey[0] > 60


@pytest.mark.parametrize(("turned", "far"), [(0.9, LEFT), (-0.9, RIGHT)])
def test_the_side_that_is_turned_away_is_darker(turned, far):
    front = drawn(standing())
    image = drawn(standing(), turned)
    assert close_to(image, far, 12).sum() < 0.2 * close_to(front, far, 12).sum()
    near = RIGHT if far == LEFT else LEFT
    assert close_to(image, near, 12).sum() > 0.5 * close_to(front, near, 12).sum()


def test_from_behind_arms_are_covered_and_there_is_no_face():
    track = standing()
    joints = SKELETONS["openpose18"].joints
    swapped = [
        joints.index(name.replace("left", "x").replace("right", "left").replace("x", "right"))
        for name in joints
    ]
    behind = PoseTrack(
        track.keypoints[:, swapped], track.scores, track.fps, track.size, track.skeleton
    )
    skin = (222, 186, 160)
    head = slice(0, 330)
    front_image, back_image = drawn(track), drawn(behind)
    assert (
        close_to(front_image[head], skin, 8).sum() > 5 * close_to(back_image[head], skin, 8).sum()
    )


def test_the_face_tells_where_she_turns():
    track = standing()
    keypoints = track.keypoints.copy()
    keypoints[:, 0, 0] += 12
    assert turning(track.keypoints, "openpose18", 65).max() == 0
    assert turning(keypoints, "openpose18", 65).min() > 0.5


def test_openpose_style_has_its_colours_and_widths():
    track = standing()
    image = np.zeros((360, 640, 3), np.uint8)
    draw_openpose(image, track.keypoints[0], "openpose18")
    for x, y in track.keypoints[0].astype(int):
        assert tuple(image[y, x]) in COLOURS
    # A joint that no other covers, a limb at six tenths of its colour, 9 pixels wide.
    assert tuple(image[295, 304]) == COLOURS[10]
    limb = LIMBS.index(("right_knee", "right_ankle"))
    assert tuple(image[270, 305]) == tuple(int(0.6 * c) for c in COLOURS[limb])
    assert np.count_nonzero(image[270, 295:315].any(-1)) in (8, 9)
    assert not image[:60].any()


def test_openpose_style_needs_no_neck():
    pair = [np.zeros((360, 640, 3), np.uint8) for _ in range(2)]
    draw_openpose(pair[0], standing().keypoints[0], "openpose18")
    draw_openpose(pair[1], standing(skeleton="coco17").keypoints[0], "coco17")
    assert np.array_equal(*pair)


@pytest.mark.parametrize("style", STYLES)
def test_every_style_becomes_a_video(style, tmp_path):
    track = standing(10)
    shown = []
    render_dances(
        [track],
        tmp_path / "dance.mp4",
        style=style,
        height=180,
        beats=[0.0, 0.5],
        trails=True,
        sound=(np.sin(np.arange(16000) / 9) * (np.arange(16000) > 8000), 16000),
        progress=shown.append,
    )
    frames = list(media.read_frames(tmp_path / "dance.mp4", (160, 180)))
    assert shown == list(range(1, 31))
    assert len(frames) == 30
    picture = frames[10]
    assert np.ptp(picture[:160].astype(int)) > 150
    # The waveform: before the song begins there is none, then silence, then it is loud.
    wave = frames[0][160:].astype(int)
    assert np.ptp(wave[:5, :78]) < 20
    assert np.ptp(wave[:5, 96:104]) > 60
    assert wave[:, 80].max() < 100


def test_the_setting_names_every_style():
    assert get_args(Dances.model_fields["style"].annotation) == tuple(STYLES)


def test_dances_side_by_side(tmp_path):
    tracks = [standing(10), standing(5)]
    render_dances(tracks, tmp_path / "both.mp4", names=["real", "gru"], height=120)
    frames = list(media.read_frames(tmp_path / "both.mp4", (180, 120)))
    assert len(frames) == 30
    for half in (frames[-1][:, :90], frames[-1][:, 90:]):
        assert close_to(half, RIGHT, 60).sum() > 20


def dancing(frames=40):
    """Someone whose arms and feet go and who travels, with a gap in one arm."""
    time = np.arange(frames)[:, None, None] / 10
    shift = np.zeros((frames, 18, 2))
    shift[:, [3, 4, 6, 7]] = 40 * np.sin(3 * time) * [1, 0.7]
    shift[:, [10, 13], 1] -= 30 * np.abs(np.sin(4 * time[..., 0]))
    shift[..., 0] += 60 * np.sin(time[..., 0])
    track = moved(standing(frames), shift)
    keypoints, scores = track.keypoints.copy(), track.scores.copy()
    keypoints[10:15, 4], scores[10:15, 4] = np.nan, np.nan
    return PoseTrack(keypoints, scores, 10.0, track.size, track.skeleton)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("more", [False, True])
def test_what_is_taken_over_is_all_that_changed(style, more):
    framed = frame_dance(dancing(), (180, 161), 30)
    picture = Picture((180, 161))
    beats = [0.0, 0.7, 1.4] if more else []
    about = style, picture.image, 30, beats, more, "gru" if more else None
    painter = _Painter(framed, *about)
    for frame in range(0, 120, 3):
        for place in painter.draw(frame):
            picture.changed(*place)
        # Anew, on a picture that was never drawn on.
        other = Picture((180, 161))
        again = _Painter(framed, style, other.image, *about[2:])
        again.draw(frame)
        other.changed(slice(0, 161), slice(0, 180))
        assert np.array_equal(picture.image, other.image)
        assert np.array_equal(picture.planes, other.planes)


def test_a_figure_of_many_frames_is_that_of_each():
    framed = frame_dance(dancing(100), (240, 240), 30)
    about = framed.skeleton, framed.unit, framed.floor
    whole = Figure(framed.keypoints, *about)
    turned = turning(framed.keypoints, framed.skeleton, framed.unit)
    for frame in (0, 35, 255, 256, 299):  # beside where outlines are made anew, too
        images = [np.zeros((240, 240, 3), np.uint8) for _ in range(2)]
        rows, columns = whole.draw(images[0], frame)
        alone = Figure(framed.keypoints[frame : frame + 1], *about, turned[frame : frame + 1])
        alone.draw(images[1], 0)
        assert np.array_equal(*images)
        images[0][rows, columns] = 0
        assert not images[0].any()


def test_a_film_is_the_same_each_time(tmp_path):
    for name in ("one.mp4", "two.mp4"):
        render_dances([dancing(20)], tmp_path / name, height=120)
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()
