import functools
import wave

import mir_eval
import numpy as np
import pytest
import soxr
from soaking import soak_after

from choreo.beats.librosa_cache import librosa
from choreo.beats.registry import DEFAULT, TRACKERS
from choreo.synth.kinds import KINDS, draw_mix
from choreo.synth.names import SONGS
from choreo.synth.songs import BEATS_IN_BAR, ENERGY, SAMPLE_RATE, STYLES, make_song, save_song


def test_tempi_lie_between_90_and_140_and_styles_differ(songs):
    tempi = [songs[name].tempo for name in SONGS]
    assert len(set(tempi)) == len(SONGS)
    assert {songs[name].style for name in SONGS} == set(STYLES)
    assert all(90 <= song.tempo <= 140 for song in songs.values())


def test_beats_are_exact(songs):
    for song in songs.values():
        assert np.allclose(np.diff(song.beats), 60 / song.tempo, atol=1e-12)
        assert np.array_equal(song.downbeats, song.beats[::BEATS_IN_BAR])
        assert song.beats[-1] + 60 / song.tempo < song.duration


def test_sections_cover_all_bars_without_gap(songs):
    for song in songs.values():
        assert song.sections[0].start == song.beats[0]
        for one, two in zip(song.sections, song.sections[1:]):
            assert one.end == pytest.approx(two.start, abs=1e-9)
            assert one.first_bar + one.bars == two.first_bar
        last = song.sections[-1]
        assert BEATS_IN_BAR * (last.first_bar + last.bars) == len(song.beats)
        assert all(section.start == song.downbeats[section.first_bar] for section in song.sections)


def test_a_section_of_more_energy_is_louder(songs):
    for song in songs.values():
        loudness = {}
        for section in song.sections:
            part = song.audio[int(section.start * SAMPLE_RATE) : int(section.end * SAMPLE_RATE)]
            loudness.setdefault(section.kind, []).append(np.sqrt((part**2).mean()))
        order = [kind for kind in ("break", "verse", "chorus") if kind in loudness]
        means = [np.mean(loudness[kind]) for kind in order]
        assert order == ["break", "verse", "chorus"]
        assert means[1] > 1.3 * means[0]
        assert means[2] > 1.1 * means[1]
    assert ENERGY["break"] < ENERGY["verse"] < ENERGY["chorus"]


@pytest.mark.parametrize("name", soak_after(2, ["other-1", *SONGS, "other-2"]))
def test_the_tempo_is_found_by_a_beat_tracker(songs, name):
    song = songs[name]
    sound = librosa.resample(
        song.audio.mean(1), orig_sr=SAMPLE_RATE, target_sr=16_000, res_type="soxr_qq"
    )
    # Hops of 10 ms: with librosa's usual 23 ms, tempi near 132 are not told apart to 2 BPM.
    tempo, found = librosa.beat.beat_track(y=sound, sr=16_000, hop_length=160, units="time")
    octaves = np.array([0.5, 1, 2]) * float(np.squeeze(tempo))
    assert np.abs(octaves - song.tempo).min() < 2
    nearest = np.abs(found[:, None] - song.beats).min(1)
    assert (nearest < 0.07).mean() > 0.75


def test_onsets_are_on_the_beats(songs):
    """The sound of every drummed beat starts within 2 ms of its time."""
    song = songs["neon"]
    level = np.abs(song.audio).max(1)
    first = int(song.beats[0] * SAMPLE_RATE)
    assert level[: first - 1].max() == 0
    assert level[first : first + 90].max() > 0.02


def test_audio_is_finite_and_does_not_clip(songs):
    for song in songs.values():
        assert song.audio.dtype == np.float32
        assert song.audio.shape[1] == 2
        assert np.abs(song.audio).max() == pytest.approx(0.9, abs=1e-3)
        assert np.abs(song.audio[-10:]).max() < 1e-3


def test_a_song_is_made_the_same_twice_and_differs_by_seed(songs):
    assert np.array_equal(make_song("dusty", 0).audio, songs["dusty"].audio)
    other = make_song("dusty", 1)
    assert other.tempo == songs["dusty"].tempo
    assert other.audio.shape != songs["dusty"].audio.shape or not np.allclose(
        other.audio, songs["dusty"].audio
    )


def test_wav_holds_the_samples(tmp_path):
    audio = np.array([[0.0, 1.0], [-1.0, 0.5], [2.0, -2.0]])
    save_song(tmp_path / "a.wav", audio)
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 44100, 2)
        samples = np.frombuffer(file.readframes(9), "<i2").reshape(-1, 2)
    assert samples.tolist() == [[0, 32767], [-32767, 16384], [32767, -32767]]


NEW = sorted(set(KINDS) - set(STYLES))


@functools.cache
def song_of(kind):
    return make_song(f"{kind}-1", 0)


@pytest.mark.soak
def test_a_name_chooses_the_kind():
    for kind in NEW:
        song = song_of(kind)
        low, high = KINDS[kind].tempo
        assert song.style == kind
        assert low / (1 + KINDS[kind].drift) <= song.tempo <= high / (1 - KINDS[kind].drift)
        assert (np.ptp(np.diff(song.beats)) > 1e-9) == (KINDS[kind].drift > 0)
    tempi = [tempo for kind in NEW for tempo in KINDS[kind].tempo]
    assert (min(tempi), max(tempi)) == (60, 210)
    assert {KINDS[kind].drums for kind in NEW} == {"full", "sparse", "none"}


@pytest.mark.parametrize("kind", soak_after(6, NEW))
def test_the_truth_of_every_kind_is_exact(kind):
    song = song_of(kind)
    assert np.array_equal(song.downbeats, song.beats[::BEATS_IN_BAR])
    assert len(song.beats) == BEATS_IN_BAR * sum(section.bars for section in song.sections)
    ends = np.append(song.downbeats, 2 * song.beats[-1] - song.beats[-2])
    for section in song.sections:
        assert section.start == pytest.approx(ends[section.first_bar], abs=1e-9)
        assert section.end == pytest.approx(ends[section.first_bar + section.bars], abs=1e-9)
    assert song.duration > song.beats[-1] + 1
    assert np.isfinite(song.audio).all()
    assert 0.09 < np.abs(song.audio).max() < 1
    # Where it had stopped, sound comes in at once; a hall may ring on.
    level = np.abs(song.audio).max(1)
    for first, count in song.stops:
        start, end = (round(song.beats[at] * SAMPLE_RATE) for at in (first, first + count))
        after = level[end : end + 6000].mean()
        assert level[start:end].mean() < 0.4 * after
        assert level[end - 2000 : end - 10].mean() < 0.3 * after
        assert level[end : end + 3000].max() > after


@pytest.mark.parametrize("kind", soak_after(6, NEW))
def test_the_beats_of_every_kind_can_be_heard(kind):
    """The project's tracker finds them, or their half or double."""
    song = song_of(kind)
    sound = soxr.resample(song.audio.mean(1), SAMPLE_RATE, 16_000)
    found = TRACKERS[DEFAULT].finder()(sound, 16_000)
    between = (song.beats[1:] + song.beats[:-1]) / 2
    levels = [song.beats, song.beats[::2], song.beats[1::2], np.sort(np.r_[song.beats, between])]
    assert max(mir_eval.beat.f_measure(level, found, 0.07) for level in levels) > 0.9


@pytest.mark.soak
def test_songs_are_mixed_in_many_ways():
    made = [song_of(kind) for kind in NEW]
    peaks = [np.abs(song.audio).max() for song in made]
    assert max(peaks) > 4 * min(peaks)
    mixes = [draw_mix(KINDS["rock"], np.random.default_rng(seed)) for seed in range(40)]
    for name in ("reverb", "dull", "thin", "noise"):
        share = np.mean([getattr(mix, name) > 0 for mix in mixes])
        assert 0.1 < share < 0.9, name
    assert any(song.stops for song in made)
