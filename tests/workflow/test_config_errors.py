"""A wrong config or table stops before anything runs, with a message that can be acted on."""

from pathlib import Path

import pytest
import yaml
from soaking import soak_after

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.workflow]


@pytest.mark.parametrize(
    ("config", "table", "message"),
    [
        ("cleanning: {}\n", None, "unknown key 'cleanning'. Did you mean 'cleaning'?"),
        ("training: {models: [gruu]}\n", None, "Did you mean 'gru'?"),
        ("", "id\tsource\na/b\tx\n", "config/tiny.tsv, line 2, column: id: may hold only"),
        ("", "id\tsource\na\tx\na\ty\n", "the id stands in line 2 already"),
        ("table: none.tsv\n", None, "none.tsv: there is no such videos table"),
    ],
)
def test_the_message(project, config, table, message):
    path = project.folder / "config" / "tiny.yaml"
    values = yaml.safe_load(path.read_text()) | (yaml.safe_load(config) or {})
    path.write_text(yaml.safe_dump(values))
    if table:
        (project.folder / "config" / "tiny.tsv").write_text(table)
    done = project.run(options=["--dry-run"], check=False)
    assert done.returncode
    assert message in " ".join(done.stdout.split())
    assert "Traceback" not in done.stdout


SHIPPED = {p.name for p in (ROOT / "config").glob("*.yaml") if not p.name.startswith("models")}


@pytest.mark.parametrize("name", soak_after(1, ["config.yaml", *sorted(SHIPPED - {"config.yaml"})]))
def test_every_shipped_config_can_be_planned(project, name):
    planned = project.planned(configfile=f"config/{name}")
    poses = "simulated_poses" if name == "audit_cpu.yaml" else "mediapipe_poses"
    assert {"standardise_video", poses, "table1", "table2", "report"} <= planned


def test_the_demo_needs_no_configfile(project):
    assert "make_demo_clip" in project.planned("videos", configfile=None)


def test_a_study_with_one_song_stops_at_the_dataset_without_complaint(project):
    (project.folder / "config" / "tiny.tsv").write_text("id\tsource\na\tdemo:neon/ada/1\n")
    planned = project.planned("dataset", "table1")
    assert {"pack_dataset", "table1"} <= planned
