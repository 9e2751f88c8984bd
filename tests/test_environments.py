"""The recipes of environments under envs/ say the same: one Python, one lock, one project."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from scripts import load_script

ROOT = Path(__file__).parents[1]
ENVS = ROOT / "envs"
LOCK = (ROOT / "requirements.lock").read_text()
CONDA = yaml.safe_load((ENVS / "choreo.yaml").read_text())
PYTHON = next(
    re.fullmatch(r"python =(\d+\.\d+)", line)[1]
    for line in CONDA["dependencies"]
    if line.startswith("python ")
)
RECIPES = {
    "choreo.post-deploy.sh": None,
    "Dockerfile": r"^FROM python:(\d+\.\d+)-slim$",
    "choreo.def": r"^From: python:(\d+\.\d+)-slim$",
}


def steps(name):
    """A recipe without its comments."""
    lines = (ENVS / name).read_text().splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))


def copied(name):
    """What an image's recipe takes of the project."""
    if name == "Dockerfile":
        lines = re.findall(r"^COPY (.+) \S+$", steps(name), re.MULTILINE)
        return {part for line in lines for part in line.split()}
    return set(re.findall(r"^ +(\S+) /choreo/$", steps(name), re.MULTILINE))


def test_python_is_one_that_the_project_and_the_lock_are_for():
    text = (ROOT / "pyproject.toml").read_text()
    assert f"{PYTHON}.0" in SpecifierSet(re.search(r'requires-python = "(.+)"', text)[1])
    assert PYTHON in re.findall(r"\d+\.\d+", LOCK.splitlines()[0])


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_installs_the_lock_and_nothing_else(name):
    text = steps(name)
    assert re.search(r"\bpython envs/install\.py --here\b", text)
    assert not re.search(r"\b(pip|pip3|uv|conda|mamba) +(install|sync|add)\b", text)
    if RECIPES[name]:
        assert re.findall(RECIPES[name], text, re.MULTILINE) == [PYTHON]


def test_conda_brings_python_and_pip_alone():
    assert CONDA["dependencies"] == [f"python ={PYTHON}", "pip"]


@pytest.mark.parametrize(("place", "said"), [("/choreo", None), ("/my choreo", "it holds ' '")])
def test_the_installation_begins_with_a_python_that_has_nothing_installed(place, said):
    """As on a fresh machine; until the environment is there, no package can be imported."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import install"
    code += "; install.check_place(sys.argv[2]); print(*sys.modules)"
    bare = [sys.executable, "-I", "-S", "-c", code, ENVS, f"{place}/.venv/bin/python"]
    done = subprocess.run(bare, capture_output=True, text=True)
    if said:
        assert done.returncode == 1
        assert said in done.stderr
        return
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded <= {"__main__", "choreo", "install"} | sys.stdlib_module_names


def test_images_have_what_a_study_and_the_installation_need():
    parts = copied("Dockerfile")
    assert parts == copied("choreo.def")
    assert all((ROOT / part).exists() for part in parts)
    needed = {"Snakefile", "config", "envs", "profiles", "rules", "src", "workflow"}
    named = re.findall(r'"([\w.]+)"', (ENVS / "install.py").read_text())
    project = (ROOT / "pyproject.toml").read_text()
    named += re.findall(r'"((?:README|LICENSE|requirements)\.?\w*)"', project)
    needed |= {name for name in named if (ROOT / name).is_file()}
    assert {"requirements.lock", "requirements.in", "README.md", "LICENSE"} <= needed
    assert needed | {"pyproject.toml"} == parts


@pytest.mark.workflow
def test_the_command_at_an_image_s_head_plans_a_study_that_lies_elsewhere(tmp_path):
    """What is copied is enough, and the study's folder has none of it."""
    heads = [
        re.sub(r"\\?\n#?", " ", (ENVS / name).read_text()) for name in RECIPES if RECIPES[name]
    ]
    commands = [re.search(r"(snakemake --.+?mine\.yaml)", head)[1].split() for head in heads]
    assert commands[0] == commands[1]
    image, study = tmp_path / "image", tmp_path / "study"
    for part in copied("Dockerfile"):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
        copy(ROOT / part, _in(image) / part)
    for name in ("mine.yaml", "mine.tsv"):
        shutil.copy2(ROOT / "config" / name, _in(study / "config"))
    command = [word.replace("/choreo/", f"{image}/") for word in commands[0]]
    done = subprocess.run(
        [sys.executable, "-m", *command, "--dry-run", "--quiet", "reason"],
        cwd=study,
        env=os.environ | {"PYTHONPATH": str(image / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert f"specific profile {image}/profiles/default" in done.stdout
    assert re.search(r"^train_model +3$", done.stdout, re.MULTILINE)


def _in(folder):
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_the_lock_has_each_package_that_is_asked_for_once_and_by_hash():
    entries = re.split(r"\n(?=\w)", re.sub(r"^#.*\n", "", LOCK, flags=re.MULTILINE))
    locked = {}
    for entry in entries:
        requirement = Requirement(re.split(r" \\\n", entry)[0])
        hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})", entry)
        assert hashes, entry
        assert len(hashes) == len(set(hashes)), requirement
        locked.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    lines = (ROOT / "requirements.in").read_text().splitlines()
    for wanted in (Requirement(line) for line in lines if line and not line.startswith("#")):
        found = locked[canonicalize_name(wanted.name)]
        for one in found:
            (exact,) = one.specifier
            assert exact.version in wanted.specifier, wanted


def test_what_a_cuda_build_needs_is_locked_below_torch_and_nothing_else_is():
    packages, torch, cuda = load_script(ENVS / "install.py").parts(LOCK)
    names = [re.match(r"[\w.-]+", entry)[0] for entry in cuda]
    assert {"nvidia-cublas", "triton"} <= set(names)
    assert torch.startswith("torch==")
    assert not [name for name in names if not re.match(r"nvidia-|cuda-|triton$", name)]
    assert all("sys_platform == 'linux'" in entry.splitlines()[0] for entry in cuda)
    assert not [entry for entry in packages if re.match(r"nvidia-|cuda-|triton=", entry)]


BUILD = b"a wheel"


@pytest.mark.parametrize(
    ("needs", "known", "index", "installed"),
    [
        ("jinja2", True, None, ["locked: one", "wheel"]),
        ("nvidia-a", True, None, ["locked: one", "wheel", "locked: nvidia-a"]),
        ("nvidia-a", False, "https://cu", ["locked: one", "wheel", "torch==2.0"]),
        ("nvidia-a", False, None, None),
    ],
    ids=["CPU build", "CUDA build", "CUDA build of another index", "unknown build"],
)
def test_cuda_packages_are_installed_by_hash_where_the_lock_knows_the_build(
    tmp_path, monkeypatch, needs, known, index, installed
):
    install = load_script(ENVS / "install.py")
    digest = hashlib.sha256(BUILD if known else b"another").hexdigest()
    lock = [("one==1", "0" * 64), ("torch==2.0", digest), ("nvidia-a==3", "1" * 64)]
    (tmp_path / "requirements.lock").write_text(
        "".join(f"{name} \\\n    --hash=sha256:{digest}\n" for name, digest in lock)
    )
    done = []

    def run(command, **options):
        if "download" in command:
            Path(command[command.index("-d") + 1], "torch-2.0.whl").write_bytes(BUILD)
            assert ("--index-url" in command) == bool(index)
        elif "--require-hashes" in command:
            assert "--no-deps" in command
            (name,) = re.findall(r"^[\w-]+", Path(command[-1]).read_text(), re.MULTILINE)
            done.append(f"locked: {name}")
        elif "--editable" not in command and "install" in command:
            done.append("wheel" if command[-1].endswith(".whl") else command[-1])
        return SimpleNamespace(returncode=0, stdout=needs, stderr="")

    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install, "check_place", lambda python: None)
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(sys, "argv", ["install.py", "--here"])
    monkeypatch.delenv("TORCH_INDEX", raising=False)
    if index:
        monkeypatch.setenv("TORCH_INDEX", index)
    if installed is None:
        with pytest.raises(SystemExit, match="does not know"):
            install.main()
        return
    install.main()
    assert done == installed


@pytest.mark.parametrize("status", [0, 1])
def test_an_audit_that_can_not_ask_is_no_clean_bill_and_leaves_the_environment_alone(
    tmp_path, monkeypatch, status
):
    audit = load_script(ENVS / "audit.py")
    assert audit.PLACE.is_relative_to(ROOT / "build")
    assert all(re.fullmatch(r"[\w-]+==[\d.]+", tool) for tool in audit.TOOLS)
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, code in (("pip", 0), ("pip-audit", status)):
        (folder / name).write_text(f'#!/bin/sh\necho "$0 $*" >> {tmp_path}/said\nexit {code}\n')
        (folder / name).chmod(0o755)
    monkeypatch.setattr(audit, "PLACE", tmp_path)
    assert audit.main("audit") == status
    said = (tmp_path / "said").read_text()
    assert f"{folder}/pip install --quiet pip-audit==" in said
    assert f"pip-audit --requirement {ROOT / 'requirements.lock'} --require-hashes" in said
    assert "--strict" in said
