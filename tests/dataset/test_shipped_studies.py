"""The studies of ``config/`` that users begin from."""

from pathlib import Path

import pytest
import yaml

from choreo.config import chosen_recipes, read_config, read_table
from choreo.dataset.importers.aist import GENRES, describe
from choreo.dataset.split import assign_splits, check_no_leak
from choreo.models.recipes import load_recipes

ROOT = Path(__file__).parents[2]


def _study(name):
    values = yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text())
    study = read_config(values, where=name)
    return study, read_table(ROOT / study.table)


def _splits(study, rows):
    split = study.dataset.split
    options = {"test": split.test, "validation": split.validation, "score": split.score}
    return assign_splits(rows, by=split.by, seed=study.seed, **options)


def test_thesis():
    """Section 3 and 4 of the text: pixels, frames, rates, epochs."""
    study, rows = _study("thesis")
    assert (study.videos.height, study.videos.fps) == (320, 30)
    assert study.cleaning.threshold_px == study.comparison.threshold_px == 50
    stages = (study.comparison, study.cleaning, study.dataset, study.evaluation)
    assert {stage.method for stage in stages} == {"thesis"}
    recipes = chosen_recipes(study, load_recipes(ROOT / study.training.recipes))
    assert {n: r.epochs for n, r in recipes.items()} == {"original": 800, "lstm": 800, "gru": 350}
    assert {r.batch_size for r in recipes.values()} == {16}
    assert len(set(study.training.seeds)) >= 3
    assert study.dataset.split.score == 3.5
    splits = _splits(study, rows)
    assert {row.id: row.score >= 3.5 for row in rows} == {
        v: s == "train" for v, s in splits.items()
    }
    assert all("EXAMPLE" in row.note for row in rows)


def test_aist():
    """Every row says what its name says; solo, from the front, without a leak."""
    study, rows = _study("aist")
    assert len(rows) > 100
    codes = {genre: code for code, genre in GENRES.items()}
    for row in rows:
        facts = describe(row.id)
        assert row.source.endswith(f"/{row.id}.mp4")
        assert (row.song, row.dancer, row.genre) == tuple(
            facts[key] for key in ("song", "dancer", "genre")
        )
        assert facts["camera"] == "c01"
        assert facts["situation"] in {"sBM", "sFM"}
        assert row.id.startswith(f"g{codes[row.genre]}_")
    splits = _splits(study, rows)
    check_no_leak(rows, splits, by="song")
    assert splits == {row.id: row.split for row in rows}
    assert set(splits.values()) == {"train", "test"}


@pytest.mark.parametrize("name", ["thesis", "aist"])
def test_licences_are_the_user_s_to_accept(name):
    study, _ = _study(name)
    assert not study.poses.alphapose.accept_licence
    assert not study.poses.openpose.accept_licence


def test_mine():
    """What a user's own videos get: nothing in pixels, nothing made up, whole trainings."""
    study, rows = _study("mine")
    assert study.cleaning.method == "robust"
    assert study.cleaning.max_gap_seconds == 0.5
    assert study.comparison.threshold_height == 0.2
    assert study.dataset.max_repaired == 0.2
    assert (study.videos.height, study.videos.fps) == (None, None)
    own = load_recipes(ROOT / study.training.recipes)
    for name, recipe in chosen_recipes(study, own).items():
        assert recipe == own[name]
    assert set(_splits(study, rows).values()) == {"train", "test"}
    assert all("EXAMPLE" in row.note for row in rows)
