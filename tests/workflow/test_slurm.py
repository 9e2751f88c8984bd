"""A study on a real Slurm cluster, whose node fails and one of whose jobs is cancelled."""

import os
import re
import subprocess
import tempfile
from pathlib import Path

import pytest
from conftest import CONFIG, make_project
from debian import install
from slurm_cluster import Cluster, lacking

from choreo.training.checkpoints import STATE

pytestmark = [pytest.mark.workflow, pytest.mark.slow, pytest.mark.soak]

# Nothing is drawn; the training is long enough to be found running.
SETTINGS = "study: tiny\ntable: config/tiny.tsv\n"
POSES = "poses: {estimators: [simulated], chosen: simulated}\n"
OURS = CONFIG.replace(SETTINGS, SETTINGS + POSES)
OURS = OURS.replace("[original, gru]", "[gru]").replace("    original: {epochs: 2}\n", "")
OURS = OURS.replace("epochs: 4", "epochs: 8").replace("training:\n", "training:\n  threads: 1\n")

# A checkpoint a second, so that there is one to go on from.
EVERY = "checkpoint_seconds: float = {}"

OPTIONS = (
    *("--workflow-profile", "profiles/slurm", "--latency-wait", "5"),
    # This cluster has no accounting, and jobs of seconds.
    *("--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "5"),
)


@pytest.fixture
def cluster():
    if lacking() and os.environ.get("CHOREO_TEST_SLURM") == "1" and os.geteuid() == 0:
        install("slurm-wlm")
    if why := lacking():
        pytest.skip(why)
    with tempfile.TemporaryDirectory(prefix="choreo-") as folder:
        cluster = Cluster(Path(folder))
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()


def files(project):
    """Bytes of every table and of the weights."""
    found = sorted(project.results.rglob("*.safetensors"))
    weights = {path.relative_to(project.results): path.read_bytes() for path in found}
    return project.tables() | weights


def test_a_study_outlives_a_node_that_fails_and_a_job_that_is_cancelled(
    project, cluster, planner, tmp_path
):
    undisturbed = make_project(tmp_path / "undisturbed", planner)
    for one in (project, undisturbed):
        (one.folder / "config" / "tiny.yaml").write_text(OURS)
        code = one.folder / "src" / "choreo" / "training" / "train.py"
        text = code.read_text()
        assert EVERY.format("60.0") in text
        code.write_text(text.replace(EVERY.format("60.0"), EVERY.format("1.0")))
    undisturbed.run("table2")
    results = project.results / "tiny"

    def running(rule):
        jobs = cluster.jobs().items()
        return next(
            (n for n, (state, what) in jobs if state == "RUNNING" and f"rule_{rule}" in what), None
        )

    with open(tmp_path / "run.txt", "w") as log:
        run = subprocess.Popen(
            project.command("table2", options=OPTIONS),
            cwd=project.folder,
            env=cluster.environment(project.environment) | {"OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        poses = results / "poses" / "simulated"
        cluster.wait_until(lambda: any(poses.glob("*.npz")), 600, run)
        cancelled = running("video")
        assert cancelled, cluster.jobs()
        cluster.run("scancel", cancelled)

        checkpoints = results / "training" / ".checkpoints"
        cluster.wait_until(lambda: any(checkpoints.rglob(STATE)), 900, run)
        lost = running("train_model")
        assert lost, cluster.jobs()
        cluster.fail_node()
        cluster.wait_until(lambda: cluster.jobs()[lost][0] != "RUNNING", 120, run)
        cluster.start_node()
        run.wait(timeout=900)
    finally:
        if run.poll() is None:
            run.terminate()
            run.wait()
    said = (tmp_path / "run.txt").read_text()
    print(said)
    assert run.returncode == 0, f"{said[-6000:]}\n{cluster.said()}"
    jobs = cluster.jobs()
    print(*(f"{n} {' '.join(job)}" for n, job in sorted(jobs.items())), sep="\n")
    print(cluster.said())
    assert jobs[cancelled][0] == "CANCELLED"
    assert sum("rule_video" in what for _, what in jobs.values()) == 2, jobs
    # Slurm itself started it again.
    assert re.search(r"Restarts=1\b", cluster.run("scontrol", "show", "job", lost))
    assert jobs[lost][0] == "COMPLETED"
    trained = results / "logs" / "train_model" / "gru" / "seed1.log"
    assert "goes on from step" in trained.read_text()
    assert files(project) == files(undisturbed)
    assert len(files(project)) > 5
    assert project.planned("table2") == set()
    assert not any((project.folder / ".snakemake" / "locks").glob("*"))
