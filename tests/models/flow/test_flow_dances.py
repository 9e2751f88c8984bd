"""A flow dances: one dance a song without seams, held poses exactly, loops, seeds."""

import numpy as np
import pytest
import soundfile
import torch
from flow_songs import TINY, packed
from test_training_train import run

from choreo.cli import main
from choreo.dances.editing import Keep, known_poses, parse_keep
from choreo.dances.generate import Generator, generate, generate_many, load_generator
from choreo.dances.seams import seam_jumps
from choreo.dataset.description import DataDescription
from choreo.dataset.normalise import to_pixels
from choreo.dataset.pack import ChunkDataset
from choreo.errors import ConfigError, ItemError
from choreo.models.family import Request
from choreo.models.flow.sampling import Song, dance, times, window_places
from choreo.models.recipes import recipe_from
from choreo.pose.skeletons import OPENPOSE18
from choreo.pose.track import PoseTrack

LEGS = [i for i, name in enumerate(OPENPOSE18.joints) if name.split("_")[-1] in "hip knee ankle"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of the training of a flow that has learned a little, in a second."""
    folder = tmp_path_factory.mktemp("trained")
    data = ChunkDataset(packed(folder / "data"), "train")
    run(data, folder, recipe_from({**TINY, "epochs": 10, "learning_rate": 1e-2}))
    return folder


@pytest.fixture(scope="module")
def trained(folder):
    return load_generator(folder)


@pytest.fixture(scope="module")
def song():
    return np.random.default_rng(1).integers(-3000, 3000, 16000 * 9, np.int16)


def request(frames, seed=0, **more):
    music = np.random.default_rng(9).normal(size=(frames, 13)).astype(np.float32)
    return Request(music, np.zeros((18, 2)), np.random.default_rng(seed), **more)


def test_times_go_from_noise_to_poses_by_their_formula():
    np.testing.assert_allclose(times(4, 1.0), [0, 0.25, 0.5, 0.75, 1])
    noise = np.array([1, 0.75, 0.5, 0.25, 0])
    np.testing.assert_allclose(times(4, 3.0), 1 - 3 * noise / (1 + 2 * noise))


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("count", [20, 21, 47, 200])
def test_windows_cover_every_frame_and_move(count, loop):
    for step in range(4):
        places = window_places(count, 20, step, loop=loop)
        assert set(places.reshape(-1)) == set(range(count))
        assert (np.diff(places, axis=1) % count == 1 % count).all()
    moved = [window_places(200, 20, step)[1, 0] for step in (0, 1)]
    assert moved[0] != moved[1]


def test_a_sure_network_gives_its_estimate_at_the_end():
    """Whatever the windows and the noise: the mean of equal estimates is the estimate."""
    wanted = np.random.default_rng(0).normal(size=(53, 6)).astype(np.float32)
    songs = [
        Song(
            wanted,
            np.zeros((53, 6), np.float32),
            np.zeros((53, 3), np.float32),
            np.zeros((53, 3), bool),
            np.random.default_rng(1).normal(size=(53, 6)).astype(np.float32),
        )
    ]
    (found,) = dance(
        lambda noisy, time, music, *_: music, songs, 20, steps=3, time_shift=3.0, reach=4
    )
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_windows_that_disagree_meet_without_a_seam():
    """Each window would stand elsewhere: joint sampling goes over, chained windows jump."""

    def estimate(noisy, time, music, known, given):
        place = np.arange(len(noisy))[:, None, None] % 2
        return np.broadcast_to(place, noisy.shape).astype(np.float32)

    zeros = np.zeros((200, 2), np.float32)
    songs = [Song(zeros, zeros, zeros[:, :1], zeros[:, :1].astype(bool), zeros)]
    (found,) = dance(estimate, songs, 50, steps=1, time_shift=1.0, reach=4)
    jumps = np.abs(np.diff(found[:, 0]))
    assert jumps.max() < 0.25  # chained: 1 where windows meet
    assert np.ptp(found) > 0.5


def test_a_dance_is_as_long_as_its_song_and_has_no_seam(trained, song):
    track = generate(trained, song, seed=1)
    assert isinstance(track, PoseTrack)
    assert (len(track), track.fps, track.meta["join"]) == (90, 10, "whole")
    assert seam_jumps(track)["speed"] < 2
    short = generate(trained, song[:9000], seed=1)
    assert len(short) == 6


def test_the_same_seed_gives_the_same_dance_and_another_another(trained, song):
    one, again, other = (generate(trained, song, seed=s).keypoints for s in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).mean() > 0.5
    # Together with other songs of other lengths it is the same but for rounding.
    both = generate_many(trained, [song[:40_000], song], seeds=[5, 1])
    np.testing.assert_allclose(both[1].keypoints, one, atol=0.05)


def test_without_noise_the_seed_decides_the_first_pose_alone(trained, song):
    still = {"temperature": 0, "initial_pose": "zero"}
    one, two = (generate(trained, song, seed=s, **still).keypoints for s in (1, 2))
    np.testing.assert_array_equal(one, two)


def test_known_frames_and_joints_come_back_exactly(trained):
    model, rng = trained.model, np.random.default_rng(3)
    known = np.full((60, 18, 2), np.nan, np.float32)
    known[[0, 59]] = rng.uniform(-0.5, 0.5, (2, 18, 2))
    known[20:30] = rng.uniform(-0.5, 0.5, (10, 18, 2))
    known[40:, LEGS] = 0.1
    (found,) = model.sample([request(60, known=known)])
    given = np.isfinite(known)
    np.testing.assert_array_equal(found[given], known[given])
    (free,) = model.sample([request(60)])
    assert np.isfinite(found).all()
    assert np.abs(found - free)[~given].max() > 1e-3


def test_what_is_held_is_held_in_every_step():
    """The noisy dance goes to the held poses, so that the network sees them come."""
    seen = []

    def estimate(noisy, time, music, known, given):
        seen.append((time, noisy[0, 5, 0], known[0, 5, 0], given[0, 5, 0]))
        return np.zeros_like(noisy)

    known, given = np.zeros((20, 2), np.float32), np.zeros((20, 1), np.float32)
    known[5], given[5] = 3.0, 1.0
    noise = np.ones((20, 2), np.float32)
    songs = [Song(noise, known, given, given > 0, noise)]
    (found,) = dance(estimate, songs, 20, steps=4, time_shift=1.0, reach=4)
    for time, noisy, own, mask in seen:
        assert noisy == pytest.approx((1 - time) * 1 + time * 3)
        assert (own, mask) == (3, 1)
    assert found[5].tolist() == [3, 3]


@pytest.mark.parametrize("frames", [9, 20, 64, 90])
def test_a_loop_meets_itself(trained, frames):
    """A loop has no beginning: turned music and noise give the turned dance."""
    model = trained.model
    music = np.random.default_rng(4).normal(size=(frames, 13)).astype(np.float32)
    noise = np.random.default_rng(5).normal(size=(frames, 36)).astype(np.float32)

    def looped(turn):
        class Drawn:
            def standard_normal(self, shape):
                return np.roll(noise, turn, axis=0)

        given = Request(np.roll(music, turn, axis=0), np.zeros((18, 2)), Drawn(), loop=True)
        return model.sample([given])[0]

    hop = 10  # windows lie so far apart
    if frames % hop == 0:
        np.testing.assert_allclose(looped(hop), np.roll(looped(0), hop, axis=0), atol=1e-4)
    found = looped(0)
    steps = np.abs(np.diff(found, axis=0, append=found[:1])).mean((1, 2))
    assert steps[-1] < 3 * steps[:-1].max()


def test_music_that_is_not_there_is_no_error(trained):
    silent = np.zeros(16_000 * 4, np.int16)
    silent[100] = 1  # the thesis's scaling refuses silence
    track = generate(trained, silent, seed=1)
    assert np.isfinite(track.keypoints).all()


def test_a_song_of_any_length_takes_bounded_windows(trained):
    """Windows are estimated in blocks: their number grows with the song, memory doesn't."""
    seen = []
    own = trained.model._estimate

    def counting(noisy, *rest):
        seen.append(len(noisy))
        return own(noisy, *rest)

    trained.model._estimate = counting
    try:
        trained.model.sample([request(4000)])
    finally:
        del trained.model._estimate
    assert max(seen) <= 256
    assert sum(seen) > 8 * 390


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a.npz@4:8", Keep("a.npz", 4, 8)),
        ("x@y/a.npz@:8", Keep("x@y/a.npz", None, 8)),
        ("a.npz@4:", Keep("a.npz", 4, None)),
        ("a.npz@:", Keep("a.npz")),
        ("a.npz@0.5:8:legs,left_wrist", Keep("a.npz", 0.5, 8, ("legs", "left_wrist"))),
    ],
)
def test_what_is_kept_is_read(text, found):
    read = parse_keep(text)
    assert str(read.track) == str(found.track)
    assert (read.start, read.end, read.joints) == (found.start, found.end, found.joints)
    assert str(read) == text


@pytest.mark.parametrize(
    "text",
    [
        *("a.npz", "@4:8", "a.npz@4", "a.npz@8:4", "a.npz@-1:4", "a.npz@4:nan", "a@1:2:3:4"),
        *("a.npz@a:b", "a.npz@1:2:wings", "a.npz@1:2:", "a.npz@4:inf"),
    ],
)
def test_what_cannot_be_kept_is_refused(text):
    with pytest.raises(ConfigError):
        parse_keep(text)


def test_a_phrase_and_the_legs_of_other_dances_are_kept(trained, song):
    one, two = (generate(trained, song, seed=s) for s in (1, 2))
    keeps = [parse_keep("one@1:3"), parse_keep("two@4:8:legs")]
    known = known_poses(keeps, [one, two], trained.data, 90)
    track = generate(trained, song, seed=3, known=known)
    np.testing.assert_allclose(track.keypoints[10:30], one.keypoints[10:30], atol=1e-3)
    legs = np.s_[40:80, LEGS]
    np.testing.assert_allclose(track.keypoints[legs], two.keypoints[legs], atol=1e-3)
    held = to_pixels(known[10:30], (640, 320)).astype(np.float32)
    np.testing.assert_array_equal(track.keypoints[10:30].astype(np.float32), held)
    arms = np.s_[40:80, [i for i in range(18) if i not in LEGS]]
    assert np.abs(track.keypoints[arms] - two.keypoints[arms]).mean() > 0.5


def test_the_command_keeps_and_loops(folder, trained, song, tmp_path):
    generate(trained, song, seed=1).save(tmp_path / "one.npz")
    soundfile.write(tmp_path / "song.wav", song, 16_000)
    command = ["dance", tmp_path / "song.wav", "--model", folder, "-o", tmp_path / "new.npz"]
    command += ["--seed", 2, "--loop", "--keep", f"{tmp_path / 'one.npz'}@1:3:arms"]
    assert main(list(map(str, command))) == 0
    one, new = (PoseTrack.load(tmp_path / f"{name}.npz") for name in ("one", "new"))
    arms = np.s_[10:30, [OPENPOSE18.index("left_wrist"), OPENPOSE18.index("right_elbow")]]
    np.testing.assert_allclose(new.keypoints[arms], one.keypoints[arms], atol=1e-3)
    assert np.abs(new.keypoints - one.keypoints).mean() > 0.5
    assert new.meta["loop"]


def test_a_real_dancers_track_is_scaled_as_the_training_data_were(trained):
    time = np.arange(90) / 30
    keypoints = np.random.default_rng(0).uniform((250, 100), (390, 300), (18, 2)) + np.sin(
        time[:, None, None]
    )
    keypoints[:, [10, 13]] = (320, 320)
    keypoints[:, [0, 14, 15, 16, 17]] = (320, 90)
    track = PoseTrack(keypoints, np.ones((90, 18)), 30, (640, 360), "openpose18")
    known = known_poses([parse_keep("t@1:2")], [track], trained.data, 40)
    given = np.isfinite(known).all((1, 2))
    assert np.flatnonzero(given).tolist() == list(range(10, 20))
    assert np.abs(known[given]).max() <= 1


def test_what_cannot_be_held_is_said(trained, song):
    track, data = generate(trained, song, seed=1), trained.data
    for keep, problem in (
        ("t@4:12", "the track ends"),
        ("t@4:8", "the new dance ends"),
        ("t@1:1.01", "keeps no pose"),
        ("t@1:2:left_heel", "no such joint"),
    ):
        with pytest.raises(ItemError, match=problem):
            known_poses([parse_keep(keep)], [track], data, 60)
    twice = [parse_keep("t@1:3"), parse_keep("t@2:4:arms")]
    with pytest.raises(ConfigError, match="kept twice"):
        known_poses(twice, [track, track], data, 90)
    with pytest.raises(ItemError, match="at another rate"):
        known_poses(twice[:1], [track.with_(fps=20)], data, 90)
    with pytest.raises(ItemError, match="shape"):
        generate(trained, song, seed=1, known=np.zeros((91, 18, 2)))
    half = np.full((90, 18, 2), np.nan)
    half[..., 0] = 0
    with pytest.raises(ItemError, match="both coordinates"):
        generate(trained, song, seed=1, known=half)


def test_a_model_that_cannot_refuses_to_hold_or_loop(song):
    torch.manual_seed(0)
    model = recipe_from({}).build(DataDescription())
    gan = Generator(model, np.zeros((0, 18, 2), np.float32), {})
    with pytest.raises(ConfigError, match="can't loop"):
        generate(gan, song, seed=1, loop=True)
    with pytest.raises(ConfigError, match="can't keep"):
        generate(gan, song, seed=1, known=np.zeros((3, 18, 2)))


def test_a_dance_begins_from_as_much_noise_as_the_recipe_says(trained):
    model, started = trained.model, []
    own, recipe = model._estimate, model.recipe

    def watching(noisy, time, *rest):
        if time == 0:
            started.append(noisy.copy())
        return own(noisy, time, *rest)

    model._estimate = watching
    try:
        for noise in (1.0, 1.5):
            model.recipe = recipe.with_(noise=noise)
            model.sample([request(40)])
    finally:
        del model._estimate
        model.recipe = recipe
    np.testing.assert_allclose(started[1], 1.5 * started[0], rtol=1e-6)


def test_guidance_goes_on_from_the_dance_without_music_through_that_with_it(trained):
    model, recipe = trained.model, trained.model.recipe
    rng = np.random.default_rng(2)
    frames = model.data.chunk_frames
    noisy, known = rng.normal(size=(2, 3, frames, 36)).astype(np.float32)
    mask = np.zeros((3, frames, 18), np.float32)
    music = rng.normal(size=(3, frames, 13)).astype(np.float32)
    found = {}
    try:
        for guidance in (0.0, 1.0, 2.5):
            model.recipe = recipe.with_(guidance=guidance)
            found[guidance] = model._estimate(noisy, 0.4, music, known, mask)
            other = model._estimate(noisy, 0.4, music[::-1].copy(), known, mask)
            # Without music any music gives the same.
            assert np.allclose(other, found[guidance], atol=1e-6) == (guidance == 0)
    finally:
        model.recipe = recipe
    wanted = found[0.0] + 2.5 * (found[1.0] - found[0.0])
    np.testing.assert_allclose(found[2.5], wanted, atol=1e-4)
