import numpy as np
import pytest

from choreo.errors import ItemError
from choreo.poses.detections import Detections
from choreo.poses.selection import LISTED, dancer_track, link, select_dancer

SIZE = (640, 360)
FPS = 30

# A standing COCO-17 body: x, y in units of its height, about its middle.
BODY = np.array(
    [
        (0, -0.42), (0.02, -0.45), (-0.02, -0.45), (0.04, -0.43), (-0.04, -0.43),
        (0.1, -0.3), (-0.1, -0.3), (0.15, -0.15), (-0.15, -0.15), (0.17, 0), (-0.17, 0),
        (0.07, 0), (-0.07, 0), (0.07, 0.25), (-0.07, 0.25), (0.07, 0.5), (-0.07, 0.5),
    ]
)  # fmt: skip
ARMS = [7, 8, 9, 10]


def body(frames, x, height, *, swing=0.0, y=180.0):
    """Poses (T, 17, 2) of a body whose middle is at x (T,), arms swinging by `swing`."""
    poses = np.repeat(BODY[None], len(frames), 0) * height
    poses[:, ARMS] += swing * height * np.sin(2 * np.pi * frames / 15)[:, None, None]
    poses[..., 0] += np.broadcast_to(x, len(frames))[:, None]
    poses[..., 1] += y
    return poses


def detections(*people, frames, order=None):
    """Detections of people given as (frame numbers, poses), file order shuffled by a seed."""
    frame = np.concatenate([f for f, _ in people])
    poses = np.concatenate([p for _, p in people])
    who = np.repeat(np.arange(len(people)), [len(f) for f, _ in people])
    if order is not None:
        mixed = np.random.default_rng(order).permutation(len(frame))
        frame, poses, who = frame[mixed], poses[mixed], who[mixed]
    n = len(frame)
    return (
        Detections(
            frame=frame,
            keypoints=poses.astype(float),
            scores=np.full(poses.shape[:2], 0.9),
            skeleton="coco17",
            frames=frames,
            label=np.full(n, np.nan),
            score=np.full(n, np.nan),
            box=np.full((n, 4), np.nan),
        ),
        who,
    )


T = np.arange(300)
DANCER = (T, body(T, 320 + 40 * np.sin(T / 40), 150, swing=0.1))


def share_of_first(found, who, frames):
    members, report = select_dancer(found, fps=FPS, size=SIZE)
    assert len(set(found.frame[members].tolist())) == len(members)
    assert (np.diff(found.frame[members]) > 0).all()
    return (who[members] == 0).sum() / frames, report


BYSTANDERS = {
    "walks past nearer the camera": (T[60:160], body(T[60:160], np.linspace(-50, 690, 100), 260)),
    "stands nearer the camera": (T, body(T, 540, 280)),
    "stands beside the dancer": (T, body(T, 450, 150)),
    "crosses behind": (T[100:250], body(T[100:250], np.linspace(640, 0, 150), 110, y=170)),
}


@pytest.mark.parametrize("name", BYSTANDERS)
def test_the_dancer_is_chosen_beside_a_bystander(name):
    share, report = share_of_first(*detections(DANCER, BYSTANDERS[name], frames=300, order=1), 300)
    assert share == 1
    assert report["rejected_count"] >= 1
    assert report["chosen"]["score"] > report["rejected"][0]["score"]


def test_the_dancer_is_chosen_among_all_of_them():
    found, who = detections(DANCER, *BYSTANDERS.values(), frames=300, order=2)
    share, report = share_of_first(found, who, 300)
    assert share >= 0.99
    assert report["chosen"]["frames"] == 300


def test_a_gap_is_bridged():
    kept = np.concatenate([T[:100], T[190:]])
    dancer = (kept, DANCER[1][kept])
    share, report = share_of_first(*detections(dancer, frames=300), 210)
    assert share == 1
    assert (report["chosen"]["first"], report["chosen"]["last"]) == (0, 299)
    assert report["rejected_count"] == 0


def test_another_person_far_off_does_not_fill_a_gap():
    kept = np.concatenate([T[:140], T[160:]])
    other = (T[140:160], body(T[140:160], 60, 150))
    share, report = share_of_first(*detections((kept, DANCER[1][kept]), other, frames=300), 280)
    assert share == 1
    assert report["chosen"]["frames"] == 280


def test_two_who_cross_keep_their_numbers():
    first = (T, body(T, np.linspace(100, 540, 300), 150, swing=0.1))
    second = (T, body(T, np.linspace(540, 100, 300), 200))
    found, who = detections(first, second, frames=300, order=3)
    piece = link(found, FPS)
    assert [len(set(piece[who == w].tolist())) for w in (0, 1)] == [1, 1]


def test_a_detection_without_joints_is_no_one():
    found, _ = detections((T[:2], np.full((2, 17, 2), np.nan)), (T[:3], DANCER[1][:3]), frames=3)
    assert link(found, FPS).tolist() == [-1, -1, 0, 0, 0]
    members, report = select_dancer(found, fps=FPS, size=SIZE)
    assert members.tolist() == [2, 3, 4]
    assert report["rejected_count"] == 0


def test_nobody():
    found, _ = detections((T[:2], np.full((2, 17, 2), np.nan)), frames=2)
    with pytest.raises(ItemError, match="nobody was found in any frame"):
        select_dancer(found, fps=FPS, size=SIZE)


def test_rejected_are_listed_up_to_a_limit():
    # Each of four places is taken for one frame every 40: longer than links last.
    strangers = [
        (T[i : i + 1], body(T[i : i + 1], (20, 120, 520, 620)[i // 10 % 4], 50))
        for i in range(0, 300, 10)
    ]
    found, _ = detections(DANCER, *strangers, frames=300)
    _, report = select_dancer(found, fps=FPS, size=SIZE)
    assert len(report["rejected"]) == LISTED
    assert report["rejected_count"] > LISTED
    scores = [r["score"] for r in report["rejected"]]
    assert scores == sorted(scores, reverse=True)


def test_the_track_holds_the_dancer_and_says_who_was_rejected(tmp_path):
    found, _ = detections(
        (T[5:], DANCER[1][5:]), BYSTANDERS["stands beside the dancer"], frames=310
    )
    track = dancer_track(found, fps=FPS, size=SIZE, meta={"estimator": "x"}, source="a/b.json")
    assert len(track) == 310
    assert np.flatnonzero(track.given.any(1)).tolist() == list(range(5, 300))
    np.testing.assert_array_equal(track.keypoints[5:300], DANCER[1][5:].astype(np.float32))
    assert track.meta["estimator"] == "x"
    assert track.meta["source"] == "b.json"
    assert track.meta["dancer"]["rejected"][0]["frames"] == 300
    track.save(tmp_path / "t.npz")  # meta must be JSON


def test_a_person_who_does_not_move_at_all_is_still_chosen():
    share, _ = share_of_first(*detections((T, body(T, 320, 150)), frames=300), 300)
    assert share == 1
