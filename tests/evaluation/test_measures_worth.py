"""benchmarks/measures_worth.py and aist_tracks.py: what a measure is worth, on small dances."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter1d
from scripts import load_script

from choreo.evaluation.alignment import matched
from choreo.evaluation.metrics import METRICS, worths
from choreo.evaluation.others import published

ROOT = Path(__file__).parents[2]
FPS, SECONDS, STEP = 60, 12, 0.5
BEATS = np.arange(0, SECONDS, STEP)
SONGS = [(0.0, 0.4), (0.0, 0.65)]
ALIGNMENTS = (
    "beat alignment, motion to music",
    "published, motion to music (AIST++)",
    "published, music to motion (Bailando)",
    "put right, music to motion",
)


@pytest.fixture(scope="module")
def worth():
    return load_script(ROOT / "benchmarks" / "measures_worth.py")


def body(way):
    """COCO-17 joints of a body that goes a way (T,) up and down on standing feet."""
    place = np.array(
        [50, 45, 45, 45, 45, 100, 100, 130, 130, 160, 160, 170, 170, 230, 230, 290, 290]
    )
    poses = np.zeros((len(way), 17, 2))
    poses[..., 1] = place + way[:, None] * (place < 280)
    poses[:, 9:11, 0] += 2 * way[:, None]
    return poses


def stopping():
    """A body that goes up and down in turn, a beat each, and stops at every beat."""
    # No beat lies on a frame: two equal speeds beside it would be no minimum to released code.
    beat = (np.arange(SECONDS * FPS) + 0.3) / FPS / STEP
    part = beat % 1
    share = part - np.sin(2 * np.pi * part) / (2 * np.pi)
    return body(20 * np.where(beat.astype(int) % 2, 1 - share, share))


def wandering(seed):
    noise = np.random.default_rng(seed).normal(size=SECONDS * FPS)
    return body(40 * gaussian_filter1d(noise, 4))


def test_a_dance_on_the_beat_is_told_from_other_and_from_shifted_music(worth):
    found = worth.worths(stopping(), FPS, BEATS, SONGS)
    assert found[worth.LOCKING, "tempi"] == found[worth.LOCKING, "songs"] == 1
    for name in ALIGNMENTS:
        assert found[name, "shifted"] > 0.95
        for against in ("tempi", "songs"):
            assert found[f"{name}, over chance", against] > 0.95
    assert found["hit rate (thesis, 0.15 s)", "shifted"] > 0.6


def test_a_dance_that_does_not_listen_is_at_a_half(worth):
    rows = [worth.worths(wandering(seed), FPS, BEATS, SONGS) for seed in range(8)]
    for key in [(worth.LOCKING, "tempi"), (worth.HITS, "tempi")]:
        assert 0.25 < np.mean([row[key] for row in rows]) < 0.75
    for name in ALIGNMENTS:
        assert 0.25 < np.mean([row[name, "shifted"] for row in rows]) < 0.75
        assert 0.25 < np.mean([row[f"{name}, over chance", "tempi"] for row in rows]) < 0.75
    # However it dances, coverage knows the tempo alone: faster music has more beats.
    assert len({row["beat coverage", "tempi"] for row in rows}) == 1


def test_without_other_songs_the_rest_is_measured(worth):
    found = worth.worths(stopping(), FPS, BEATS)
    assert found[ALIGNMENTS[0], "shifted"] > 0.95
    assert np.isnan([found[worth.LOCKING, "songs"], found[ALIGNMENTS[0], "songs"]]).all()


def test_without_the_phase_only_the_tempo_is_asked_for(worth):
    found = worth.worths(stopping(), FPS, BEATS + 0.2, (), phase_known=False)
    assert found[worth.LOCKING, "tempi"] == 1
    assert np.isnan(found[ALIGNMENTS[0], "shifted"])


def test_a_still_body_is_at_a_half(worth):
    found = worth.worths(body(np.zeros(SECONDS * FPS)), FPS, BEATS, SONGS)
    told = {key: value for key, value in found.items() if key[0] != "beat coverage"}
    assert {value for value in told.values() if np.isfinite(value)} == {0.5}


def test_scores_are_those_of_the_package(worth):
    rng = np.random.default_rng(3)
    motion = np.sort(rng.uniform(0, SECONDS, 15))
    music = np.append(BEATS, [np.inf, np.inf])
    expected = 2 * matched(motion, BEATS) / (len(motion) + len(BEATS))
    assert worth.f_measure(motion, music) == pytest.approx(expected)
    frames = np.unique(np.rint(motion * 60).astype(int))
    heard = published.music_frames(BEATS + 0.003, 700)
    taken = worth.in_frames(np.append(BEATS + 0.003, np.inf)[None], 700)[0]
    for score, pair in ((worth.to_music, (frames, heard)), (worth.to_motion, (heard, frames))):
        assert score(frames / 60, taken) == pytest.approx(published.alignment(*pair))


def test_beats_of_another_phase_fill_the_same_time(worth):
    assert worth.regular(0.2, 0.5, 0, 2.2) == pytest.approx([0.2, 0.7, 1.2, 1.7])
    assert worth.regular(0.2, 0.5, 0.75, 2.2) == pytest.approx([0.075, 0.575, 1.075, 1.575, 2.075])
    assert worth.regular(3.0, 0.5, 0.5, 4.5) == pytest.approx([3.25, 3.75, 4.25])


def test_dances_are_measured_once_and_kept(worth, monkeypatch, tmp_path, capsys):
    for name, step in (("one", 0.5), ("two", 0.6)):
        np.savez(
            tmp_path / f"{name}.npz",
            keypoints_coco17=stopping()[::6],
            fps=10.0,
            beats=np.arange(0, SECONDS, step),
            group=f"d0{len(name)}_{name}",
            genre="BR",
        )
    table, short = tmp_path / "dances.csv", tmp_path / "worth.csv"
    command = ["measures_worth.py", f"real={tmp_path}", "-o", str(table), "--summary", str(short)]
    monkeypatch.setattr("sys.argv", command)
    worth.main()
    first = table.read_text()
    monkeypatch.setattr(worth, "measured", None)
    worth.main()
    assert table.read_text() == first
    rows = pd.read_csv(short).set_index(["metric", "rate"])
    assert rows.loc[("phase_locking", "10"), "area"].item() > 0.5
    assert set(rows.dances) == {2}
    assert {name for name, _ in rows.index} <= set(METRICS)
    capsys.readouterr()
    monkeypatch.setattr("sys.argv", ["measures_worth.py", "-o", str(table), "--only", "one"])
    worth.main()
    assert " 2\n" not in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", [*command, "--values"])
    worth.main()
    assert "motion_to_music" in capsys.readouterr().out


def test_the_worth_of_the_metrics_is_of_the_dances_that_are_kept(worth):
    kept = pd.read_csv(ROOT / "docs" / "worth_dances.csv")
    kept = kept[kept.rate == "10"]
    for dancers, part in kept.groupby("dancers"):
        for name in set(worth.METRICS.values()) & worths(dancers).keys():
            known = worths(dancers)[name]
            (key,) = [key for key, metric in worth.METRICS.items() if metric == name]
            found = worth.interval(part, " | ".join(key), f"{key[0]}10")
            assert [round(found[k], 4) for k in ("area", "low", "high")] == [
                known.area,
                known.low,
                known.high,
            ]
            assert (found["dances"], found["groups"]) == (known.dances, known.groups)


def test_the_docs_have_the_worth_of_phase_locking():
    text = (ROOT / "docs" / "evaluation.md").read_text()
    path = ROOT / "src" / "choreo" / "evaluation" / "worth.csv"
    with open(path, newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["metric"] == "phase_locking"]
    for row in rows:
        if row["dancers"] in ("real", "nine", "ballroom"):
            area, low, high = (f"{100 * float(row[k]):.1f}" for k in ("area", "low", "high"))
            assert f"{area} ({low} to {high})" in text, row


def test_the_docs_have_the_worth_of_single_signals(worth):
    text = " ".join((ROOT / "docs" / "evaluation.md").read_text().split())
    told = text[text.index("- Signals alone") : text.index("- At 10 poses a second, as in")]
    kept = pd.read_csv(ROOT / "docs" / "worth_dances.csv").query("rate == 'own'")
    for dancers, signals in (
        ("real", worth.SIGNALS),
        ("ballroom", worth.SIGNALS),
        ("nine", ("speed", "knees")),
    ):
        part = kept[kept.dancers == dancers]
        for signal in signals:
            name = f"{worth.LOCKING}, {signal}"
            found = worth.interval(part, f"{name} | tempi", f"{name}own")
            area, low, high = (f"{100 * found[key]:.1f}" for key in ("area", "low", "high"))
            assert f"{area} ({low} to {high})" in told, (dancers, signal, area, low, high)


@pytest.mark.parametrize("held", [True, False])
def test_joints_and_beats_of_a_motion(held):
    tracks = load_script(ROOT / "benchmarks" / "aist_tracks.py")
    count = 120
    turn = np.array([0.0, 0.0, 0.0, 1.0])
    bones = {name: np.tile(turn, count).tolist() for name, *_ in tracks.BONES}
    angle = np.linspace(0, np.pi / 2, count)
    if held:
        angle = np.repeat(np.linspace(0, np.pi / 2, count // 2 + 1), 2)[1 : count + 1]
    about_z = np.stack([0 * angle, 0 * angle, np.sin(angle / 2), np.cos(angle / 2)], axis=1)
    bones["leftUpperArm"] = about_z.ravel().tolist()
    hips = np.tile([0, 0.9, 0], (count, 1)).ravel().tolist()
    name = "gHO_sBM_cAll_d19_mHO2_ch01"
    dance = tracks.convert({"clip": name, "n": count, "hips": hips, "bones": bones})
    assert (dance["group"], dance["genre"]) == ("gHO_sBM_d19_ch01", "HO")
    assert np.diff(dance["beats"]) == pytest.approx(0.5)
    assert dance["beats"][0] == pytest.approx(0 if held else -1 / 60)
    joints = dance["keypoints_coco17"]
    assert dance["fps"] == (30 if held else 60)
    assert len(joints) == (60 if held else 120)
    shoulder, elbow, wrist = joints[:, 5], joints[:, 7], joints[:, 9]
    assert (shoulder[:, 0] < joints[:, 6, 0]).all()
    # The arm points to the figure's left (-x), and then hangs down.
    assert elbow[0] - shoulder[0] == pytest.approx([-0.225, 0, 0], abs=0.01)
    assert wrist[-1] - shoulder[-1] == pytest.approx([0, -0.44, 0], abs=0.02)
    assert joints[0, 0, 2] < joints[0, 3, 2]


def test_joints_and_beats_of_a_dance_in_2d(tmp_path, monkeypatch):
    tracks = load_script(ROOT / "benchmarks" / "aist_tracks.py")
    folder = tmp_path / "house_dance" / "nor_k_feat"
    folder.mkdir(parents=True)
    joints = np.zeros((60, 34))
    joints[7, 2 * 9 : 2 * 9 + 2] = 1.0, -2.0  # left wrist
    np.save(folder / "gHO_sFM_cAll_d19_mHO2_ch03.npy", joints)
    monkeypatch.setattr("sys.argv", ["aist_tracks.py", str(tmp_path), str(tmp_path / "out")])
    tracks.main()
    with np.load(tmp_path / "out" / "gHO_sFM_cAll_d19_mHO2_ch03.npz") as dance:
        assert dance["keypoints_coco17"].shape == (60, 17, 2)
        assert dance["keypoints_coco17"][0, 9] == pytest.approx([958.14, 612.29])
        assert dance["keypoints_coco17"][7, 9] == pytest.approx([958.14 + 132.31, 612.29 - 256.9])
        assert dance["beats"] == pytest.approx([0, 0.5, 1.0, 1.5])
        assert (dance["fps"], dance["group"], dance["genre"]) == (30, "gHO_sFM_d19_ch03", "HO")
