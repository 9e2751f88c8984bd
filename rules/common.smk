# The config and the videos table, read and checked before the DAG exists, and what the
# rule files share.
import sys
from pathlib import Path
from types import SimpleNamespace

import choreo.config
import choreo.gpus
import choreo.poses.estimators
import choreo.provenance
import choreo.pipeline.place
import choreo.pipeline.workflow
from choreo.dataset.description import DataDescription
from choreo.dataset.split import assign_splits
from choreo.errors import ChoreoError, print_anywhere
from choreo.evaluation.metrics import PARTS as PARTS_OF_TABLE2X
from choreo.evaluation.own_songs import check_apart, made_names, songs_in
from choreo.files import NAME, PROJECT
from choreo.pipeline.digest import Digests
from choreo.poses.formats.registry import FORMATS
from choreo.evaluation.claims import audit_models, audit_seeds
from choreo.models import FAMILIES
from choreo.models.music_features import FEATURES
from choreo.models.recipes import (
    check_all,
    load_recipes,
    shown_in_figure3,
    shown_in_figure7,
)
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.persistence.file import FilePersistence

try:
    ROOT = Path(workflow.current_basedir).parent
except TypeError:
    # A module that Snakemake reads from a Git host: the installed package lies in a clone of it.
    ROOT = PROJECT

if workflow.is_main_process:
    print_anywhere()
    try:
        choreo.pipeline.workflow.check_writable()
        choreo.pipeline.place.check_place(sys.executable)
        choreo.pipeline.place.check_no_wildcard(ROOT)
        choreo.config.check_keys(workflow.configfiles)
    except ChoreoError as error:
        raise WorkflowError(str(error)) from None
    choreo.pipeline.workflow.release_stale_locks()


try:
    STUDY = choreo.config.read_config(
        config, where=", ".join(map(str, workflow.configfiles)) or "config"
    )
    ROWS = choreo.pipeline.workflow.Named(
        ((row.id, row) for row in choreo.config.read_table(STUDY.table)),
        what=f"video in {STUDY.table}",
    )
    SPLITS = assign_splits(
        list(ROWS.values()),
        by=tuple(STUDY.dataset.split.by),
        test=STUDY.dataset.split.test,
        validation=STUDY.dataset.split.validation,
        seed=STUDY.seed,
        score=STUDY.dataset.split.score,
    )
    KNOWN_RECIPES = load_recipes(STUDY.training.recipes)
    RECIPES = choreo.config.chosen_recipes(STUDY, KNOWN_RECIPES)
    DATA = DataDescription(
        STUDY.dataset.method,
        fps=STUDY.dataset.fps,
        chunk_seconds=STUDY.dataset.chunk_seconds,
    )
    check_all(RECIPES, DATA)
    # Models of the claims audit (Table 3): under which name each is trained, and the
    # recipes of those that the study does not train anyway.
    AUDIT, AUDITED = audit_models(STUDY, RECIPES)
    AUDIT_SEEDS = audit_seeds(STUDY)
except ChoreoError as error:
    raise WorkflowError(str(error)) from None

OUT = f"results/{STUDY.study}"
# One run a study at a time; jobs that outlive a killed run count.
if workflow.is_main_process:
    choreo.pipeline.workflow.keep_apart(
        FilePersistence, OUT, f"results/{choreo.config.ONCE}"
    )
    choreo.pipeline.workflow.make_what_was_cut_off(FilePersistence)
else:
    choreo.pipeline.workflow.share_locks(OUT)
CLIPS = list(ROWS)
# Those that are videos, and no shards that were imported.
VIDEOS = [video for video, row in ROWS.items() if row.kind != "shard"]
# Videos of a song, and the songs that the dances of the evaluation are made for.
SONGS = choreo.pipeline.workflow.Named(what=f"song in {STUDY.table}")
for row in ROWS.values():
    SONGS.setdefault(row.song, []).append(row.id)
TEST_SONGS = sorted({row.song for row in ROWS.values() if SPLITS[row.id] == "test"})
KNOWN = choreo.poses.estimators.ESTIMATORS
ESTIMATORS = list(dict.fromkeys(STUDY.poses.estimators))
# Those that find everyone, where a person may want to see who was followed; and the chosen.
PICTURED = [
    e
    for e in ESTIMATORS
    if e in STUDY.poses.imports
    or (KNOWN[e].filmed and (e == STUDY.poses.chosen or KNOWN[e].format))
]
# A model that lacks what it is made of, such as weights, has no row of its own to fill.
MODELS = [m for m, recipe in RECIPES.items() if recipe.complete]
TRAINED = [model for model in MODELS if RECIPES[model].trained]
FIGURE7 = shown_in_figure7({model: RECIPES[model] for model in TRAINED})
SEEDS = sorted(set(STUDY.training.seeds))
DANCES = {"model": MODELS, "seed": SEEDS, "song": TEST_SONGS}
# Handed to the jobs' tables, and no input or parameter: another commit makes nothing anew.
if workflow.is_main_process or not choreo.provenance.current():
    choreo.provenance.announce(ROOT, STUDY, list(ROWS.values()), RECIPES, SPLITS)
RECIPES |= AUDITED
# Simulated poses come with their song; no video is drawn for them.
SIMULATED = STUDY.poses.chosen in KNOWN and not KNOWN[STUDY.poses.chosen].filmed
SOUND = (
    f"{OUT}/poses/simulated/{{video}}.wav"
    if SIMULATED
    else f"{OUT}/videos/{{video}}.wav"
)
# Videos whose true joints are known.
WITH_TRUTH = [v for v, row in ROWS.items() if row.kind == "demo" and not SIMULATED]
TABLES = []
if VIDEOS:
    TABLES += ["table1", "table1x", "table1x_distances", "table1x_threshold"]
if WITH_TRUTH:
    TABLES += ["cleaning_estimators"]
if TEST_SONGS:
    TABLES += ["seams", "table2", *(f"table2x_{part}" for part in PARTS_OF_TABLE2X)]
# Not in `all`, since it trains models of its own; once it is there the report shows it.
TABLE3 = f"{OUT}/tables/table3.html"
TABLE3 = [TABLE3] if TEST_SONGS and Path(TABLE3).is_file() else []
# The same of dances to recordings, which not every study has.
RECORDED = f"{OUT}/tables/recorded.html"
RECORDED = (
    [RECORDED]
    if TEST_SONGS and STUDY.evaluation.recordings and Path(RECORDED).is_file()
    else []
)
# Frameworks are drawn of the recipes' networks, with the study's own switches where it has any.
FRAMEWORKS = dict(
    zip(("original", "adapted"), shown_in_figure3(KNOWN_RECIPES | RECIPES))
)
FIGURES = ["figure1"]
if VIDEOS:
    FIGURES += ["figure1x_thresholds", "figure2", "figure5"]
FIGURES += ["figure3"] if all(FRAMEWORKS.values()) else []
FIGURES += ["figure4"] if FRAMEWORKS["adapted"] else []
FIGURES += ["figure7", "figureA1"] if TRAINED else []
# What is the same for every study: made by targets of its own, once for all of them. Where it
# is there the report shows it.
ONCE = f"results/{choreo.config.ONCE}"
# A study with other dances for it has it in its own folder.
_OWN = STUDY.evaluation.sensitivity != type(STUDY.evaluation.sensitivity)()
SENSITIVITY = OUT if _OWN else ONCE
BENCHMARK = ["benchmark", "kinds", "draws", "flicker"]
ONCE_FILES = [
    *(f"{ONCE}/tables/cleaning_{table}.html" for table in BENCHMARK),
    f"{ONCE}/figures/cleaning_benchmark.png",
    f"{SENSITIVITY}/tables/sensitivity.html",
    f"{SENSITIVITY}/figures/sensitivity.png",
]
SHARED = [path for path in map(Path, ONCE_FILES) if path.is_file()]
# Fetched once for all studies.
RESOURCES = STUDY.poses.resources
OPENPOSE_IMAGE = f"{RESOURCES}/openpose/openpose.sif"
PROBLEMS = f"{OUT}/videos/problems.csv"
if not TEST_SONGS and workflow.is_main_process:
    logger.warning(
        f"{STUDY.table} has no song to test on (it needs two songs, or a `split` column), "
        "so `all` and `report` go without dances and Table 2."
    )


wildcard_constraints:
    # No list of thousands of names, which each look at a path would go through.
    video=NAME,
    song=NAME,
    estimator="|".join(ESTIMATORS),
    model="|".join([*MODELS, *AUDITED]),
    seed=r"\d+",


DIGESTS = Digests(".snakemake/choreo/code.json")


def code(script, *models):
    """Digest of the code that a script uses: editing that code reruns its rule.

    Of models, also that of their families and of what they hear.
    """
    recipes = [RECIPES[model] for model in models]
    families = {FAMILIES[recipe.family] for recipe in recipes}
    features = {FEATURES[recipe.music].module for recipe in recipes}
    # A line of the register is in no digest; this of it decides what is heard.
    whole = "".join("cw"[FEATURES[recipe.music].whole] for recipe in recipes)
    return (
        DIGESTS(ROOT / "workflow" / "scripts" / script, *sorted(families | features))
        + whole
    )


def item(wildcards, input):
    """What a problem with a video is about, as its row in the table.

    It takes the inputs for this alone: a parameter that is made of them is no reason to run a job
    again. A line more above a row would otherwise make all of the videos below it anew.
    """
    return f"{wildcards.video} ({STUDY.table}, line {ROWS[wildcards.video].line})"


def only(videos):
    """Wildcard constraint: these videos of the table."""
    chosen, others = set(videos), set(ROWS) - set(videos)
    if not others:
        return NAME
    # The shorter list, since every name is compared with all of it.
    if len(others) < len(chosen):
        return f"(?!(?:{'|'.join(sorted(others))})(?![A-Za-z0-9_-])){NAME}"
    return "|".join(sorted(chosen)) or "(?!)"


def of_kind(kind):
    """Wildcard constraint: the videos whose source is of this kind (or none)."""
    return only(v for v, row in ROWS.items() if row.kind == kind)


def own_input(path, made, *, where):
    """A file of the user as an input; refused where it is gone and these were made of it."""
    if workflow.is_main_process:
        try:
            choreo.pipeline.workflow.check_not_lost(path, made, where=where)
        except ChoreoError as error:
            raise WorkflowError(str(error)) from None
    return choreo.pipeline.workflow.as_input(path)


def source_of(wildcards):
    """The file to standardise; none where a local path does not exist (the job says so)."""
    row = ROWS[wildcards.video]
    if row.kind == "demo":
        return f"{OUT}/videos/demo/{row.id}.mp4"
    if row.kind == "url":
        return f"{OUT}/videos/downloads/{row.id}.video"
    made = [f"{OUT}/videos/{row.id}.mp4", f"{OUT}/videos/{row.id}.json"]
    if row.kind == "shard":
        made = [f"{OUT}/dataset/shards/{row.id}.h5"]
    path = source_path(wildcards)
    found = own_input(path, made, where=f"{STUDY.table}, line {row.line}")
    return [] if Path(path).is_dir() else found


def source_path(wildcards):
    """Where the table says that a video or shard lies."""
    return str(choreo.config.local_path(ROWS[wildcards.video], STUDY.table))


def source_state(wildcards):
    """What says that a source changed which is no input, for the braces in its path."""
    row = ROWS[wildcards.video]
    if row.kind in ("demo", "url"):
        return None
    return choreo.pipeline.workflow.state_of(source_path(wildcards))


def sound_of(video):
    """The wav of a video, or of an imported shard."""
    if ROWS[video].kind == "shard":
        return f"{OUT}/dataset/shards/{video}.wav"
    return SOUND.format(video=video)


def filmed_to(song):
    """Videos of a song; imported shards have none."""
    return [video for video in SONGS[song] if ROWS[video].kind != "shard"]


def imported_path(wildcards):
    """Where the config says that another tool's poses of a video lie: a file or a folder."""
    return STUDY.poses.imports[wildcards.estimator].of(wildcards.video)


def imported_file(wildcards):
    """Another tool's poses of a video; none where there are none (the job says so)."""
    made = [f"{OUT}/poses/{wildcards.estimator}/{wildcards.video}.npz"]
    where = f"config, poses.imports.{wildcards.estimator}.path"
    return own_input(imported_path(wildcards), made, where=where)


def imported_state(wildcards):
    """What says that another tool's poses changed which are no input."""
    return choreo.pipeline.workflow.state_of(imported_path(wildcards))


def native_file(wildcards):
    """What a tool's own file is to be read as; none where there is none to count from."""
    if STUDY.comparison.method != "released":
        return None
    name = wildcards.estimator
    if name in PEOPLE:
        own = KNOWN[name]
        return {"format": own.format, "skeleton": own.skeleton, "first_frame": None}
    own = STUDY.poses.imports.get(name)
    if own is None or not FORMATS[own.format].counted:
        return None
    asked = own.model_dump(include={"format", "skeleton", "first_frame"})
    if imported_state(wildcards):
        asked |= {"path": imported_path(wildcards), "state": imported_state(wildcards)}
    return asked


def native_people(wildcards):
    """The tool's own file, whose entries method `released` counts; none for other tracks."""
    if native_file(wildcards) is None:
        return []
    if wildcards.estimator in PEOPLE:
        return f"{OUT}/poses/{wildcards.estimator}/{wildcards.video}.json"
    return imported_file(wildcards)


def training_data(wildcards):
    """The packed file that a model is trained on; one model of the audit has its own."""
    if STUDY.training.data == "corpus":
        return f"{OUT}/corpus/dataset.h5"
    own = wildcards.model == AUDIT.get("uncleaned")
    if own and VIDEOS != CLIPS:
        raise WorkflowError(
            f"Table 3 compares with poses before cleaning, and {STUDY.table} has imported "
            "shards, which hold none: leave their rows out"
        )
    return f"{OUT}/dataset/uncleaned/dataset.h5" if own else f"{OUT}/dataset/dataset.h5"


def frameworks(*which):
    """Input function of a parameter: recipes of the frameworks that a figure shows."""

    def recipes(wildcards):
        for one in which:
            if FRAMEWORKS[one] is None:
                raise WorkflowError(
                    f"{STUDY.training.recipes} has no recipe of the thesis's GAN for the {one} "
                    "framework, which the figure shows"
                )
        return [
            (KNOWN_RECIPES | RECIPES)[FRAMEWORKS[one]].model_dump() for one in which
        ]

    return recipes


# What a recipe may need of other rules (`Recipe.needs`): a line for each.
NEEDED = {
    "perceptual": STUDY.training.perceptual_weights
    or f"{OUT}/training/perceptual.safetensors",
}


def needed(wildcards):
    """Files of other rules that a model needs to be trained."""
    return [NEEDED[name] for name in RECIPES[wildcards.model].needs]


LOOKED_FOR = set()


def look_for(estimator):
    """Say once, before anything runs, what a wanted estimator lacks on this machine."""
    if estimator in LOOKED_FOR or not workflow.is_main_process:
        return
    LOOKED_FOR.add(estimator)
    try:
        lacking = choreo.poses.estimators.check(estimator, STUDY.poses)
    except ChoreoError as error:
        raise WorkflowError(str(error)) from None
    for text in lacking:
        logger.warning(text)


def openpose_image(wildcards):
    """The image that OpenPose runs in; none where it is a program of this machine."""
    look_for(wildcards.estimator)
    image = STUDY.poses.openpose.image
    # ancient: what is fetched again unchanged makes no video anew.
    return (ancient(OPENPOSE_IMAGE) if "://" in image else image) if image else []


def network(wildcards, detector):
    """The setting that names a network of an estimator's tool."""
    return "detector" if detector else KNOWN[wildcards.estimator].weights


def rtmpose_network(*, detector=False):
    """Input function: a network of RTMPose, the user's own or the one that is fetched."""

    def path(wildcards):
        name = network(wildcards, detector)
        look_for(wildcards.estimator)
        own = getattr(STUDY.poses.rtmpose, name)
        return own or ancient(f"{RESOURCES}/rtmpose/{name}.onnx")

    return path


def alphapose_source(wildcards):
    """What says that AlphaPose's source was fetched; none for the user's own checkout."""
    look_for(wildcards.estimator)
    own = STUDY.poses.alphapose.checkout
    return [] if own else ancient(f"{RESOURCES}/alphapose/source.json")


def alphapose_part(*, detector=False):
    """Input function: AlphaPose's weights, the user's own or what says they were fetched."""

    def path(wildcards):
        name = network(wildcards, detector)
        own = getattr(STUDY.poses.alphapose, name)
        if not own:
            return ancient(f"{RESOURCES}/alphapose/{name}.json")
        # None where it does not exist: the job says so.
        return choreo.pipeline.workflow.as_input(Path(own).expanduser())

    return path


def with_test_songs(path):
    """Input function that refuses before anything runs where there is no song to test on."""

    def checked(wildcards):
        if not TEST_SONGS:
            raise WorkflowError(
                f"{STUDY.table} has no song to test on: give it two songs, or a `split` column"
            )
        return path

    return checked


def wants_gpu(device):
    """One GPU a job where there is one to use; nothing to ask for on a CPU."""
    return int(device == "cuda" or (device == "auto" and choreo.gpus.has_gpu()))


def gpu_percent(device, share):
    """What a job takes of that GPU, in percent: profiles count these."""
    return wants_gpu(device) * choreo.gpus.percent(share)


def run_by(rule):
    """Constraint of a wildcard: the estimators that a rule runs."""
    return "|".join(name for name, entry in KNOWN.items() if entry.rule == rule)


def networks_of(rule):
    """Constraint of a wildcard: settings that name networks of a rule's tool."""
    own = sorted({entry.weights for entry in KNOWN.values() if entry.rule == rule})
    return "|".join(["detector", *own])


def songs_of_config():
    """Made songs, files of `evaluation.songs`, recordings, and those of `dances.songs`."""
    setting = STUDY.evaluation
    made = made_names(setting.songs.made)
    taken = set(SONGS) | {row.id for row in ROWS.values()}
    # A made song is what its name says: no video may be to it.
    taken |= {
        row.source.split(":")[1].split("/")[0]
        for row in ROWS.values()
        if row.kind == "demo"
    }
    own, recorded = {}, {}
    for where, path, songs in (
        ("evaluation.songs", setting.songs.folder, own),
        ("evaluation.recordings", setting.recordings, recorded),
    ):
        if path:
            songs |= songs_in(path, where=where)
            check_apart(songs, [*taken, *made], where=where)
            taken |= set(songs)
    check_apart(made, taken - set(own) - set(recorded), where="evaluation.songs.made")
    danced = {}
    if path := STUDY.dances.songs or (Path(SONGS_TABLE).is_file() and SONGS_TABLE):
        danced = songs_in(path, where="dances.songs")
        # Songs that are measured may be drawn, too.
        known = own | recorded
        others = [name for name, file in danced.items() if known.get(name) != file]
        check_apart(others, [*taken, *made], where=f"dances.songs ({path})")
    return made, own, recorded, danced


SONGS_TABLE = "config/songs.tsv"
"""Where songs to dance to are looked for, if `dances.songs` names no other place."""

try:
    MADE_SONGS, OWN_SONGS, RECORDINGS, DANCED_SONGS = songs_of_config()
except ChoreoError as error:
    raise WorkflowError(str(error)) from None

# What the tables' generated rows are measured on; real dances on those that have videos.
MORE_SONGS = [*MADE_SONGS, *OWN_SONGS]
EVALUATED_SONGS = [*TEST_SONGS, *MORE_SONGS]
SONG_FILES = OWN_SONGS | RECORDINGS | DANCED_SONGS


def with_audited(path):
    """Input function that refuses before anything runs data that the audit's models don't take."""

    def checked(wildcards):
        try:
            check_all(AUDITED, DATA)
        except ChoreoError as error:
            raise WorkflowError(str(error)) from None
        return with_test_songs(path)(wildcards)

    return checked


def with_videos(but=()):
    """Wildcard constraint: the songs of the videos table."""
    without = [*MORE_SONGS, *RECORDINGS, *DANCED_SONGS, *but]
    return f"(?!(?:{'|'.join(without)})(?![A-Za-z0-9_-])){NAME}" if without else NAME


def with_danced_songs(path):
    """Input function that refuses before anything runs where no table of songs is there."""

    def checked(wildcards):
        if not DANCED_SONGS:
            raise WorkflowError(
                f"there is no table of songs: write {SONGS_TABLE} with the columns song and "
                "path, or name a table or folder in dances.songs"
            )
        return path

    return checked


def with_recordings(path):
    """Input function that refuses before anything runs where there is no recording."""

    def checked(wildcards):
        if not RECORDINGS:
            raise WorkflowError(
                "there is no recorded song: name a folder or table of them in "
                "evaluation.recordings"
            )
        return with_test_songs(path)(wildcards)

    return checked


onsuccess:
    choreo.pipeline.workflow.list_problems(OUT)


onerror:
    choreo.pipeline.workflow.list_problems(OUT)


# Of the survey (rules/survey.smk, where its songs and dances are).
def survey_dances(wildcards):
    """The dances that are compared; says before anything runs what the config lacks."""
    for model in STUDY.survey.models:
        if model not in MODELS:
            raise WorkflowError(
                f"survey.models: {model} is not trained in this study; choose of "
                f"{', '.join(MODELS)}"
            )
    if not SURVEY_SONGS:
        raise WorkflowError(
            f"survey.songs: {STUDY.table} has no song to test on; name songs"
        )
    for song in SURVEY_SONGS:
        if song not in SONGS and song not in MORE_SONGS:
            raise WorkflowError(f"survey.songs: the study has no song {song}")
    if SURVEY_SEED not in SEEDS:
        raise WorkflowError(
            f"survey.training_seed: {SURVEY_SEED} is not among training.seeds"
        )
    return [f"{OUT}/dances/survey/{model}/{song}.mp4" for model, song in SURVEY_DANCES]


def survey_measured(wildcards):
    """Measurements of the dances that are compared."""
    survey_dances(wildcards)
    return [
        f"{OUT}/evaluation/{model}/seed{SURVEY_SEED}.npz"
        for model in STUDY.survey.models
    ]


def survey_answers(wildcards):
    """Names, sizes and times of the answer files: a new one makes the results anew."""
    folder = STUDY.survey.answers
    if not folder:
        raise WorkflowError(
            "there are no answers: put the files that participants sent into a folder and name "
            "it in survey.answers"
        )
    if not Path(folder).is_dir():
        raise WorkflowError(f"survey.answers: {folder} is no folder")
    return sorted(
        [path.name, path.stat().st_size, path.stat().st_mtime_ns]
        for path in Path(folder).iterdir()
        if path.is_file()
    )


def reported_survey():
    """Results of the survey, for Snakemake's report: on what it could make, and is all there."""
    try:
        survey_measured(None)
        survey_answers(None)
    except WorkflowError:
        return []
    found = [*ANSWERED.values(), *ANSWERED_FIGURES.values()]
    return found if len(found) == len(SURVEY_TABLES) + len(SURVEY_FIGURES) else []


# Networks, images and sources of the estimators' tools, by what runs a tool.
TOOLS = {
    "openpose_people": [openpose_image],
    "rtmpose_people": [rtmpose_network(), rtmpose_network(detector=True)],
    "alphapose_people": [
        alphapose_source,
        alphapose_part(),
        alphapose_part(detector=True),
    ],
}


def from_elsewhere(wildcards=None):
    """What a study needs that is not made here, fetched or named by the config."""
    found = [
        f"{OUT}/videos/downloads/{video}.video"
        for video, row in ROWS.items()
        if row.kind == "url"
    ]
    for name in ESTIMATORS:
        for part in TOOLS.get(KNOWN[name].rule, []) if name in KNOWN else []:
            path = part(SimpleNamespace(estimator=name))
            found += [path] if path else []
    own = [STUDY.evaluation.beat_this, STUDY.training.perceptual_weights]
    for model in MODELS:
        own += RECIPES[model].own_files.values()
    return list(dict.fromkeys([*found, *filter(None, own)]))


if STUDY.offline and workflow.is_main_process:
    try:
        choreo.pipeline.workflow.check_offline(from_elsewhere())
    except ChoreoError as error:
        raise WorkflowError(str(error)) from None
