# The config and the videos table, read and checked before the DAG exists, and what the
# rule files share.
from pathlib import Path

import choreo.config
import choreo.workflow
from choreo.dataset.split import assign_splits
from choreo.errors import ChoreoError
from choreo.training.recipes import load_recipes
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

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
    RECIPES = choreo.config.chosen_recipes(STUDY, load_recipes(STUDY.training.recipes))
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
MODELS = list(RECIPES)
SEEDS = sorted(set(STUDY.training.seeds))
DANCES = {"model": MODELS, "seed": SEEDS, "song": TEST_SONGS}
TABLES = ["table1", "table2"] if TEST_SONGS else ["table1"]
FIGURES = ["figure2", "figure5", "figure7", "figureA1"]
PROBLEMS = f"{OUT}/videos/problems.csv"
if not TEST_SONGS and workflow.is_main_process:
    logger.warning(
        f"{STUDY.table} has no song to test on (it needs two songs, or a `split` column), "
        "so `all` and `report` go without dances and Table 2."
    )


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


def source_of(wildcards):
    """The file to standardise; none where a local path does not exist (the job says so)."""
    row = ROWS[wildcards.video]
    if row.kind == "demo":
        return f"{OUT}/videos/demo/{row.id}.mp4"
    if row.kind == "url":
        return f"{OUT}/videos/downloads/{row.id}.video"
    path = choreo.config.local_path(row, STUDY.table)
    return str(path) if path.is_file() else []


def imported_file(wildcards):
    """The AlphaPose file of a video; none where it does not exist (the job says so)."""
    path = STUDY.poses.imports[wildcards.estimator].replace("{video}", wildcards.video)
    return path if Path(path).is_file() else []


def with_test_songs(path):
    """Input function that refuses before anything runs where there is no song to test on."""

    def checked(wildcards):
        if not TEST_SONGS:
            raise WorkflowError(
                f"{STUDY.table} has no song to test on: give it two songs, or a `split` column"
            )
        return path

    return checked


def wants_gpu():
    """One GPU a training where there is one to use; nothing to ask for on a CPU."""
    device = STUDY.training.device
    return int(device == "cuda" or (device == "auto" and choreo.workflow.has_gpu()))


onsuccess:
    choreo.workflow.say_problems(OUT)


onerror:
    choreo.workflow.say_problems(OUT)
