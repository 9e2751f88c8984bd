"""What models hear, against closed forms."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from choreo.dataset.audio import frames, network_audio
from choreo.dataset.description import DataDescription
from choreo.models.data import features_of_song
from choreo.models.music_features import FEATURES, kept, rhythm
from choreo.models.music_features.rhythm import NAMES, Rhythm, counted, slow_loudness
from choreo.models.music_features.sound import at_times

RATE = 16_000
DATA = DataDescription()


def song(period=0.5, seconds=24.0, chords=True, first=2):
    """Clicks with a chord that changes every fourth of them, from number `first` on."""
    time = np.arange(round(seconds * RATE)) / RATE
    sound = np.zeros(len(time))
    for number, beat in enumerate(np.arange(0.1, seconds - 0.1, period)):
        at = round(beat * RATE)
        sound[at : at + 800] += np.hanning(1600)[800:] * np.sin(np.arange(800) * 0.9)
        if chords:
            length = min(round(period * RATE), len(time) - at)
            pitch = 220 * 2 ** (np.array([0, 4, 7]) / 12 + ((number - first) // 4 % 2) * 5 / 12)
            tones = np.sin(2 * np.pi * pitch[:, None] * time[at : at + length]).sum(0)
            sound[at : at + length] += 0.05 * tones
    return sound.astype(np.float32)


def named(found):
    return dict(zip(NAMES, found.T))


def test_phase_is_what_the_formulas_say():
    beats = 0.3 + 0.4 * np.arange(20)
    heard = Rhythm(beats, np.arange(20) - 1, np.zeros((500, 4), np.float32))
    times = np.arange(100) / 30
    found = named(heard.at(times))
    place = (times - 0.3) / 0.4
    for name, values in {
        "beat_sin": np.sin(2 * np.pi * place),
        "half_cos": np.cos(4 * np.pi * place),
        "bar_sin": np.sin(2 * np.pi * (place - 1) / 4),
        "interval": np.full(100, np.log2(0.4 / 0.5)),
        "pulse": np.exp(-0.5 * ((place - np.rint(place)) * 0.4 / 0.05) ** 2),
        "beats": np.ones(100),
    }.items():
        np.testing.assert_allclose(found[name], values, atol=1e-5, err_msg=name)
    # Half a second at double speed: the same places, beats half as far apart.
    faster = named(heard.at(times, speed=2.0))
    np.testing.assert_allclose(faster["beat_cos"], found["beat_cos"])
    np.testing.assert_allclose(faster["interval"], found["interval"] - 1, atol=1e-6)
    assert heard.downbeats.tolist() == pytest.approx(beats[1::4].tolist())


def test_a_beat_that_was_left_out_is_counted():
    beats = np.delete(0.5 * np.arange(12), [5, 8])
    assert counted(beats).tolist() == [0, 1, 2, 3, 4, 6, 7, 9, 10, 11]
    heard = Rhythm(beats, counted(beats), np.zeros((9, 4), np.float32))
    place, interval = heard.place(np.array([2.25, 2.5]))
    np.testing.assert_allclose(place, [4.5, 5.0])
    np.testing.assert_allclose(interval, 0.5)


@pytest.mark.parametrize("first", range(4))
def test_bars_begin_where_chords_change(first):
    heard = FEATURES["phase"].hear(network_audio(song(first=first), "thesis"), DATA)
    wanted = 0.1 + 0.5 * (first % 4) + 2.0 * np.arange(1, 11)
    away = np.abs(heard.downbeats[:, None] - wanted).min(0)
    assert np.median(away) < 0.05


@pytest.mark.parametrize("method", ["thesis", "released"])
@pytest.mark.parametrize("fps", [10, 20, 30])
@pytest.mark.parametrize("name", list(FEATURES))
def test_every_feature_has_a_row_for_a_pose_at_any_rate(name, fps, method):
    data, entry = DataDescription(method=method, fps=fps), FEATURES[name]
    heard = network_audio(song(seconds=6.05), method)
    found = features_of_song(entry, heard, data)
    assert found.dtype == np.float32
    assert found.shape == (data.frames_of(len(heard)), entry.size(data))
    assert np.isfinite(found).all()
    assert entry.source


def test_raw_is_the_samples_of_each_pose():
    heard = network_audio(song(seconds=3), "thesis")
    np.testing.assert_array_equal(
        features_of_song(FEATURES["raw"], heard, DATA), frames(heard, DATA)
    )


@pytest.mark.parametrize("name", ["phase", "mel"])
def test_how_loud_and_how_scaled_a_song_is_changes_nothing(name):
    sound = song()
    one = features_of_song(FEATURES[name], network_audio(sound, "thesis"), DATA)
    quiet = features_of_song(FEATURES[name], network_audio(0.2 * sound, "thesis"), DATA)
    other = features_of_song(
        FEATURES[name], network_audio(sound, "released"), DataDescription(method="released")
    )
    np.testing.assert_allclose(quiet, one, atol=0.02)
    assert np.mean(np.abs(other - one)) < 0.05  # the samples are rounded otherwise


def test_loudness_is_ranks_within_the_song():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.01, 20 * RATE).astype(np.float32)
    noise[10 * RATE :] *= 4
    ranks = slow_loudness(noise, RATE)
    assert ranks[: 8 * 50].max() < ranks[12 * 50 :].min()
    np.testing.assert_allclose(ranks.mean(0), 0, atol=1e-3)
    assert np.abs(ranks).max() <= 1
    assert not slow_loudness(np.zeros(5 * RATE, np.float32), RATE).any()


def test_a_song_without_beats_says_so():
    silent = np.zeros(6 * RATE, np.float32)
    found = named(rhythm.hear(silent, DataDescription(method="released")).at(np.arange(50) / 10))
    assert not found["beats"].any()
    assert not found["pulse"].any()


def test_curves_lie_between_their_values():
    curves = np.array([[0.0], [1.0], [3.0]])
    np.testing.assert_allclose(
        at_times(curves, 2, [-1, 0, 0.25, 0.75, 1, 9])[:, 0], [0, 0, 0.5, 2, 3, 3]
    )
    np.testing.assert_allclose(at_times(curves[:1], 2, [0, 1])[:, 0], 0)


def test_names_are_read_without_anything_heavy():
    code = (
        "import sys\nfrom choreo.models.recipes import recipe_from\n"
        "recipe_from({'family': 'flow', 'music': 'mel'})\n"
        "heavy = {'torch', 'numpy', 'scipy', 'librosa'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_entries_can_be_added(monkeypatch):
    mine = dataclasses.replace(FEATURES["raw"], name="mine")
    monkeypatch.setitem(FEATURES, "mine", mine)
    assert FEATURES["mine"].size(DATA) == 1600


@pytest.fixture
def listened(monkeypatch):
    """Songs whose beats were tracked, in a process that remembers none."""
    monkeypatch.setattr(kept, "_remembered", kept.OrderedDict())
    found, track = [], rhythm.find_beats

    def find_beats(samples, rate):
        found.append(len(samples))
        return track(samples, rate)

    monkeypatch.setattr(rhythm, "find_beats", find_beats)
    return found


def test_several_models_listen_to_a_song_once(listened):
    sound = network_audio(song(seconds=6.0), "thesis")
    phase = features_of_song(FEATURES["phase"], sound, DATA)
    mel = features_of_song(FEATURES["mel"], sound, DataDescription(fps=20))
    assert len(listened) == 1
    assert np.array_equal(phase[:, 6], mel[::2][:, NAMES.index("interval") - len(NAMES)])
    features_of_song(FEATURES["phase"], network_audio(song(seconds=6.5), "thesis"), DATA)
    assert len(listened) == 2


def test_what_was_heard_is_kept_in_a_folder(listened, tmp_path, monkeypatch):
    sound = network_audio(song(seconds=6.0), "thesis")

    def hear():
        kept._remembered.clear()
        with kept.kept_in(tmp_path / "beats"):
            return features_of_song(FEATURES["phase"], sound, DATA)

    first = hear()
    (path,) = (tmp_path / "beats").iterdir()
    assert path.stat().st_size < 2000
    assert np.array_equal(hear(), first)
    assert len(listened) == 1
    # Damaged: heard again. Of another version of the code: heard again, beside.
    path.write_bytes(path.read_bytes()[:-40])
    assert np.array_equal(hear(), first)
    assert np.array_equal(hear(), first)
    assert len(listened) == 2
    monkeypatch.setattr(kept, "_version", lambda module: "edited")
    assert np.array_equal(hear(), first)
    assert (len(listened), len(list((tmp_path / "beats").iterdir()))) == (3, 2)


def test_nothing_is_kept_where_nothing_can_be_written(listened, tmp_path):
    (tmp_path / "file").touch()
    with kept.kept_in(tmp_path / "file" / "beats"):
        features_of_song(FEATURES["phase"], network_audio(song(seconds=6.0), "thesis"), DATA)
    assert len(listened) == 1
