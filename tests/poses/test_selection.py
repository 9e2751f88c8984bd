from dataclasses import replace

import numpy as np
import pytest
from soaking import soak_after

from choreo.choices import LINKERS
from choreo.errors import ItemError
from choreo.poses.detections import Detections
from choreo.poses.formats.tracks import track_of
from choreo.poses.linking import link
from choreo.poses.selection import LISTED, PATH, dancer_track, select_dancer
from choreo.synth.clips import film
from choreo.synth.estimates import estimate, frames_right

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
    # Seen beside the dancer, too.
    other = (T[120:180], body(T[120:180], 60, 150))
    share, report = share_of_first(*detections((kept, DANCER[1][kept]), other, frames=300), 280)
    assert share == 1
    assert report["chosen"]["frames"] == 280


JUMPS = np.arange(20, 300, 20)


def jumping(frames=JUMPS, aside=(70, 40)):
    """The dancer, whom the estimator finds aside in single frames."""
    poses = DANCER[1].copy()
    poses[frames] += aside
    return T, poses


WITH_LINKS = ("poses", "pose_flow")


@pytest.mark.parametrize("linker", WITH_LINKS)
@pytest.mark.parametrize("aside", [(70, 40), (200, 30)])
def test_poses_that_jump_stay_where_the_dancer_is_alone(linker, aside):
    # A second pose in one frame, so that someone must be chosen.
    double = (T[50:51], DANCER[1][50:51] + 10)
    found, who = detections(jumping(aside=aside), double, frames=300, order=1)
    members, report = select_dancer(found, fps=FPS, size=SIZE, linker=linker)
    assert len(members) == 300
    assert (who[members] == 0).sum() >= 299
    assert report["stray"] >= len(JUMPS)


@pytest.mark.parametrize("linker", WITH_LINKS)
@pytest.mark.parametrize("aside", [(70, 40), (-200, 30)])
def test_poses_that_jump_stay_beside_someone_who_is_followed(linker, aside):
    watcher = (T, body(T, 560, 150))
    found, who = detections(jumping(aside=aside), watcher, frames=300, order=2)
    members, _ = select_dancer(found, fps=FPS, size=SIZE, linker=linker)
    assert len(members) == 300
    assert (who[members] == 0).all()


def test_a_pose_aside_for_long_stays_where_there_is_nobody_else():
    poses = DANCER[1].copy()
    poses[200:280] += (-150, 60)
    found, who = detections((T, poses), (T[20:21], DANCER[1][:1] + 200), frames=300)
    members, _ = select_dancer(found, fps=FPS, size=SIZE)
    assert len(members) == 300
    assert (who[members] == 0).all()


def test_whoever_stays_while_the_dancer_is_away_is_not_the_dancer():
    kept = np.concatenate([T[:100], T[220:]])
    found, _ = detections((kept, DANCER[1][kept]), (T, body(T, 560, 150)), frames=300, order=3)
    track = dancer_track(found, fps=FPS, size=SIZE, meta={}, source="a.json")
    assert np.flatnonzero(track.given.any(1)).tolist() == kept.tolist()
    assert (track.meta["frames_dropped"], track.meta["frames_with_nobody"]) == (120, 0)


def test_a_passer_by_among_others_is_not_the_dancer_who_is_away():
    kept = np.concatenate([T[:100], T[220:]])
    passer = (T[120:190], body(T[120:190], np.linspace(-20, 500, 70), 150))
    # The watcher leaves before the passer-by does.
    watcher = (T[:160], body(T[:160], 560, 150))
    found, who = detections((kept, DANCER[1][kept]), passer, watcher, frames=300, order=3)
    members, report = select_dancer(found, fps=FPS, size=SIZE)
    assert (who[members] == 0).all()
    assert len(members) == len(kept)
    assert report["stray"] == 0


def test_a_lone_pose_at_the_place_of_someone_who_is_missing_is_theirs():
    dancer = np.delete(T, 150)
    watcher = np.delete(T, [149, 150, 151])
    alone = (T[150:151], body(T[150:151], 540, 150, y=250))
    found, who = detections(
        (dancer, DANCER[1][dancer]), (watcher, body(watcher, 560, 150)), alone, frames=300
    )
    members, _ = select_dancer(found, fps=FPS, size=SIZE)
    assert (who[members] == 0).all()
    assert len(members) == 299


def test_frames_without_the_dancer_are_counted_by_whose_doing():
    kept = T[10:250]
    found, _ = detections((kept, DANCER[1][kept]), (T[5:], body(T[5:], 560, 190)), frames=310)
    meta = dancer_track(found, fps=FPS, size=SIZE, meta={}, source="a.json").meta
    assert (meta["frames_dropped"], meta["frames_with_nobody"]) == (5 + 50, 5 + 10)


def test_a_file_of_one_person_a_frame_keeps_every_pose():
    found, _ = detections(jumping(aside=(200, 30)), frames=310)
    for label in (np.nan, 0.0, 1.0):
        track = track_of(
            replace(found, label=np.full(len(found), label)),
            fps=FPS,
            size=SIZE,
            meta={},
            source="a/b.json",
        )
        np.testing.assert_array_equal(
            track.keypoints[:300], jumping(aside=(200, 30))[1].astype("f")
        )
        assert track.meta == {"source": "b.json", "frames_dropped": 0, "frames_with_nobody": 10}
    # Different numbers are no reason to choose either.
    numbers = replace(found, label=np.arange(300.0))
    track = track_of(numbers, fps=FPS, size=SIZE, meta={}, source="b.json", linker="labels")
    assert track.given.any(1).sum() == 300


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
    # Small people at the picture's edges, each for a part of the time and farther down.
    crowd = [
        (T[60 * w : 60 * w + 20], body(T[:20], x, 18, y=40 + 65 * w))
        for w in range(5)
        for x in (15, 75, 135, 505, 565, 625)
    ]
    found, _ = detections(DANCER, *crowd, frames=300)
    members, report = select_dancer(found, fps=FPS, size=SIZE)
    assert len(members) == 300
    assert len(report["rejected"]) == LISTED
    assert report["rejected_count"] == 30
    scores = [r["score"] for r in report["rejected"]]
    assert scores == sorted(scores, reverse=True)


def test_where_the_rejected_were_is_recorded_in_a_few_boxes():
    found, _ = detections(DANCER, BYSTANDERS["crosses behind"], frames=300)
    _, report = select_dancer(found, fps=FPS, size=SIZE)
    (other,) = report["rejected"]
    assert len(other["path"]) == PATH
    frame, x, y, width, height = np.array(other["path"]).T
    assert (frame[0], frame[-1]) == (100, 249)
    assert (np.diff(frame) > 0).all()
    poses = BYSTANDERS["crosses behind"][1][frame - 100]
    np.testing.assert_allclose(x, poses[..., 0].min(1), atol=0.5)
    np.testing.assert_allclose(y + height, poses[..., 1].max(1), atol=1)
    assert set(height) <= {104, 105}
    assert set(width) <= {37, 38}
    assert "path" not in report["chosen"]


def people(*, crossing, hidden, seed):
    """Dancer and a passer-by of the same size; one of them is unseen while they cross."""
    x = np.linspace(100, 540, 120)
    near = np.abs(x - 320) < 60
    walk = T[90:210]
    seen = {"dancer": ~np.isin(T, walk[near]), "passer-by": ~near}
    dancer = T[seen["dancer"]] if hidden == "dancer" else T
    passer = walk[seen["passer-by"]] if hidden == "passer-by" else walk
    side = x if crossing == "right" else x[::-1]
    # Who walks is seen from the side: shoulders and hips one behind the other.
    poses = body(walk, 0, 150)
    poses[..., 0] *= 0.3
    poses[..., 0] += side[:, None]
    return detections(
        (dancer, DANCER[1][dancer]), (passer, poses[passer - 90]), frames=300, order=seed
    )


@pytest.mark.parametrize("hidden", ["dancer", "passer-by"])
@pytest.mark.parametrize("crossing", ["left", "right"])
def test_nobody_takes_anothers_number_where_one_is_hidden(crossing, hidden):
    found, who = people(crossing=crossing, hidden=hidden, seed=1)
    number = link(found, FPS)
    one, other = (set(number[who == w].tolist()) - {-1} for w in (0, 1))
    assert len(one) == len(other) == 1
    assert one != other
    members, _ = select_dancer(found, fps=FPS, size=SIZE)
    assert (who[members] == 0).all()


def test_a_second_pose_on_the_same_person_is_not_chosen_twice():
    double = (T[100:130], DANCER[1][100:130] + 1.5)
    found, _ = detections(DANCER, double, frames=300, order=1)
    members, report = select_dancer(found, fps=FPS, size=SIZE)
    assert len(members) == 300
    assert np.abs(found.keypoints[members] - DANCER[1]).max() <= 1.5
    assert report["rejected_count"] <= 1


def test_the_labels_of_a_tracker_are_mended():
    watcher = (T, body(T, 540, 190))
    found, who = detections(DANCER, watcher, frames=300, order=2)
    # At frame 150 the tracker exchanges the two; a label is doubled in frame 10.
    label = np.where((found.frame >= 150) ^ (who == 1), 1.0, 2.0)
    label[found.frame == 10] = 1.0
    found = replace(found, label=label)
    members, report = select_dancer(found, fps=FPS, size=SIZE, linker="labels")
    assert (who[members] == 0).all()
    assert len(members) >= 299
    assert report["linker"] == {"name": "labels"}


def test_a_linker_must_be_known_and_have_labels():
    found, _ = detections(DANCER, frames=300)
    with pytest.raises(ItemError, match=r"unknown linker.*poses, pose_flow, labels"):
        select_dancer(found, fps=FPS, size=SIZE, linker="sort")
    with pytest.raises(ItemError, match="`labels` needs an estimator that numbers people"):
        select_dancer(found, fps=FPS, size=SIZE, linker="labels")


# Of one clip a dancer between two who cross her, for 0.4 s, is taken for nobody.
@pytest.mark.parametrize(
    ("source", "least"), [("demo:midnight/diego/1", 0.99), ("demo:sunset/ada/3", 0.95)]
)
@pytest.mark.parametrize("bystanders", soak_after(1, [3, 1, 2]))
def test_the_dancer_of_a_demo_clip_is_followed_among_bystanders(source, least, bystanders, capsys):
    """A small version of benchmarks/dancer.py: frames that are right against the truth."""
    scene = film(f"{source}?bystanders={bystanders}", start=5, end=15, seed=1)
    found, who = estimate(scene, seed=bystanders)
    assert set(who.tolist()) == set(range(bystanders + 1))
    for linker in LINKERS:
        members, _ = select_dancer(found, fps=scene.fps, size=scene.camera.size, linker=linker)
        right = frames_right(scene, found, members)
        share = right.mean()
        assert right[found.frame[members]].mean() >= 0.995
        with capsys.disabled():
            print(
                f"\n{source}, {bystanders} bystanders, {linker}: {share:.2%} of {len(scene)} frames"
            )
        assert share >= least


@pytest.mark.parametrize("source", soak_after(1, ["demo:sunset/ada/204", "demo:amber/diego/207"]))
def test_a_dancer_hidden_twice_is_not_taken_for_a_later_passer_by(source):
    """A second in plain view between two crossings went to somebody else's track."""
    scene = film(f"{source}?bystanders=3", start=5, end=25, seed=1)
    found, _ = estimate(scene, seed=int(source[-3:]) - 201)
    for linker in LINKERS:
        members, _ = select_dancer(found, fps=scene.fps, size=scene.camera.size, linker=linker)
        assert frames_right(scene, found, members).mean() >= 0.99


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


@pytest.mark.parametrize("fps", [10, 25, 30, 60])
def test_jitter_is_no_movement(fps):
    """Who dances gently is chosen before who stands a little nearer and is found with jitter."""
    rng = np.random.default_rng(3)
    frames = np.arange(8 * fps)
    # Arms swing once a second and a half.
    dances = body(frames * 10 / fps, 300, 150, swing=0.08)
    stands = body(frames, 420, 170) + rng.normal(0, 3, (len(frames), 17, 2))
    found, who = detections((frames, dances), (frames, stands), frames=len(frames), order=1)
    members, report = select_dancer(found, fps=fps, size=SIZE)
    assert (who[members] == 0).all()
    assert report["chosen"]["motion"] > report["rejected"][0]["motion"]
