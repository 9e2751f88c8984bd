"""What pages name is there: modules, functions, files; and every page is found from another one."""

import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
# Beside the pages of docs/. Changes tell of names that were.
PAGES = [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "config/README.md")), *DOCS]
PAGES += [ROOT / "envs" / "README.md"]
# They show what is to be written, and tests write it (tests/docs/test_docs_examples.py).
WRITTEN = {"adding/estimator.md", "adding/format.md", "adding/family.md", "models.md"}
LINK = re.compile(r"\]\(([^()\s#]+)")
DOTTED = re.compile(r"`(choreo(?:\.\w+)+)(?<!\.yaml)(?<!\.def)[`(]")
FOLDERS = "src|tests|benchmarks|docs|rules|config|envs|profiles|workflow"
FILE = re.compile(rf"`((?:{FOLDERS})/[\w./-]+\.\w+)`")
BARE = re.compile(r"`((?:\w+/)*\w+\.py)`")
STAGES = {path.name for path in (ROOT / "src" / "choreo").iterdir() if path.is_dir()}
OTHERS = {"scripts/demo_inference.py"}  # of AlphaPose


def not_there(name):
    """The dotted name of which the package has no module, or the module no such definition."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        path = ROOT / "src" / Path(*parts[:count])
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            words = [rf"(?m)^\s*(?:def |class )?{part}\b" for part in parts[count:]]
            return None if all(re.search(word, text) for word in words) else name
    return name


def elsewhere(page, name):
    """The file's name, if none of it lies where a reader of a stage's page looks for it."""
    rooms = [ROOT / "src" / "choreo" / page.stem, ROOT / "tests"]
    # The page on training is on the thesis's models too; the package's own folder is written out.
    rooms += [ROOT / "src" / "choreo" / "models"] if page.stem == "training" else []
    rooms += [ROOT / "src" / "choreo", ROOT / "src"] if "/" in name else []
    found = any(path.as_posix().endswith(f"/{name}") for r in rooms for path in r.rglob("*.py"))
    return None if found else name


def _named(pattern):
    for page in PAGES:
        own = page.relative_to(ROOT / "docs").as_posix() if page in DOCS else ""
        if own not in WRITTEN:
            for name in sorted(set(pattern.findall(page.read_text(encoding="utf-8")))):
                yield pytest.param(page, name, id=f"{page.stem}:{name}")


@pytest.mark.parametrize(("page", "name"), list(_named(DOTTED)))
def test_what_is_named_of_the_package_is_there(page, name):
    assert not_there(name) is None


def test_a_name_that_the_package_lacks_is_noticed():
    assert not_there("choreo.evaluation.music_spectra") is None
    assert not_there("choreo.dataset.pack.ChunkDataset") is None
    assert not_there("choreo.evaluation.music_features")
    assert not_there("choreo.dataset.pack.ChunkDatasets")


@pytest.mark.parametrize(("page", "name"), list(_named(FILE)))
def test_a_file_that_is_named_is_there(page, name):
    assert (ROOT / name).is_file() or name == "config/songs.tsv"  # which the reader writes


def _of_stages():
    for found in _named(BARE):
        page, name = found.values
        if page.stem in STAGES and name not in OTHERS:
            yield found


@pytest.mark.parametrize(("page", "name"), list(_of_stages()))
def test_a_module_that_the_page_of_a_stage_names_lies_in_that_stage(page, name):
    assert (ROOT / name).is_file() or elsewhere(page, name) is None


def test_a_module_of_another_stage_is_noticed():
    synth = ROOT / "docs" / "synth.md"
    assert elsewhere(synth, "hearing.py") is None
    assert elsewhere(synth, "listening.py")


def _linked():
    """File -> the pages that link to it."""
    found = {}
    for page in PAGES:
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            path = Path(os.path.normpath(page.parent / target))
            found.setdefault(path, set()).add(page)
    return found


def test_another_page_leads_to_every_page():
    linked = _linked()
    assert ROOT / "docs" / "quick_start.md" in linked
    assert [page.name for page in DOCS if not linked.get(page, set()) - {page}] == []
