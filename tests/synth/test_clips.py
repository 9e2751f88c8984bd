import json
import wave

import numpy as np
import pytest

from choreo.errors import ItemError
from choreo.files import sha256
from choreo.media import read_frames
from choreo.pose.track import PoseTrack
from choreo.synth.clips import make_clip, make_tracks
from choreo.synth.songs import SAMPLE_RATE


def outputs(folder):
    return {
        "truth": folder / "t.npz",
        "song": folder / "s.wav",
        "beats": folder / "b.json",
    }


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clip")
    make_clip(
        "demo:dusty/diego/1?bystanders=1",
        video=folder / "v.mp4",
        start=10.0,
        end=13.0,
        seed=0,
        **outputs(folder),
    )
    return folder


def test_a_clip_has_a_frame_a_truth_and_sound_for_all_of_its_time(clip):
    track = PoseTrack.load(clip / "t.npz")
    frames = list(read_frames(clip / "v.mp4", (640, 360)))
    assert len(frames) == len(track) == 90
    assert track.meta == {
        "estimator": "truth",
        "source": "demo:dusty/diego/1?bystanders=1",
        "seed": 0,
        "start": 10.0,
        "licence": "CC0-1.0",
    }
    with wave.open(str(clip / "s.wav")) as file:
        assert file.getnframes() == 3 * SAMPLE_RATE


def test_the_video_carries_the_song_from_its_start(clip, tmp_path):
    from choreo import media

    media.run(
        media.target(media.source(clip / "v.mp4").audio, tmp_path / "a.wav", ar=SAMPLE_RATE),
        where="test",
    )

    def read(path):
        with wave.open(str(path)) as file:
            data = np.frombuffer(file.readframes(10**7), "<i2").reshape(-1, file.getnchannels())
        return data.mean(1)

    song, sound = read(clip / "s.wav"), read(tmp_path / "a.wav")
    n = 2 * SAMPLE_RATE
    pad = 4096
    window = song[pad : pad + n]
    spectrum = np.fft.rfft(sound[: n + 2 * pad], 4 * n) * np.conj(np.fft.rfft(window, 4 * n))
    lag = int(np.argmax(np.fft.irfft(spectrum)[: 2 * pad])) - pad
    assert abs(lag) / SAMPLE_RATE < 0.005


@pytest.mark.soak
def test_times_count_from_the_clips_start(clip, songs):
    notes = json.loads((clip / "b.json").read_text())
    song = songs["dusty"]
    inside = song.beats[(song.beats >= 10) & (song.beats < 13)]
    assert notes["tempo"] == song.tempo
    assert notes["beats"] == pytest.approx(inside - 10, abs=1e-6)
    assert set(notes["downbeats"]) <= set(notes["beats"])
    assert all(0 <= s["start"] < s["end"] <= 3.0 for s in notes["sections"])
    assert notes["sections"][0]["start"] == 0
    assert notes["sections"][-1]["end"] == 3.0
    places = np.interp(notes["counts"], np.arange(len(song.beats)), song.beats) - 10
    assert notes["accents"] - places == pytest.approx(notes["jitter"], abs=2e-6)
    assert (notes["frames"], notes["fps"]) == (90, 30.0)


def test_a_clip_is_the_same_bytes_twice(clip, tmp_path):
    make_clip(
        "demo:dusty/diego/1?bystanders=1",
        video=tmp_path / "v.mp4",
        start=10.0,
        end=13.0,
        seed=0,
        **outputs(tmp_path),
    )
    for name in ("v.mp4", "t.npz", "s.wav", "b.json"):
        assert sha256(tmp_path / name) == sha256(clip / name), name


def test_tracks_are_those_of_the_clip_without_its_video(clip, tmp_path):
    make_tracks(
        "demo:dusty/diego/1?bystanders=1", start=10.0, end=13.0, seed=0, **outputs(tmp_path)
    )
    for name in ("t.npz", "s.wav", "b.json"):
        assert sha256(tmp_path / name) == sha256(clip / name), name


def test_a_whole_song_of_any_name_is_danced(tmp_path):
    make_tracks("demo:study-017/dancer-3/2", skeleton="halpe26", fps=10, **outputs(tmp_path))
    track = PoseTrack.load(tmp_path / "t.npz")
    notes = json.loads((tmp_path / "b.json").read_text())
    assert track.skeleton == "halpe26"
    with wave.open(str(tmp_path / "s.wav")) as file:
        assert abs(len(track) / 10 - file.getnframes() / SAMPLE_RATE) < 1e-4
    assert len(notes["beats"]) == 4 * len(notes["downbeats"]) == 4 * len(notes["motifs"])
    assert {s["kind"] for s in notes["sections"]} >= {"verse", "chorus"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "demo:neon/ada"}, "not the source of a demo clip"),
        ({"start": -1.0}, "span does not lie in the song (got (-1.0, 5.0))"),
        ({"start": 5.0, "end": 5.0}, "span does not lie in the song"),
        ({"end": 500.0}, "span does not lie in the song"),
        ({"start": 4.99, "end": 5.0}, "shorter than two frames"),
        ({"fps": 0}, "frames a second must be from 1 to 240 (got 0)"),
        ({"fps": float("nan")}, "frames a second must be from 1 to 240"),
        ({"size": (64, 360)}, "width and height must be from 96 to 4096 pixels (got (64, 360))"),
        ({"size": (640, 10_000)}, "width and height must be from 96 to 4096 pixels"),
    ],
)
def test_what_is_wrong_with_a_clip_is_said(tmp_path, changes, message):
    arguments = {"source": "demo:neon/ada/1", "start": 1.0, "end": 5.0, **changes}
    with pytest.raises(ItemError) as error:
        make_tracks(arguments.pop("source"), **arguments, **outputs(tmp_path))
    assert message in str(error.value)
    assert not list(tmp_path.iterdir())
