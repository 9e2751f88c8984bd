"""Beats of the thesis's released code: every chunk of every file of this layout."""

import json

import numpy as np
import pytest

from choreo.beats.motion import released_speed_drops, speed_drops
from choreo.beats.music import music_beats, released_onset_strength
from choreo.evaluation.beat_scores import aligned, beat_rates, count_beats

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
    """Where the released code stops with an error we have a value, and say so.

    Every key of edge_expected.json: dances of edge_poses.npz to the sound of chunk 0, or,
    where there is no such dance, chunk 0's dance to silence.
    """
    audio, chunk_poses = chunks
    outcomes = json.loads((folder / "edge_expected.json").read_text())
    assert outcomes
    with np.load(folder / "edge_poses.npz") as data:
        poses = dict(data)
    assert set(poses) <= set(outcomes), "dances without an expected outcome"
    for name, outcome in outcomes.items():
        silent = name not in poses
        dance = chunk_poses[0] if silent else poses[name]
        sound = np.zeros_like(audio[0]) if silent else audio[0]
        music = music_beats(sound, "released")
        found = released_speed_drops(dance)
        beats = found.frames / FPS
        assert np.isfinite(found.drop).all()
        if "calculate_rom_drops" in outcome:
            frames = outcome["calculate_rom_drops"]
            crash = isinstance(frames, str)
            print(f"{name}: {'crash' if crash else frames} -> {found.frames.tolist()}")
            assert found.crash == crash
            if not crash:
                assert found.frames.tolist() == frames
        drop, beat = speed_drops(dance[None])
        assert np.isfinite(drop).all()
        assert (drop[beat] > 0).all()
        counts = count_beats([beats], *([m] for m in music), frames=len(dance), fps=FPS)
        rates = beat_rates(counts, "chunks")
        # The released ratios are an error too where there is nothing to divide by.
        stops = found.crash or not len(music[0]) or not len(beats)
        ratios = outcome["get_beat_coverage"]
        assert stops == isinstance(ratios, str), (name, ratios)
        if stops:
            counted = "a crash" if found.crash else _without_beats(rates)
            print(f"{name}: {ratios.split(':')[0]} -> counted as {counted}")
            assert counted
        else:
            ours = [rates["beat_coverage"], rates["beat_hit_rate"]]
            versions = {"ours": ours} | _by_version(folder, beats)
            same = [v for v, r in versions.items() if r == pytest.approx(ratios, abs=1e-12)]
            print(f"{name}: {ratios}; of {versions} equal: {', '.join(same)}")
            if ours != pytest.approx(ratios, abs=1e-12):
                print("(its music beats are another librosa's than 0.8, which we equal)")
            assert same, (name, ratios, versions)


def _without_beats(rates):
    """Say of which beats a segment has none; empty where it has both."""
    kinds = ("music", "motion")
    return " and ".join(f"no {k} beats" for k in kinds if rates[f"chunks_without_{k}_beats"])


def _by_version(folder, beats):
    """Coverage and hit rate of motion beats to the music beats that each librosa found."""
    found = {}
    for file in sorted(folder.glob("expected_librosa*.json")):
        chunk = json.loads(file.read_text())["chunks"][0]
        onsets = np.array(chunk["music_onsets_s"])
        found[file.stem.removeprefix("expected_")] = [
            len(beats) / len(chunk["music_beats_peak_pick_s"]),
            float(aligned([beats], [onsets])[0] / len(beats)),
        ]
    return found


def _difference(ours, theirs):
    assert len(ours) == len(theirs), (ours, theirs)
    return float(np.abs(np.subtract(ours, theirs)).max()) if len(theirs) else 0.0
