import json

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import save_file

from choreo.cli import main
from choreo.dances.generate import (
    Generator,
    generate,
    generate_many,
    load_generator,
)
from choreo.dataset.audio import network_audio
from choreo.dataset.description import DataDescription
from choreo.dataset.normalise import normalise
from choreo.errors import ChoreoError, ConfigError, ItemError
from choreo.models.gan.pose_generator import draw_noise
from choreo.models.gan.segments import dance_segments, split_song
from choreo.models.recipes import recipe_from
from choreo.models.shipped import shipped_names
from choreo.pose.track import PoseTrack

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    recipe = recipe_from({})
    poses = np.random.default_rng(0).uniform(-1, 1, (3, 18, 2)).astype(np.float32)
    model = recipe.build(DataDescription())
    model.generator.eval()
    return Generator(model, poses, {})


@pytest.fixture(scope="module")
def song():
    return np.random.default_rng(1).integers(-3000, 3000, 16000 * 11 + 900, np.int16)


def write(generator, path):
    state = {f"generator.{k}": v for k, v in generator.model.generator.state_dict().items()}
    state["initial_poses"] = torch.from_numpy(generator.initial_poses)
    data = {"method": generator.data.method, "canvas": generator.data.canvas}
    summary = {"recipe": generator.recipe.model_dump(), "data": data, "seed": 7}
    save_file(state, path, metadata={"choreo": json.dumps(summary)})


def test_a_dance_is_as_long_as_its_song(generator, song):
    track = generate(generator, song, seed=1)
    assert isinstance(track, PoseTrack)
    assert len(track) == 111  # 11.05625 s
    assert (track.skeleton, track.fps, track.size) == ("openpose18", 10, (640, 320))
    assert track.given.all()
    assert track.keypoints[..., 0].min() >= 0
    assert track.keypoints[..., 0].max() <= 640
    assert track.keypoints[..., 1].min() >= 0
    assert track.keypoints[..., 1].max() <= 320
    assert track.meta["seed"] == 1


@pytest.mark.parametrize(("samples", "frames"), [(1, 1), (1600, 1), (1601, 2), (80000, 50)])
def test_any_length(generator, samples, frames):
    song = np.arange(-5, samples - 5).astype(np.int16)
    song[0] = 100
    if samples == 1:
        with pytest.raises(ItemError, match="silent"):
            generate(generator, song, seed=0)
    else:
        assert len(generate(generator, song, seed=0)) == frames


def test_the_seed_decides(generator, song):
    a, b, c = (generate(generator, song, seed=seed).keypoints for seed in (1, 1, 2))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_without_temperature_the_noise_is_gone(generator, song):
    a, b = (
        generate(generator, song, seed=s, initial_pose="zero", temperature=0).keypoints
        for s in (1, 2)
    )
    assert np.array_equal(a, b)


def test_each_segment_begins_from_the_last_pose_of_the_one_before(generator, song):
    audio = network_audio(song, "thesis")
    segments, noise = split_song(audio), draw_noise(3, 50)
    (dance,) = dance_segments(generator.model.generator, [segments], np.zeros((1, 18, 2)), [noise])
    start = torch.zeros(1, 36)
    for k in range(3):
        with torch.no_grad():
            alone = generator.model.generator(
                torch.from_numpy(segments[k : k + 1]), start, noise[k : k + 1]
            )
        np.testing.assert_allclose(dance[50 * k : 50 * k + 50].reshape(50, 36), alone[0], atol=1e-5)
        start = alone[:, -1]


def test_cross_faded_segments_share_a_second(generator, song):
    audio = network_audio(song, "thesis")
    segments, noise = split_song(audio, overlap=10), draw_noise(3, 50)
    assert segments.shape == (3, 50, 1600)
    assert (segments[0, :10] == audio[0]).all()
    assert np.array_equal(segments[0, 10:].ravel(), audio[:64000])
    assert np.array_equal(segments[1].ravel(), audio[48000:128000])
    args = generator.model.generator, [segments], np.zeros((1, 18, 2)), [noise]
    (dance,) = dance_segments(*args, overlap=10)
    assert len(dance) == 120
    alone, start = [], torch.zeros(1, 36)
    for k in range(3):
        with torch.no_grad():
            segment = torch.from_numpy(segments[k : k + 1])
            alone.append(generator.model.generator(segment, start, noise[k : k + 1])[0])
        start = alone[-1][40:41]
    dance = torch.from_numpy(dance).flatten(1)
    torch.testing.assert_close(dance[:30], alone[0][10:40], atol=1e-5, rtol=0)
    torch.testing.assert_close(dance[40:70], alone[1][10:40], atol=1e-5, rtol=0)
    share = torch.linspace(0.05, 0.95, 10)[:, None]
    fade = (1 - share) * alone[0][40:] + share * alone[1][:10]
    torch.testing.assert_close(dance[30:40], fade, atol=1e-5, rtol=0)


@pytest.mark.parametrize("samples", [1601, 16000, 64000, 64001, 80000, 177700])
def test_cross_faded_dances_have_any_length(generator, samples):
    song = np.random.default_rng(0).integers(-99, 99, samples, np.int16)
    track = generate(generator, song, seed=0, join="cross_fade")
    assert len(track) == -(-samples // 1600)
    assert track.meta["join"] == "cross_fade"


@pytest.mark.parametrize("model", shipped_names())
def test_a_join_is_refused_where_no_model_dances_in_segments(model, song, tmp_path, capsys):
    sound, out = tmp_path / "song.wav", tmp_path / "dance.npz"
    soundfile.write(sound, song, 16_000)
    command = ["dance", str(sound), "-o", str(out), "--join", "cross_fade", "--model", model]
    assert main(command) != 0
    assert "no model here dances in segments" in capsys.readouterr().err
    assert not out.exists()


def test_an_unknown_join_is_refused(generator, song):
    with pytest.raises(ConfigError, match=r"unknown join.*'cut'"):
        generate(generator, song, seed=0, join="cut")


def test_songs_together_give_the_dances_of_each_alone(generator, song):
    together = generate_many(generator, [song[:90000], song], seeds=[1, 2])
    for track, samples, seed in zip(together, (song[:90000], song), (1, 2), strict=True):
        alone = generate(generator, samples, seed=seed)
        np.testing.assert_allclose(track.keypoints, alone.keypoints, atol=0.01)


def test_the_initial_pose_can_be_chosen(generator, song):
    short = song[:16000]
    zero, same, pose = (
        generate(generator, short, seed=1, initial_pose=chosen).keypoints
        for chosen in ("zero", np.zeros((18, 2)), generator.initial_poses[0])
    )
    assert np.array_equal(zero, same)
    assert not np.array_equal(zero, pose)
    track = generate(generator, short, seed=1)
    on = generate(generator, short, seed=1, initial_pose=track)
    again = generate(generator, short, seed=1, initial_pose=track.keypoints[-1] / (320, 160) - 1)
    np.testing.assert_allclose(on.keypoints, again.keypoints, atol=1e-3)


def test_a_random_initial_pose_is_one_of_real_dances(generator, song):
    short = song[:16000]
    dances = [
        generate(generator, short, seed=1, initial_pose=pose, temperature=0).keypoints
        for pose in generator.initial_poses
    ]
    for seed in range(5):
        drawn = generate(generator, short, seed=seed, temperature=0).keypoints
        assert any(np.array_equal(drawn, dance) for dance in dances)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ("mean", "unknown initial pose.*Use random or zero"),
        (np.zeros((17, 2)), r"must be finite, shape \(18, 2\)"),
        (np.full((18, 2), np.nan), "must be finite"),
    ],
)
def test_a_wrong_initial_pose_is_refused(generator, song, chosen, message):
    with pytest.raises(ChoreoError, match=message):
        generate(generator, song, seed=1, initial_pose=chosen)


def test_a_track_of_another_canvas_is_no_initial_pose(generator, song):
    track = generate(generator, song, seed=1).with_(size=(1280, 720))
    with pytest.raises(ItemError, match="on the model's canvas"):
        generate(generator, song, seed=1, initial_pose=track)


def test_a_cleaned_track_is_scaled_as_the_training_data_were(generator, song):
    keypoints = np.random.default_rng(3).uniform(100, 300, (90, 18, 2))
    keypoints[:, 0, 1], keypoints[:, [10, 13], 1] = 60, 320  # nose over ankles
    real = PoseTrack(keypoints, np.ones((90, 18)), 30, (640, 360), "openpose18")
    pose = normalise(real, outside="clip").poses[-1]
    on, same = (
        generate(generator, song[:16000], seed=1, initial_pose=chosen).keypoints
        for chosen in (real, pose)
    )
    assert np.array_equal(on, same)


def test_the_number_of_threads_changes_nothing(generator):
    song = np.random.default_rng(2).integers(-3000, 3000, 16000 * 85, np.int16)
    dances = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        dances.append(generate(generator, song, seed=1, join="cross_fade").keypoints)
        assert torch.get_num_threads() == threads
    assert np.array_equal(*dances)


def test_the_last_segment_is_filled_up_or_overlaps():
    audio = np.arange(90000, dtype=np.float32)
    padded = split_song(audio)
    assert padded.shape == (2, 50, 1600)
    assert np.array_equal(padded.ravel()[:90000], audio)
    assert (padded.ravel()[90000:] == audio[-1]).all()
    overlapping = split_song(audio, last="overlap")
    assert np.array_equal(overlapping[1].ravel(), audio[10000:])
    assert split_song(audio[:80000]).shape == (1, 50, 1600)
    for samples, last in ((0, "pad"), (79999, "overlap")):
        with pytest.raises(ItemError, match="too short"):
            split_song(audio[:samples], last=last)


def test_a_model_is_read_from_its_folder_or_its_file(generator, song, tmp_path):
    write(generator, tmp_path / "weights.safetensors")
    for path in (tmp_path, tmp_path / "weights.safetensors"):
        read = load_generator(path)
        assert read.recipe == generator.recipe
        assert read.summary["seed"] == 7
        assert np.array_equal(
            generate(read, song, seed=1).keypoints, generate(generator, song, seed=1).keypoints
        )


def test_released_weights_need_a_recipe(generator, song, tmp_path):
    path = tmp_path / "generator_0350.pth"
    torch.save(generator.model.generator.state_dict(), path)
    with pytest.raises(ConfigError, match="needs a recipe"):
        load_generator(path)
    read = load_generator(path, recipe=generator.recipe)
    assert (read.data.method, read.data.canvas) == ("released", (640, 360))
    assert len(generate(read, song, seed=1, initial_pose="random")) == 111


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "an empty file .0 bytes., not a model of choreo"),
        (b"x" * 99, "not a model of choreo"),
    ],
)
def test_a_file_that_is_no_model_is_named(tmp_path, content, message):
    path = tmp_path / "weights.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ItemError, match=f"weights.safetensors: {message}"):
        load_generator(tmp_path)


def test_a_file_of_another_network_is_named(generator, tmp_path):
    state = {"generator.x": torch.zeros(1), "initial_poses": torch.zeros(1, 18, 2)}
    summary = {"recipe": {}, "data": {"method": "thesis", "canvas": [640, 320]}}
    path = tmp_path / "weights.safetensors"
    save_file(state, path, metadata={"choreo": json.dumps(summary)})
    with pytest.raises(ItemError, match="weights of another network"):
        load_generator(path)
    save_file(state, path)
    with pytest.raises(ItemError, match="not a model of choreo"):
        load_generator(path)
