"""The worked example of docs/adding/family.md through Snakemake: a file, and a line."""

import csv

import pandas as pd
import pytest
import worked_examples

pytestmark = [pytest.mark.workflow]

CONFIG = """\
study: tiny
table: config/tiny.tsv
poses: {estimators: [simulated], chosen: simulated}
training:
  models: [nod]
  switches: {all: {batch_size: 2, dropout: 0.1}, nod: {epochs: 1}}
"""


@pytest.fixture
def own(project):
    """A project with the example in it, whose study has no other model."""
    worked_examples.apply("adding/family", project.folder)
    with (project.folder / "config" / "models.yaml").open("a") as file:
        file.write("\nnod: {family: nod}\n")
    # A switch of all models is one of those that have it.
    settings = CONFIG.replace("[nod]", "[nod, gru]").replace("nod: {epochs", "gru: {epochs")
    (project.folder / "config" / "both.yaml").write_text(settings)
    config = CONFIG.replace(", dropout: 0.1", "")
    (project.folder / "config" / "tiny.yaml").write_text(config)
    return project


def test_it_is_planned_as_any_model(own):
    planned = own.planned("table2", "seams", "figureA1", "dances")
    assert {"train_model", "generate_dances", "evaluate_model", "table2", "seams"} <= planned
    assert "pretrain_perceptual" not in planned
    both = own.planned("table2", configfile="config/both.yaml")
    assert {"train_model", "evaluate_model", "table2"} <= both


def test_data_that_a_family_does_not_take_stop_the_plan(own):
    settings = "dataset: {fps: 20, chunk_seconds: 4}\n"
    path = own.folder / "config" / "both.yaml"
    path.write_text(path.read_text() + settings)
    done = own.run("dataset", options=("-n",), configfile="config/both.yaml", check=False)
    assert done.returncode
    assert "model gru: family gan takes chunks of 5 s, 10 poses a second" in done.stdout
    path = own.folder / "config" / "tiny.yaml"
    path.write_text(path.read_text() + settings)
    assert "train_model" in own.planned("results/tiny/training/nod/seed1/card.md")
    done = own.run("table3", options=("-n",), check=False)
    assert done.returncode
    assert "family gan takes chunks of 5 s, 10 poses a second" in done.stdout


@pytest.mark.slow
@pytest.mark.soak
def test_it_stands_in_table_2(own):
    own.run("table2", "seams")
    results = own.results / "tiny"
    with open(results / "training" / "nod" / "seed1" / "losses.csv", newline="") as file:
        assert list(next(csv.DictReader(file))) == ["epoch", "step", "l1"]
    table = pd.read_csv(results / "tables" / "table2.csv").set_index("system")
    ours = table[table.source == "this study"]
    assert ours.loc["nod", "chunks"] == 1
    assert ours.loc["nod", "seeds"] == 1
    assert "nod 1 epochs" in (results / "tables" / "table2.md").read_text()
    assert pd.read_csv(results / "tables" / "seams.csv")["join"].tolist() == ["whole"]
