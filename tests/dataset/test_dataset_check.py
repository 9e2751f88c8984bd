"""A dataset that is not what its sources say, and dancers that are off the beat."""

import numpy as np
import pytest
import soundfile
from dataset_clips import changed, dance, song

from choreo.cli import main
from choreo.dataset.check import BeatOffset, beat_offsets, check, compare_with_sources
from choreo.dataset.normalise import normalise
from choreo.dataset.pack import info, make_shard, pack, write_shard
from choreo.errors import ItemError
from choreo.pose.track import PoseTrack
from choreo.synth.clips import make_tracks
from choreo.videos.audio import read_song

RATE = 16_000


def _clicking(seconds, tempo=110, late=0.0):
    """A song of clicks and a dancer who stops at every click, `late` seconds after it."""
    t = np.arange(round(seconds * RATE)) / RATE
    beat = 60 / tempo
    since = (t - 0.25) % beat
    rng = np.random.default_rng(0)
    sound = np.where(t >= 0.25, np.exp(-since * 60), 0) * rng.normal(0, 0.3, len(t))
    track = dance(seconds, move=0)
    # Away and back in two beats, at rest at every beat.
    phase = (np.arange(len(track)) / 30 - 0.25 - late) / beat
    moved = np.array(track.keypoints) + 40 * np.cos(np.pi * phase)[:, None, None]
    return track.with_(keypoints=moved), sound.astype(np.float32)


def _shard(path, track, sound, video="v"):
    write_shard(path, normalise(track), sound, video=video, song=video)
    return path


@pytest.mark.parametrize("late", [0.0, 0.2, -0.2, 0.04])
def test_beat_offsets_are_those_of_the_dancer(tmp_path, late):
    (beat,) = beat_offsets(_shard(tmp_path / "v.h5", *_clicking(22, late=late)))
    assert beat.video == "v"
    assert beat.music_beats > 30
    assert beat.motion_beats > 25
    assert beat.offset_seconds == pytest.approx(late, abs=0.03)
    assert beat.agreement > 0.8
    assert beat.beyond(0.15) == (abs(late) > 0.15)


def test_beats_without_a_relation_are_no_problem(tmp_path):
    """Noise and a dancer who moves at random, and one who stands still."""
    (beat,) = beat_offsets(_shard(tmp_path / "a.h5", dance(22), _clicking(22)[1]))
    assert not beat.beyond(0.15)
    still = dance(11, move=0)
    (beat,) = beat_offsets(_shard(tmp_path / "b.h5", still, song(11)))
    assert (beat.motion_beats, beat.chance) == (0, 1.0)
    assert np.isnan(beat.offset_seconds)
    assert not beat.beyond(0.15)


def test_beyond():
    def beat(offset, error, chance):
        return BeatOffset("v", 9, 9, offset, error, 0.9, chance)

    assert beat(0.2, 0.01, 1e-6).beyond(0.15)
    assert beat(-0.2, 0.01, 1e-6).beyond(0.15)
    assert not beat(0.2, 0.03, 1e-6).beyond(0.15)
    assert not beat(0.2, 0.01, 0.01).beyond(0.15)


@pytest.fixture(params=["thesis", "released"])
def study(request, tmp_path):
    """A folder like a study's, with one clip of 17 s and its dataset."""
    dance(17).save(tmp_path / "study" / "cleaning" / "v.npz")
    (tmp_path / "study" / "videos").mkdir()
    soundfile.write(tmp_path / "study" / "videos" / "v.wav", song(17), RATE)
    shard = tmp_path / "study" / "dataset" / "v.h5"
    make_shard(
        tmp_path / "study" / "cleaning" / "v.npz",
        tmp_path / "study" / "videos" / "v.wav",
        shard,
        video="v",
        song_id="s",
        method=request.param,
    )
    dataset = tmp_path / "study" / "dataset" / "dataset.h5"
    pack([shard], dataset, splits={"v": "train"})
    return tmp_path / "study"


def _change(study, name, change):
    with changed(study / "dataset" / "dataset.h5") as file:
        file[name][1] = change(file)


def test_chunks_are_those_of_their_sources(study):
    path = study / "dataset" / "dataset.h5"
    count = info(path)["all"]["chunks"]
    assert count >= 3
    assert compare_with_sources(path, study) == ([], count)
    # A study of simulated dances keeps its songs elsewhere.
    (study / "poses" / "simulated").mkdir(parents=True)
    (study / "videos" / "v.wav").rename(study / "poses" / "simulated" / "v.wav")
    assert compare_with_sources(path, study) == ([], count)


def test_a_shifted_chunk_is_found(study, capsys):
    """Its sound 0.25 s later, its poses 0.3 s earlier: both are said, with the chunk."""
    path = study / "dataset" / "dataset.h5"

    def later(file):
        return np.concatenate([file["audio"][1][4000:], file["audio"][2][:4000]])

    def earlier(file):
        return np.concatenate([file["pose"][0][-3:], file["pose"][1][:-3]])

    _change(study, "audio", later)
    _change(study, "pose", earlier)
    problems, _ = compare_with_sources(path, study)
    assert problems == [
        "v: the sound of chunk 1 is its song's 0.250 s later",
        "v: the poses of chunk 1 are its track's 0.300 s earlier",
    ]
    assert main(["dataset", "check", str(path)]) == 1
    said = capsys.readouterr().err
    assert "its data do not have the hash in its record" in said
    assert "is its song's 0.250 s later" in said


def test_other_sources_are_found(study):
    path = study / "dataset" / "dataset.h5"
    _change(study, "audio", lambda file: song(5, seed=9))
    _change(study, "pose", lambda file: np.zeros((50, 18, 2)))
    _change(study, "start_seconds", lambda file: 5.2)
    problems, _ = compare_with_sources(path, study)
    assert problems == [
        "v: chunk 1 begins at 5 s, not at 5.2 s",
        "v: the sound of chunk 1 is not in its song",
        "v: the poses of chunk 1 are not in its track",
    ]
    dance(17, seed=1).save(study / "cleaning" / "v.npz")
    problems, _ = compare_with_sources(path, study)
    assert "v.npz is not the track it was made from" in problems[0]
    (study / "videos" / "v.wav").unlink()
    with pytest.raises(ItemError, match=r"neither cleaning/<video>\.npz nor"):
        compare_with_sources(path, study)


def test_the_demo_s_dancers_are_on_the_beat(tmp_path):
    """A true track of the demo and its song; the same with the song 0.2 s too late."""
    files = {name: tmp_path / name for name in ("truth.npz", "song.wav", "beats.json")}
    make_tracks(
        "demo:neon/ada/1",
        truth=files["truth.npz"],
        song=files["song.wav"],
        beats=files["beats.json"],
        end=20.0,
    )
    track, samples = PoseTrack.load(files["truth.npz"]), read_song(files["song.wav"])
    (beat,) = beat_offsets(_shard(tmp_path / "a.h5", track, samples))
    assert abs(beat.offset_seconds) < 0.05
    assert not beat.beyond(0.15)
    late = np.concatenate([np.zeros(3200, np.float32), samples[:-3200]])
    (beat,) = beat_offsets(_shard(tmp_path / "b.h5", track, late))
    assert beat.offset_seconds == pytest.approx(-0.2, abs=0.05)
    assert beat.beyond(0.1)
    assert check(tmp_path / "b.h5") == []
