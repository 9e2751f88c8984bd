"""A flow is trained: from any window, at any rate, to the same bytes, from given weights."""

import json
import resource

import numpy as np
import pytest
import torch
from flow_songs import TINY, clicks, packed
from test_training_train import outputs, run

from choreo.dances.generate import generate, load_generator
from choreo.dataset.audio import decode, stored
from choreo.dataset.audio import frames as framed
from choreo.dataset.pack import ChunkDataset
from choreo.dataset.seen import seen_in
from choreo.errors import ConfigError, ItemError
from choreo.files.sealed import save_tensors
from choreo.models.data import load_batch
from choreo.models.family import Position, Setting
from choreo.models.flow.model import draw_times, learning_rate_factor
from choreo.models.flow.muon import Muon, orthogonal
from choreo.models.flow.network import Network
from choreo.models.flow.windows import Windows, draw_masks
from choreo.models.recipes import recipe_from
from choreo.models.songs import needed, songs_of
from choreo.models.weights import INITIAL_POSES, read_model
from choreo.pose.skeletons import OPENPOSE18
from choreo.training.model_card import model_card

CPU = torch.device("cpu")


def test_it_learns(songs, tmp_path):
    switches = {"epochs": 20, "batch_size": 14, "learning_rate": 1e-2, "mirror": False}
    summary = run(songs, tmp_path, recipe_from({**TINY, **switches, "width": 32, "steps": 2}))
    rows = np.genfromtxt(tmp_path / "losses.csv", delimiter=",", names=True)
    assert rows["flow"][-5:].mean() < 0.6 * rows["flow"][:5].mean()
    assert np.isfinite(list(summary["fit"].values())).all()
    assert (summary["batch_size"], summary["steps"]) == (14, 20)
    assert "| family | flow |" in model_card(summary, "flow", ["CC0-1.0"])


def test_a_killed_training_goes_on_to_the_same_bytes(songs, tiny, tmp_path):
    def stop(step, steps, values):
        if step == 5:
            raise KeyboardInterrupt

    run(songs, tmp_path / "whole", tiny)
    with pytest.raises(KeyboardInterrupt):
        run(songs, tmp_path / "cut", tiny, on_progress=stop, checkpoint_steps=1)
    given = []
    run(songs, tmp_path / "cut", tiny, on_progress=lambda step, *_: given.append(step))
    assert given[0] == 5
    assert outputs(tmp_path / "cut") == outputs(tmp_path / "whole")


@pytest.mark.soak
@pytest.mark.parametrize("music", ["phase", "mel", "raw"])
@pytest.mark.parametrize("fps", [10, 20, 30])
def test_it_trains_and_dances_at_any_rate_to_any_music(fps, music, tmp_path):
    dataset = ChunkDataset(packed(tmp_path / "data", fps=fps, chunk_seconds=1.0), "train")
    recipe = recipe_from({**TINY, "music": music, "epochs": 1})
    run(dataset, tmp_path, recipe)
    song = np.random.default_rng(0).normal(size=16_000 * 3)
    track = generate(load_generator(tmp_path), song, seed=1)
    assert (len(track), track.fps) == (3 * fps, fps)
    assert np.isfinite(track.keypoints).all()


def test_songs_are_put_together_from_their_chunks(songs):
    found = songs_of(songs, "phase")
    assert songs_of(songs, "phase") is found
    assert len(found.dances) == 2
    for dance, period in zip(found.dances, (0.5, 0.4)):
        assert dance.poses.shape == (140, 18, 2)
        assert np.median(np.diff(dance.features.beats)) == pytest.approx(period, abs=0.01)
        # The beats are where the clicks are, over all of the song.
        away = dance.features.beats - 0.2
        assert np.abs(away - period * np.rint(away / period)).max() < 0.04
        assert dance.features.beats[-1] - dance.features.beats[0] > 11
    # A chunk hears what the song is at its time.
    batch = load_batch(songs, [3], music="phase")
    np.testing.assert_array_equal(
        batch["music"][0], found.dances[0].features.at(6 + np.arange(20) / 10)
    )
    np.testing.assert_array_equal(
        batch["poses"][0].unflatten(1, (18, 2)), found.dances[0].poses[60:80]
    )


def test_overlapping_chunks_and_gaps_are_laid_where_they_were(tmp_path):
    path = packed(tmp_path, periods=(0.5,), stride_seconds=1.0)
    dataset = ChunkDataset(path, "train")
    whole = songs_of(dataset, "phase").dances[0]

    class Gap:
        """All but the chunks that lie over seconds 6 to 8."""

        description, split, path = dataset.description, "train", dataset.path
        kept = np.array([i for i in range(len(dataset)) if i not in (5, 6)])
        clip, start_seconds = dataset.clip[kept], dataset.start_seconds[kept]

        def __len__(self):
            return len(self.kept)

        def batch(self, indices):
            return dataset.batch(self.kept[np.asarray(indices)])

    gap = Gap()
    cut = songs_of(gap, "phase")
    missing = ~np.isfinite(cut.dances[0].poses).all((1, 2))
    assert np.flatnonzero(missing).tolist() == list(range(60, 70))
    np.testing.assert_array_equal(cut.dances[0].poses[~missing], whole.poses[~missing])
    for number, first in cut.windows(20):
        assert not missing[first : first + 20].any(), number
    assert len(cut.windows(20)) == (60 - 19) + (70 - 19)
    assert not len(cut.windows(71))


def test_a_mirrored_window_has_left_and_right_exchanged(songs):
    found = songs_of(songs, "phase")
    plain, music = found.cut((0, 33), 20)
    mirrored, same = found.cut((0, 33), 20, mirrored=True)
    np.testing.assert_array_equal(music, same)
    names = OPENPOSE18.joints
    left, right, nose = map(names.index, ("left_wrist", "right_wrist", "nose"))
    np.testing.assert_array_equal(mirrored[:, left], plain[:, right] * [-1, 1])
    np.testing.assert_array_equal(mirrored[:, nose], plain[:, nose] * [-1, 1])
    assert sorted(OPENPOSE18.mirror) == list(range(18))


def test_sound_and_motion_are_played_faster_together(songs):
    found = songs_of(songs, "phase")
    poses, music = found.cut((0, 20), 20, speed=1.25)
    assert needed(20, 1.25) == 25
    still = songs.batch([0])["pose"].mean()
    assert np.isfinite(still)
    # The dancer's swing, in closed form, at the times that are played.
    time = 2 + 1.25 * np.arange(20) / 10
    joint = np.ptp(found.dances[0].poses[:, :, 0], axis=0).argmax()
    swing = np.sin(np.pi * (time - 0.2) / 0.5)
    assert abs(np.corrcoef(poses[:, joint, 0], swing)[0, 1]) > 0.98
    slower = found.dances[0].features.at(time)
    np.testing.assert_allclose(music[:, :6], slower[:, :6], atol=1e-6)
    np.testing.assert_allclose(music[:, 6], slower[:, 6] - np.log2(1.25), atol=1e-5)


def test_windows_are_of_seed_and_step_alone(songs):
    recipe = recipe_from({**TINY, "tempo": 0.2})
    one, again = (Windows(songs, recipe, 1, CPU) for _ in range(2))
    one(0)
    for step in (3, 1):
        for name, value in one(step).items():
            torch.testing.assert_close(value, again(step)[name], rtol=0, atol=0)
    other = Windows(songs, recipe, 2, CPU)(3)
    assert not torch.equal(other["poses"], one(3)["poses"])
    assert one(3)["poses"].shape == (4, 20, 36)
    assert one(3)["music"].shape == (4, 20, 13)


@pytest.mark.parametrize("fps", [10, 30])
def test_windows_of_samples_begin_anywhere_and_sound_as_the_song_does(fps, tmp_path):
    """Of chunks that overlap, so that a window may lie in several."""
    path = packed(tmp_path, fps=fps, stride_seconds=1.0)
    dataset = ChunkDataset(path, "train")
    found = songs_of(dataset, "raw")
    assert {dance.features for dance in found.dances} == {None}
    frames = 2 * fps
    sound = found.stored_sound(dataset, [(0, 0), (0, 7), (1, 33)], frames)
    for own, (period, first) in zip(sound, ((0.5, 0), (0.5, 7), (0.4, 33))):
        song = decode(stored(clicks(period), "thesis"), "thesis")
        of_song = framed(song, dataset.description)[first : first + frames]
        np.testing.assert_array_equal(own, of_song)
    recipe = recipe_from({**TINY, "music": "raw", "mirror": False, "batch_size": 64})
    batch = Windows(dataset, recipe, 1, CPU)(0)
    poses = found.dances[0].poses.reshape(len(found.dances[0].poses), -1)
    whole = [w for w in batch["poses"].numpy() if (poses == w[0]).all(1).any()]
    starts = {int(np.flatnonzero((poses == w[0]).all(1))[0]) for w in whole}
    assert any(start % fps for start in starts)


def test_masks_tell_nothing_in_a_share_and_else_all_kinds():
    masks = draw_masks(np.random.default_rng(0), (2000, 20, 18), 0.2)
    assert np.mean(~masks.any((1, 2))) == pytest.approx(0.23, abs=0.04)
    first_alone = masks[:, 0].all(1) & ~masks[:, 1:].any((1, 2))
    joints = (masks == masks[:, :1]).all((1, 2)) & (masks.mean((1, 2)) % 1 > 0)
    assert first_alone.mean() > 0.08
    assert joints.mean() > 0.1
    assert not draw_masks(np.random.default_rng(0), (50, 20, 18), 1.0).any()


def test_the_learning_rate_rises_is_held_and_falls():
    factors = [learning_rate_factor(step, 1000) for step in (0, 100, 499, 750, 999)]
    np.testing.assert_allclose(factors, [1 / 51, 1, 1, 0.5, 0], atol=1e-4)


def test_times_are_logit_normal_and_spread_evenly():
    torch.manual_seed(0)
    logits = torch.logit(draw_times(32)) + 0.6
    # One in each share of the distribution, in an order that is drawn.
    places = (32 * torch.special.ndtr(logits)).floor().int()
    assert sorted(places.tolist()) == list(range(32))
    assert places.tolist() != list(range(32))
    assert draw_times(1).shape == (1,)


@pytest.mark.parametrize("shape", [(12, 12), (12, 48), (48, 12), (3, 12, 12)])
def test_momentum_is_made_orthogonal(shape):
    """Steps of Newton and Schulz keep singular vectors and bring singular values to about 1."""
    given = torch.from_numpy(np.random.default_rng(0).normal(size=shape)).float()
    found = orthogonal(1e-3 * given)
    left, values, right = torch.linalg.svd(given, full_matrices=False)
    turned = left.mT @ found @ right.mT
    singular = turned.diagonal(dim1=-2, dim2=-1)
    assert (turned - torch.diag_embed(singular)).abs().max() < 1e-3
    large = singular[values > 0.1 * values.max()]
    assert large.min() > 0.5
    assert large.max() < 1.3


def test_muon_moves_queries_keys_and_values_each_as_far():
    weight = torch.nn.Parameter(torch.zeros(24, 8))
    gradient = torch.from_numpy(np.random.default_rng(0).normal(size=(3, 8, 8))).float()
    # Whatever the size of the gradients.
    weight.grad = (gradient * torch.tensor([1.0, 10.0, 1e-4])[:, None, None]).reshape(24, 8)
    Muon([weight], 0.5).step()
    lengths = weight.detach().view(3, 8, 8).norm(dim=(1, 2))
    np.testing.assert_allclose(lengths, 0.5 * 8**0.5, rtol=0.2)
    assert (weight.detach().view(3, -1) * gradient.view(3, -1)).sum(1).max() < 0


@pytest.mark.parametrize("patch", [1, 2, 3])
def test_poses_of_a_token_keep_their_places(patch):
    """Windows of any length; music of a token alone reaches no token out of sight."""
    torch.manual_seed(0)
    network = Network(36, 13, 20, width=16, layers=1, heads=2, patch=patch)
    torch.nn.init.normal_(network.output.weight)
    music = torch.randn(2, 20, 13)
    inputs = [torch.zeros(2, 20, 36), torch.zeros(2)]
    known = [torch.zeros(2, 20, 36), torch.zeros(2, 20, 18)]
    found = network(*inputs, music, *known)
    assert found.shape == (2, 20, 36)
    # Gates of attention are closed at first: a block sees two tokens on either side.
    other = music.clone()
    other[:, 19] += 1
    moved = (network(*inputs, other, *known) - found).abs().amax((0, 2)) > 0
    first = 19 // patch * patch
    assert moved[first:].all()
    assert not moved[: first - 2 * patch].any()


def test_no_step_depends_on_what_is_masked_out(songs, tiny):
    """What is not given is given by nothing: the network gets zeros there."""
    torch.manual_seed(0)
    model = tiny.build(songs.description)
    model.begin(songs, Setting(1, CPU))
    seen = []
    model.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs))
    batch = model.batches(songs, Setting(1, CPU))(0)
    model.step(batch, Position(0, 10, 0))
    _, _, _, known, mask, _ = seen[0]
    assert torch.equal(known != 0, (known != 0) & (mask.repeat_interleave(2, -1) > 0))


def test_it_goes_on_from_given_weights_and_knows_what_they_saw(songs, tiny, tmp_path):
    run(songs, tmp_path / "first", tiny)
    mine = ChunkDataset(packed(tmp_path / "mine", periods=(0.6,)), "train")
    start = str(tmp_path / "first" / "weights.safetensors")
    still = tiny.with_(start_from=start, epochs=0)
    assert still.own_files == {"start_from": start}
    summary = run(mine, tmp_path / "still", still)
    before, same = (load_generator(tmp_path / name).model.state() for name in ("first", "still"))
    assert all(torch.equal(before[name], same[name]) for name in before)
    assert summary["trained_on"] == seen_in(songs)
    summary = run(mine, tmp_path / "tuned", tiny.with_(start_from=start))
    tuned = load_generator(tmp_path / "tuned").model.state()
    assert torch.equal(before["mean"], tuned["mean"])
    assert not torch.equal(before["network.output.weight"], tuned["network.output.weight"])
    seen = summary["trained_on"]
    assert seen["videos"] == ["v0", "v1"]
    assert set(seen["clips"]) == {*seen_in(songs)["clips"], *seen_in(mine)["clips"]}
    assert summary["started_from"]["file"] == "weights.safetensors"
    assert json.loads((tmp_path / "tuned" / "metrics.json").read_text()) == summary


@pytest.mark.parametrize(
    ("switches", "said"),
    [
        ({"width": 32}, "width 16, not 32"),
        ({"patch": 4}, "patch 2, not 4"),
        ({"music": "raw"}, "music phase, not raw"),
    ],
)
def test_weights_of_another_shape_are_refused(switches, said, songs, tiny, tmp_path):
    run(songs, tmp_path / "first", tiny.with_(epochs=1))
    start = str(tmp_path / "first" / "weights.safetensors")
    with pytest.raises(ConfigError, match=said):
        run(songs, tmp_path / "no", tiny.with_(start_from=start, **switches))


def test_other_data_to_start_from_are_refused(songs, tiny, tmp_path):
    run(songs, tmp_path / "first", tiny.with_(epochs=1))
    other = ChunkDataset(packed(tmp_path / "other", fps=20), "train")
    start = str(tmp_path / "first" / "weights.safetensors")
    with pytest.raises(ConfigError, match="fps 20, not 10"):
        run(other, tmp_path / "no", tiny.with_(start_from=start))


def test_no_shipped_weights_is_said_in_time(tiny, monkeypatch, tmp_path):
    monkeypatch.setattr("choreo.models.shipped.FOLDER", tmp_path)
    with pytest.raises(ConfigError, match="brings no weights"):
        _ = tiny.with_(start_from="shipped").own_files
    (tmp_path / "flow.safetensors").touch()
    assert tiny.with_(start_from="shipped").own_files["start_from"].endswith("flow.safetensors")


@pytest.mark.parametrize(
    ("switches", "said"),
    [
        ({"heads": 3}, "multiple of twice the heads"),
        ({"music": "raw", "tempo": 0.1}, "one speed"),
        ({"guidance": 2, "without_music": 0}, "needs both"),
        ({"music": "melody"}, "no such music features"),
        ({"encoder": "gru"}, "unknown switch"),
    ],
)
def test_wrong_switches_are_refused(switches, said):
    with pytest.raises(ConfigError, match=said):
        recipe_from({**TINY, **switches})


def test_weights_that_are_not_of_its_shape_are_refused(songs, tiny):
    model = tiny.build(songs.description)
    state = model.state()
    with pytest.raises(ItemError, match="not the weights of a flow"):
        model.load_state({name: value for name, value in state.items() if name != "mean"})
    with pytest.raises(ItemError, match="not the weights of a flow"):
        model.load_state({**state, "network.more": torch.zeros(1)})


def test_a_header_that_asks_for_more_than_its_weights_took_is_refused(songs, tiny, tmp_path):
    """64 layers 2048 wide would take 20 GB; no network of this size is made."""
    summary = {"recipe": {**tiny.model_dump(), "width": 2048, "layers": 64, "heads": 16}}
    summary["data"] = songs.description.as_json()
    state = {**tiny.build(songs.description).state(), INITIAL_POSES: torch.zeros(1, 18, 2)}
    save_tensors(tmp_path / "w.safetensors", state, summary)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ItemError, match=r"w\.safetensors: not the weights of a flow"):
        read_model(tmp_path / "w.safetensors")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000
