"""Every table carries what it was made by, and nothing is made anew because of it."""

import json
import subprocess

import pandas as pd
import pytest

from choreo import provenance
from choreo.config import Row, read_config
from choreo.models.gan.recipe import Recipe
from choreo.tables import Table

ROWS = [
    Row(id="a", source="demo:neon/ada/1", song="neon", dancer="ada", line=2),
    Row(id="b", source="/somewhere/b.mp4", song="b", dancer="b", line=3),
]
FOUND = {
    "study": "x",
    "commit": "0123456789ab",
    "config": "cafe",
    "seed": 1,
    "training_seeds": [1, 2],
    "videos": 2,
    "songs": 2,
    "test_songs": 1,
}


def study(**sections):
    return read_config({"study": "x", "table": "t.tsv"} | sections)


def config_hash(rows=ROWS, recipe=None, **sections):
    return provenance.config_hash(study(**sections), rows, {"gru": recipe or Recipe()})


def test_settings_of_a_machine_do_not_count():
    base = config_hash()
    assert len(base) == 12
    for sections in (
        {"training": {"device": "cuda", "threads": 7, "look_every": 3}},
        {"table": "elsewhere/t.tsv"},
        {"poses": {"resources": "/big/disk"}},
        {"videos": {"retries": 9}},
    ):
        assert config_hash(**sections) == base, sections
    moved = [ROWS[0], ROWS[1].model_copy(update={"source": "/other/b.mp4", "line": 9})]
    assert config_hash(rows=moved) == base


def test_everything_else_counts():
    hashes = {
        config_hash(),
        config_hash(seed=2),
        config_hash(cleaning={"threshold_px": 40}),
        config_hash(training={"seeds": [1, 2]}),
        config_hash(recipe=Recipe(epochs=3)),
        config_hash(rows=ROWS[:1]),
        config_hash(rows=[ROWS[0], ROWS[1].model_copy(update={"source": "/somewhere/c.mp4"})]),
        config_hash(evaluation={"audit": {"switches": {"epochs": 2}}}),
    }
    assert len(hashes) == 8


def git(folder, *arguments):
    own = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *own, *arguments], cwd=folder, check=True, capture_output=True)


def test_commit(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("1\n")
    assert provenance.commit(tmp_path) == "no git"
    git(tmp_path, "init")
    assert provenance.commit(tmp_path) == "no git"
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "one")
    clean = provenance.commit(tmp_path)
    assert len(clean) == 12
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "x").write_text("made")
    assert provenance.commit(tmp_path) == clean
    (tmp_path / "src" / "a.py").write_text("2\n")
    assert provenance.commit(tmp_path) == clean + "+changes"
    assert provenance.commit(tmp_path / "src") == "no git"


def test_announced_and_read_back(tmp_path, monkeypatch):
    monkeypatch.setenv(provenance.VARIABLE, "")
    assert provenance.current() is None
    splits = {"a": "train", "b": "test"}
    provenance.announce(tmp_path, study(), ROWS, {"gru": Recipe()}, splits)
    found = provenance.current()
    assert found == FOUND | {
        "commit": "no git",
        "config": config_hash(),
        "training_seeds": [1],
    }
    assert "Not under git, config" in provenance.line(found)


@pytest.fixture
def written(tmp_path, monkeypatch):
    monkeypatch.setenv(provenance.VARIABLE, json.dumps(FOUND))
    Table(pd.DataFrame({"n": [1, 2]}), "Some", {"n": "N"}).write(tmp_path / "t")
    return tmp_path


def test_every_form_of_a_table_carries_it(written):
    frame = pd.read_csv(written / "t.csv")
    assert frame.columns.tolist() == ["n", "study_seed", "training_seeds", "commit", "config"]
    assert frame["training_seeds"].tolist() == ["1 2", "1 2"]
    said = (
        "Study x: 2 videos, 2 songs (1 for testing); seed 1, training seeds 1, 2. "
        "Commit 0123456789ab, config cafe."
    )
    assert (written / "t.md").read_text().endswith(f"\n\n*{said}*\n")
    assert (written / "t.tex").read_text().startswith(f"% {said}\n")
    assert f"<small>{said}</small>" in (written / "t.html").read_text()


def test_without_a_run_there_is_none(tmp_path, monkeypatch):
    monkeypatch.delenv(provenance.VARIABLE, raising=False)
    Table(pd.DataFrame({"n": [1]}), "Some", {"n": "N"}).write(tmp_path / "t")
    assert (tmp_path / "t.csv").read_text() == "n\n1\n"
    assert "ommit" not in (tmp_path / "t.md").read_text()
