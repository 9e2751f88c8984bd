"""The study's path: what the rule's script counts from tracks and tools' own files."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from snakemake.iocontainers import InputFiles

from choreo.files import read_json
from choreo.pipeline.tombstones import problem_in, write_problem
from choreo.poses.formats.registry import read, read_detections
from choreo.poses.formats.registry import write as write_poses

SCRIPT = Path(__file__).parents[2] / "workflow" / "scripts" / "measure_quality.py"


def format_of(path):
    openpose = "people" in path.read_text()[:2000]
    return ("openpose", "body25") if openpose else ("alphapose", "coco17")


@pytest.fixture
def run(tmp_path):
    def run(path, *, method="released", people=None, bad=False):
        """Run the script with the track of a file's dancer, who was lost for three frames."""
        format, skeleton = format_of(path)
        track = str(tmp_path / "track.npz")
        whole = read(format, path, fps=30, size=(640, 360), skeleton=skeleton)
        keypoints = whole.keypoints.copy()
        keypoints[4:7] = np.nan
        whole.with_(keypoints=keypoints).save(track)
        if bad:
            write_problem(track, {"item": "v1", "message": "nobody was found"})
        inputs = InputFiles(
            fromdict={"track": track, **({"people": str(people)} if people else {})}
        )
        output = str(tmp_path / "quality.json")
        job = SimpleNamespace(
            rule="measure_quality",
            input=inputs,
            output=type("Outputs", (list,), {"quality": output})([output]),
            log=[str(tmp_path / "log")],
            wildcards=SimpleNamespace(estimator="tool", video="v1"),
            params=SimpleNamespace(
                item="v1",
                stage="comparison",
                on_bad_video="skip",
                file={"format": format, "skeleton": skeleton, "first_frame": None},
                method=method,
                threshold_px=50.0,
                threshold_height=None,
            ),
        )
        runpy.run_path(str(SCRIPT), init_globals={"snakemake": job})
        return output

    return run


def test_a_study_by_released_counts_as_the_released_code(run, parity):
    folder = parity / "03_table1"
    cases = json.loads((folder / "expected.json").read_text())
    assert cases
    for name, expected in sorted(cases.items()):
        path = folder / f"{name}.json"
        output = run(path, people=path)
        if "crash" in expected:
            assert "first frame holds nobody" in problem_in(output)["message"]
            continue
        record = read_json(output)
        found = (record["missing"], record["incorrect"])
        of_track = read_json(run(path))
        print(f"{name}: {found}, of the track {of_track['missing'], of_track['incorrect']}")
        assert found == (expected["missing"], expected["wrong"])
        assert abs(record["confidence"] - expected["c_mean"]) < 1e-12
        assert (record["counted_from"], of_track["counted_from"]) == ("file", "track")
        # Else it could not be told whether it is the file that is counted.
        assert of_track["missing"] != record["missing"]


def test_a_folder_of_openpose(run, parity, tmp_path):
    path = next(p for p in sorted((parity / "03_table1").glob("openpose*")) if "_" not in p.stem)
    found = read("openpose", path, fps=30, size=(640, 360), skeleton="body25")
    write_poses("openpose", found, tmp_path / "folder")
    record = read_json(run(path, people=tmp_path / "folder"))
    assert record["counted_from"] == "file"
    people = read_detections("openpose", tmp_path / "folder", skeleton="body25")
    assert record["missing"] == people.frames - len(set(people.frame.tolist()))


def test_by_thesis_the_track_is_counted(run, parity):
    path = parity / "03_table1" / "alphapose17.json"
    record = read_json(run(path, method="thesis"))
    assert "counted_from" not in record
    assert (record["estimator"], record["video"]) == ("tool", "v1")


def test_where_there_is_no_track_the_problem_is_passed_on(run, parity):
    path = parity / "03_table1" / "alphapose17.json"
    assert problem_in(run(path, people=path, bad=True))["message"] == "nobody was found"
