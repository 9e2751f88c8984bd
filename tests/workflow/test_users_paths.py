"""Whatever a user's path holds: it is the file that is read, or refused before anything runs."""

import json
import os
import shutil
import subprocess
import sys

import pytest
import yaml

from choreo.pipeline.tombstones import write_problem

pytestmark = [pytest.mark.workflow]
NAMES = (
    "plain",
    "br{aces}s",
    "{video}",
    "{x}",
    "{",
    "{{video}}",
    "{video,.*}",
    "a b  c",
    "q\"uo'te",
    "$HOME",
    "~",
    "*",
    "[a]",
    "na\u00efve \u6f22",
    "line\u2028end",
    "%s",
    "a;b|c&d",
)

# Put at the end of the Snakefile: prints what the planned jobs are given, as Snakemake formats it.
SPY = """
import json
from snakemake.dag import DAG

KEPT = ("path", "state", "file", "contact", "post_to", "consent")

def stats(dag, shown=DAG.stats):
    for job in dag.needrun_jobs():
        given = {"rule": job.rule.name, "video": dict(job.wildcards.items()).get("video")}
        for key in ("source", "poses", "people"):
            given[key] = job.input.get(key)
        given["params"] = {k: v for k, v in job.params.items() if k in KEPT}
        print("SPY " + json.dumps(given), flush=True)
    return shown(dag)

DAG.stats = stats
"""


def study(project, rows, **settings):
    """Write a study of these rows, of (id, source)."""
    table = "id\tsource\n" + "".join(f"{name}\t{source}\n" for name, source in rows)
    (project.folder / "config" / "tiny.tsv").write_text(table, encoding="utf-8")
    values = {"study": "tiny", "table": "config/tiny.tsv"} | settings
    (project.folder / "config" / "tiny.yaml").write_text(yaml.safe_dump(values))


def jobs(project, *targets):
    """(rule, video) -> what each planned job is given."""
    with open(project.folder / "Snakefile", "a") as file:
        file.write(SPY)
    done = project.run(*targets, options=("--dry-run", "--quiet", "host"))
    found = [json.loads(line[4:]) for line in done.stdout.split("\n") if line[:4] == "SPY "]
    return {(job["rule"], job["video"]): job for job in found}


def seen(job, key, path):
    """Whether the job reads this path, and is run again when what lies there changes."""
    if "{" in path or "}" in path:
        return not job[key] and job["params"]["state"][0] == len(path.encode())
    return job[key] == path and job["params"].get("state") is None


def test_the_file_is_read_that_the_table_or_the_config_names(project):
    (project.folder / "videos").mkdir()
    rows = [(f"v{number}", f"videos/{name}.mp4") for number, name in enumerate(NAMES)]
    shards = [(f"h{number}", f"videos/{name}.h5") for number, name in enumerate(NAMES)]
    imports = {}
    for number, name in enumerate(NAMES):
        path = f"poses {name}/{{video}}.json"
        imports[f"i{number}"] = {"path": path, "format": "alphapose", "skeleton": "coco17"}
        (project.folder / "videos" / f"v{number}.mp4").write_bytes(b"wrong")
        for path in [path.replace("{video}", f"v{n}") for n in range(len(NAMES))]:
            (project.folder / path).parent.mkdir(exist_ok=True)
            (project.folder / path).write_bytes(b"x" * len(path.encode()))
    for _, source in rows + shards:
        (project.folder / source).write_bytes(b"x" * len(source.encode()))
    poses = {"estimators": list(imports), "chosen": "i0", "imports": imports}
    study(project, rows + shards, poses=poses, comparison={"method": "released"})
    found = jobs(project, "table1", "dataset")
    for rule, named in (("standardise_video", rows), ("import_shard", shards)):
        for video, source in named:
            job = found[rule, video]
            assert job["params"]["path"] == source
            assert seen(job, "source", source), job
    # One video has them all here, so that the last of its jobs counts.
    for video, _ in rows:
        path = found["import_poses", video]["params"]["path"]
        assert path.endswith(f"/{video}.json")
        assert path.startswith("poses ")
        assert seen(found["import_poses", video], "poses", path)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"training": {"perceptual_weights": "{x}.pth"}}, "training.perceptual_weights"),
        ({"evaluation": {"beat_this": "a{video}.ckpt"}}, "evaluation.beat_this"),
        ({"poses": {"resources": "{x}"}}, "poses.resources"),
        (
            {"training": {"switches": {"all": {"weights_file": "{x}.pth"}}}},
            "weights_file must hold no braces",
        ),
    ],
)
def test_braces_where_a_job_could_not_be_given_the_path_are_refused(project, values, message):
    study(project, [("a", "demo:neon/ada/1"), ("b", "demo:dusty/ada/1")], **values)
    done = project.run(options=["--dry-run"], check=False)
    assert done.returncode
    text = " ".join(done.stdout.split())
    assert message in text
    assert "braces" in text
    assert "{" in text.partition("got")[2]
    assert "Traceback" not in text


@pytest.mark.parametrize("where", ["table", "import", "songs", "config"])
def test_a_language_in_which_names_are_other_files_is_refused(project, where):
    """Every video of such a name would be left out as missing, for good."""
    imports = {"path": "pos\u00e9s/{video}.json", "format": "alphapose"}
    poses = {"estimators": ["mine"], "chosen": "mine", "imports": {"mine": imports}}
    given = {
        "table": {},
        "import": {"poses": poses},
        "songs": {"evaluation": {"songs": {"folder": "songs.tsv"}}},
        "config": {"dances": {"songs": "s\u00f6ngs"}},
    }
    source = "vid\u00e9.mp4" if where == "table" else "demo:dusty/ada/1"
    study(project, [("a", "demo:neon/ada/1"), ("b", source)], **given[where])
    (project.folder / "songs.tsv").write_text("song\tpath\na\ts\u00f6ng.wav\n", encoding="utf-8")
    kept = {"LANG", "LC_CTYPE", "LC_ALL", "PYTHONUTF8", "PYTHONIOENCODING"}
    environment = {k: v for k, v in project.environment.items() if k not in kept}
    ascii_alone = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        project.command(options=["--dry-run"]),
        cwd=project.folder,
        env=environment | ascii_alone,
        capture_output=True,
    )
    said = done.stdout + done.stderr
    assert done.returncode
    assert b"would be looked up in ascii" in said
    assert b"set PYTHONUTF8=1" in said
    assert b"Traceback" not in said
    assert b"Logging error" not in said
    assert said.isascii()


@pytest.mark.parametrize(
    ("made", "gone"),
    [
        ("videos/v.mp4", "disk/v.mp4"),
        ("dataset/shards/s.h5", "disk/s.h5"),
        ("poses/mine/v.npz", "disk/v.json"),
        ("dances/songs/tune.wav", "disk/tune.wav"),
    ],
)
def test_what_is_gone_takes_no_results_with_it(project, made, gone):
    """A disk that is not mounted is no property of the videos on it."""
    for name in ("v.mp4", "s.h5", "v.json", "tune.wav"):
        path = project.folder / "disk" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    mine = {"path": "disk/{video}.json", "format": "alphapose"}
    study(
        project,
        [("v", "disk/v.mp4"), ("s", "disk/s.h5"), ("d", "demo:neon/ada/1")],
        poses={"estimators": ["mine"], "chosen": "mine", "imports": {"mine": mine}},
        evaluation={"songs": {"folder": "songs.tsv"}},
    )
    (project.folder / "songs.tsv").write_text("song\tpath\ntune\tdisk/tune.wav\n")
    result = project.results / "tiny" / made
    result.parent.mkdir(parents=True)
    target = str(result.relative_to(project.folder))
    (project.folder / gone).unlink()

    def planned():
        return project.run(target, options=("--dry-run", "--forcerun", target), check=False)

    # Never there: left out by its job, as ever.
    assert planned().returncode == 0
    write_problem(result, {"item": "v", "stage": "videos", "message": "no such file"})
    assert planned().returncode == 0
    result.write_bytes(b"a real result")
    done = planned()
    assert done.returncode
    text = " ".join(done.stdout.split())
    assert f"this file is gone, and results were made of it (got '{gone}')" in text
    assert "is its disk mounted?" in text
    assert target in text


def test_words_and_addresses_of_a_person_are_no_wildcards(project):
    """Whatever text a setting or a cell may be, it is planned with, and given on as it was."""
    words = "{x} {video} { {{song}} me@here {"
    said = {
        "contact": words,
        "post_to": "https://here.org/{z}?video={video}&a={",
        "consent": {"en": words, "nl": words},
    }
    rows = [
        f"v{n}\tdemo:{song}/ada/1\t{words}\t{words}" for n, song in enumerate(("neon", "dusty"))
    ]
    study(project, [], survey=said)
    table = project.folder / "config" / "tiny.tsv"
    table.write_text("\n".join(["id\tsource\tlicence\tnote", *rows, ""]), encoding="utf-8")
    found = jobs(project, "study", "report")
    assert found["survey_page", None]["params"] == said
    assert ("report", None) in found


@pytest.mark.soak
def test_a_study_may_run_in_another_folder(project, planner, tmp_path):
    """Shipped files are the project's; tables and videos beside the study are its own."""
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    asked = [sys.executable, "-m", "snakemake", "--snakefile", str(project.folder / "Snakefile")]
    asked += ["--cores", "1", "--dry-run", "--quiet", "host"]
    own = elsewhere / "own.yaml"
    own.write_text("study: own\ntable: own.tsv\n")
    (elsewhere / "own.tsv").write_text("id\tsource\na\tdemo:neon/ada/1\nb\tdemo:dusty/ada/1\n")
    for options, folder, study_ in (
        ([], elsewhere, "demo"),
        (["--directory", str(elsewhere)], project.folder, "demo"),
        (["--configfile", str(own)], elsewhere, "own"),
    ):
        done = planner.run([*asked, *options, "--", "tables"], folder, project.environment)
        assert done.returncode == 0, done.stdout[-3000:]
        assert f"results/{study_}/" in done.stdout or "table1" in done.stdout
    assert not (project.folder / "results").exists()


def test_a_project_in_whose_path_snakemake_sees_a_wildcard_is_refused(project, tmp_path):
    """Its Python may lie elsewhere, as in a conda environment."""
    place = tmp_path / "pro{x}ject"
    shutil.copytree(project.folder, place, symlinks=True)
    command = project.command(options=["--dry-run"])
    environment = project.environment | {
        key: value.replace(str(project.folder), str(place))
        for key, value in project.environment.items()
    }
    command = [part.replace(str(project.folder), str(place)) for part in map(str, command)]
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
    text = " ".join((done.stdout + done.stderr).split())
    assert done.returncode
    assert "no job can be started: Snakemake takes '{}' for a wildcard" in text
    assert "pro{x}ject" in text
    assert "Move the project" in text
    assert "Traceback" not in text


def test_a_python_that_no_job_could_be_started_with_is_refused(project, tmp_path):
    """Snakemake writes its path into command lines without quotes; a link stands for it."""
    place = tmp_path / "my project" / "bin"
    place.mkdir(parents=True)
    environment = os.path.dirname(os.path.dirname(sys.executable))
    os.symlink(sys.executable, place / "python")
    if os.path.exists(os.path.join(environment, "pyvenv.cfg")):
        shutil.copy(os.path.join(environment, "pyvenv.cfg"), place.parent)
        os.symlink(os.path.join(environment, "lib"), place.parent / "lib")
    command = [str(place / "python"), *project.command(options=["--dry-run"])[1:]]
    done = subprocess.run(
        command,
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    text = " ".join(done.stdout.split())
    assert done.returncode
    assert "no job can be started" in text
    assert "my project" in text
    assert "make env" in text
