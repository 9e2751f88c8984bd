import json
import os
import pickle
import tracemalloc

import numpy as np
import pytest

from choreo.dataset.check import check
from choreo.dataset.importers import json_stream
from choreo.dataset.importers.aist import describe, read_names, read_splits, write_table
from choreo.dataset.importers.aist import read as read_aist
from choreo.dataset.importers.brace import Segment, contiguous, read_fps, read_lists, segment_of
from choreo.dataset.importers.brace import read as read_brace
from choreo.dataset.importers.chunked import import_paired, import_ren
from choreo.dataset.importers.json_stream import entries
from choreo.dataset.normalise import normalise
from choreo.dataset.pack import ChunkDataset, info, pack
from choreo.errors import ConfigError, ItemError
from choreo.files import json_text

NAME = "gBR_sBM_cAll_d04_mBR0_ch01"


# JSON streams


@pytest.mark.parametrize("block", [1, 2, 7, 1 << 20])
@pytest.mark.parametrize("encoded", [False, True])
def test_entries(tmp_path, monkeypatch, block, encoded):
    monkeypatch.setattr(json_text, "BLOCK", block)
    value = {"a": [1.5, {"b": [2, 'x,"\\{\n']}], "000": -12, "é\u2028": None, "e": {}, "f": 34}
    text = json.dumps(value)
    (tmp_path / "a.json").write_text(json.dumps(text) + "\n" if encoded else f" {text}\n")
    found = list(entries(tmp_path / "a.json", encoded=encoded))
    assert found == list(value.items())


def test_entries_of_nothing(tmp_path):
    (tmp_path / "a.json").write_text("{ }")
    assert list(entries(tmp_path / "a.json")) == []


@pytest.mark.parametrize(
    ("text", "encoded", "message"),
    [
        ("[1]", False, "expected one of { at character 0"),
        ('{"a": 1', False, "the file ends too soon at character 7"),
        ('{"a": [1, 2', False, "no JSON value at character 5"),
        ('{"a" 1}', False, "expected one of : at character 5"),
        ("{1: 2}", False, 'expected one of " }'),
        ('{"a": 1 "b": 2}', False, "expected one of , }"),
        ("", False, "ends too soon"),
        ('{"a": ' + "[" * 100_000, False, "too deep|no JSON value"),
        ('{"a": 1}', True, "not encoded twice"),
        (json.dumps('{"a": 1}')[:-1], True, "ends too soon"),
        ('"{\\q"', True, "not an encoded JSON text"),
    ],
)
def test_entries_errors(tmp_path, text, encoded, message):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ItemError, match=message):
        list(entries(tmp_path / "a.json", encoded=encoded))


def test_entries_limits(tmp_path, monkeypatch):
    monkeypatch.setattr(json_stream, "_LIMIT", 1000)
    monkeypatch.setattr(json_text, "BLOCK", 64)
    (tmp_path / "a.json").write_text(json.dumps({"a": list(range(1000))}))
    with pytest.raises(ItemError, match="a value of more than 1000 characters"):
        list(entries(tmp_path / "a.json"))
    with pytest.raises(ItemError, match="no such file"):
        list(entries(tmp_path / "none.json"))
    (tmp_path / "b.json").write_bytes(b'{"a": "\xff"}')
    with pytest.raises(ItemError, match=r"not a JSON file \(.utf-8. codec"):
        list(entries(tmp_path / "b.json"))


def test_entries_stream(tmp_path):
    """A file of 20 MB in the memory of one value of 1 MB."""
    with open(tmp_path / "a.json", "w") as file:
        file.write("{")
        for k in range(20):
            file.write(f'{", " if k else ""}"{k}": "{"x" * 1_000_000}"')
        file.write("}")
    tracemalloc.start()
    assert sum(len(value) for _, value in entries(tmp_path / "a.json")) == 20_000_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12e6


# AIST++


def _aist(folder, frames=600, *, stamps=None, protocol=4, **changes):
    rng = np.random.default_rng(0)
    values = {
        "keypoints2d": rng.uniform(0, 1000, (9, frames, 17, 3)).astype(np.float32),
        "det_scores": np.ones((9, frames), np.float32),
        "timestamps": np.arange(frames) if stamps is None else np.asarray(stamps),
    }
    values |= changes
    path = folder / f"{NAME}.pkl"
    path.write_bytes(pickle.dumps(values, protocol=protocol))
    return path, values


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_aist(tmp_path, protocol):
    path, values = _aist(tmp_path, protocol=protocol)
    values["keypoints2d"][2, 7] = np.nan
    path.write_bytes(pickle.dumps(values, protocol=protocol))
    track = read_aist(path, camera="c03")
    assert (len(track), track.fps, track.size, track.skeleton) == (600, 60, (1920, 1080), "coco17")
    np.testing.assert_array_equal(track.keypoints, values["keypoints2d"][2, ..., :2])
    np.testing.assert_array_equal(track.scores, values["keypoints2d"][2, ..., 2])
    assert np.isnan(track.keypoints[7]).all()
    assert (track.meta["source"], track.meta["camera"]) == (NAME, "c03")
    # 10 s at 60 frames a second become 100 poses.
    assert len(normalise(track).poses) == 100


@pytest.mark.parametrize("unit", [1, 16_667, 1 / 60])
def test_aist_frames_that_are_left_out(tmp_path, unit):
    """Whatever the unit of the stamps, a gap in them is a gap in the track."""
    numbers = np.array([1, 2, 3, 6, 7, 8, 9])
    path, values = _aist(tmp_path, 7, stamps=numbers * unit)
    track = read_aist(path)
    assert len(track) == 10
    np.testing.assert_array_equal(np.flatnonzero(track.given.all(1)), numbers)
    np.testing.assert_array_equal(track.keypoints[6], values["keypoints2d"][0, 3, :, :2])


def test_aist_never_runs_code(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    path = tmp_path / "evil.pkl"
    for value in (Evil(), {"keypoints2d": Evil()}, {"timestamps": [Evil()]}):
        path.write_bytes(pickle.dumps(value))
        with pytest.raises(ItemError, match=r"it asks for posix\.mkdir, which is not an array"):
            read_aist(path)
    assert not (tmp_path / "ran").exists()


def test_aist_errors(tmp_path):
    for changes in (
        {"keypoints2d": np.zeros((9, 600, 18, 3))},
        {"keypoints2d": np.full((9, 600, 17, 3), "x")},
        {"timestamps": np.arange(599)},
    ):
        path, _ = _aist(tmp_path, **changes)
        with pytest.raises(ItemError, match=r"must hold keypoints2d of shape \(views, N, 17, 3\)"):
            read_aist(path)
    for stamps in (np.zeros(600), np.arange(600)[::-1], np.r_[np.arange(599), 1e12]):
        path, _ = _aist(tmp_path, stamps=stamps)
        with pytest.raises(ItemError, match="time stamps that do not rise evenly"):
            read_aist(path)
    path, _ = _aist(tmp_path, keypoints2d=np.zeros((8, 600, 17, 3)))
    with pytest.raises(ItemError, match=r"no such view \(got 'c09'\)"):
        read_aist(path, camera="c09")
    path.write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(ItemError, match="not a pickle of arrays"):
        read_aist(path)
    path.write_bytes(pickle.dumps({"a": 1})[:-3])
    with pytest.raises(ItemError, match="not a pickle of arrays"):
        read_aist(path)
    with pytest.raises(ItemError, match="no such file"):
        read_aist(tmp_path / "none.pkl")
    with pytest.raises(ConfigError, match=r"unknown camera \(got 'c10'\)"):
        read_aist(path, camera="c10")


def test_aist_names():
    assert describe(NAME) == {
        "genre": "break",
        "situation": "sBM",
        "camera": "cAll",
        "dancer": "d04",
        "song": "mBR0",
        "choreography": "ch01",
        "tempo": 80,
    }
    assert describe("gHO_sFM_c01_d20_mHO5_ch13")["tempo"] == 135
    assert describe("gWA_sFM_c01_d25_mWA4_ch04")["tempo"] == 120
    for name in ("gXX_sBM_c01_d04_mBR0_ch01", "../gBR_sBM_c01_d04_mBR0_ch01", ""):
        with pytest.raises(ItemError, match="not a name of AIST"):
            describe(name)


def test_aist_splits(tmp_path):
    (tmp_path / "splits").mkdir()
    others = [NAME.replace("d04", f"d{k:02d}") for k in (5, 6, 7)]
    for short, names in zip(
        ("train", "val", "test"), ([NAME, others[0]], [others[1]], [others[2]])
    ):
        (tmp_path / "splits" / f"crossmodal_{short}.txt").write_text("\n".join(names) + "\n\n")
    expected = {NAME: "train", others[0]: "train", others[1]: "validation", others[2]: "test"}
    assert read_splits(tmp_path) == expected
    (tmp_path / "ignore_list.txt").write_text(others[0] + "\n")
    del expected[others[0]]
    assert read_splits(tmp_path) == expected
    with pytest.raises(ItemError, match="no such file"):
        read_splits(tmp_path, kind="pose")


def test_aist_videos_table(tmp_path):
    """The table that it writes is one that a study reads."""
    from choreo.config import read_table

    names = [
        "gBR_sBM_c01_d04_mBR0_ch01",
        "gBR_sBM_c02_d04_mBR0_ch01",
        "gBR_sGR_c01_d04_mBR0_ch01",
        "gHO_sFM_c01_d20_mHO5_ch13",
        "gHO_sFM_c01_d21_mHO5_ch13",
    ]
    (tmp_path / "list.txt").write_text("\n".join(f"{name}.mp4" for name in names))
    listed = read_names(tmp_path / "list.txt")
    assert listed == names
    assert write_table(listed, tmp_path / "a.tsv") == 3
    rows = read_table(tmp_path / "a.tsv")
    assert [(r.id, r.song, r.dancer, r.genre) for r in rows] == [
        (names[0], "mBR0", "d04", "break"),
        (names[3], "mHO5", "d20", "house"),
        (names[4], "mHO5", "d21", "house"),
    ]
    assert rows[0].source.endswith("/video/10M/gBR_sBM_c01_d04_mBR0_ch01.mp4")
    assert write_table(listed, tmp_path / "b.tsv", genres=["HO"], dancers=["d21"]) == 1
    with pytest.raises(ConfigError, match=r"unknown genre \(got 'HH'\)"):
        write_table(listed, tmp_path / "c.tsv", genres=["HH"])
    with pytest.raises(ConfigError, match="no video is left"):
        write_table(listed, tmp_path / "c.tsv", dancers=["d99"])


# BRACE


def _brace(path, numbers, video="-aB_3", **changes):
    rng = np.random.default_rng(0)
    entries = {
        f"{video}/img-{n:06d}.png": {
            "box": [1, 2, 3, 4, 1],
            "keypoints": np.round(rng.uniform(0, 1000, (17, 3)), 2).tolist(),
        }
        for n in numbers
    }
    path.write_text(json.dumps(entries | changes))
    return entries


def test_brace(tmp_path):
    path = tmp_path / "s.json"
    numbers = [*range(1001, 1020), *range(1022, 1200)]
    given = _brace(path, numbers)
    track = read_brace(path, fps=25)
    assert (len(track), track.fps, track.skeleton) == (199, 25, "coco17")
    np.testing.assert_array_equal(np.flatnonzero(~track.given.any(1)), [19, 20])
    expected = np.float32(given["-aB_3/img-001022.png"]["keypoints"])
    np.testing.assert_array_equal(track.keypoints[21], expected[:, :2])
    # The first image is number 1: number 1001 is frame 1000.
    assert track.meta["start_seconds"] == 40
    assert track.meta["source"] == "-aB_3"


def test_brace_fps(tmp_path):
    path = tmp_path / "videos_info.csv"
    path.write_text("video_id,video_url,year,duration,fps,resolution\na,u,2011,9,29.97,1x1\n")
    assert read_fps(path) == {"a": 29.97}
    # A row without a rate is as one that is missing: the others are read.
    path.write_text("video_id,fps\na,25\nb,\nc,0\nd,nan\ne,x\n")
    assert read_fps(path) == {"a": 25}
    path.write_text("video_id\na\n")
    with pytest.raises(ItemError, match=r"not BRACE's list.*the columns video_id, fps"):
        read_fps(path)


SEGMENTS = """\
video_id,seq_idx,start_frame,end_frame,dance_type,dance_type_id,dancer,dancer_id,year,uid
-aB_3,0,101,200,toprock,0,el niño,10,2011,-aB_3.101.200
-aB_3,0,199,260,powermove,1,el niño,10,2011,-aB_3.199.260
-aB_3,1,400,500,footwork,2,,47,2011,-aB_3.400.500
"""


def test_brace_lists(tmp_path):
    """The lists lie as in BRACE's repository, or beside each other."""
    (tmp_path / "videos_info.csv").write_text("video_id,fps\n-aB_3,25\n")
    assert read_lists(tmp_path).segments == read_lists(tmp_path / "videos_info.csv").segments == {}
    for folder in (tmp_path, tmp_path / "annotations"):
        folder.mkdir(exist_ok=True)
        (folder / "segments.csv").write_text(SEGMENTS, encoding="utf-8")
        (folder / "sequences_train.csv").write_text("video_id,seq_idx,uid\n-aB_3,1,-aB_3.1\n")
        (folder / "sequences_test.csv").write_text("video_id,seq_idx\n-aB_3,0\n")
        lists = read_lists(tmp_path)
        assert lists.rates == {"-aB_3": 25}
        assert lists.splits == {("-aB_3", 0): "test", ("-aB_3", 1): "train"}
        assert [s.dancer for s in lists.segments.values()] == ["el niño", "el niño", "47"]
    found = segment_of("2011/-aB_3/-aB_3_400-500_footwork.json", "-aB_3", lists.segments)
    assert found == Segment("-aB_3", 1, 400, 500, "47")
    for name in ("-aB_3_400-501_footwork.json", "other_400-500_x.json", "-aB_3.json"):
        assert segment_of(name, "-aB_3", lists.segments) is None
    (tmp_path / "annotations" / "sequences_train.csv").write_text("video_id,seq_idx\n-aB_3,0\n")
    with pytest.raises(ItemError, match="a sequence is in both splits"):
        read_lists(tmp_path)
    for text in ("video_id\na\n", SEGMENTS + "-aB_3,x,1,2,,,,,,\n", SEGMENTS + "-aB_3,1\n"):
        (tmp_path / "annotations" / "segments.csv").write_text(text, encoding="utf-8")
        with pytest.raises(ItemError, match=r"not BRACE's list.*the columns video_id, seq_idx"):
            read_lists(tmp_path)


def test_brace_segments_that_follow_each_other():
    def runs(*ends, fps=25):
        segments = [Segment("v", 0, first, last, "a") for first, last in ends]
        return [[(s.first, s.last) for s in run] for run in contiguous(segments, fps)]

    # Out of order, overlapping by two, next to each other, two pictures left out (0.08 s).
    ends = [(301, 400), (99, 200), (1, 100), (203, 300)]
    assert runs(*ends) == [[(1, 100), (99, 200), (203, 300), (301, 400)]]
    # Three pictures are 0.12 s of 25 a second, and 0.1 s of 30.
    assert runs((1, 100), (104, 200)) == [[(1, 100)], [(104, 200)]]
    assert len(runs((1, 100), (104, 200), fps=30)) == 1
    # A segment inside another one does not end it.
    assert len(runs((1, 100), (20, 40), (101, 150))) == 1


def test_brace_joined(tmp_path):
    first = _brace(tmp_path / "a.json", range(101, 151))
    second = _brace(tmp_path / "b.json", range(149, 181))
    track = read_brace([tmp_path / "a.json", tmp_path / "b.json"], fps=25)
    assert len(track) == 80
    assert track.meta["start_seconds"] == 4
    for number in (101, 149, 150, 151, 180):
        key = f"-aB_3/img-{number:06d}.png"
        expected = np.float32((first | second | first)[key]["keypoints"])
        np.testing.assert_array_equal(track.keypoints[number - 101], expected[:, :2])
    _brace(tmp_path / "c.json", range(181, 190), video="other")
    with pytest.raises(ItemError, match="not a frame of one video"):
        read_brace([tmp_path / "a.json", tmp_path / "c.json"], fps=25)


def test_brace_errors(tmp_path):
    path = tmp_path / "s.json"

    def refused(message):
        with pytest.raises(ItemError, match=message):
            read_brace(path, fps=25)

    refused("no such file")
    path.write_text("[")
    refused("not a BRACE segment")
    path.write_text("[]")
    refused("must be an object with a key a frame")
    _brace(path, [1, 2], **{"other/img-000003.png": {}})
    refused("not a frame of one video")
    _brace(path, [1, 2], **{"../x": {}})
    refused("not a frame of one video")
    _brace(path, [1, 999_999_999])
    refused("impossible frame numbers")
    for keypoints in ([[1, 2, 3]] * 16, "x", None, [[1, 2, "x"]] * 17, [[1, 2, 1e400]] * 17):
        _brace(path, [1], **{"-aB_3/img-000002.png": {"keypoints": keypoints}})
        refused("keypoints must be 17 times x, y, score")


# Ren et al., and the thesis's own file


def _pixels(shape, seed):
    rng = np.random.default_rng(seed)
    return np.round(rng.uniform([100, 50], [500, 350], (*shape, 18, 2)), 2)


def _sound(count, seed):
    return np.random.default_rng(seed).integers(-9000, 9000, count)


def test_ren(tmp_path):
    clips = {
        video: {
            f"{second:03d}": {
                "audio_sequence": _sound(160_000, second).tolist(),
                "joint_coors": _pixels((100,), second).tolist(),
            }
            for second in seconds
        }
        for video, seconds in {"000": [25, 5], "001": [40]}.items()
    }
    # What the real file has too: clips without poses.
    clips["000"]["015"] = {"audio_sequence": _sound(160_000, 0).tolist(), "joint_coors": [0] * 100}
    clips["002"] = {"000": {"audio_sequence": [], "joint_coors": []}}
    path = tmp_path / "ren.json"
    path.write_text(json.dumps(json.dumps(clips)))
    shards = import_ren(path, tmp_path / "shards")
    assert [s.name for s in shards] == ["ren000.h5", "ren001.h5"]
    splits = {"ren000": "train", "ren001": "test"}
    pack(shards, tmp_path / "d.h5", splits=splits)
    card = info(tmp_path / "d.h5")
    assert check(tmp_path / "d.h5") == []
    assert card["dropped_chunks"] == {"another shape": 2}
    data = ChunkDataset(tmp_path / "d.h5", "train")
    assert (data.method, data.canvas) == ("released", (640, 360))
    assert data.start_seconds.tolist() == [5, 10, 25, 30]
    assert data.index.tolist() == [0, 1, 4, 5]
    for i, (second, half) in enumerate([(5, 0), (5, 1), (25, 0), (25, 1)]):
        pixels = _pixels((100,), second)[50 * half : 50 * half + 50]
        np.testing.assert_allclose(data[i]["pose"], np.float32(pixels / [320, 180] - 1), atol=1e-6)
        sound = _sound(160_000, second)[80_000 * half : 80_000 * half + 80_000]
        np.testing.assert_array_equal(data[i]["audio"].reshape(-1), sound)
    assert not data[0]["initial_pose"].any()
    np.testing.assert_array_equal(data[1]["initial_pose"], data[1]["pose"][0])


def test_paired(tmp_path):
    def video(seed, count):
        return {
            "pose": [_pixels((50,), seed + k).tolist() for k in range(count)],
            "music": [_sound(80_000, seed + k).tolist() for k in range(count)],
        }

    videos = {"1": video(10, 3), "10": video(20, 2), "2": video(30, 1)}
    videos["1"]["pose"][1] = _pixels((40,), 0).tolist()
    path = tmp_path / "dance_music_paired.json"
    path.write_text(json.dumps(videos))
    shards = import_paired(path, tmp_path)
    assert [s.name for s in shards] == ["video1.h5", "video10.h5", "video2.h5"]
    data = ChunkDataset(shards[0])
    assert data.index.tolist() == [0, 2]
    assert info(shards[0])["dropped_chunks"] == {"another shape": 1}
    np.testing.assert_allclose(
        data[1]["pose"], np.float32(_pixels((50,), 12) / [320, 180] - 1), atol=1e-6
    )
    np.testing.assert_array_equal(data[1]["audio"].reshape(-1), _sound(80_000, 12))
    assert check(shards[0]) == []


def test_chunked_errors(tmp_path):
    path = tmp_path / "a.json"

    def refused(reader, value, message):
        path.write_text(json.dumps(json.dumps(value) if reader is import_ren else value))
        with pytest.raises(ItemError, match=message):
            reader(path, tmp_path / "out")

    refused(import_ren, {"000": {"x": {}}}, "a video must hold clips by their second")
    refused(import_ren, {"000": [1]}, "a video must hold clips by their second")
    refused(import_ren, {"000": {"001": {}}}, "no chunk of the expected shape")
    refused(import_paired, {}, "no chunk of the expected shape")
    refused(import_paired, {"1": {"pose": [1], "music": []}}, "as many `pose` as `music`")
    refused(import_paired, {"1": 3}, "as many `pose` as `music`")
    whole = {"pose": [_pixels((50,), 0).tolist()], "music": [_sound(80_000, 0).tolist()]}
    refused(import_paired, {"../x": whole}, "a video's key must do as an id")
    for value in (1e300, float("nan"), True, "7", 10**30):
        poses = {**whole, "pose": [[[[value, value]] * 18] * 50]}
        refused(import_paired, {"1": poses}, "no chunk of the expected shape")
        sound = {**whole, "music": [[value] * 80_000]}
        refused(import_paired, {"1": sound}, "no chunk of the expected shape")
    clip = {"joint_coors": [], "audio_sequence": []}
    refused(import_ren, {"000": {"3": clip, "03": clip}}, "two clips of one second.*'000'")
    assert not list((tmp_path / "out").glob("*"))
    # The same key twice, or two that one file name would stand for.
    refused(import_paired, {"a": whole, "A": whole}, "two videos have this key.*'A'.*ignore case")
    text = json.dumps(whole)
    path.write_text(f'{{"1": {text}, "1": {text}}}')
    with pytest.raises(ItemError, match=r"two videos have this key.*'1'"):
        import_paired(path, tmp_path / "out")
