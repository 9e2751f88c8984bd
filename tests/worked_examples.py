"""The worked examples of the docs, put into a copy of the project as a reader would."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

_BLOCK = re.compile(r"^`([\w./]+)`[^\n]*:\n\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page):
    """Path, language and text of each block of code of a page that says which file it is."""
    return _BLOCK.findall((DOCS / f"{page}.md").read_text(encoding="utf-8"))


def apply(page, folder):
    """Write a page's new files under a folder, and make its changes to what is there."""
    found = blocks(page)
    assert found, page
    for path, language, text in found:
        file = Path(folder, path)
        if language == "diff":
            changed = patched(file.read_text(encoding="utf-8"), text, path)
            file.write_text(changed, encoding="utf-8")
        else:
            assert not file.exists(), f"{path} is not new"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")


def patched(text, diff, path):
    """A text after a diff without line numbers, whose parts begin with ``@@``."""
    for part in re.split(r"^@@.*\n", diff, flags=re.MULTILINE):
        lines = [" \n" if line == "\n" else line for line in part.splitlines(keepends=True)]
        old = "".join(line[1:] for line in lines if line[0] in " -")
        new = "".join(line[1:] for line in lines if line[0] in " +")
        if lines:
            assert text.count(old) == 1, f"{path} has this {text.count(old)} times:\n{old}"
            text = text.replace(old, new)
    return text


def copied(folder, *pages, parts=("src", "docs")):
    """Copy parts of the project to a folder, and apply pages to the copy."""
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info", "*.safetensors")
    for part in parts:
        shutil.copytree(ROOT / part, folder / part, ignore=ignore)
    for page in pages:
        apply(page, folder)
    return folder


def run(folder, *command):
    """Run a Python of its own with the copy's package."""
    environment = os.environ | {"PYTHONPATH": str(folder / "src")}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout
