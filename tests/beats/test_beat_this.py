"""Music beats of the learned tracker, with a stand-in of the package's interface."""

import sys
from types import ModuleType

import numpy as np
import pytest
import torch

from choreo.beats import beat_this as module
from choreo.beats.music import music_beats
from choreo.beats.trackers import track_beats
from choreo.errors import ConfigError
from choreo.evaluation.measurements import listen

NOISE = np.random.default_rng(0).normal(size=80_000).astype(np.float32) * 0.1


@pytest.fixture(autouse=True)
def forgotten():
    module._loaded.cache_clear()
    yield
    module._loaded.cache_clear()


@pytest.fixture
def package(monkeypatch):
    """The interface of ``beat_this.inference`` (1.1): beats as the checkpoint says."""

    class Audio2Beats:
        def __init__(self, checkpoint_path="final0", device="cpu", float16=False, dbn=False):
            self.period = torch.load(checkpoint_path, weights_only=True)["period"]

        def __call__(self, signal, sr):
            beats = np.arange(0.1, len(signal) / sr, float(self.period))
            return beats, beats[::4]

    inference = ModuleType("beat_this.inference")
    inference.Audio2Beats = Audio2Beats
    monkeypatch.setitem(sys.modules, "beat_this", ModuleType("beat_this"))
    monkeypatch.setitem(sys.modules, "beat_this.inference", inference)


@pytest.fixture
def weights(tmp_path):
    torch.save({"period": torch.tensor(0.5)}, tmp_path / "final0.ckpt")
    return tmp_path / "final0.ckpt"


def test_its_beats_take_the_place_of_librosas(package, weights):
    for beats in music_beats(NOISE, beat_this=weights):
        np.testing.assert_allclose(beats, np.arange(0.1, 5, 0.5))
    assert track_beats(NOISE, 16_000, "beat_this", weights)["tempo"] == pytest.approx(120)


def test_silence_has_no_beats(package, weights):
    assert not track_beats(np.zeros(80_000), 16_000, "beat_this", weights)["beats"]


def test_without_the_package_the_remedy_is_named(monkeypatch, weights):
    monkeypatch.setitem(sys.modules, "beat_this", None)
    monkeypatch.setitem(sys.modules, "beat_this.inference", None)
    with pytest.raises(ConfigError, match="pip install beat_this"):
        track_beats(NOISE, 16_000, "beat_this", weights)


@pytest.mark.parametrize("content", [None, b"not weights"])
def test_what_are_no_weights_is_refused_and_nothing_is_downloaded(package, tmp_path, content):
    path = tmp_path / "final0"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match="no weights of beat_this"):
        track_beats(NOISE, 16_000, "beat_this", path)


def test_what_is_measured_listens_with_it(package, weights):
    heard = listen(NOISE[None], beat_this=weights)
    np.testing.assert_allclose(heard.coverage[0], np.arange(0.1, 5, 0.5))
    np.testing.assert_allclose(
        listen(NOISE[None], "released", beat_this=weights).tracked[0], heard.coverage[0]
    )
