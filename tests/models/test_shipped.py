"""Weights that come with the install."""

import json
import re
import wave
from pathlib import Path

import numpy as np
import pytest
import soxr

from choreo import media
from choreo.beats.motion import motion_beats
from choreo.cli import main
from choreo.config.study import read_config
from choreo.config.training import chosen_recipes
from choreo.dances.editing import Keep, known_poses
from choreo.dances.generate import generate, generate_many, load_generator
from choreo.dataset.corpus import plan
from choreo.errors import ConfigError
from choreo.evaluation.beat_scores import TOLERANCE
from choreo.files import PROJECT, sha256
from choreo.files.strict_yaml import load_yaml
from choreo.media import SAMPLE_RATE
from choreo.models import shipped
from choreo.models.music_features import kept, rhythm
from choreo.models.recipes import load_recipes
from choreo.models.shipped.gather import MOST_BYTES, NOTICE, gather
from choreo.synth.kinds import KINDS
from choreo.synth.songs import SAMPLE_RATE as SONG_RATE
from choreo.synth.songs import make_song


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("flow", "graph"):
        (tmp_path / f"{name}.safetensors").write_bytes(name.encode())
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    return tmp_path


def test_models_are_named_or_lie_somewhere(folder, tmp_path, monkeypatch):
    assert shipped.shipped_names() == ["flow", "graph"]
    assert shipped.find_weights(None) == folder / f"{shipped.DEFAULT}.safetensors"
    assert shipped.find_weights(Path("flow")) == folder / "flow.safetensors"
    assert shipped.find_weights(Path("results/gru")) == Path("results/gru")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flow").mkdir()
    assert shipped.find_weights(Path("flow")) == Path("flow")


def test_an_install_without_weights_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    with pytest.raises(ConfigError, match="brings no weights"):
        shipped.find_weights(None)


def test_what_is_shipped_is_gathered_with_its_hashes(folder, tmp_path):
    weights = [folder / "flow.safetensors", folder / "graph.safetensors"]
    cards = [tmp_path / "a.md", tmp_path / "b.md"]
    for card in cards:
        card.write_text("# card")
    out = tmp_path / "out"
    out.mkdir()
    targets = [out / path.name for path in weights]
    gather(weights, cards, targets, [out / "flow.md", out / "graph.md"], out / "sha256.json")
    sums = json.loads((out / "sha256.json").read_text())
    assert sums == {path.name: sha256(path) for path in weights}
    assert (out / "graph.safetensors").read_bytes() == b"graph"
    assert (out / "flow.md").read_text() == "# card" + NOTICE


def test_too_much_is_not_shipped(folder, tmp_path):
    large = tmp_path / "large.safetensors"
    with open(large, "wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(ConfigError, match="at most 15 MB"):
        gather([large], [large], [tmp_path / "x"], [tmp_path / "y"], tmp_path / "sums.json")


def test_the_shipped_weights_are_what_their_hashes_say():
    names = shipped.shipped_names()
    sums = shipped.FOLDER / "sha256.json"
    if not names:
        assert not sums.exists()
        pytest.skip("this checkout ships no weights")
    written = json.loads(sums.read_text())
    assert written == {
        f"{n}.safetensors": sha256(shipped.FOLDER / f"{n}.safetensors") for n in names
    }
    assert shipped.DEFAULT in names


@pytest.mark.parametrize("name", shipped.shipped_names())
def test_shipped_weights_are_what_the_command_would_train_and_their_card_says_what_they_are(name):
    study = read_config(load_yaml((PROJECT / "config" / "corpus.yaml").read_text()))
    generator = load_generator(shipped.FOLDER / f"{name}.safetensors")
    asked = chosen_recipes(study, load_recipes(study.training.recipes))[name]
    assert generator.recipe == asked
    plan_ = study.corpus.model_dump(exclude={"songs_a_job", "fps", "chunk_seconds"})
    learned = [clip for clip in plan(**plan_) if clip.split == "train"]
    seen = generator.summary["trained_on"]
    for key, what in (("videos", "id"), ("songs", "song"), ("dancers", "dancer")):
        assert seen[key] == sorted({getattr(clip, what) for clip in learned})
    card = (shipped.FOLDER / f"{name}.md").read_text()
    assert card.endswith(NOTICE)
    assert f"# {name}, seed {study.training.seeds[0]}\n" in card
    written = dict(re.findall(r"^\| (\w+) \| (.+) \|$", card, re.M))
    assert written["hash"] == generator.summary["data"]["hash"]


@pytest.mark.parametrize("name", shipped.shipped_names())
def test_the_first_bar_is_danced_like_those_after_it(name):
    """No model starts late: beats of the first bar are met about as often as later ones."""
    songs = [make_song(f"{kind}-first", 7) for kind in tuple(KINDS)[::2]]
    # As `choreo dance` takes them: 16 kHz, mono.
    sounds = [
        soxr.resample(song.audio.mean(1), SONG_RATE, SAMPLE_RATE)[: 10 * SAMPLE_RATE]
        for song in songs
    ]
    generator = load_generator(shipped.find_weights(Path(name)))
    tracks = generate_many(generator, sounds, seeds=[1] * len(sounds))
    first, later = [], []
    for song, track in zip(songs, tracks):
        moved = motion_beats(track.keypoints[None], track.fps)[0]
        beats = song.beats[song.beats < 9.5]
        met = np.abs(beats[:, None] - moved).min(1) <= TOLERANCE + 1e-6
        first += list(met[:4])
        later += list(met[4:])
    assert np.mean(first) > 0.7 * np.mean(later) > 0.25


@pytest.mark.skipif("flow" not in shipped.shipped_names(), reason="no flow comes with the install")
def test_a_dance_runs_smoothly_into_phrases_that_are_held_and_out_of_them():
    """On the measure of seams: the speed at the edges against the speed elsewhere."""
    song = make_song("house-held", 3)
    sound = soxr.resample(song.audio.mean(1), SONG_RATE, SAMPLE_RATE)[: 40 * SAMPLE_RATE]
    generator = load_generator(shipped.find_weights(Path("flow")))
    seeds = range(1, 9)
    kept = generate(generator, sound, seed=99)
    ratios = []
    for seed in seeds:
        starts = np.arange(2 + seed / 3, 34, 7)
        keeps = [Keep(Path("kept"), round(at, 1), round(at + 3, 1)) for at in starts]
        known = known_poses(keeps, [kept] * len(keeps), generator.data, len(kept))
        held = np.isfinite(known).all((1, 2))
        track = generate(generator, sound, seed=seed, known=known)
        np.testing.assert_allclose(track.keypoints[held], kept.keypoints[held], atol=1e-3)
        speed = np.linalg.norm(np.diff(track.keypoints, axis=0), axis=-1).mean(1)
        edges = np.diff(held.astype(int)) != 0
        assert edges.sum() >= 8
        ratios.append(speed[edges].mean() / speed[~edges].mean())
    assert 0.75 < np.mean(ratios) < 1.15


@pytest.mark.skipif(len(shipped.shipped_names()) < 2, reason="two models come with no install")
def test_models_side_by_side_share_one_reading_of_the_song(tmp_path, monkeypatch):
    from choreo.videos import audio

    sound = np.zeros(4 * audio.SAMPLE_RATE)
    sound[:: audio.SAMPLE_RATE // 2] = 0.9
    with wave.open(str(tmp_path / "song.wav"), "wb") as file:
        file.setparams((1, 2, audio.SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes((sound * 32767).astype("<i2").tobytes())
    done = []

    def counted(module, name):
        own = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *a, **k: done.append(name) or own(*a, **k))

    monkeypatch.setattr(kept, "_remembered", kept.OrderedDict())
    counted(audio, "read_song")
    counted(rhythm, "find_beats")
    first, second = shipped.shipped_names()[:2]
    out = tmp_path / "both.mp4"
    command = ["dance", str(tmp_path / "song.wav"), "-o", str(out), "--height", "64"]
    assert main([*command, "--model", first, "--compare", second]) == 0
    assert done == ["read_song", "find_beats"]
    assert len(list(media.read_frames(out, (96, 64)))) == 120
