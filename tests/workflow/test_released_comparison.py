"""Table 1 as the released code counted, through a whole study: from the tools' own files."""

import json
import shutil

import numpy as np
import pytest

from choreo.files import read_json
from choreo.media import video_writer
from choreo.poses.formats import registry

pytestmark = [pytest.mark.workflow]

CONFIG = """\
study: tiny
table: config/tiny.tsv
videos: {require_sound: false, min_seconds: 1}
poses:
  estimators: [mediapipe17, alpha, open]
  imports:
    alpha: {path: "found/{video}.json", format: alphapose}
    open: {path: "found/{video}", format: openpose, skeleton: body25}
comparison: {method: METHOD}
"""


@pytest.mark.soak
def test_the_tools_own_files_are_counted(project, parity):
    folder = parity / "03_table1"
    (alpha,), (people,) = (
        [p for p in folder.glob(f"{tool}*.json") if "_" not in p.stem]
        for tool in ("alphapose", "openpose")
    )
    found = {
        "alpha": registry.read_detections("alphapose", alpha),
        "open": registry.read_detections("openpose", people, skeleton="body25"),
    }
    with video_writer(project.folder / "v.mp4", (640, 360), 30) as write:
        for k in range(max(one.frames for one in found.values())):
            write(np.full((360, 640, 3), k % 250, np.uint8))
    (project.folder / "config" / "tiny.tsv").write_text("id\tsource\nv\tv.mp4\n")
    config = project.folder / "config" / "tiny.yaml"
    config.write_text(CONFIG.replace("METHOD", "released"))
    (project.folder / "found" / "v").mkdir(parents=True)
    shutil.copy(alpha, project.folder / "found" / "v.json")
    for number, frame in enumerate(json.loads(people.read_text())):
        path = project.folder / "found" / "v" / f"v_{number:012d}_keypoints.json"
        path.write_text(json.dumps(frame))
    targets = [f"results/tiny/comparison/{estimator}/v.json" for estimator in found]
    project.run(*targets)
    expected = json.loads((folder / "expected.json").read_text())
    for target, case in zip(targets, (alpha, people)):
        record, numbers = read_json(project.folder / target), expected[case.stem]
        assert (record["missing"], record["incorrect"]) == (numbers["missing"], numbers["wrong"])
        assert record["confidence"] == pytest.approx(numbers["c_mean"], abs=1e-12)
        assert record["counted_from"] == "file"
    # Only this method has the file as an input of the comparison.
    for method, reads in (("released", True), ("thesis", False)):
        config.write_text(CONFIG.replace("METHOD", method))
        project.run(*targets)
        summary = project.run(*targets, options=("--detailed-summary",)).stdout
        rows = [line.split("\t") for line in summary.splitlines()]
        (inputs,) = {row.index("input-file(s)") for row in rows if "input-file(s)" in row}
        measured = [row[inputs] for row in rows if row[0] in targets]
        assert len(measured) == len(targets)
        assert all(("found/v" in files) == reads for files in measured)
