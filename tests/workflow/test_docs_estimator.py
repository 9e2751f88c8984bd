"""The worked example of docs/adding/estimator.md as a row of a study."""

import pandas as pd
import pytest
import worked_examples

pytestmark = [pytest.mark.workflow]

CONFIG = """\
study: tiny
table: config/tiny.tsv
poses: {estimators: [mediapipe17, silhouette17], chosen: silhouette17}
"""


@pytest.fixture
def own(project):
    worked_examples.apply("adding/estimator", project.folder)
    (project.folder / "config" / "tiny.yaml").write_text(CONFIG)
    return project


@pytest.mark.soak
def test_it_is_planned_as_any_estimator(own):
    assert {"silhouette_poses", "mediapipe_poses", "table1"} <= own.planned("table1", "dataset")


@pytest.mark.slow
@pytest.mark.soak
def test_it_is_a_row_of_table_1(own):
    own.run("table1")
    table = pd.read_csv(own.results / "tiny" / "tables" / "table1.csv")
    ours = table[table.origin == "this study"].set_index("estimator")
    assert ours.loc["silhouette17", "videos"] == 3
    assert 0 < ours.loc["silhouette17", "pck_0_1"] < ours.loc["mediapipe17", "pck_0_1"]
