# The config and the videos table, read and checked before the DAG exists, and what the
# rule files share.
from pathlib import Path

import choreo.config
import choreo.workflow
from choreo.dataset.split import assign_splits
from choreo.errors import ChoreoError
from choreo.training.recipes import load_recipes
from snakemake.exceptions import WorkflowError

if workflow.is_main_process:
    choreo.workflow.release_stale_locks()


try:
    STUDY = choreo.config.read_config(
        config, where=", ".join(map(str, workflow.configfiles)) or "config"
    )
    ROWS = {row.id: row for row in choreo.config.read_table(STUDY.table)}
    SPLITS = assign_splits(
        list(ROWS.values()),
        by=tuple(STUDY.dataset.split.by),
        test=STUDY.dataset.split.test,
        validation=STUDY.dataset.split.validation,
        seed=STUDY.seed,
        score=STUDY.dataset.split.score,
    )
    RECIPES = load_recipes(STUDY.training.recipes)
    choreo.config.check_models(STUDY, RECIPES)
except ChoreoError as error:
    raise WorkflowError(str(error)) from None

ROOT = Path(workflow.current_basedir).parent
OUT = f"results/{STUDY.study}"
VIDEOS = list(ROWS)
# Videos of a song, and the songs that the dances of the evaluation are made for.
SONGS = {}
for row in ROWS.values():
    SONGS.setdefault(row.song, []).append(row.id)
TEST_SONGS = sorted({row.song for row in ROWS.values() if SPLITS[row.id] == "test"})
ESTIMATORS = list(dict.fromkeys(STUDY.poses.estimators))
MODELS = list(dict.fromkeys(STUDY.training.models))
SEEDS = sorted(set(STUDY.training.seeds))
DANCES = {"model": MODELS, "seed": SEEDS, "song": TEST_SONGS}
TABLE_SUFFIXES = ("csv", "md", "tex", "html")


wildcard_constraints:
    video="|".join(VIDEOS),
    song="|".join(SONGS),
    estimator="|".join(ESTIMATORS),
    model="|".join(MODELS),
    seed=r"\d+",


def code(script):
    """Modules that a script imports: editing one reruns the rules that use it."""
    return choreo.workflow.code(ROOT / "workflow" / "scripts" / script)


def item(wildcards):
    """What a problem with a video is about, as its row in the table."""
    return f"{wildcards.video} ({STUDY.table}, line {ROWS[wildcards.video].line})"


def of_kind(kind):
    """Wildcard constraint: the videos whose source is of this kind (or none)."""
    return "|".join(v for v, row in ROWS.items() if row.kind == kind) or "(?!)"


def table_outputs(stem):
    """The four files of a table."""
    return multiext(stem, *(f".{suffix}" for suffix in TABLE_SUFFIXES))


onsuccess:
    choreo.workflow.say_problems(OUT)


onerror:
    choreo.workflow.say_problems(OUT)
