"""What a table was made by and of: commit, config, seeds, and the size of the study.

The process that builds the DAG works it out once and hands it to its jobs in an
environment variable, which no rule depends on: another commit makes no table anew. A
table carries what was true when it was written. Nothing heavy is imported here.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

VARIABLE = "CHOREO_PROVENANCE"
COLUMNS = ("study_seed", "training_seeds", "commit", "config")
"""What every .csv has beside its own columns."""
_NONE = "no git"
_CODE = ("Snakefile", "rules", "workflow", "src")
_MACHINE = {
    "table",
    "offline",
    "videos.retries",
    "poses.resources",
    "poses.gpu_share",
    "poses.alphapose",
    "poses.openpose.accept_licence",
    "poses.openpose.program",
    "poses.openpose.image",
    "poses.openpose.models",
    "poses.openpose.stall_minutes",
    "poses.rtmpose",
    "training.recipes",
    "training.switches",
    "training.device",
    "training.gpu_share",
    "training.threads",
    "training.look_every",
    "survey.answers",
    "survey.contact",
    "survey.post_to",
}
"""Settings that do not belong to a study but to a machine, to an owner's files, or to a file
whose content is hashed in its place (the videos table, the recipes)."""


def config_hash(study: Any, rows: Iterable[Any], recipes: Mapping[str, Any]) -> str:
    """Hash of everything that a study's results are decided by, but for its code.

    Settings of a machine (devices, threads, folders, paths of programs and weights) are
    left out, and of local paths only the file's name counts, so that two people with the
    same study get the same hash.

    Parameters
    ----------
    study : choreo.config.Config
    rows : iterable of choreo.config.Row
    recipes : dict of str to choreo.models.family.Recipe
        Of every model that is trained.

    Returns
    -------
    str
        The first 12 hex digits of a SHA-256.
    """
    settings = _without(study.model_dump(mode="json"), "")
    for source in settings.get("poses", {}).get("imports", {}).values():
        if isinstance(source, dict):
            source.pop("path", None)
    videos = [row.model_dump(mode="json", exclude={"line", "note"}) for row in rows]
    for video, row in zip(videos, rows):
        if row.kind in ("path", "shard"):
            video["source"] = Path(row.source).name
    models = {
        name: recipe.model_dump()
        | {switch: Path(path).name for switch, path in recipe.own_files.items()}
        for name, recipe in recipes.items()
    }
    parts = [settings, videos, models]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def _without(settings, prefix):
    return {
        name: _without(value, f"{prefix}{name}.") if isinstance(value, dict) else value
        for name, value in settings.items()
        if f"{prefix}{name}" not in _MACHINE
    }


def commit(root: str | Path) -> str:
    """Commit of the pipeline's own repository.

    Parameters
    ----------
    root : str or Path
        The folder of the Snakefile.

    Returns
    -------
    str
        12 hex digits, followed by "+changes" where the code differs from it; "no git"
        where the folder is no repository of its own, or there is no git.
    """

    def git(*arguments):
        command = ["git", "-C", str(root), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        top, head = git("rev-parse", "--show-toplevel", "HEAD").splitlines()
        if Path(top).resolve() != Path(root).resolve():
            return _NONE
        return head[:12] + ("+changes" if git("status", "--porcelain", "--", *_CODE) else "")
    except (OSError, ValueError, subprocess.CalledProcessError):
        return _NONE


def announce(
    root: str | Path,
    study: Any,
    rows: Sequence[Any],
    recipes: Mapping[str, Any],
    splits: Mapping[str, str],
) -> None:
    """Work the provenance out and hand it to the jobs of this run.

    Parameters
    ----------
    root : str or Path
        The folder of the Snakefile.
    study : choreo.config.Config
    rows : list of choreo.config.Row
    recipes : dict of str to choreo.models.family.Recipe
    splits : dict of str to str
        Video -> split.
    """
    os.environ[VARIABLE] = json.dumps(
        {
            "study": study.study,
            "commit": commit(root),
            "config": config_hash(study, rows, recipes),
            "seed": study.seed,
            "training_seeds": sorted(set(study.training.seeds)),
            "videos": len(rows),
            "songs": len({row.song for row in rows}),
            "test_songs": len({row.song for row in rows if splits[row.id] == "test"}),
        },
        sort_keys=True,
    )


def current() -> dict[str, Any] | None:
    """What `announce` handed over; None outside a run of the workflow."""
    text = os.environ.get(VARIABLE)
    return json.loads(text) if text else None


def line(found: Mapping[str, Any]) -> str:
    """One sentence for people.

    Parameters
    ----------
    found : dict
        Of `current`.
    """
    seeds = ", ".join(map(str, found["training_seeds"]))
    commit = "Not under git" if found["commit"] == _NONE else f"Commit {found['commit']}"
    return (
        f"Study {found['study']}: {found['videos']} videos, {found['songs']} songs "
        f"({found['test_songs']} for testing); seed {found['seed']}, training seeds {seeds}. "
        f"{commit}, config {found['config']}."
    )


def columns(found: Mapping[str, Any]) -> dict[str, Any]:
    """Columns for a .csv: each row carries the same values.

    Parameters
    ----------
    found : dict
        Of `current`.
    """
    values = (
        found["seed"],
        " ".join(map(str, found["training_seeds"])),
        found["commit"],
        found["config"],
    )
    return dict(zip(COLUMNS, values))
