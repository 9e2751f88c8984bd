"""Beats of the thesis's released code: every chunk of every file of this layout."""

import json

import numpy as np
import pytest

from choreo.evaluation.beat_scores import aligned, beat_rates, count_beats
from choreo.evaluation.motion_beats import released_speed_drops, speed_drops
from choreo.evaluation.music_beats import music_beats, released_onset_strength

FPS = 10


@pytest.fixture(scope="module")
def folder(parity):
    return parity / "04_beats"


@pytest.fixture(scope="module")
def expected(folder):
    """What the code computes with the libraries of its time."""
    files = sorted(folder.glob("expected_librosa0.8*.json"))
    assert files, f"no expected_librosa0.8*.json in {folder}"
    return json.loads(files[0].read_text())["chunks"]


@pytest.fixture(scope="module")
def chunks(folder):
    with np.load(folder / "chunks.npz") as data:
        return data["audio"], data["pose"]


def test_chunks(expected, chunks):
    audio, poses = chunks
    assert len(expected) == len(audio) == len(poses) > 0
    for number, chunk in enumerate(expected):
        coverage, alignment = music_beats(audio[number], "released")
        found = released_speed_drops(poses[number])
        beats = found.frames / FPS
        differences = {
            "music beats": _difference(coverage, chunk["music_beats_peak_pick_s"]),
            "onsets": _difference(alignment, chunk["music_onsets_s"]),
            "speed drops": _difference(found.drop, chunk["vel_drop"]),
            "motion beats": _difference(beats, chunk["kinematic_beats_s"]),
        }
        print(f"chunk {number}: " + ", ".join(f"{k} {v:.1e}" for k, v in differences.items()))
        assert max(differences.values()) < 1e-9, differences
        assert found.frames.tolist() == chunk["drops_frames"]
        assert not found.crash
        near = [i for i, beat in enumerate(beats) if aligned([np.array([beat])], [alignment])[0]]
        assert near == chunk["aligned_motion_beat_indices"]
        counts = count_beats([beats], [coverage], [alignment], frames=len(poses[number]), fps=FPS)
        assert {
            "B_music": counts.music[0],
            "B_motion": counts.motion[0],
            "B_aligned": counts.aligned[0],
        } == chunk["counts"]
        rates = beat_rates(counts, "chunks")
        assert rates["beat_coverage"] == pytest.approx(chunk["beat_coverage"], abs=1e-12)
        assert rates["beat_hit_rate"] == pytest.approx(chunk["beat_hit_rate"], abs=1e-12)


def test_onset_strength(folder, chunks):
    audio, _ = chunks
    files = sorted(folder.glob("onset_env_chunk*_librosa0.8*.npy"))
    assert files, f"no onset_env_chunk*_librosa0.8*.npy in {folder}"
    for file in files:
        number = int(file.name.removeprefix("onset_env_chunk").split("_")[0])
        difference = _difference(released_onset_strength(audio[number]), np.load(file))
        print(f"{file.name}: onset strength {difference:.1e}")
        assert difference < 1e-5


def test_edges(folder, chunks):
    """Where the released code stops with an error we have a value, and say so."""
    audio, _ = chunks
    music = music_beats(audio[0], "released")
    outcomes = json.loads((folder / "edge_expected.json").read_text())
    with np.load(folder / "edge_poses.npz") as data:
        assert data.files
        for name in data.files:
            frames = outcomes[name]["calculate_rom_drops"]
            found = released_speed_drops(data[name])
            crash = isinstance(frames, str)
            print(f"{name}: {'crash' if crash else frames} -> {found.frames.tolist()}")
            assert found.crash == crash
            if not crash:
                assert found.frames.tolist() == frames
            assert np.isfinite(found.drop).all()
            drop, beat = speed_drops(data[name][None])
            assert np.isfinite(drop).all()
            assert (drop[beat] > 0).all()
            # Its ratios are an error too where there is nothing to divide by.
            stops = crash or not len(music[0]) or not len(found.frames)
            assert stops == isinstance(outcomes[name]["get_beat_coverage"], str)
    silence = music_beats(np.zeros(80_000, np.int16), "released")
    counts = count_beats([np.zeros(0)], *([beats] for beats in silence), frames=50, fps=FPS)
    rates = beat_rates(counts, "chunks")
    assert np.isnan([rates["beat_coverage"], rates["beat_hit_rate"]]).all()
    assert rates["chunks_without_music_beats"] == rates["chunks_without_motion_beats"] == 1


def _difference(ours, theirs):
    assert len(ours) == len(theirs), (ours, theirs)
    return float(np.abs(np.subtract(ours, theirs)).max()) if len(theirs) else 0.0
