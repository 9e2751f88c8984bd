"""The worked examples of docs/adding, as the pages show them (a family: tests/models)."""

import shutil

import pytest
import worked_examples
from worked_examples import ROOT, copied, run

PAGES = sorted(f"adding/{path.stem}" for path in (worked_examples.DOCS / "adding").glob("*.md"))


@pytest.mark.parametrize("page", PAGES)
def test_every_change_fits_the_files_as_they_are(page, tmp_path):
    for path, language, _ in worked_examples.blocks(page):
        if language == "diff":
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, tmp_path / path)
    worked_examples.apply(page, tmp_path)
    for path, language, _ in worked_examples.blocks(page):
        changed = (tmp_path / path).read_text(encoding="utf-8")
        if path.endswith(".py"):
            compile(changed, path, "exec")
        if language == "diff":
            assert changed != (ROOT / path).read_text(encoding="utf-8")


def test_a_change_that_fits_nowhere_is_no_change():
    with pytest.raises(AssertionError, match="has this 0 times"):
        worked_examples.patched("a = 1\n", " b = 1\n+c = 2\n", "a.py")
    with pytest.raises(AssertionError, match="has this 2 times"):
        worked_examples.patched("a = 1\na = 1\n", " a = 1\n+c = 2\n", "a.py")
    changed = worked_examples.patched("a = 1\n\nb = 1\n", " a = 1\n\n-b = 1\n+b = 2\n", "a.py")
    assert changed == "a = 1\n\nb = 2\n"


FORMAT = """
import numpy as np
from choreo import config
from choreo.errors import ItemError
from choreo.pose.track import PoseTrack
from choreo.poses.formats import registry

assert config.Import(path="{video}.txt", format="lines").format == "lines"
assert registry.format_by_ending(".txt") == "lines"
keypoints = np.random.default_rng(1).uniform(10, 300, (5, 17, 2))
keypoints[2], keypoints[3, 4] = np.nan, np.nan
track = PoseTrack(keypoints, np.where(np.isnan(keypoints[..., 0]), np.nan, 0.5), 30, (320, 320),
                  "coco17")
registry.write("lines", track, "a.txt")
again = registry.read("lines", "a.txt", fps=30, size=(320, 320), frames=5)
assert np.array_equal(again.keypoints, track.keypoints, equal_nan=True)
for text, said in (("1 2 x 1", "line 1: must hold numbers"), ("a 1 2 1", "begin with a frame")):
    open("a.txt", "w").write(text)
    try:
        registry.read("lines", "a.txt", fps=30, size=(320, 320))
        raise SystemExit(f"{text} was read")
    except ItemError as error:
        assert said in str(error), error
"""


def test_the_format_is_read_written_and_tried_by_the_tests_of_all(tmp_path):
    (tmp_path / "tests").mkdir()
    tests = "tests/poses/test_format_registry.py"
    (tmp_path / tests).parent.mkdir()
    shutil.copy2(ROOT / tests, tmp_path / tests)
    shutil.copy2(ROOT / "pyproject.toml", tmp_path)
    copied(tmp_path, "adding/format", parts=("src",))
    run(tmp_path, "-c", FORMAT)
    done = run(tmp_path, "-m", "pytest", "-p", "no:cacheprovider", tests, "-k", "lines")
    assert "3 passed" in done


METRIC = """
import importlib.util
import numpy as np
from choreo.evaluation import table2x
from choreo.evaluation.metrics import METRICS
from choreo.evaluation.motion_quality import motion_quality
from choreo.evaluation.segments import Segments

assert METRICS["travel"].aim == "near real"
assert table2x.MOTION["travel"] == "Travel (px)"
pixels = np.random.default_rng(1).uniform(100, 200, (1, 1, 18, 2)).repeat(50, 1)
moved = pixels + np.stack([np.linspace(0, 80, 50), np.zeros(50)], -1)[None, :, None]
poses = np.concatenate([pixels, moved, moved + [200, 0]])
found = motion_quality(Segments(poses, list("abc"), list("abc"), np.zeros(3), None, 10, (640, 320)))
np.testing.assert_allclose(found["travel"], [0, 80, 80], atol=1e-9)
spec = importlib.util.spec_from_file_location("pages", "docs/metrics.py")
pages = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pages)
assert "### Travel (px)" in pages.page()
"""


TABLE = """
from dataclasses import replace
import numpy as np
from evaluation_dances import swaying
from choreo.evaluation.extractor import train_extractor
from choreo.evaluation.measurements import measure
from choreo.evaluation.table2x import extended, motion_table

train, test = swaying(12, seed=1), swaying(4, seed=2, songs=("c", "d"), prefix="w")
extractor = train_extractor(train.pixels, train.songs, steps=2)
real = measure(replace(train, audio=None), extractor)
table = motion_table(extended({}, {"real": measure(test, extractor)}, real, replicates=10))
assert table.frame.iloc[0]["travel"] > 0
assert table.headers["travel"] == "Travel (px)"
"""


@pytest.mark.slow
@pytest.mark.soak
def test_the_metric_is_measured_told_of_and_stands_in_the_table(tmp_path):
    copied(tmp_path, "adding/metric")
    run(tmp_path, "-c", METRIC)
    shutil.copy2(ROOT / "tests" / "evaluation" / "evaluation_dances.py", tmp_path)
    run(tmp_path, "-c", TABLE)


ESTIMATOR = """
import numpy as np
from choreo import media
from choreo.config import Poses
from choreo.errors import ItemError
from choreo.poses.estimators import ESTIMATORS, check
from choreo.poses.silhouette import extract

assert check("silhouette17", Poses(estimators=["silhouette17"], chosen="silhouette17")) == []
assert ESTIMATORS["silhouette17"].joints == 17
wall = np.full((120, 160, 3), 90, np.uint8)
lefts = [*range(20, 110, 2)]
with media.video_writer("a.mp4", (160, 120), 30) as write:
    for left in lefts:
        picture = wall.copy()
        picture[20:100, left : left + 30] = 250
        write(picture)
track = extract("a.mp4", size=(160, 120), fps=30)
assert len(track) == len(lefts) and track.skeleton == "coco17"
middle = track.keypoints[:, [5, 6], 0].mean(1)
np.testing.assert_allclose(middle, np.array(lefts) + 15, atol=3)
assert (track.keypoints[:, 15, 1] > track.keypoints[:, 0, 1] + 50).all()
with media.video_writer("still.mp4", (160, 120), 30) as write:
    for _ in lefts:
        write(wall)
try:
    extract("still.mp4", size=(160, 120), fps=30)
    raise SystemExit("a still wall dances")
except ItemError as error:
    assert "still.mp4: nothing moves" in str(error)
"""


def test_the_estimator_follows_what_moves(tmp_path):
    run(copied(tmp_path, "adding/estimator", parts=("src", "rules", "workflow")), "-c", ESTIMATOR)
