"""The survey through Snakemake: the page from dances, and the results from answer files."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import soundfile

from choreo.evaluation.measurements import measure
from choreo.evaluation.segments import Segments
from choreo.pose.track import PoseTrack
from choreo.survey.design import Key
from choreo.survey.simulated_answers import simulate, write_simulated

pytestmark = [pytest.mark.workflow]

MODELS = ("original", "gru")
PAGE = ("study", "survey_page", "survey_catch")
RESULTS = ("study_results", "survey_results")


def joints(frames, seed):
    rng = np.random.default_rng(seed)
    sway = np.sin(np.arange(frames)[:, None, None] * rng.uniform(0.5, 1.5, (18, 2)))
    return np.random.default_rng(0).uniform(100, 200, (18, 2)) + 20 * sway


class Looks:
    songs = videos = ()

    def features(self, pixels):
        return pixels[:, ::10, :3].reshape(len(pixels), -1)


def measured(path, song, seed):
    pixels = joints(200, seed).reshape(4, 50, 18, 2)
    audio = np.random.default_rng(seed).normal(0, 900, (4, 80_000)).astype(np.int16)
    starts = np.arange(4) * 5.0
    found = measure(
        Segments(pixels, [song] * 4, [f"{song}{seed}"] * 4, starts, audio, 10, (320, 320)), Looks()
    )
    found.save(path)


@pytest.fixture
def danced(project):
    """A project of which all is there that the survey takes."""
    out = project.results / "tiny"
    for number, model in enumerate(MODELS):
        video = out / "dances" / "survey" / model / "dusty.mp4"
        video.parent.mkdir(parents=True)
        video.write_bytes(model.encode())
        measured(out / "evaluation" / model / "seed1.npz", "dusty", number)
    measured(out / "evaluation" / "real_train.npz", "neon", 9)
    (out / "cleaning").mkdir()
    (out / "videos").mkdir()
    track = PoseTrack(joints(20, 3), np.ones((20, 18)), 10, (320, 320), "openpose18")
    track.save(out / "cleaning" / "three.npz")
    soundfile.write(out / "videos" / "three.wav", np.zeros(32_000), 16_000)
    return project


def config(project, **survey):
    path = project.folder / "config" / "tiny.yaml"
    path.write_text(path.read_text() + f"survey: {json.dumps(survey)}\n")


def test_it_is_no_part_of_all_and_its_targets_plan_the_dances_that_are_shown(project):
    assert not any("survey" in rule for rule in project.planned("all"))
    planned = project.planned("study")
    assert {"survey_page", "survey_catch", "survey_dance"} <= planned
    # Whose names stand in the pictures.
    assert not planned & {"evaluate_model", "render_dance"}


def test_what_the_config_lacks_is_said_before_anything_runs(project):
    done = project.run("study_results", options=("-n",), check=False)
    assert "name it in survey.answers" in " ".join(done.stdout.split())
    config(project, models=["gru", "lstm"])
    done = project.run("study", options=("-n",), check=False)
    assert done.returncode
    assert "survey.models: lstm is not trained in this study; choose of" in done.stdout


@pytest.mark.slow
@pytest.mark.soak
def test_a_page_from_dances_and_figure_6_from_answers(danced):
    config(danced, answers="answers", contact="someone")
    out = danced.results / "tiny"
    danced.run("study", options=("--allowed-rules", *PAGE))
    key = Key.load(out / "survey_key.json")
    assert [pair.models for pair in key.pairs] == [
        ("original", "gru"),
        ("real", "frozen"),
        ("real", "noise"),
    ]
    there = {path.stem: path.read_bytes() for path in (out / "survey" / "videos").glob("*.mp4")}
    assert there.keys() == {name for pair in key.pairs for name in pair.videos}
    assert [there[name] for name in key.pairs[0].videos] == [b"original", b"gru"]
    page = (out / "survey" / "index.html").read_text()
    assert not re.search("dusty|gru|original", page.partition('id="data"')[2].split('"texts"')[0])
    assert not (out / "survey" / "survey_key.json").exists()

    answers = danced.folder / "answers"
    write_simulated(simulate(key, {"original": 1, "gru": 3}, 5), answers)
    (answers / "<script>.json").write_text("{}")
    done = danced.run("study_results", options=("--allowed-rules", *RESULTS))
    assert "5 answer files accepted, 1 refused" in done.stdout
    found = pd.read_csv(out / "tables" / "survey_preferences.csv")
    assert set(found[found.group == "all"].votes) == {5}
    refused = pd.read_csv(out / "tables" / "survey_refused.csv")
    assert refused.file.tolist() == ["<script>.json"]
    assert "SIMULATED" in (out / "tables" / "survey_metrics.md").read_text()
    for name in ("figure6", "figure6_attentive", "survey_metrics"):
        assert (out / "figures" / f"{name}.png").stat().st_size > 10_000
    # The pages show them, and make none.
    for target in ("index", "report"):
        planned = danced.planned(target)
        assert target in planned
        assert not any("survey" in rule for rule in planned)
    # One more answer makes the results anew, and no dance.
    write_simulated(simulate(key, {"original": 1, "gru": 3}, 6)[5:], answers)
    danced.run("study_results", options=("--allowed-rules", *RESULTS))
    found = pd.read_csv(out / "tables" / "survey_preferences.csv")
    assert set(found[found.group == "all"].votes) == {6}
