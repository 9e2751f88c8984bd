"""Songs without videos through Snakemake: made ones, the user's, and recordings."""

import json

import numpy as np
import pandas as pd
import pytest
import soundfile

from choreo.cli.outputs import made_here
from choreo.media import count_packets
from choreo.pose.track import PoseTrack

pytestmark = [pytest.mark.workflow]

CONFIG = """\
study: tiny
table: config/tiny.tsv
poses: {estimators: [simulated], chosen: simulated}
training: {models: [graph]}
evaluation: {songs: {made: 2}, recordings: music}
"""


def song(path, period):
    """Clicks of one tempo for 8 s."""
    sound = np.random.default_rng(0).normal(0, 0.001, 8 * 22_050)
    for beat in np.arange(0.3, 7.8, period):
        at = round(beat * 22_050)
        sound[at : at + 600] += np.hanning(1200)[600:] * np.sin(np.arange(600))
    soundfile.write(path, 0.5 * sound, 22_050)


@pytest.fixture
def more(project):
    """A project whose study has songs without videos, and recordings of which one is none."""
    (project.folder / "config" / "tiny.yaml").write_text(CONFIG)
    music = project.folder / "music"
    music.mkdir()
    song(music / "My song {1}.wav", 0.5)
    song(music / "other.flac", 0.43)
    (music / "broken.mp3").write_text("no sound")
    return project


def test_they_are_planned_once_for_each_model(more):
    planned = more.planned("table2", "recorded")
    assert {"made_songs", "generate_dances", "dances_to_recordings", "own_song"} <= planned
    assert "render_dance" not in planned
    assert "recorded" not in more.planned("all")


def test_names_that_the_study_has_stop_the_plan(more):
    song(more.folder / "music" / "Neon.wav", 0.5)
    done = more.run("table2", options=("-n",), check=False)
    assert done.returncode
    assert "songs that the study has under these names already" in done.stdout


def test_without_recordings_it_is_said(project):
    done = project.run("recorded", options=("-n",), check=False)
    assert done.returncode
    assert "name a folder or table of them in evaluation.recordings" in done.stdout


LISTED = """\
study: tiny
table: config/tiny.tsv
poses: {estimators: [simulated], chosen: simulated}
training: {models: [graph], seeds: [2, 1]}
"""


@pytest.fixture
def listed(project):
    """A project with a table of songs where it is looked for."""
    (project.folder / "config" / "tiny.yaml").write_text(LISTED)
    song(project.folder / "My song.wav", 0.5)
    (project.folder / "broken.mp3").write_text("no sound")
    table = "song\tpath\nmine\tMy song.wav\nbroken\tbroken.mp3\n"
    (project.folder / "config" / "songs.tsv").write_text(table)
    return project


def test_a_table_of_songs_becomes_targets(listed):
    one = listed.planned("results/tiny/dances/graph/mine.mp4")
    assert {"own_song", "dance_to_songs", "render_dance_to_song"} <= one
    assert one == listed.planned("dances_to_songs") - {"dances_to_songs"}
    # They are asked for by name, and measured nowhere.
    assert not {"own_song", "dance_to_songs"} & listed.planned("all")


def test_without_a_table_it_is_said_and_a_measured_song_may_be_drawn(more):
    done = more.run("dances_to_songs", options=("-n",), check=False)
    assert done.returncode
    assert "write config/songs.tsv with the columns song and path" in done.stdout
    (more.folder / "config" / "tiny.yaml").write_text(CONFIG + "dances: {songs: music}\n")
    assert "render_dance_to_song" in more.planned("dances_to_songs")
    (more.folder / "config" / "tiny.yaml").write_text(CONFIG)
    (more.folder / "config" / "songs.tsv").write_text("song\tpath\nneon\tmusic/other.flac\n")
    done = more.run("dances_to_songs", options=("-n",), check=False)
    assert "dances.songs (config/songs.tsv): songs that the study has under" in done.stdout


@pytest.mark.soak
@pytest.mark.slow
def test_every_song_of_the_table_is_danced_to(listed):
    listed.run("dances_to_songs")
    results = listed.results / "tiny"
    dance = results / "dances" / "graph" / "mine.mp4"
    assert count_packets(dance) == 8 * 30
    assert (results / "training" / "graph" / "seed1").is_dir()
    assert not (results / "training" / "graph" / "seed2").exists()
    assert made_here(dance)
    assert len(PoseTrack.load(dance.parent / "songs" / "mine.npz")) == 8 * 10
    # No dance that the evaluation of a folder would measure.
    assert not list(dance.parent.glob("*.npz"))
    assert not made_here(dance.with_name("broken.mp4"))
    problems = pd.read_csv(results / "videos" / "problems.csv")
    assert "song broken" in problems.to_string()


@pytest.mark.slow
@pytest.mark.soak  # in `make test`: tests/evaluation/test_song_beats.py and test_own_songs.py
def test_a_motion_graph_is_measured_on_all_of_them(more):
    more.run("table2", "table2x", "recorded", "seams")
    results = more.results / "tiny"
    table = pd.read_csv(results / "tables" / "table2.csv").set_index("system")
    ours = table[table.source == "this study"]
    assert (ours.loc["real", "songs"], ours.loc["graph", "songs"]) == (1, 3)
    assert ours.loc["graph", "chunks"] > ours.loc["real", "chunks"]
    assert 0 < ours.loc["graph", "song_hit_rate"] <= 100
    beats = pd.read_csv(results / "tables" / "table2x_song_beats.csv")
    assert (beats.system == "graph").sum() == 3
    truth = json.loads((results / "evaluation" / "true_beats.json").read_text())
    assert {"made-01", "made-02", "dusty", "three"} <= set(truth)
    recorded = pd.read_csv(results / "tables" / "recorded.csv").set_index("system")
    assert recorded.loc["graph", "songs"] == 2
    problem = results / "dances" / "songs" / "broken.wav"
    assert problem.is_file()
    assert "broken" in problem.read_text(errors="replace")
    card = (results / "training" / "graph" / "seed1" / "metrics.json").read_text()
    assert json.loads(card)["graph"]["units"] > 0
