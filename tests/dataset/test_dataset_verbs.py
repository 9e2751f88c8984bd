"""``choreo dataset ...`` and ``choreo videos-table``, as users type them."""

import json
import pickle

import click
import numpy as np
import pytest
import soundfile
from dataset_clips import dance, song

from choreo.cli import choreo, main
from choreo.config import read_table
from choreo.dataset.check import check, compare_with_sources
from choreo.dataset.pack import ChunkDataset, info
from choreo.pose.track import PoseTrack
from choreo.poses.formats import isolated


def _say(capsys, *arguments, status=0):
    assert main([str(argument) for argument in arguments]) == status
    said = capsys.readouterr()
    return said.err if status else said.out


def _aist(folder, names, frames=420):
    """``keypoints2d`` with a dancer in camera 1 and noise in the others; pieces of music."""
    (folder / "keypoints2d").mkdir()
    (folder / "music").mkdir()
    tracks = {}
    for seed, name in enumerate(names):
        track = tracks[name] = dance(frames / 60, fps=60.0, seed=seed)
        views = np.random.default_rng(seed).uniform(0, 900, (9, frames, 17, 3))
        views[0] = np.concatenate([track.keypoints, track.scores[..., None]], -1)
        values = {
            "keypoints2d": views,
            "det_scores": np.ones((9, frames)),
            "timestamps": np.arange(frames) * 16_667,
        }
        (folder / "keypoints2d" / f"{name}.pkl").write_bytes(pickle.dumps(values))
    for seed, piece in enumerate(sorted({name.split("_")[4] for name in names})):
        # At another rate and longer than the dance, as AIST's pieces are.
        soundfile.write(folder / "music" / f"{piece}.wav", song(20, seed)[: 44_100 * 9], 44_100)
    return tracks


NAMES = [
    "gBR_sBM_cAll_d04_mBR0_ch01",
    "gBR_sBM_cAll_d05_mBR0_ch02",
    "gBR_sFM_cAll_d05_mBR1_ch09",
    "gHO_sBM_cAll_d20_mHO5_ch03",
]


def test_import_aist(tmp_path, capsys):
    tracks = _aist(tmp_path, NAMES)
    (tmp_path / "keypoints2d" / "gHO_sBM_cAll_d20_mHO5_ch04.pkl").write_bytes(b"broken")
    out = tmp_path / "out"
    said = _say(
        capsys,
        "dataset",
        "import",
        "aist",
        tmp_path / "keypoints2d",
        "-o",
        out,
        "--music",
        tmp_path / "music",
        "--test",
        "0.4",
    )
    assert "4 videos" in said
    data = ChunkDataset(out / "dataset.h5")
    assert [clip["video"] for clip in data.clips] == sorted(NAMES)
    assert [data.ids(i)["song"] for i in range(4)] == ["mBR0", "mBR0", "mBR1", "mHO5"]
    assert data.ids(3) | {"split": ""} == {
        "video": NAMES[3],
        "song": "mHO5",
        "dancer": "d20",
        "genre": "house",
        "split": "",
        "index": 0,
        "start_seconds": 0.0,
    }
    assert check(out / "dataset.h5") == []
    assert compare_with_sources(out / "dataset.h5", out) == ([], 4)
    # 60 frames a second and float32: the joints are where they were.
    pixels = data.transform(0).invert(data[0]["pose"])
    nose = tracks[NAMES[0]].keypoints[: 50 * 6 : 6, 0]
    assert np.abs(pixels[:, 0] - nose).max() < 0.5
    assert PoseTrack.load(out / "poses" / f"{NAMES[0]}.npz").fps == 60
    # `choreo dataset check` finds the folder by itself.
    assert _say(capsys, "dataset", "check", out / "dataset.h5", "--json").count("offset") == 4


def test_import_aist_with_its_own_splits(tmp_path, capsys):
    _aist(tmp_path, NAMES)
    (tmp_path / "lists" / "splits").mkdir(parents=True)
    for short, names in (("train", NAMES[2:3]), ("val", NAMES[:1]), ("test", NAMES[1:2])):
        (tmp_path / "lists" / "splits" / f"crossmodal_{short}.txt").write_text("\n".join(names))
    command = ["dataset", "import", "aist", tmp_path / "keypoints2d", "-o", tmp_path / "out"]
    command += ["--music", tmp_path / "music", "--lists", tmp_path / "lists"]
    # AIST++'s validation and test share their songs: refused where songs must not be shared.
    said = _say(capsys, *command, status=1)
    assert "videos that share a song are asked to be in two splits" in said
    _say(capsys, *command, "--by", "video")
    splits = {c["video"]: c["split"] for c in info(tmp_path / "out" / "dataset.h5")["clips"]}
    assert splits == {NAMES[0]: "validation", NAMES[1]: "test", NAMES[2]: "train"}


def test_import_aist_errors(tmp_path, capsys):
    _aist(tmp_path, NAMES[:1])
    command = ["dataset", "import", "aist", tmp_path / "keypoints2d", "-o", tmp_path / "out"]
    assert "--music is missing" in _say(capsys, *command, status=1)
    said = _say(capsys, *command, "--music", tmp_path / "none", status=1)
    assert "none: no such folder" in said
    said = _say(capsys, *command, "--music", tmp_path / "keypoints2d", status=1)
    assert "it holds no file mBR0.*. Put the music there" in said
    said = _say(capsys, *command, "--music", tmp_path / "music", "--camera", "c33", status=1)
    assert "unknown camera (got 'c33')" in said
    (tmp_path / "keypoints2d" / f"{NAMES[0]}.pkl").write_bytes(b"broken")
    said = _say(capsys, *command, "--music", tmp_path / "music", status=1)
    assert "none of 1 sequences could be used; the first says" in said
    (tmp_path / "empty").mkdir()
    command[3] = tmp_path / "empty"
    said = _say(capsys, *command, "--music", tmp_path / "music", status=1)
    assert "no sequence is in this folder" in said
    assert not (tmp_path / "out" / "dataset.h5").exists()


def _segment(folder, video, first, track, movement="toprock"):
    """One of BRACE's files, whose first picture has the number `first`."""
    entries = {
        f"{video}/img-{first + k:06d}.png": {
            "box": [0, 0, 1, 1, 1],
            "keypoints": [[*map(float, xy), 1.0] for xy in pose],
        }
        for k, pose in enumerate(track.keypoints)
    }
    path = folder / "2011" / video / f"{video}_{first}-{first + len(track) - 1}_{movement}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(entries))


def _brace(folder, segments, *, fps=25, seconds=40, **made):
    """Files, music and lists as BRACE has them.

    `segments` are (video, sequence, first picture, seconds, dancer).
    """
    rows = ["video_id,seq_idx,start_frame,end_frame,dance_type,dance_type_id,dancer,dancer_id,year"]
    for seed, (video, sequence, first, length, dancer) in enumerate(segments):
        track = dance(length, fps=fps, seed=seed, **made)
        _segment(folder / "dataset", video, first, track)
        last = first + len(track) - 1
        rows.append(f"{video},{sequence},{first},{last},toprock,0,{dancer},{seed},2011")
    videos = sorted({segment[0] for segment in segments})
    (folder / "repo" / "annotations").mkdir(parents=True)
    info = "".join(f"{video},u,2011,99,{fps},1920x1080\n" for video in videos)
    (folder / "repo" / "videos_info.csv").write_text(
        "video_id,video_url,year,duration,fps,resolution\n" + info
    )
    (folder / "repo" / "annotations" / "segments.csv").write_text("\n".join(rows) + "\n")
    (folder / "music").mkdir()
    for seed, video in enumerate(videos):
        soundfile.write(folder / "music" / f"{video}.wav", song(seconds, seed), 16_000)
    command = ["dataset", "import", "brace", folder / "dataset", "-o", folder / "out"]
    return [*command, "--music", folder / "music", "--lists", folder / "repo"]


VIDEO = "-aB_3xYz012"


def test_import_brace(tmp_path, capsys):
    """Two segments of one video: the music is cut where each begins."""
    rate, out = 25, tmp_path / "out"
    command = _brace(tmp_path, [(VIDEO, k, first, 7, "ada") for k, first in enumerate((251, 601))])
    command[-1] = tmp_path / "repo" / "videos_info.csv"
    _say(capsys, *command)
    data = ChunkDataset(out / "dataset.h5")
    assert len(data) == 2
    assert len({data.ids(i)["song"] for i in range(2)}) == 1
    assert {data.ids(i)["split"] for i in range(2)} == {"train"}
    samples = song(40)
    for i, first in enumerate((251, 601)):
        assert data.ids(i)["video"] == f"brace-{VIDEO}_{first}-{first + 174}_toprock"
        begin = (first - 1) * 16_000 // rate
        sound, _ = soundfile.read(out / "videos" / f"{data.ids(i)['video']}.wav", dtype="int16")
        np.testing.assert_array_equal(sound, samples[begin : begin + 7 * 16_000])
    assert compare_with_sources(out / "dataset.h5", out) == ([], 2)
    # Without segments.csv nobody knows who dances.
    said = _say(capsys, *command, "--by", "dancer", status=1)
    assert "the dancer is unknown: --by dancer would keep nobody out of two splits" in said
    assert "--lists with segments.csv names BRACE's" in said
    (tmp_path / "repo" / "videos_info.csv").write_text("video_id,fps\nother,25\n")
    assert "the video of this segment has no frame rate" in _say(capsys, *command, status=1)


def test_import_brace_with_its_lists(tmp_path, capsys):
    """Short segments of a sequence are joined, and dancers keep to one side."""
    command = _brace(
        tmp_path,
        [
            # 3 + 3 s in a row (overlapping by one picture), then 8 s after a gap.
            (VIDEO, 0, 101, 3, "el niño"),
            (VIDEO, 0, 175, 3, "el niño"),
            (VIDEO, 0, 301, 8, "el niño"),
            # Next to it, but another's turn.
            (VIDEO, 1, 501, 6, "ada"),
            ("other-video", 0, 1, 6, "ada"),
            ("third-video", 0, 1, 6, "eve"),
        ],
    )
    out = tmp_path / "out"
    _say(capsys, *command, "--by", "dancer,song", "--test", "0.5")
    clips = {clip["video"]: clip for clip in info(out / "dataset.h5")["clips"]}
    assert {name: (clip["dancer"], clip["source"]) for name, clip in clips.items()} == {
        f"brace-{VIDEO}_101-249": ("el-nino", VIDEO),
        f"brace-{VIDEO}_301-500": ("el-nino", VIDEO),
        f"brace-{VIDEO}_501-650": ("ada", VIDEO),
        "brace-other-video_1-150": ("ada", "other-video"),
        "brace-third-video_1-150": ("eve", "third-video"),
    }
    assert len(PoseTrack.load(out / "poses" / f"brace-{VIDEO}_101-249.npz")) == 149
    assert {clip["chunks"] for clip in clips.values()} == {1}
    sides = {name: clip["split"] for name, clip in clips.items()}
    # One video and one dancer tie the first four together.
    assert len({side for name, side in sides.items() if "third" not in name}) == 1
    assert set(sides.values()) == {"train", "test"}
    # The table of a study has the dancers.
    rows = read_table(out / "videos.tsv")
    assert {row.dancer for row in rows} == {"el-nino", "ada", "eve"}
    assert check(out / "dataset.h5") == []
    assert compare_with_sources(out / "dataset.h5", out) == ([], 5)


def test_import_brace_with_its_own_split(tmp_path, capsys):
    turns = [(VIDEO, k, 1 + 200 * k, 6, "ada") for k in range(3)]
    command = [*_brace(tmp_path, turns), "--official-split"]
    said = _say(capsys, *command, status=1)
    assert "needs segments.csv, sequences_train.csv and sequences_test.csv" in said
    for split, numbers in {"train": [0], "test": [2]}.items():
        lines = [f"{VIDEO},{k},{VIDEO}.{k}\n" for k in numbers]
        path = tmp_path / "repo" / "annotations" / f"sequences_{split}.csv"
        path.write_text("video_id,seq_idx,uid\n" + "".join(lines))
    # Its sequences share videos and dancers: refused, and before anything is written.
    for by in ("song", "dancer"):
        said = _say(capsys, *command, "--by", by, status=1)
        assert f"videos that share a {by} are asked to be in two splits" in said
    assert not (tmp_path / "out").exists()
    main([str(argument) for argument in (*command, "--by", "video")])
    assert "_201-350_toprock.json: " in capsys.readouterr().err
    clips = info(tmp_path / "out" / "dataset.h5")["clips"]
    assert {clip["source"]: clip["split"] for clip in clips} == {
        f"{VIDEO}.0": "train",
        f"{VIDEO}.2": "test",
    }


def test_what_cannot_be_used_is_left_out(tmp_path, capsys):
    """Music, a frame rate or a name that is missing costs its own sequences alone."""
    (tmp_path / "aist").mkdir()
    _aist(tmp_path / "aist", NAMES)
    (tmp_path / "aist" / "music" / "mBR0.wav").unlink()
    (tmp_path / "aist" / "keypoints2d" / "mine.pkl").write_bytes(b"")
    command = ["dataset", "import", "aist", tmp_path / "aist" / "keypoints2d"]
    command += ["-o", tmp_path / "a", "--music", tmp_path / "aist" / "music"]
    assert main([str(argument) for argument in command]) == 0
    said = capsys.readouterr()
    assert "2 videos" in said.out
    for name in NAMES[:2]:
        assert f"left out: {name}.pkl: " in said.err
    assert "it holds no file mBR0.*. Put the music there" in said.err
    assert "left out: mine.pkl: " in said.err
    (tmp_path / "brace").mkdir()
    videos = ("video-0", "video-1", "video-2", "video-3")
    command = _brace(tmp_path / "brace", [(video, 0, 1, 6, "ada") for video in videos])
    (tmp_path / "brace" / "music" / "video-1.wav").unlink()
    path = tmp_path / "brace" / "repo" / "videos_info.csv"
    path.write_text("video_id,fps\nvideo-0,25\nvideo-1,25\nvideo-3,25\n")
    broken = tmp_path / "brace" / "dataset" / "2011" / "video-3" / "video-3_1-150_toprock.json"
    broken.write_text("[]")
    assert main([str(argument) for argument in command]) == 0
    said = capsys.readouterr()
    assert "1 videos" in said.out
    assert "it holds no file video-1.*" in said.err
    assert "the video of this segment has no frame rate (got 'video-2')" in said.err
    assert "not a BRACE segment" in said.err


@pytest.mark.parametrize("fps", [30, 60])
def test_a_true_dance_in_large_pictures_is_left_as_it_is(fps, tmp_path, capsys):
    """50 px are meant for pictures of 320 lines: at 1080 they flag what is right."""
    video = "video-0"
    (tmp_path / "music").mkdir()
    (tmp_path / "info.csv").write_text(f"video_id,fps\n{video},{fps}\n")
    soundfile.write(tmp_path / "music" / f"{video}.wav", song(8), 16_000)
    track = dance(8, fps=float(fps), move=58.0)
    track = track.with_(keypoints=3 * track.keypoints, size=(1920, 1080))
    _segment(tmp_path / "dataset", video, 1, track)
    command = ["dataset", "import", "brace", tmp_path / "dataset", "--music", tmp_path / "music"]
    command += ["--lists", tmp_path / "info.csv"]
    given = {
        "own": [],
        "px": ["--threshold", str(50 * 30 / fps)],
        "height": ["--threshold-height", str(0.05 * 30 / fps)],
        "robust": ["--cleaning", "robust"],
    }
    found = {}
    for name, options in given.items():
        out = tmp_path / name
        if name in ("px", "height"):
            # So many frames are bridged that nothing is left to learn from.
            said = _say(capsys, *command, "-o", out, *options, status=1)
            assert (
                "none of its 1 chunks can be used (joints repaired, or outside the picture: 1)"
                in said
            )
            assert "raise dataset.max_repaired" in said
            continue
        _say(capsys, *command, "-o", out, *options)
        (clip,) = json.loads((out / "dataset.json").read_text())["clips"]
        found[name] = clip["provenance"]["cleaning"]
        if name == "own":
            (before,), (after,) = ((out / f).glob("*.npz") for f in ("poses", "cleaning"))
            before, after = PoseTrack.load(before), PoseTrack.load(after)
            np.testing.assert_array_equal(before.keypoints, after.keypoints)
    assert {record["frames"] for record in found.values()} == {8 * fps}
    assert found["own"]["flagged"] == 0
    assert found["own"]["threshold_height"] == pytest.approx(0.2 * 30 / fps)
    assert found["robust"]["threshold_px"] is found["robust"]["threshold_height"] is None
    command += ["-o", tmp_path / "none", "--cleaning", "robust", "--threshold", "60"]
    assert "`threshold_px` has no effect with method robust" in _say(capsys, *command, status=1)


def _pixels(count, seed):
    track = dance(5 * count, fps=10.0, seed=seed)
    joints = np.zeros((count, 50, 18, 2)) + track.keypoints[:, :1].reshape(count, 50, 1, 2)
    return joints.round(2).tolist()


def test_import_ren_and_paired(tmp_path, capsys):
    clip = {
        "audio_sequence": song(10).tolist(),
        "joint_coors": np.reshape(_pixels(2, 0), (100, 18, 2)).tolist(),
    }
    other = {
        "audio_sequence": song(10, 1).tolist(),
        "joint_coors": np.reshape(_pixels(2, 1), (100, 18, 2)).tolist(),
    }
    ren = {
        video: {"010": one, "025": {"joint_coors": []}}
        for video, one in {"000": clip, "001": other}.items()
    }
    (tmp_path / "ren.json").write_text(json.dumps(json.dumps(ren)))
    said = _say(capsys, "dataset", "import", "ren", tmp_path / "ren.json", "-o", tmp_path / "ren")
    assert "2 videos, chunks: 2 train, 2 test" in said
    paired = {str(k): {"pose": _pixels(2, k), "music": [song(5, k).tolist()] * 2} for k in range(3)}
    (tmp_path / "p.json").write_text(json.dumps(paired))
    said = _say(
        capsys,
        "dataset",
        "import",
        "paired",
        tmp_path / "p.json",
        "-o",
        tmp_path / "paired",
        "--test",
        "0.34",
        "--seed",
        "2",
    )
    assert "3 videos, chunks: 4 train, 2 test" in said
    for name in ("ren", "paired"):
        said = _say(capsys, "dataset", "check", tmp_path / name / "dataset.h5")
        assert "not compared with tracks and songs (--sources)" in said
        assert "offsets are modulo one beat" in said.splitlines()[-1]
        assert (tmp_path / name / "dataset.md").read_text().startswith("# Data card")


@pytest.mark.parametrize(
    ("kind", "option", "value"),
    [
        *(
            (kind, option, value)
            for kind in ("ren", "paired")
            for option, value in {
                "music": "m",
                "lists": "l",
                "camera": "c02",
                "cleaning": "robust",
                "method": "thesis",
            }.items()
        ),
        ("brace", "camera", "c01"),
        ("paired", "threshold", "50.0"),
        ("ren", "threshold-height", "0.2"),
    ],
)
def test_import_refuses_what_a_kind_does_not_take(kind, option, value, tmp_path, capsys):
    command = ["dataset", "import", kind, tmp_path / "a", "-o", tmp_path / "out"]
    said = _say(capsys, *command, f"--{option}", value, status=1)
    assert f"import {kind}: --{option} has no effect on this kind (got '{value}')" in said
    assert not (tmp_path / "out").exists()


def test_import_paired_with_coordinates_outside(tmp_path, capsys):
    far = _pixels(1, 1)
    far[0][10][4] = [650, 200]  # a 32nd beyond the right edge of 640x360
    sounds = [song(5, k).tolist() for k in range(2)]
    (tmp_path / "p.json").write_text(
        json.dumps({"1": {"pose": [*_pixels(1, 0), *far], "music": sounds}})
    )
    found, cards = {}, {}
    for choice in ("keep", "clip", "rescale", "drop"):
        given = [] if choice == "keep" else ["--outside", choice]
        out = tmp_path / choice
        _say(capsys, "dataset", "import", "paired", tmp_path / "p.json", "-o", out, *given)
        found[choice], cards[choice] = ChunkDataset(out / "dataset.h5"), info(out / "dataset.h5")
        (clip,) = cards[choice]["clips"]
        assert clip["outside"] == choice
        assert check(out / "dataset.h5") == []
    largest = {
        choice: max(float(np.abs(data[i]["pose"]).max()) for i in range(len(data)))
        for choice, data in found.items()
    }
    assert largest["keep"] == pytest.approx(650 / 320 - 1)
    assert largest["clip"] == 1
    assert 0.999 < largest["rescale"] <= 1
    assert largest["drop"] < 1
    assert [len(data) for data in found.values()] == [2, 2, 2, 1]
    assert cards["drop"]["dropped_chunks"] == {"outside": 1}
    at = found["rescale"].transform(1).invert(found["rescale"][1]["pose"])[10, 4]
    np.testing.assert_allclose(at, [650, 200], atol=1e-3)
    (tmp_path / "p.json").write_text(json.dumps({"1": {"pose": far, "music": sounds[:1]}}))
    command = ["dataset", "import", "paired", tmp_path / "p.json", "-o", tmp_path / "none"]
    said = _say(capsys, *command, "--outside", "drop", status=1)
    assert "every chunk of this file has coordinates outside the window" in said


def test_shard_says_how_to_name_what_is_no_id(tmp_path, capsys):
    dance(6).save(tmp_path / "a.thesis.npz")
    soundfile.write(tmp_path / "a.wav", song(6), 16_000)
    command = ["dataset", "shard", tmp_path / "a.thesis.npz", tmp_path / "a.wav"]
    command += ["-o", tmp_path / "a.h5"]
    said = _say(capsys, *command, status=1)
    assert "a.thesis" in said
    assert "Name one with --video ID" in said
    said = _say(capsys, *command, "--video", "a", "--song", "a b", status=1)
    assert "Name one with --song ID" in said
    assert "1 chunks" in _say(capsys, *command, "--video", "a")
    assert info(tmp_path / "a.h5")["clips"][0]["song"] == "a"


def test_shard_refuses_a_stride_of_released(tmp_path, capsys):
    dance(12).save(tmp_path / "v.npz")
    soundfile.write(tmp_path / "v.wav", song(12), 16_000)
    command = ["dataset", "shard", tmp_path / "v.npz", tmp_path / "v.wav", "-o", tmp_path / "v.h5"]
    command += ["--method", "released", "--stride", "1"]
    assert "method released cuts consecutive chunks of 5 s only" in _say(capsys, *command, status=1)
    assert not (tmp_path / "v.h5").exists()


def test_shard_pack_append_info(tmp_path, capsys):
    for seed in range(3):
        dance(6, seed=seed).save(tmp_path / f"v{seed}.npz")
        soundfile.write(tmp_path / f"v{seed}.wav", song(6, seed), 16_000)
        said = _say(
            capsys,
            "dataset",
            "shard",
            tmp_path / f"v{seed}.npz",
            tmp_path / f"v{seed}.wav",
            "-o",
            tmp_path / f"v{seed}.h5",
            "--dancer",
            "ada",
        )
        assert "1 chunks; " in said
    shards = [tmp_path / f"v{seed}.h5" for seed in range(3)]
    _say(capsys, "dataset", "pack", *shards[:2], "-o", tmp_path / "d.h5")
    said = _say(capsys, "dataset", "append", tmp_path / "d.h5", shards[2], "--split", "validation")
    assert "3 videos, chunks: 1 train, 1 validation, 1 test" in said
    card = json.loads(_say(capsys, "dataset", "info", tmp_path / "d.h5", "--json"))
    assert card == json.loads((tmp_path / "d.json").read_text())
    said = _say(capsys, "dataset", "info", tmp_path / "d.h5")
    assert "| v2 | v2 | ada |  | validation | 1 | 0 |" in said
    assert "Outside [-1, 1]" in said
    said = _say(capsys, "dataset", "pack", *shards, "-o", tmp_path / "e.h5", "--by", "dancer,song")
    assert "chunks: 3 train" in said
    said = _say(
        capsys, "dataset", "pack", *shards, "-o", tmp_path / "e.h5", "--by", "genre", status=1
    )
    assert "unknown key (got 'genre')" in said


def _readers_of_datasets(command, words=()):
    """Every verb that takes a dataset file or shards, as the words before them."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from _readers_of_datasets(command.get_command(context, name), (*words, name))
    elif {"dataset", "shards"} & {param.name for param in command.params}:
        yield words


READERS = list(_readers_of_datasets(choreo))


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_what_keeps_hdf5_busy_is_seen_by_a_process_of_its_own(words, tmp_path, capsys, monkeypatch):
    """In this one nothing could end it; `verify` and the jobs of a study read what is theirs."""
    (tmp_path / "a.h5").write_bytes(b"what HDF5 would read for ever")
    needed = {
        ("dataset", "sample"): ["-o", tmp_path / "out"],
        ("dataset", "pack"): ["-o", tmp_path / "out.h5"],
        ("dataset", "append"): [tmp_path / "a.h5", "--split", "train"],
        ("train",): ["-o", tmp_path / "out"],
        ("evaluate",): [tmp_path, "-o", tmp_path / "out"],
    }.get(words, [])
    monkeypatch.setattr(isolated, "SECONDS", 0.001)
    said = _say(capsys, *words, tmp_path / "a.h5", *needed, status=1)
    assert "a.h5: a damaged HDF5 file (it can't be read within 0.001 s)" in said
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]


def test_of_many_shards_the_damaged_one_is_named(tmp_path, capsys):
    for name in ("a", "b"):
        soundfile.write(tmp_path / "song.wav", song(6, 0), 16_000)
        dance(6).save(tmp_path / f"{name}.npz")
        _say(
            capsys,
            *("dataset", "shard", tmp_path / f"{name}.npz", tmp_path / "song.wav"),
            *("-o", tmp_path / f"{name}.h5"),
        )
    (tmp_path / "b.h5").write_bytes((tmp_path / "b.h5").read_bytes()[:3000])
    said = _say(
        capsys,
        *("dataset", "pack", tmp_path / "a.h5", tmp_path / "b.h5", "-o", tmp_path / "c.h5"),
        status=1,
    )
    assert said.startswith(f"choreo dataset: {tmp_path / 'b.h5'}: ")


def test_coordinates_outside_are_counted_shown_and_chosen(tmp_path, capsys):
    """A dancer who walks out of the window, not the picture, in the last 5 of 15 s."""
    track = dance(15)
    moved = np.array(track.keypoints)
    moved[300:] += [900, 0]
    track.with_(keypoints=moved, size=(1920, 360)).save(tmp_path / "v.npz")
    soundfile.write(tmp_path / "v.wav", song(15), 16_000)
    found = {}
    for choice in ("clip", "rescale", "drop"):
        said = _say(
            capsys,
            "dataset",
            "shard",
            tmp_path / "v.npz",
            tmp_path / "v.wav",
            "-o",
            tmp_path / f"{choice}.h5",
            "--outside",
            choice,
        )
        found[choice] = ChunkDataset(tmp_path / f"{choice}.h5")
        share = 0.0 if choice == "rescale" else 1 / 6
        assert f"{share:.2%} outside" in said
        assert info(tmp_path / f"{choice}.h5")["all"]["share_outside"] == pytest.approx(
            share, abs=1e-6
        )
    assert [len(found[choice]) for choice in found] == [3, 3, 2]
    assert info(tmp_path / "drop.h5")["dropped_chunks"] == {"outside": 1}
    assert found["clip"][2]["pose"][..., 0].min() == 1
    largest = max(np.abs(found["rescale"][i]["pose"]).max() for i in range(3))
    assert 0.999 < largest <= 1


def test_videos_table(tmp_path, capsys):
    names = [name.replace("cAll", "c01") for name in NAMES]
    (tmp_path / "list.txt").write_text(
        "\n".join(f"https://a.b/{name}.mp4" for name in [*names, names[0].replace("c01", "c02")])
    )
    table = tmp_path / "t.tsv"
    said = _say(
        capsys,
        "videos-table",
        tmp_path / "list.txt",
        "-o",
        table,
        "--genres",
        "BR",
        "--dancers",
        "d05,d20",
    )
    assert "t.tsv: 2 videos" in said
    assert [row.id for row in read_table(table)] == names[1:3]
    # Lists of sequences do as well, and AIST++'s own splits fill the column.
    (tmp_path / "lists" / "splits").mkdir(parents=True)
    (tmp_path / "sequences.txt").write_text("\n".join(NAMES))
    for short, part in (("train", NAMES[:2]), ("val", NAMES[2:3]), ("test", NAMES[3:])):
        (tmp_path / "lists" / "splits" / f"crossmodal_{short}.txt").write_text("\n".join(part))
    (tmp_path / "lists" / "ignore_list.txt").write_text(NAMES[1])
    said = _say(
        capsys,
        "videos-table",
        tmp_path / "sequences.txt",
        "-o",
        table,
        "--camera",
        "c02",
        "--lists",
        tmp_path / "lists",
    )
    rows = read_table(table)
    assert [(row.id, row.split) for row in rows] == [
        (NAMES[0].replace("cAll", "c02"), "train"),
        (NAMES[2].replace("cAll", "c02"), "validation"),
        (NAMES[3].replace("cAll", "c02"), "test"),
    ]
    said = _say(capsys, "videos-table", tmp_path / "none.txt", "-o", table, status=1)
    assert "no such list. It can be had from https://aistdancedb" in said
    said = _say(
        capsys, "videos-table", tmp_path / "list.txt", "-o", table, "--camera", "c10", status=1
    )
    assert "unknown camera (got 'c10')" in said
