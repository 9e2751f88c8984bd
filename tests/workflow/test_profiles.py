"""The profiles for a GPU node and for Slurm: what they share, and what they ask for."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
import yte
from snakemake.resources import Resources

from choreo.pipeline import workflow

ROOT = Path(__file__).parents[2]
PROFILES = sorted(path.parent.name for path in (ROOT / "profiles").glob("*/profile.yaml"))
DEFAULT = yaml.safe_load((ROOT / "profiles" / "default" / "profile.yaml").read_text())


def read(profile):
    """A profile as Snakemake reads it."""
    with open(ROOT / "profiles" / profile / "profile.yaml") as file:
        return yte.process_yaml(file, require_use_yte=True)


def rules():
    """Name and text of every rule of the workflow."""
    text = "\n".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))
    parts = re.split(r"^ *(?:use rule \w+ as|rule) (\w+)(?: with)?:$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_keeps_what_the_default_one_says(profile):
    """Snakemake reads one of them: what another leaves out would be lost."""
    own = read(profile)
    assert {key: own.get(key) for key in DEFAULT if key != "resources"} == {
        key: value for key, value in DEFAULT.items() if key != "resources"
    }
    assert set(DEFAULT["resources"]) <= set(own["resources"])


def test_the_profile_of_a_node_counts_its_gpus(monkeypatch):
    monkeypatch.setattr(workflow, "gpus", lambda: 3)
    assert read("gpu")["resources"]["gpu"] == 3


@pytest.mark.parametrize(
    ("named", "count"),
    [
        (None, 4),
        ("0,2", 2),
        ("GPU-8f1c, GPU-77aa", 2),
        ("", 0),
        ("-1", 0),
        ("1,-1,2", 1),
        ("NoDevFiles", 0),
        ("0,1,2,3,4,5", 4),
    ],
)
def test_gpus_are_those_that_a_scheduler_left(tmp_path, monkeypatch, named, count):
    for number in range(4):
        (tmp_path / f"0000:0{number}:00.0").mkdir()
    monkeypatch.setattr(workflow, "GPUS", tmp_path)
    if named is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert workflow.gpus() == count
    assert workflow.has_gpu() == (count > 0)


def test_a_machine_without_a_driver_has_no_gpu(tmp_path, monkeypatch):
    monkeypatch.setattr(workflow, "GPUS", tmp_path / "none")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert workflow.gpus() == 0


def test_groups_are_short_jobs_of_rules_that_are_there():
    profile, known = read("slurm"), rules()
    assert set(profile["groups"].values()) == set(profile["group-components"])
    for rule in profile["groups"]:
        runtime = re.search(r"^ +runtime=(\d+),$", known[rule], re.MULTILINE)
        assert int(runtime[1]) <= 60, rule
        assert "gpu=" not in known[rule], rule


def test_what_is_to_be_uncommented_fits_in():
    text = (ROOT / "profiles" / "slurm" / "profile.yaml").read_text()
    lines = r"^( *)# (?=slurm_\w+:|set-resources:|  \w+: \{)"
    profile = yaml.safe_load(re.sub(lines, r"\1", text, flags=re.MULTILINE))
    defaults = {"slurm_account", "slurm_partition", "one_after_the_other"}
    assert set(profile["default-resources"]) == defaults
    assert set(profile["set-resources"]) == {"train_model", "pretrain_perceptual"} <= set(rules())
    assert all(given["gpu"] == 1 for given in profile["set-resources"].values())
    on_gpus = {name for name, rule in rules().items() if "wants_gpu(STUDY.training" in rule}
    assert on_gpus == set(profile["set-resources"])


def test_jobs_of_a_group_run_one_after_the_other():
    """So does the plugin start them; the group must ask for the time of all of them."""
    profile = read("slurm")
    assert profile["default-resources"]["one_after_the_other"] == 1
    assert profile["resources"]["one_after_the_other"] == 1
    assert profile["set-resource-scopes"] == {"one_after_the_other": "local"}


def test_what_needs_the_network_is_a_job_of_no_cluster():
    """Nodes often have no network: rules that fetch run where Snakemake does."""
    text = (ROOT / "rules" / "targets.smk").read_text()
    local = re.search(r"^localrules:\n((?: +\w+,\n)+)", text, re.MULTILINE)[1]
    local = {name.strip(" ,") for name in local.splitlines()}
    fetching = {name for name in rules() if re.match("fetch_|download_", name)}
    assert len(fetching) >= 5
    assert fetching <= local <= set(rules()) | {"all"}


def test_each_try_may_take_more_memory():
    given = {"mem_mb": 500, "runtime": 10, "gpu": 1}
    asked = SimpleNamespace(resources=Resources.from_mapping(given))
    own = SimpleNamespace(resources=Resources.from_mapping({"mem_mb": lambda wildcards: 7}))
    bare = SimpleNamespace(resources=Resources.from_mapping({}))
    workflow.grow_memory([asked, own, bare])
    memory = asked.resources["mem_mb"]
    assert [memory.evaluate(None, attempt=n).value for n in (1, 2, 3)] == [500, 1000, 1500]
    assert asked.resources["runtime"].value == 10
    assert own.resources["mem_mb"].evaluate(None, attempt=2).value == 7
    assert "mem_mb" not in bare.resources
