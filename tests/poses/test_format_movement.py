import h5py
import numpy as np
import pytest
import xarray as xr

from choreo.errors import ItemError
from choreo.pose.track import PoseTrack
from choreo.poses.formats import movement, registry

SIZE = (640, 360)
NAMES = ["nose", "Left Hip"]


def dataset(individuals=("id_0", "id_1"), frames=5, fps=50.0, plural=True, names=NAMES, **attrs):
    """As movement.io.load_poses.from_numpy makes it."""
    keypoint, individual = ("keypoints", "individuals") if plural else ("keypoint", "individual")
    rng = np.random.default_rng(0)
    shape = (frames, 2, len(names), len(individuals))
    time = np.arange(frames) / fps if fps else np.arange(frames)
    own = {"fps": fps, "time_unit": "seconds"} if fps else {"time_unit": "frames"}
    return xr.Dataset(
        data_vars={
            "position": (("time", "space", keypoint, individual), rng.uniform(0, 300, shape)),
            "confidence": (
                ("time", keypoint, individual),
                rng.uniform(0, 1, shape[::2][:1] + shape[2:]),
            ),
        },
        coords={
            "time": time,
            "space": ["x", "y"],
            keypoint: list(names),
            individual: list(individuals),
        },
        attrs={"source_software": "SLEAP", "ds_type": "poses"} | own | attrs,
    )


@pytest.fixture
def file(tmp_path):
    def write(value):
        value.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
        return tmp_path / "a.nc"

    return write


def load(path, **options):
    """What the child does, here."""
    return movement.load(path, **options)


@pytest.mark.parametrize("plural", [True, False])
def test_all_individuals_are_read(file, plural):
    made = dataset(plural=plural)
    made["position"][3, :, :, 0] = np.nan
    made["position"][2, 0, 1, 1] = np.nan
    found = movement.read_detections(file(made), frames=8, fps=50)
    assert (found.skeleton, found.frames) == ("coco17", 8)
    assert found.frame.tolist() == [0, 1, 2, 4, 0, 1, 2, 3, 4]
    assert found.label.tolist() == [1] * 4 + [2] * 5
    np.testing.assert_array_equal(found.keypoints[3, 11], made["position"][4, :, 1, 0])
    np.testing.assert_array_equal(found.scores[3, 0], made["confidence"][4, 0, 0])
    assert np.isnan(found.keypoints[6, 11]).all()
    track = registry.read("movement", file(made), fps=50, size=SIZE, pick="id:2")
    assert track.given[2].sum() == 1


def test_times_in_seconds_and_in_frames(file):
    made = dataset(fps=None)
    assert load(file(made))["frames"].tolist() == [0, 1, 2, 3, 4]
    cut = dataset().isel(time=[1, 3])
    assert load(file(cut))["frames"].tolist() == [1, 3]
    del cut.attrs["fps"]
    assert load(file(cut), fps=50.0)["frames"].tolist() == [1, 3]
    with pytest.raises(ItemError, match="times in seconds without fps"):
        load(file(cut))


def test_another_rate_than_the_videos_is_refused(file):
    path = file(dataset())
    with pytest.raises(ItemError, match="the file has 50 frames a second, the video 30"):
        registry.read("movement", path, fps=30, size=SIZE)


def test_dimensions_in_another_order(file):
    made = dataset()
    turned = load(file(made.transpose("individuals", "keypoints", "space", "time")))
    np.testing.assert_array_equal(turned["position"], made["position"])
    np.testing.assert_array_equal(turned["confidence"], made["confidence"])


def test_one_confidence_for_a_whole_individual(file):
    made = dataset()
    made["confidence"] = (("time", "individuals"), np.linspace(0, 1, 10).reshape(5, 2))
    found = load(file(made))["confidence"]
    np.testing.assert_array_equal(found[:, 0], found[:, 1])
    np.testing.assert_array_equal(found[:, 0], made["confidence"])


def changed(**changes):
    return dataset().assign_coords(**changes)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (dataset().drop_vars("confidence"), "has no `confidence`: not a file of movement"),
        (dataset().rename(keypoints="parts"), "position must have the dimensions"),
        (dataset().expand_dims(view=2), "position must have the dimensions"),
        (changed(space=["x", "z"]), "space must be x, y"),
        (changed(time=["a", "b", "c", "d", "e"]), "time must hold numbers"),
        (changed(time=[0, 0.013, 0.04, 0.06, 0.08]), "times that lie between frames"),
        (changed(time=[0, 1, 2, 3, 1e9]), "frames must be from 0 to"),
        (dataset(fps=50.0).assign_attrs(fps=-1.0), r"fps must be a positive number \(got -1.0\)"),
        (dataset(individuals=[f"id_{k}" for k in range(101)]), "more than 100 individuals"),
        (
            dataset().assign(position=dataset()["position"].astype(str)),
            "position must hold numbers",
        ),
    ],
)
def test_other_datasets_are_refused(file, made, message):
    with pytest.raises(ItemError, match=message):
        load(file(made))


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (dataset(names=["snout", "nose"]), r"no skeleton has \(got 'snout'\)"),
        (dataset() * np.inf, "position must be numbers within"),
        (dataset().isel(time=[0, 2, 1]), "frame numbers must rise"),
    ],
)
def test_values_are_checked_after_the_child(file, made, message):
    with pytest.raises(ItemError, match=message):
        movement.read_detections(file(made.assign_attrs(dataset().attrs)))


def test_files_that_are_no_netcdf_4(tmp_path, file):
    dataset().to_netcdf(tmp_path / "3.nc", engine="scipy")
    with pytest.raises(ItemError, match=r"this is netCDF 3.*engine='h5netcdf'"):
        load(tmp_path / "3.nc")
    with h5py.File(tmp_path / "other.nc", "w") as other:
        other["x"] = np.zeros(3)
    with pytest.raises(ItemError, match="has no `position`"):
        load(tmp_path / "other.nc")
    with h5py.File(file(dataset()), "a") as own:
        own["secret"] = h5py.ExternalLink("other.nc", "x")
    with pytest.raises(ItemError, match="`secret` is a link"):
        load(tmp_path / "a.nc")


def test_a_coordinate_larger_than_memory_is_refused(file):
    path = file(dataset())
    with h5py.File(path, "a") as own:
        own.create_dataset("huge", (1 << 40,), "f8", chunks=(1024,))
    with pytest.raises(ItemError, match="a table that takes more than"):
        load(path)


def test_what_is_written(tmp_path):
    keypoints = np.random.default_rng(0).uniform(0, 500, (6, 26, 2)).astype(np.float32)
    scores = np.full((6, 26), 0.25, np.float32)
    keypoints[[0, 5]] = np.nan
    scores[[0, 5]] = np.nan
    track = PoseTrack(
        keypoints, scores, fps=29.97, size=SIZE, skeleton="halpe26", meta={"estimator": "x"}
    )
    path = tmp_path / "a.nc"
    movement.write(track, path)
    with xr.open_dataset(path, engine="h5netcdf") as made:
        # What movement's validator of poses datasets (0.15) asks for.
        assert made["position"].dims == ("time", "space", "keypoints", "individuals")
        assert made["confidence"].dims == ("time", "keypoints", "individuals")
        assert made["position"].shape == (6, 2, 26, 1)
        assert made["space"].values.tolist() == ["x", "y"]
        assert made["keypoints"].values.tolist() == list(track.joints.joints)
        assert made["time"].values[3] == pytest.approx(3 / 29.97)
        assert made.attrs == {
            "fps": 29.97,
            "time_unit": "seconds",
            "source_software": "x",
            "ds_type": "poses",
        }
    again = registry.read("movement", path, fps=29.97, size=SIZE)
    assert (again.skeleton, len(again)) == ("halpe26", 6)
    assert np.array_equal(again.keypoints, keypoints, equal_nan=True)
    assert np.array_equal(again.scores, scores, equal_nan=True)
    before = path.read_bytes()
    movement.write(track, path)
    assert path.read_bytes() == before
