"""Every verb of `choreo` on one file, as a user types it."""

import json

import numpy as np
import pandas as pd
import pytest
import soundfile

from choreo.cli import main
from choreo.evaluation.extractor import train_extractor
from choreo.media import video_writer
from choreo.pose.track import PoseTrack

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


@pytest.fixture
def study(finished):
    return finished.results / "tiny"


@pytest.mark.soak
def test_poses_quality_clean_render(study, tmp_path, capsys):
    track, clean = tmp_path / "t.npz", tmp_path / "clean.npz"
    assert main(["poses", str(study / "videos" / "three.mp4"), "-o", str(track)]) == 0
    assert "a person in 210 of 210 frames" in capsys.readouterr().out
    # The same poses as the rule's, which read the same frames.
    rule = PoseTrack.load(study / "poses" / "mediapipe17" / "three.npz")
    np.testing.assert_allclose(PoseTrack.load(track).keypoints, rule.keypoints, atol=2)
    truth = str(study / "videos" / "demo" / "three.truth.npz")
    assert main(["quality", str(track), "--truth", truth, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["frames"], record["missing"]) == (210, 0)
    assert record["truth"]["pck_0_1"] > 0.8
    assert main(["clean", str(track), "-o", str(clean), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["frames"] == 210
    assert main(["render", str(clean), "-o", str(tmp_path / "x.mp4")]) == 0
    assert (tmp_path / "x.mp4").stat().st_size > 1000


def test_beats_of_a_demo_song(study, capsys):
    assert main(["beats", str(study / "videos" / "one.wav"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    truth = json.loads((study / "videos" / "demo" / "one.beats.json").read_text())
    ratio = found["tempo"] / truth["tempo"]
    assert min(abs(ratio / octave - 1) for octave in (0.5, 1, 2)) < 0.03
    assert all(0 <= beat <= 11 for beat in found["beats"])


def test_evaluate_gives_the_tables_of_the_study(study, tmp_path, capsys, monkeypatch):
    """From the dataset and the folder of dances alone: the same numbers as the rules."""
    # As in the code of the study's project.
    monkeypatch.setitem(train_extractor.__kwdefaults__, "steps", 20)
    dataset, dances = str(study / "dataset" / "dataset.h5"), str(study / "dances")
    assert main(["evaluate", dataset, dances, "-o", str(tmp_path), "--json"]) == 0
    records = json.loads(capsys.readouterr().out)
    assert [r["system"] for r in records] == ["real", "gru", "original"]
    for name in ("table2", "table2x_distances", "table2x_beats", "table2x_motion"):
        ours, rule = (
            pd.read_csv(folder / f"{name}.csv") for folder in (tmp_path, study / "tables")
        )
        keys = [key for key in ("system", "features", "source") if key in ours]
        ours, rule = (frame.set_index(keys).sort_index() for frame in (ours, rule))
        # What they were made of differs: a folder and a study.
        made_of = ["commit", "dataset", "dances", "options", "test_songs", "training_seeds"]
        ours = ours.drop(columns=made_of)
        pd.testing.assert_frame_equal(ours, rule[ours.columns])
    assert main(["evaluate", dataset, str(tmp_path), "-o", str(tmp_path / "again")]) == 1
    assert "no dances" in capsys.readouterr().err


def test_dance_to_a_song(study, tmp_path, capsys):
    song, model = str(study / "videos" / "three.wav"), str(study / "training" / "gru" / "seed1")
    assert main(["dance", song, "--model", model, "-o", str(tmp_path / "d.npz")]) == 0
    rule = PoseTrack.load(study / "dances" / "gru" / "seed1" / "dusty.npz")
    np.testing.assert_array_equal(PoseTrack.load(tmp_path / "d.npz").keypoints, rule.keypoints)
    assert main(["dance", song, "--model", model, "-o", str(tmp_path / "d.mp4")]) == 0
    assert "7.0 s of dance" in capsys.readouterr().out
    for name, pose in (("on", "d.npz"), ("zero", "zero")):
        pose = str(tmp_path / pose) if pose.endswith("npz") else pose
        command = ["dance", song, "--model", model, "-o", str(tmp_path / f"{name}.npz")]
        assert main([*command, "--initial-pose", pose, "--temperature", "0"]) == 0
    on, zero = (PoseTrack.load(tmp_path / f"{name}.npz").keypoints for name in ("on", "zero"))
    assert not np.array_equal(on, zero)
    assert main([*command, "--initial-pose", str(tmp_path / "none.npz")]) == 1
    assert "none.npz: no such file" in capsys.readouterr().err
    assert main(["dance", song, "--model", model, "-o", str(tmp_path / "d.avi")]) == 1
    assert "written as .mp4 or .gif" in capsys.readouterr().err


def test_dataset(study, tmp_path, capsys):
    path = str(study / "dataset" / "dataset.h5")
    assert main(["dataset", "info", path, "--json"]) == 0
    card = json.loads(capsys.readouterr().out)
    assert card["splits"]["train"]["chunks"] == 4
    # The study that the file lies in is found: every chunk is that of its track and song.
    assert main(["dataset", "check", path, "--json"]) == 0
    checked = json.loads(capsys.readouterr().out)
    assert checked["problems"] == []
    assert checked["compared_chunks"] == card["all"]["chunks"]
    assert len(checked["beats"]) == card["all"]["videos"]
    assert main(["dataset", "sample", path, "-o", str(tmp_path), "--count", "1"]) == 0
    assert len(list(tmp_path.glob("*.mp4"))) == 1


def test_train(study, tmp_path):
    arguments = ["train", str(study / "dataset" / "dataset.h5"), "--epochs", "1"]
    arguments += ["--batch-size", "2", "--threads", "1", "-o", str(tmp_path)]
    assert main(arguments) == 0
    for name in ("weights.safetensors", "metrics.json", "losses.csv"):
        assert (tmp_path / name).stat().st_size > 0


def test_import_alphapose(tmp_path, capsys):
    entry = {"image_id": "1.jpg", "category_id": 1, "keypoints": [5.0, 6.0, 0.9] * 17, "score": 2.5}
    (tmp_path / "a.json").write_text(json.dumps([entry]))
    arguments = ["import", "alphapose", str(tmp_path / "a.json"), "-o", str(tmp_path / "a.npz")]
    assert main([*arguments, "--size", "64x48", "--fps", "30", "--frames", "3"]) == 0
    track = PoseTrack.load(tmp_path / "a.npz")
    assert (track.skeleton, track.size) == ("coco17", (64, 48))
    assert track.given.any(1).tolist() == [False, True, False]
    assert main(["quality", str(tmp_path / "a.npz"), "--json"]) == 0
    record = json.loads(capsys.readouterr().out.partition("\n")[2])
    assert {"frames": 3, "missing": 2, "incorrect": 0}.items() <= record.items()
    assert record["confidence"] == pytest.approx(0.9)


def test_import_takes_the_clock_of_the_video(tmp_path, capsys):
    with video_writer(tmp_path / "in.mp4", (64, 48), 25) as write:
        for _ in range(10):
            write(np.zeros((48, 64, 3), np.uint8))
    entry = {"image_id": 1, "category_id": 1, "keypoints": [5.0, 6.0, 0.9] * 17}
    (tmp_path / "a.json").write_text(json.dumps([entry]))
    arguments = ["import", "coco", str(tmp_path / "a.json"), "-o", str(tmp_path / "a.npz")]
    arguments += ["--video", str(tmp_path / "in.mp4")]
    assert main(arguments) == 1
    assert "can't tell the number of the first frame" in capsys.readouterr().err
    assert main([*arguments, "--first-frame", "0"]) == 0
    track = PoseTrack.load(tmp_path / "a.npz")
    assert (len(track), track.fps, track.size) == (10, 25, (64, 48))
    assert main([*arguments, "--fps", "30"]) == 1
    assert "--video and --fps both say it. Leave out --fps" in capsys.readouterr().err


def test_import_must_be_told_what_a_file_does_not_say(tmp_path, capsys):
    (tmp_path / "a.json").write_text("[]")
    arguments = ["import", "alphapose", str(tmp_path / "a.json"), "-o", str(tmp_path / "a.npz")]
    assert main([*arguments, "--size", "64x48"]) == 1
    assert "Give --video VIDEO, or --size WxH and --fps" in capsys.readouterr().err
    assert main([*arguments, "--size", "64x48", "--fps", "30", "--view", "c01"]) == 1
    assert "alphapose has no option view" in capsys.readouterr().err
    assert not (tmp_path / "a.npz").exists()


@pytest.mark.parametrize(
    ("format", "name"),
    [("openpose", "made"), ("mmpose", "a.json"), ("deeplabcut", "a.csv"), ("movement", "a.nc")],
)
def test_export_and_import(tmp_path, capsys, format, name):
    keypoints = np.random.default_rng(0).uniform(0, 48, (5, 26, 2))
    track = PoseTrack(keypoints, np.full((5, 26), 0.5), 30, (64, 48), "halpe26")
    track.save(tmp_path / "a.npz")
    made = str(tmp_path / name)
    skeleton = "body25" if format == "openpose" else "coco17"
    assert (
        main(["export", format, str(tmp_path / "a.npz"), "-o", made, "--skeleton", skeleton]) == 0
    )
    assert f"{skeleton}, a person in 5 of 5 frames" in capsys.readouterr().out
    arguments = ["import", format, made, "--size", "64x48", "--fps", "30", "--skeleton", skeleton]
    assert main([*arguments, "-o", str(tmp_path / "b.npz")]) == 0
    again = PoseTrack.load(tmp_path / "b.npz")
    assert np.array_equal(again.keypoints, track.to(skeleton).keypoints, equal_nan=True)


def test_import_takes_the_rate_of_a_file_that_has_it(tmp_path, capsys):
    track = PoseTrack(np.full((5, 17, 2), 9.0), np.ones((5, 17)), 24, (64, 48), "coco17")
    track.save(tmp_path / "a.npz")
    made = str(tmp_path / "a.nc")
    assert main(["export", "movement", str(tmp_path / "a.npz"), "-o", made]) == 0
    assert main(["import", "movement", made, "--size", "64x48", "-o", str(tmp_path / "b.npz")]) == 0
    assert PoseTrack.load(tmp_path / "b.npz").fps == 24
    capsys.readouterr()
    assert main(["import", "movement", made, "-o", str(tmp_path / "c.npz")]) == 1
    assert "--size WxH" in capsys.readouterr().err


def test_export_refuses_joints_that_the_format_lacks(tmp_path, capsys):
    PoseTrack(np.zeros((1, 26, 2)), np.ones((1, 26)), 30, (64, 48), "halpe26").save(
        tmp_path / "a.npz"
    )
    assert main(["export", "aist", str(tmp_path / "a.npz"), "-o", str(tmp_path / "a.pkl")]) == 1
    assert "Convert the track to coco17 (--skeleton)" in capsys.readouterr().err


def test_videos(tmp_path, capsys):
    with video_writer(tmp_path / "in.mp4", (64, 48), 25) as write:
        for _ in range(50):
            write(np.zeros((48, 64, 3), np.uint8))
    command = ["videos", str(tmp_path / "in.mp4"), "-o", str(tmp_path / "out"), "--json"]
    for more, expected in (
        ([], (50, 25)),
        (["--fps", "own"], (50, 25)),
        (["--fps", "30"], (60, 30)),
    ):
        assert main([*command, *more]) == 0
        probe = json.loads(capsys.readouterr().out)
        assert (probe["frames"], probe["fps"]) == expected
        assert (probe["width"], probe["height"]) == (64, 48)


def test_an_input_is_never_written_over(tmp_path, capsys):
    path = tmp_path / "own.mp4"
    with video_writer(path, (64, 48), 30) as write:
        write(np.zeros((48, 64, 3), np.uint8))
    before = path.read_bytes()
    assert main(["videos", str(path), "-o", str(tmp_path)]) == 1
    assert main(["dance", str(path), "--model", str(tmp_path), "-o", str(path)]) == 1
    assert capsys.readouterr().err.count("this would write over the input") == 2
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("option", "value"), [("--threshold", "-1"), ("--threshold", "nan"), ("--threshold", "x")]
)
def test_numbers_that_can_not_be_are_refused(option, value, capsys):
    with pytest.raises(SystemExit):
        main(["quality", "t.npz", option, value])
    assert "is not a number above 0" in capsys.readouterr().err


def test_errors_are_one_line(tmp_path, capsys):
    soundfile.write(tmp_path / "song.wav", np.zeros(16000), 16000)
    for arguments, message in (
        (["quality", str(tmp_path / "none.npz")], "none.npz: no such file"),
        (["poses", str(tmp_path / "song.wav"), "-o", str(tmp_path / "t.npz")], "song.wav"),
        (["clean", str(tmp_path / "song.wav"), "-o", str(tmp_path / "t.npz")], "not a pose track"),
    ):
        assert main(arguments) == 1
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert message in error
    assert main(["beats", str(tmp_path / "song.wav")]) == 0
    assert "beats  none" in capsys.readouterr().out


def test_problems_and_retry(tmp_path, capsys):
    from choreo.pipeline.tombstones import write_problem

    problem = dict.fromkeys(("item", "stage", "message", "remedy"), "x")
    path = tmp_path / "videos" / "a.mp4"
    assert main(["problems", str(tmp_path)]) == 1
    assert "no folder of a study's results" in capsys.readouterr().err
    write_problem(path, problem)
    assert main(["problems", str(tmp_path), "--retry"]) == 0
    # Without the study's own config, it would be the demo that runs.
    assert "with its --configfile or --config, tries these again" in capsys.readouterr().out
    assert not path.exists()
    assert main(["problems", str(tmp_path)]) == 0
    assert "nothing was left out" in capsys.readouterr().out
