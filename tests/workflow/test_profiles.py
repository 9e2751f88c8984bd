"""The profiles for a GPU node and for Slurm: what they share, and what they ask for."""

import re
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import yaml
import yte
from scripts import load_script
from snakemake.resources import Resources

from choreo import gpus
from choreo.pipeline import workflow

ROOT = Path(__file__).parents[2]
PROFILES = sorted(path.parent.name for path in (ROOT / "profiles").glob("*/profile.yaml"))
DEFAULT = yaml.safe_load((ROOT / "profiles" / "default" / "profile.yaml").read_text())

NEVER_MEASURED = {
    # They need the network, or other people's programs and weights.
    *("alphapose_people", "openpose_people", "rtmpose_people", "download_video"),
    *("fetch_alphapose", "fetch_alphapose_weights", "fetch_openpose_image"),
    "fetch_rtmpose_weights",
    # Neither the demo nor the studies of docs/resources.csv have them.
    *("corrupt_truths", "dance_to_songs", "dancer_picture", "dances_to_recordings"),
    *("generate_dance", "import_poses", "import_shard", "index_zip", "measure_recordings"),
    *("measure_released_fid", "own_song", "read_people", "recorded", "render_dance_to_song"),
    *("sensitivity", "shipped_model", "survey_catch", "survey_dance", "survey_page"),
    "survey_results",
}
"""Rules whose memory and time are a guess."""


def read(profile):
    """A profile as Snakemake reads it."""
    with open(ROOT / "profiles" / profile / "profile.yaml") as file:
        return yte.process_yaml(file, require_use_yte=True)


@pytest.fixture(scope="module")
def resources():
    """benchmarks/resources.py."""
    return load_script(ROOT / "benchmarks" / "resources.py")


@pytest.fixture(scope="module")
def rules(resources):
    """Name and text of every rule of the workflow."""
    return resources.rules()


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_keeps_what_the_default_one_says(profile):
    """Snakemake reads one of them: what another leaves out would be lost."""
    own = read(profile)
    assert {key: own.get(key) for key in DEFAULT if key != "resources"} == {
        key: value for key, value in DEFAULT.items() if key != "resources"
    }
    assert set(DEFAULT["resources"]) <= set(own["resources"])


def test_the_profile_of_a_node_counts_its_gpus(monkeypatch):
    monkeypatch.setattr(gpus, "gpus", lambda: 3)
    assert read("gpu")["resources"]["gpu_percent"] == 300


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
    monkeypatch.setattr(gpus, "GPUS", tmp_path)
    if named is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert gpus.gpus() == count
    assert gpus.has_gpu() == (count > 0)


def test_a_machine_without_a_driver_has_no_gpu(tmp_path, monkeypatch):
    monkeypatch.setattr(gpus, "GPUS", tmp_path / "none")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert gpus.gpus() == 0


def test_groups_are_short_jobs_of_rules_that_are_there(rules, resources):
    profile, known = read("slurm"), rules
    assert set(profile["groups"].values()) == set(profile["group-components"])
    for rule in profile["groups"]:
        assert resources.asked(known[rule])["runtime"] <= 60, rule
        assert "gpu=" not in known[rule], rule


def test_what_is_to_be_uncommented_fits_in(rules):
    text = (ROOT / "profiles" / "slurm" / "profile.yaml").read_text()
    lines = r"^( *)# (?=slurm_\w+:|set-resources:|  \w+: \{)"
    profile = yaml.safe_load(re.sub(lines, r"\1", text, flags=re.MULTILINE))
    defaults = {"slurm_account", "slurm_partition", "one_after_the_other"}
    assert set(profile["default-resources"]) == defaults
    assert set(profile["set-resources"]) == {"train_model", "pretrain_perceptual"} <= set(rules)
    assert all(given["gpu"] == 1 for given in profile["set-resources"].values())
    on_gpus = {name for name, rule in rules.items() if "wants_gpu(STUDY.training" in rule}
    assert on_gpus == set(profile["set-resources"])


def test_jobs_of_a_group_run_one_after_the_other():
    """So does the plugin start them; the group must ask for the time of all of them."""
    profile = read("slurm")
    assert profile["default-resources"]["one_after_the_other"] == 1
    assert profile["resources"]["one_after_the_other"] == 1
    assert profile["set-resource-scopes"] == {"one_after_the_other": "local"}


def test_what_needs_the_network_is_a_job_of_no_cluster(rules):
    """Nodes often have no network: rules that fetch run where Snakemake does."""
    text = (ROOT / "rules" / "targets.smk").read_text()
    local = re.search(r"^localrules:\n((?: +\w+,\n)+)", text, re.MULTILINE)[1]
    local = {name.strip(" ,") for name in local.splitlines()}
    fetching = {name for name in rules if re.match("fetch_|download_", name)}
    assert len(fetching) >= 5
    assert fetching <= local <= set(rules) | {"all"}


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


def test_every_rule_asks_for_more_than_it_was_seen_to_take(resources):
    """docs/resources.csv, beside what the rules say now: one that has outgrown it is named."""
    frame = pd.read_csv(ROOT / "docs" / "resources.csv")
    known = {rule: resources.asked(text) for rule, text in resources.rules().items()}
    assert set(frame.rule) <= set(known), "a rule was renamed: measure again"
    frame["asked_mb"] = [known[rule]["mem_mb"] for rule in frame.rule]
    frame["asked_minutes"] = [known[rule]["runtime"] for rule in frame.rule]
    assert frame[["most_mb", "asked_mb", "asked_minutes"]].notna().all(axis=None)
    assert not resources.outgrown(frame)
    frame.loc[0, "most_mb"] = frame.loc[0, "asked_mb"]
    assert len(resources.outgrown(frame)) == 1


def test_rules_that_were_never_measured_are_known(rules, resources):
    """A new rule is measured, or stands here; one that was measured goes from here."""
    measured = set(pd.read_csv(ROOT / "docs" / "resources.csv").rule)
    asking = {name for name, text in rules.items() if resources.asked(text)["mem_mb"] is not None}
    assert asking - measured == NEVER_MEASURED


def test_every_job_on_a_gpu_says_how_much_of_it_it_takes(rules):
    """Of the same device, so that what a machine without a GPU asks for is 0 of both."""
    asking = {name: rule for name, rule in rules.items() if "gpu=" in rule}
    assert {"train_model", "alphapose_people"} < set(asking)
    for name, rule in asking.items():
        (device,) = re.findall(r"wants_gpu\((.+?)\)", rule)
        stage = "training" if "training" in device else "poses"
        share = f"gpu_percent({device}, STUDY.{stage}.gpu_share)"
        assert share in rule, name
        assert rule.count("if RECIPES[w.model].trained") in (0, 2)


@pytest.mark.workflow
def test_a_share_of_a_gpu_reruns_nothing(finished):
    given = ("--config", 'training={"gpu_share": 0.15}', 'poses={"gpu_share": 0.5}')
    said = finished.run(options=("--dry-run", "--quiet", "host", *given)).stdout
    stats = re.split("Job stats:|\n\n", said)[1]
    jobs = set(re.findall(r"^(\w+) +\d+$", stats, re.MULTILINE))
    # The report shows all settings.
    assert jobs == {"all", "report", "total"}
