"""What is checked of the poses of every format: absent joints, numbering, units, size."""

import json
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest

from choreo.errors import ItemError
from choreo.pose.skeletons import SKELETONS
from choreo.pose.track import PoseTrack
from choreo.poses.formats import native, registry
from choreo.poses.formats.people import first_number

SIZE = (640, 360)
NAMES = {
    "alphapose": "a.json",
    "openpose": "folder",
    "coco": "a.json",
    "mmpose": "a.json",
    "aist": "a.pkl",
    "deeplabcut": "a.csv",
    "movement": "a.nc",
}


def skeleton_of(format):
    return "body25" if format == "openpose" else "coco17"


def standing(format, frames=6, low=(260, 40), high=(380, 340)):
    """Someone in the middle of the picture."""
    rng = np.random.default_rng(5)
    joints = len(SKELETONS[skeleton_of(format)])
    keypoints = np.repeat(rng.uniform(low, high, (1, joints, 2)), frames, 0).astype(np.float32)
    keypoints += np.arange(frames, dtype=np.float32)[:, None, None]
    scores = np.full((frames, joints), 0.75, np.float32)
    return PoseTrack(keypoints, scores, fps=30, size=SIZE, skeleton=skeleton_of(format))


def read(format, path, **options):
    told = {"fps": 30, "size": SIZE, "skeleton": skeleton_of(format)}
    return registry.read(format, path, **told | options)


def test_every_format_is_tried():
    assert list(NAMES) == registry.read_formats()


@pytest.mark.parametrize("format", registry.read_formats())
@pytest.mark.parametrize(
    "written",
    [(0, 0, 0), (0, 0, 0.6), (np.nan, 9, 0.5), (-1, -1, 0.6)]
    + [
        pytest.param(absent, marks=pytest.mark.soak)
        for absent in ((-1, -1, 0), (-99, -99, 0), (-1000, -1000, 0.9), (-5, -5, 0))
    ],
)
def test_an_absent_joint_however_it_is_written(tmp_path, format, written):
    track = standing(format)
    track.keypoints[2, 4], track.scores[2, 4] = written[:2], written[2]
    registry.write(format, track, tmp_path / NAMES[format])
    again = read(format, tmp_path / NAMES[format], frames=6)
    absent = np.argwhere(~again.given).tolist()
    assert absent == [[2, 4]]
    assert np.isnan(again.scores[2, 4])


@pytest.mark.parametrize("format", ["alphapose", "openpose", "coco", "mmpose"])
@pytest.mark.parametrize("text", ["NaN", "null"])
def test_json_with_nan_or_null(tmp_path, format, text):
    path = tmp_path / "a.json"
    track = standing(format)
    track.keypoints[2, 4], track.scores[2, 4] = 123.5, 0.125
    registry.write(format, track, path)
    lines = path.read_text().splitlines()
    lines[3] = lines[3].replace("123.5", text).replace("0.125", text)
    path.write_text("\n".join(lines))
    again = read(format, path, frames=6)
    assert np.argwhere(~again.given).tolist() == [[2, 4]]


@pytest.mark.parametrize("format", registry.read_formats())
@pytest.mark.parametrize("span", [(0, 1), (-1, 1)])
def test_shares_of_the_picture_are_refused(tmp_path, format, span):
    track = standing(format)
    shares = track.keypoints / np.float32(SIZE) * (span[1] - span[0]) + span[0]
    registry.write(format, track.with_(keypoints=shares), tmp_path / NAMES[format])
    with pytest.raises(ItemError, match=r"shares of the picture.*640x360.*Multiply") as error:
        read(format, tmp_path / NAMES[format], frames=6)
    assert ("--units share" in str(error.value)) == (span == (0, 1))
    if span == (0, 1):
        again = read(format, tmp_path / NAMES[format], frames=6, units="share")
        np.testing.assert_allclose(again.keypoints, track.keypoints, atol=0.01)


@pytest.mark.parametrize("format", registry.read_formats())
def test_scores_in_percent(tmp_path, format):
    track = standing(format)
    track.scores[1, 3:5] = 0.0625, 1.03125  # of a peak that was fitted
    path = tmp_path / NAMES[format]
    for most in (1, 100):
        registry.write(format, track.with_(scores=track.scores * most), path)
        np.testing.assert_allclose(read(format, path, frames=6).scores, track.scores, rtol=1e-5)
        path.unlink() if path.is_file() else shutil.rmtree(path)
    registry.write(format, track.with_(scores=track.scores * 255), path)
    with pytest.raises(ItemError, match=r"no shares and no percent.*262.969 at most.*0 to 1"):
        read(format, path, frames=6)


@pytest.mark.parametrize("format", registry.read_formats())
def test_pixels_said_to_be_shares(tmp_path, format):
    registry.write(format, standing(format), tmp_path / NAMES[format])
    with pytest.raises(ItemError, match=r"said to be in shares.*but they are not.*Leave out"):
        read(format, tmp_path / NAMES[format], frames=6, units="share")


@pytest.mark.parametrize("format", registry.read_formats())
def test_sizes_that_no_dancer_has(tmp_path, format):
    small = standing(format, low=(300, 200), high=(308, 208))
    registry.write(format, small, tmp_path / NAMES[format])
    with pytest.raises(ItemError, match=r"smaller than a dancer can be.*picture of 640x360"):
        read(format, tmp_path / NAMES[format], frames=6)


def test_larger_than_a_dancer_can_be(tmp_path):
    track = standing("coco")
    track.keypoints[:, :2] = [[9000, 300], [-9000, 300]]
    registry.write("coco", track, tmp_path / "a.json")
    with pytest.raises(ItemError, match=r"larger than a dancer can be: 1\.8e\+04 pixels"):
        read("coco", tmp_path / "a.json")


def test_poses_of_a_smaller_picture_are_asked_about(tmp_path):
    track = standing("coco", frames=90, low=(100, 10), high=(130, 70))
    registry.write("coco", track, tmp_path / "a.json")
    with pytest.raises(ItemError, match=r"upper left quarter.*1280x720.*--units pixels"):
        read("coco", tmp_path / "a.json", size=(1280, 720))
    assert len(read("coco", tmp_path / "a.json", size=(1280, 720), units="pixels")) == 90


def scaled(tmp_path, frames, scale):
    rng = np.random.default_rng(3)
    track = standing("coco", frames=frames)
    # Someone who fills the height of a picture of 640x360, and is seen equally well.
    keypoints = rng.uniform((230, 10), (400, 350), track.keypoints.shape)
    scores = rng.uniform(0.4, 1, track.scores.shape)
    registry.write("coco", track.with_(keypoints=keypoints * scale, scores=scores), tmp_path / "a")
    return tmp_path / "a"


@pytest.mark.parametrize(
    ("frames", "scale", "said"),
    [
        (90, (0.5, 0.5), "upper left quarter"),
        (90, (1.5, 1.5), "lie outside.*as sure of them as of the others.*--units pixels"),
        (90, (1000 / 640, 1000 / 360), "lie outside"),
        (20, (100 / 640, 100 / 360), "upper left corner.*percent.*divide them by 100"),
        (90, (1, 1), None),
    ],
)
def test_poses_of_a_picture_of_another_size(tmp_path, frames, scale, said):
    path = scaled(tmp_path, frames, scale)
    size = (1280, 720) if frames == 20 else SIZE
    if said is None:
        assert len(read("coco", path, size=size)) == frames
        return
    with pytest.raises(ItemError, match=said):
        read("coco", path, size=size)


def upright(format, frames=90):
    """Someone who stands, in the joints that tell: shoulders, hips, knees and ankles."""
    track = standing(format, frames=frames)
    heights = {"shoulder": 90, "hip": 180, "knee": 250, "ankle": 320}
    for column, name in enumerate(SKELETONS[track.skeleton].joints):
        track.keypoints[:, column, 1] = heights.get(name.rpartition("_")[2], 60)
    return track


@pytest.mark.parametrize("format", registry.read_formats())
def test_a_dancer_who_is_always_upside_down_is_asked_about(tmp_path, format):
    track = upright(format)
    upwards = track.keypoints * (1, -1) + (0, SIZE[1])
    # Half of a clip may be a handstand.
    some = np.where(np.arange(90)[:, None, None] < 45, upwards, track.keypoints)
    for number, keypoints in enumerate((track.keypoints, some, upwards)):
        path = tmp_path / str(number) / NAMES[format]
        path.parent.mkdir()
        registry.write(format, track.with_(keypoints=keypoints.astype(np.float32)), path)
        if keypoints is not upwards:
            assert len(read(format, path)) == 90
    with pytest.raises(ItemError, match=r"in 100% of the poses.*as where y goes upwards.*less y"):
        read(format, path)
    assert len(read(format, path, units="pixels")) == 90


def test_shares_whose_y_goes_upwards(tmp_path):
    track = upright("coco")
    shares = (track.keypoints * (1, -1) + (0, SIZE[1])) / SIZE
    registry.write("coco", track.with_(keypoints=shares.astype(np.float32)), tmp_path / "a.json")
    with pytest.raises(ItemError, match="of shares 1 less y"):
        read("coco", tmp_path / "a.json", units="share")


def test_a_close_up_whose_legs_are_guessed_is_taken(tmp_path):
    path = scaled(tmp_path, 90, (1.5, 1.5))
    entries = json.loads(path.read_text())
    for entry in entries:
        joints = entry["keypoints"]
        joints[2::3] = [0.2 if y > 360 else 0.9 for y in joints[1::3]]
    path.write_text(json.dumps(entries))
    assert len(read("coco", path)) == 90


@pytest.mark.parametrize(
    ("lowest", "last", "frames", "every", "first"),
    [
        (0, 11, 12, False, 0),
        (0, 12, 12, True, 0),
        (3, 12, 12, False, 1),
        (1, 12, 12, True, 1),
        (1, 13, 12, True, 1),
        (1, 12, None, True, 1),
        (None, None, 12, False, 0),
        (1, 11, 12, True, None),
        (1, 11, 12, False, None),
        (1, 11, None, False, None),
        (5, 12, 12, True, None),
        (1001, 1012, 12, True, 1001),
        (1001, 1012, 12, False, None),
        (1001, 1012, None, True, None),
    ],
)
def test_the_number_of_the_first_frame(lowest, last, frames, every, first):
    told = {"where": "a.json", "every_frame": every}
    if first is None:
        with pytest.raises(ItemError, match=f"frames {lowest} to {last}.*--first-frame"):
            first_number(lowest, last, frames, **told)
    else:
        assert first_number(lowest, last, frames, **told) == first


def test_a_joint_outside_that_is_seen_is_a_joint(tmp_path):
    track = standing("coco")
    track.keypoints[2, 4] = -5
    registry.write("coco", track, tmp_path / "a.json")
    assert read("coco", tmp_path / "a.json", frames=6).given.all()


def counted_from(number, format, folder):
    """A file whose frames count from a number, with everyone found in each of them."""
    path = folder / NAMES[format]
    registry.write(format, standing(format), path)
    if format == "openpose":
        pictures = folder / "pictures"
        pictures.mkdir()
        for count, file in enumerate(sorted(path.iterdir()), number):
            file.rename(pictures / f"img{count:05d}_keypoints.json")
        return pictures
    if format == "deeplabcut":
        lines = path.read_text().splitlines()
        rows = [line.split(",", 1) for line in lines[3:]]
        path.write_text("\n".join([*lines[:3], *(f"{int(n) + number},{rest}" for n, rest in rows)]))
        return path
    value = json.loads(path.read_text())
    for entry in value:
        if format == "alphapose":
            entry["image_id"] = f"img_{int(entry['image_id'][:-4]) + number:04d}.png"
        else:
            entry["image_id" if format == "coco" else "frame_id"] += number
    path.write_text(json.dumps(value))
    return path


@pytest.mark.parametrize("format", ["alphapose", "openpose", "coco", "mmpose", "deeplabcut"])
def test_files_that_count_from_1(tmp_path, format):
    path = counted_from(1, format, tmp_path)
    track = standing(format)
    assert np.array_equal(read(format, path, frames=6).keypoints, track.keypoints)
    late = read(format, path, frames=7, first_frame=0)
    assert np.flatnonzero(late.given.any(1)).tolist() == [1, 2, 3, 4, 5, 6]
    if format != "mmpose":
        # Another frame than the last, or than the first, may be missing.
        with pytest.raises(ItemError, match="can't tell the number of the first frame"):
            read(format, path, frames=7)


@pytest.mark.parametrize("format", ["alphapose", "openpose", "coco", "mmpose", "deeplabcut"])
def test_files_that_count_from_another_number(tmp_path, format):
    path = counted_from(1001, format, tmp_path)
    track = standing(format)
    assert np.array_equal(read(format, path, frames=6, first_frame=1001).keypoints, track.keypoints)
    if format in ("openpose", "deeplabcut"):  # which write every frame
        assert np.array_equal(read(format, path, frames=6).keypoints, track.keypoints)
    else:
        with pytest.raises(ItemError, match=r"has frame 1001, but the video has 6.*--first-frame"):
            read(format, path, frames=6)


def test_movement_from_1(tmp_path):
    track = standing("movement")
    registry.write("movement", track, tmp_path / "a.nc")
    with h5py.File(tmp_path / "a.nc", "r+") as file:
        file["time"][:] = (np.arange(6) + 1) / 30
    assert read("movement", tmp_path / "a.nc", frames=6).given.all()
    later = read("movement", tmp_path / "a.nc", frames=7)
    assert not later.given[0].any()


@pytest.mark.parametrize(
    ("joints", "skeleton"),
    [(136, "halpe26"), (136, "coco17"), (133, "coco17"), (135, "body25b"), (137, "body25")],
)
def test_joints_of_the_whole_body(tmp_path, joints, skeleton):
    rng = np.random.default_rng(2)
    flat = rng.uniform(50, 300, (joints, 3)).round(2)
    flat[:, 2] = 0.5
    entry = {"image_id": "0.jpg", "category_id": 1, "keypoints": flat.ravel().tolist()}
    path = tmp_path / "a.json"
    path.write_text(json.dumps([entry]))
    told = {"fps": 30, "size": SIZE}
    with pytest.raises(ItemError, match=rf"got {joints}\).*--skeleton {skeleton}|or --skeleton"):
        registry.read("alphapose", path, **told)
    track = registry.read("alphapose", path, skeleton=skeleton, **told)
    kept = len(SKELETONS[skeleton])
    assert np.array_equal(track.keypoints[0], flat[:kept, :2].astype(np.float32))
    with pytest.raises(ItemError, match=f"the file has {joints} joints a person, mediapipe33"):
        registry.read("alphapose", path, skeleton="mediapipe33", **told)


def test_what_macos_leaves_beside_files_is_none_of_them(tmp_path):
    track = standing("openpose")
    registry.write("openpose", track, tmp_path / "folder")
    for file in list((tmp_path / "folder").iterdir()):
        file.with_name(f"._{file.name}").write_bytes(b"\x00\x05\x16\x07" + bytes(28))
    assert np.array_equal(read("openpose", tmp_path / "folder").keypoints, track.keypoints)


def test_a_box_with_its_score(tmp_path):
    path = tmp_path / "a.json"
    registry.write("mmpose", standing("mmpose"), path)
    value = json.loads(path.read_text())
    for frame in value:
        frame["instances"][0]["bbox"] = [[250.0, 30.0, 390.0, 350.0, 0.875]]
    path.write_text(json.dumps(value))
    found = registry.read_detections("mmpose", path)
    assert found.box[0].tolist() == [250, 30, 140, 320]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("format", ["alphapose", "openpose", "coco", "mmpose", "deeplabcut"])
def test_text_in_other_encodings(tmp_path, format, encoding):
    path = tmp_path / ("a.csv" if format == "deeplabcut" else "a.json")
    track = standing(format)
    registry.write(format, track, path)
    path.write_text(path.read_text(), encoding=encoding)
    assert np.array_equal(read(format, path, frames=6).keypoints, track.keypoints)


@pytest.mark.parametrize("format", ["alphapose", "openpose", "coco", "mmpose"])
def test_json_that_is_nested_too_deeply(tmp_path, format):
    path = tmp_path / "a.json"
    path.write_text("[" * 100_000 + "]" * 100_000)
    with pytest.raises(ItemError, match=r"a\.json.*nested too deeply"):
        read(format, path)


def as_saved_by_a_spreadsheet(text, kind):
    lines = text.splitlines()
    if kind == "blank lines":
        return "\n".join([lines[0], "", *lines[1:], "", "," * lines[0].count(","), ""])
    if kind == "frame 0.0":
        return "\n".join([*lines[:3], *(line.replace(",", ".0,", 1) for line in lines[3:])])
    if kind == "empty columns":
        return "\n".join(f"{line},," for line in lines)
    if kind == "semicolons":
        return "\n".join(line.replace(",", ";").replace(".", ",") for line in lines)
    if kind == "sep":
        return "sep=;\n" + text.replace(",", ";")
    assert kind == "latin-1"
    return text.replace("choreo", "Tänzer")


@pytest.mark.parametrize(
    "kind", ["blank lines", "frame 0.0", "empty columns", "semicolons", "sep", "latin-1"]
)
def test_deeplabcut_tables_saved_by_a_spreadsheet(tmp_path, kind):
    path = tmp_path / "a.csv"
    track = standing("deeplabcut")
    track.keypoints[1, 3] = np.nan
    registry.write("deeplabcut", track, path)
    path.write_text(as_saved_by_a_spreadsheet(path.read_text(), kind), encoding="latin-1")
    again = read("deeplabcut", path, frames=6)
    assert np.array_equal(again.keypoints, track.keypoints, equal_nan=True)


BOMB = """
import re, resource, sys
from choreo.errors import ItemError
from choreo.poses.formats import registry
from choreo.pose.track import PoseTrack
try:
    if sys.argv[1].endswith(".npz"):
        PoseTrack.load(sys.argv[1])
    else:
        registry.read(sys.argv[2], sys.argv[1], fps=30, size=(640, 360))
except ItemError as error:
    print(error)
# Not our own ru_maxrss: it begins with what the process had from which this one was forked.
own = int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
print(max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) // 1024)
"""


def netcdf_bomb(path):
    with h5py.File(path, "w") as file:
        for name, shape in {
            "position": (20000, 2, 17, 50),
            "confidence": (20000, 17, 50),
            "time": (20000,),
        }.items():
            file.create_dataset(name, shape, "f4", chunks=True, compression="gzip")
    return "movement"


def chunk_bomb(path):
    # One value, in a chunk that takes a gigabyte to unpack.
    with h5py.File(path, "w") as file:
        for name in ("position", "confidence", "time"):
            file.create_dataset(
                name, (1,), "f8", chunks=(1 << 27,), maxshape=(None,), compression="gzip"
            )
    return "movement"


def track_bomb(path):
    np.savez_compressed(
        path,
        keypoints=np.zeros((1_000_000, 17, 2), np.float32),
        scores=np.zeros((1, 17), np.float32),
        fps=30.0,
        size=np.array([640, 360]),
        skeleton="coco17",
        meta="{}",
    )


def deep_meta(path):
    track = standing("coco")
    track.save(path)
    with np.load(path) as data:
        arrays = dict(data)
    np.savez(path, **arrays | {"meta": "[" * 50_000 + "]" * 50_000})


@pytest.mark.parametrize(
    ("make", "name", "said"),
    [
        (netcdf_bomb, "a.nc", "a table that takes more than 64 MiB"),
        (chunk_bomb, "a.nc", "a table that takes more than 64 MiB"),
        (track_bomb, "a.npz", "more than 128 MiB, not a pose track"),
        (deep_meta, "a.npz", "its meta is nested too deeply"),
    ],
)
def test_small_files_that_become_large_ones(tmp_path, make, name, said):
    path = tmp_path / name
    format = make(path) or ""
    assert path.stat().st_size < 1 << 20
    done = subprocess.run(
        [sys.executable, "-c", BOMB, str(path), format], capture_output=True, text=True, check=True
    )
    message, peak = done.stdout.splitlines()
    assert said in message
    assert str(path) in message
    assert int(peak) < 500


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"size": np.array([np.inf, 360])}, "not a pose track"),
        ({"size": np.array([640])}, "size must be"),
        ({"fps": np.array([30, 30])}, "not a pose track"),
        ({"keypoints": np.zeros((6, 17, 2), "U3")}, "keypoints is <U3"),
        ({"meta": np.array("[]")}, "meta must be an object"),
        ({"meta": np.array('{"dancer": 3}')}, "wrong `dancer`"),
        ({"meta": np.array('{"run": {"seconds": "x"}}')}, "wrong `run.seconds`"),
        ({"meta": np.array("{")}, "not a pose track"),
        ({"skeleton": np.array("coco18")}, "unknown skeleton"),
    ],
)
def test_tracks_of_which_a_part_is_wrong(tmp_path, changes, said):
    path = tmp_path / "a.npz"
    standing("coco").save(path)
    with np.load(path) as data:
        arrays = dict(data)
    np.savez(path, **arrays | changes)
    with pytest.raises(ItemError, match=said) as error:
        PoseTrack.load(path)
    assert str(path) in str(error.value)


def test_a_track_of_which_a_part_is_missing(tmp_path):
    path = tmp_path / "a.npz"
    standing("coco").save(path)
    with np.load(path) as data:
        arrays = dict(data)
    del arrays["scores"]
    np.savez(path, **arrays)
    with pytest.raises(ItemError, match="scores is missing"):
        PoseTrack.load(path)


def test_json_is_not_read_from_a_folder(tmp_path):
    with pytest.raises(ItemError, match="a folder, not JSON text"):
        native.read_text(tmp_path)
