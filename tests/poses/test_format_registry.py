"""What holds for every format: nothing is lost, and hostile files give an `ItemError`."""

import contextlib
import typing

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from choreo import config
from choreo.errors import ConfigError, ItemError
from choreo.pose.skeletons import SKELETONS
from choreo.pose.track import PoseTrack
from choreo.poses.formats import isolated, registry

# Most of the poses below lie inside.
SIZE = (1920, 1800)
FILES = {
    "alphapose": ["a.json"],
    "openpose": ["folder", "a.json"],
    "coco": ["a.json"],
    "mmpose": ["a.json"],
    "aist": ["a.pkl"],
    "deeplabcut": ["a.csv", "a.h5"],
    "movement": ["a.nc"],
}
JOINTS = {"openpose": ["body25", "body25b", "openpose18"], "aist": ["coco17"]}


def some_track(skeleton, seed=0, frames=12):
    """Poses that jump about, with frames and joints that are absent, the first and the last."""
    rng = np.random.default_rng(seed)
    joints = len(SKELETONS[skeleton])
    keypoints = rng.uniform(-300, 2000, (frames, joints, 2)).astype(np.float32)
    scores = rng.uniform(0.01, 1.3, (frames, joints)).astype(np.float32)
    absent = rng.uniform(size=(frames, joints)) < 0.2
    absent[[0, 4, -1]] = True
    keypoints[absent], scores[absent] = np.nan, np.nan
    return PoseTrack(keypoints, scores, fps=29.97, size=SIZE, skeleton=skeleton)


def read(format, path, track, **options):
    if format == "coco":
        options["first_frame"] = 0
    return registry.read(format, path, fps=29.97, size=SIZE, frames=len(track), **options)


def test_every_format_of_the_config_is_there():
    allowed = typing.get_args(config.Import.model_fields["format"].annotation)
    assert set(allowed) == set(registry.read_formats()) == set(FILES)


@pytest.mark.parametrize(
    ("format", "name"), [(format, name) for format in FILES for name in FILES[format]]
)
def test_a_track_comes_back_as_it_was(tmp_path, format, name):
    for skeleton in JOINTS.get(format, ["coco17", "halpe26"]):
        track = some_track(skeleton)
        path = tmp_path / skeleton / name
        registry.write(format, track, path)
        again = read(format, path, track, skeleton=skeleton)
        assert again.skeleton == skeleton
        assert np.array_equal(again.keypoints, track.keypoints, equal_nan=True)
        assert np.array_equal(again.scores, track.scores, equal_nan=True)
        assert again.meta["format"] == format
        assert (again.meta["source"], again.meta["frames_from"]) == (name, "video")


@pytest.mark.parametrize("format", registry.FORMATS)
def test_two_writes_have_the_same_bytes(tmp_path, format):
    track = some_track("body25" if format == "openpose" else "coco17")
    name = FILES[format][-1] if format in FILES else f"a.{format}"
    for folder in ("one", "two"):
        registry.write(format, track, tmp_path / folder / name)
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@contextlib.contextmanager
def item_error_allowed(name):
    """Anything but an `ItemError` that names the file fails the test."""
    try:
        yield
    except ItemError as error:
        if name not in str(error):
            raise


# Files whose reading needs no process of its own.
QUICK = [("alphapose", "coco17"), ("openpose", "body25"), ("coco", "coco17"), ("mmpose", "coco17")]
QUICK += [("aist", "coco17"), ("deeplabcut", "coco17")]


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    folder = tmp_path_factory.mktemp("originals")
    found = {}
    for format, skeleton in QUICK:
        name = "a.json" if format == "openpose" else FILES[format][0]
        registry.write(format, some_track(skeleton), folder / format / name)
        found[format] = folder / format / name, (folder / format / name).read_bytes()
    return found


@pytest.mark.parametrize(("format", "skeleton"), QUICK)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_corrupted_file_gives_an_item_error_or_poses(originals, format, skeleton, data):
    path, whole = originals[format]
    at = data.draw(st.integers(0, len(whole) - 1))
    gone = data.draw(st.sampled_from([0, 1, 7, 100, len(whole)]))
    new = data.draw(
        st.one_of(
            st.binary(max_size=12),
            st.sampled_from(
                [b"[" * 5000, b"1e999", b"NaN", b"-1", b"null", b'"x"', b"{}", b"9" * 99]
            ),
        )
    )
    corrupted = path.with_name(f"corrupted{path.suffix}")
    corrupted.write_bytes(whole[:at] + new + whole[at + gone :])
    with item_error_allowed(corrupted.name):
        track = registry.read(format, corrupted, fps=30, size=SIZE, skeleton=skeleton, frames=12)
        assert len(track) == 12
        assert not np.isinf(track.keypoints).any()


@pytest.mark.soak
@pytest.mark.parametrize(("format", "name"), [("deeplabcut", "a.h5"), ("movement", "a.nc")])
def test_corrupted_hdf5_files(tmp_path, monkeypatch, format, name):
    # On some of them the library runs for ever.
    monkeypatch.setattr(isolated, "SECONDS", 5.0)
    registry.write(format, some_track("coco17"), tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    corrupted = [whole[: len(whole) // 2], whole[:100], b""]
    corrupted += [whole[:at] + bytes(200) + whole[at + 200 :] for at in (8, 900, len(whole) - 2000)]
    refused = 0
    for data in corrupted:
        (tmp_path / name).write_bytes(data)
        try:
            read(format, tmp_path / name, some_track("coco17"))
        except ItemError as error:
            refused += name in str(error)
    assert refused >= 4


def test_unknown_formats_and_options(tmp_path):
    with pytest.raises(ConfigError, match=r"unknown format \(got 'vpd'\)\. Formats: alphapose, op"):
        registry.read("vpd", tmp_path / "x", fps=30, size=SIZE)
    with pytest.raises(ConfigError, match=r"written, and not read \(got 'bvh'\)\. Formats: alph"):
        registry.read("bvh", tmp_path / "x", fps=30, size=SIZE)
    with pytest.raises(ConfigError, match=r"unknown format \(got 'vpd'\)\. Formats: .*, bvh"):
        registry.write("vpd", some_track("coco17"), tmp_path / "x")
    with pytest.raises(ConfigError, match=r"alphapose has no option view.*It is for aist"):
        registry.read_detections("alphapose", tmp_path / "x", view="c01")
    with pytest.raises(ConfigError, match=r"aist has no option first-frame \(got 1\).*alphapose"):
        registry.read_detections("aist", tmp_path / "x", first_frame=1)


def standing(size, frames=20):
    """Someone upright in the middle of a picture."""
    rng = np.random.default_rng(3)
    width, height = size
    keypoints = rng.uniform((width * 0.4, height * 0.1), (width * 0.6, height * 0.98), (17, 2))
    keypoints = np.repeat(keypoints[None], frames, 0).astype(np.float32)
    return PoseTrack(keypoints, np.ones((frames, 17)), fps=30, size=size, skeleton="coco17")


@pytest.mark.parametrize("format", ["alphapose", "deeplabcut", "movement"])
def test_poses_of_another_resolution_are_refused(tmp_path, format):
    path = tmp_path / FILES[format][0]
    registry.write(format, standing((1080, 1920)), path)
    assert len(registry.read(format, path, fps=30, size=(1080, 1920))) == 20
    with pytest.raises(ItemError) as error:
        registry.read(format, path, fps=30, size=(304, 540))
    said = str(error.value)
    assert said.startswith(f"{path}: 100.0% of the joints lie outside the picture: it has 304x540")
    assert "they reach from x=4" in said
    assert "they fit when scaled by 0.2812 or less, as if found in a picture of 1920 pix" in said


def test_the_share_of_joints_outside_decides(tmp_path):
    track = standing((200, 200), frames=4)
    keypoints = track.keypoints.copy()
    keypoints[:2] += 5000
    registry.write("alphapose", track.with_(keypoints=keypoints), tmp_path / "half.json")
    read("alphapose", tmp_path / "half.json", track)
    keypoints[2, 0] += 5000
    registry.write("alphapose", track.with_(keypoints=keypoints), tmp_path / "more.json")
    with pytest.raises(ItemError, match=r"51\.5% of the joints.*in the original$"):
        registry.read("alphapose", tmp_path / "more.json", fps=30, size=(200, 200))


def test_the_rate_that_a_file_says_itself(tmp_path):
    registry.write("movement", standing((640, 360)), tmp_path / "a.nc")
    registry.write("alphapose", standing((640, 360)), tmp_path / "a.json")
    assert registry.rate("movement", tmp_path / "a.nc") == 30
    assert registry.rate("alphapose", tmp_path / "a.json") is None
    with pytest.raises(ConfigError, match="unknown format"):
        registry.rate("vpd", tmp_path / "a.nc")


def test_the_file_decides_the_number_of_frames_where_nobody_says_it(tmp_path):
    registry.write("alphapose", some_track("coco17"), tmp_path / "a.json")
    track = registry.read("alphapose", tmp_path / "a.json", fps=30, size=SIZE)
    assert len(track) == 11
    assert track.meta["frames_from"] == "the file's last frame"
