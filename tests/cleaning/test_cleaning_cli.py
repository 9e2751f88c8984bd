import json

import matplotlib.pyplot as plt
import numpy as np
import pytest
from test_robust import dance, moved

from choreo.cli import main


@pytest.fixture
def track(tmp_path):
    truth = dance(120, swing=0.2)
    truth.save(tmp_path / "truth.npz")
    moved(truth, [50], [9], (90, 0)).save(tmp_path / "t.npz")
    return tmp_path / "t.npz"


def test_clean_with_truth_picture_and_settings(track, tmp_path, capsys):
    out, picture = tmp_path / "out.npz", tmp_path / "page.png"
    command = ["clean", str(track), "-o", str(out), "--threshold-height", "0.2", "--json"]
    command += ["--truth", str(tmp_path / "truth.npz"), "--picture", str(picture)]
    assert main([*command, "--max-gap", "0.5"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["flagged"], record["threshold_height"]) == ([50], 0.2)
    assert record["max_gap_seconds"] == 0.5
    assert record["motion_beats"]["f_of_truth_after"] == 1
    assert plt.imread(picture).shape == (900, 1100, 4)


def test_an_estimators_file_is_no_track(tmp_path, capsys):
    poses = tmp_path / "alphapose-results.json"
    poses.write_text("[]", encoding="utf-8")
    assert main(["clean", str(poses), "-o", str(tmp_path / "out.npz")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(
        "an estimator's file, not a track. Run `choreo import FORMAT FILE --fps N --size WxH "
        "-o TRACK.npz` first (FORMAT: alphapose, openpose, coco or mmpose)"
    )


def test_clean_says_what_became_of_the_beats(track, tmp_path, capsys):
    truth = ["--truth", str(tmp_path / "truth.npz")]
    assert main(["clean", str(track), "-o", str(tmp_path / "out.npz"), *truth]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "0 missing and 1 incorrect of 120 frames; 1 frames repaired" in lines[0]
    assert lines[1].startswith("motion beats: ")
    assert lines[2].endswith("1.000 after")


def test_clean_compares_all_methods(track, tmp_path, capsys):
    picture = tmp_path / "all.png"
    command = ["clean", str(track), "-o", str(tmp_path / "out.npz"), "--compare"]
    # Each method gets the settings that it uses.
    command += ["--threshold", "40", "--max-gap", "0.5"]
    assert main([*command, "--picture", str(picture)]) == 0
    page = plt.imread(picture)
    assert page.shape[1] == 1400
    # The colour of what was replaced is seen.
    orange = np.array([213, 94, 0]) / 255
    assert (np.abs(page[..., :3] - orange).max(-1) < 0.02).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--compare"], "--compare and --video are about the picture"),
        (["--method", "released", "--max-gap", "0.01"], "`max_gap_seconds` has no effect with"),
        (["--method", "robust", "--threshold", "5"], "`threshold_px` has no effect with"),
        (["--method", "robust", "--threshold-height", "0.2"], "`threshold_height` has no effect"),
        (["--picture", "x.jpg"], "the picture is written as .png"),
        (["--picture", "x.png", "--video", "none.mp4"], "none.mp4: no such file"),
    ],
)
def test_what_clean_refuses(track, tmp_path, capsys, options, message):
    assert main(["clean", str(track), "-o", str(tmp_path / "out.npz"), *options]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out.npz").exists()


def test_nothing_is_written_where_the_picture_cannot_be_drawn(track, tmp_path, capsys):
    other = tmp_path / "other.mp4"
    other.write_text("no video", encoding="utf-8")
    picture = ["--picture", str(tmp_path / "p.png"), "--video", str(other)]
    assert main(["clean", str(track), "-o", str(tmp_path / "out.npz"), *picture]) == 1
    assert "other.mp4" in capsys.readouterr().err
    assert not (tmp_path / "out.npz").exists()
    assert not (tmp_path / "p.png").exists()
