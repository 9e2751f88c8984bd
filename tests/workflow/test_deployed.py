"""The workflow as a module of another one, as snakedeploy writes it for the catalog."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

pytestmark = [pytest.mark.workflow]

ROOT = Path(__file__).parents[2]
# What snakedeploy 0.17.1 writes.
MODULE = """\
configfile: "config/config.yaml"


module choreo:
    snakefile:
        {snakefile}
    config:
        config


use rule * from choreo
"""
PARTS = ("Snakefile", "rules", "workflow", "envs")


@pytest.fixture
def deployed(project, planner, tmp_path):
    """A folder with a config and a Snakefile, and nothing else of the workflow."""
    folder = tmp_path / "study"
    shutil.copytree(project.folder / "config", folder / "config")
    shutil.copy2(folder / "config" / "tiny.yaml", folder / "config" / "config.yaml")
    shutil.copytree(project.folder / "profiles", folder / "profiles")
    (folder / "workflow").mkdir()

    class Deployed(type(project)):
        environment = project.environment | {"XDG_CACHE_HOME": str(tmp_path / "cache")}

        def take(self, snakefile):
            text = MODULE.format(snakefile=snakefile)
            (self.folder / "workflow" / "Snakefile").write_text(text)

    return Deployed(folder, planner)


@pytest.mark.soak
def test_it_is_a_module_whose_default_target_is_everything(deployed, project):
    deployed.take(repr(str(project.folder / "workflow" / "Snakefile")))
    planned = deployed.planned(configfile=None)
    assert {"make_demo_clip", "train_model", "table2", "index", "report"} <= planned

    assert deployed.planned("table1", configfile=None) == project.planned("table1")


@pytest.mark.slow
@pytest.mark.soak
def test_it_is_read_from_a_git_host(deployed, project, tmp_path):
    if shutil.which("git") is None:
        pytest.skip("no git on this machine")
    host = tmp_path / "host"
    repository = host / "someone" / "choreo"
    for part in PARTS:
        source = project.folder / part
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, _made(repository / part))
    who = ["-c", "user.name=a", "-c", "user.email=a@b.org", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "x"], ["tag", "v1"]):
        subprocess.run(["git", *command], cwd=repository, check=True)
    # The host's address leads to the folder.
    deployed.environment |= {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{host.as_uri()}/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
    }
    deployed.take('github("someone/choreo", path="workflow/Snakefile", tag="v1")')
    assert {"train_model", "table2", "index"} <= deployed.planned(configfile=None)
    made = "results/tiny/videos/demo/three.mp4"
    deployed.run(made, configfile=None)
    assert (deployed.folder / made).stat().st_size > 0


def _made(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_without_the_package_it_says_what_to_do(deployed, project):
    deployed.take(repr(str(project.folder / "workflow" / "Snakefile")))
    text = (project.folder / "workflow" / "Snakefile").read_text()
    assert 'find_spec("choreo")' in text
    file = project.folder / "workflow" / "Snakefile"
    file.write_text(text.replace('find_spec("choreo")', 'find_spec("choreo_of_nobody")'))
    done = deployed.run(configfile=None, options=("--dry-run",), check=False)
    assert done.returncode
    assert "run `make env` there" in done.stdout


def test_the_catalog_finds_what_it_asks_for():
    settings = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())
    assert settings["usage"]["mandatory-flags"]["desc"]
    assert set(settings["usage"]["software-stack-deployment"]) >= {"conda", "apptainer"}
    readme = (ROOT / "README.md").read_text("utf-8").lower()
    assert "snakemake" in readme
    assert "workflow" in readme
    assert (ROOT / "config" / "README.md").is_file()
    assert (ROOT / "workflow" / "Snakefile").is_file()
    assert any((ROOT / "rules").glob("*.smk"))
    assert os.path.getsize(ROOT / "LICENSE")
