"""The config and the videos table: what is refused, and what the message says."""

import datetime
import json
import math
import re
from pathlib import Path
from typing import get_origin

import pytest
import yaml
from pydantic import BaseModel

from choreo import config, provenance
from choreo.comparison.table1x import TRUTH
from choreo.config import __main__ as documents
from choreo.config.fields import takes_numbers
from choreo.dataset.chunks import stride_frames
from choreo.errors import ConfigError, ItemError
from choreo.models.recipes import load_recipes, recipe_from
from choreo.videos.standardise import standardise

ROOT = Path(__file__).parent.parent
MINIMAL = {"study": "s", "table": "t.tsv"}
IMPORT = {"path": "x/{video}.json"}


def test_defaults_are_those_of_the_thesis():
    study = config.read_config(MINIMAL)
    assert study.cleaning.threshold_px == 50  # eq. (1)
    assert study.cleaning.method == study.dataset.method == "thesis"
    # The exception: at 30, sources of other rates would be off (docs/videos.md).
    assert study.videos.fps is None
    assert study.training.models == ["original", "lstm", "gru"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"studdy": "x"}, r"unknown key 'studdy'.*Did you mean 'study'\?"),
        ({"cleaning": {"treshold_px": 3}}, r"unknown key 'cleaning.treshold_px'.*'threshold_px'"),
        ({"cleaning": {"threshold_px": "high"}}, r"cleaning.threshold_px: .*number.*got 'high'"),
        ({"cleaning": {"threshold_px": -1}}, r"cleaning.threshold_px: .*greater than 0"),
        ({"cleaning": {"threshold_px": float("inf")}}, r"cleaning.threshold_px"),
        ({"cleaning": {"method": "magic"}}, r"cleaning.method: .*'thesis'"),
        ({"study": "../x"}, r"study: may hold only letters"),
        ({"on_bad_video": "ignore"}, r"on_bad_video: .*'skip' or 'stop'"),
        ({"poses": {"estimators": ["openpos"]}}, r"poses: estimators: 'openpos' is unknown"),
        ({"poses": {"chosen": "alphapose17"}}, r"chosen: 'alphapose17' is not among"),
        ({"poses": {"imports": {"a": {"path": "x.json"}}}}, r"path must contain {video}"),
        (
            {"poses": {"imports": {"rtmpose17": {"path": "{video}.json"}}}},
            r"rtmpose17 is an estimator of ours",
        ),
        (
            {"poses": {"estimators": ["alphapose17"], "chosen": "alphapose17"}},
            r"alphapose17 needs `poses: alphapose: accept_licence: true`.*"
            r"https://github\.com/MVIG-SJTU/AlphaPose/blob/master/LICENSE",
        ),
        (
            {"poses": {"estimators": ["openpose25"], "chosen": "openpose25"}},
            r"openpose25 needs `poses: openpose: accept_licence: true`.*"
            r"https://github\.com/CMU-Perceptual-Computing-Lab/openpose/blob/master/LICENSE",
        ),
        ({"training": {"seeds": []}}, r"training.seeds"),
        ({"training": {"seeds": [1, 2, 1]}}, r"training.seeds: names 1 twice"),
        ({"training": {"models": ["gru", "gru"]}}, r"training.models: names 'gru' twice"),
        ({"evaluation": {"audit": {"seeds": [3, 3]}}}, r"evaluation.audit.seeds: names 3 twice"),
        (
            {"evaluation": {"audit": {"more_seeds": {"3": [3, 3]}}}},
            r"evaluation.audit.more_seeds.3: names 3 twice",
        ),
        (
            {"poses": {"estimators": ["mediapipe17", "mediapipe17"]}},
            r"poses.estimators: names 'mediapipe17' twice",
        ),
        ({"training": {"models": "gru"}}, r"training.models: .*valid list.*Write a list: \[gru\]"),
        ({"dataset": {"split": {"by": None}}}, r"dataset.split.by: .*Write a list: \[\.\.\.\]"),
        (
            {"videos": ""},
            r"videos: .*Write `key: value` in lines of their own under it\. Allowed: fps, height",
        ),
        ({"cleaning": ["robust"]}, r"cleaning: .*Allowed: method, threshold_px"),
        ({"poses": {"imports": ["a"]}}, r"poses.imports: .*Write `key: value`"),
        ({"table": None}, r"table: .*Write one word or text, or leave it out"),
        ({"training": 3}, r"training: .*got 3"),
        ({"study": True}, r"study: YAML reads this as a bool.*quotes.*got True"),
        ({"study": 1.5}, r"study: YAML reads this as a float.*quotes.*got 1.5"),
        ({"study": datetime.date(2024, 5, 1)}, r"study: YAML reads this as a date.*'2024-05-01'"),
        ({"poses": {"imports": {"truth": IMPORT}}}, r"truth has the name of another row"),
        ({"poses": {"imports": {"Truth": IMPORT}}}, r"Truth has the name of another row"),
        ({"poses": {"imports": {"MediaPipe17": IMPORT}}}, r"MediaPipe17 is an estimator of ours"),
        ({"poses": {"imports": {"a": IMPORT, "A": IMPORT}}}, r"A and a are the same on file"),
        ({"dataset": {"stride_seconds": 3}}, r"stride_seconds must divide.*0.5, 1, 2.5, 5"),
        *(
            ({section: {"chunk_seconds": 0.55}}, section + r": .*whole number of poses \(10 a sec")
            for section in ("dataset", "corpus")
        ),
        *(
            (
                {"training": {"data": "corpus"}, section: {"fps": 20}},
                f"learn from {rates[0]} poses.*with dances of {rates[1]}.*the same fps and chunk",
            )
            for section, rates in (("corpus", (20, 10)), ("dataset", (10, 20)))
        ),
    ],
)
def test_a_wrong_config_is_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        config.read_config(MINIMAL | values)


def numbers(model=config.Config, path=()):
    """Path of every setting that is a number, and how one is given: lists and tables, too."""
    for name, field in model.model_fields.items():
        here = (*path, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from numbers(field.annotation, here)
        elif takes_numbers(field.annotation):
            given = {list: lambda value: [value], dict: lambda value: {"3": [value]}}
            yield here, given.get(get_origin(field.annotation), lambda value: value)


def test_there_are_settings_of_numbers():
    found = {".".join(path) for path, _ in numbers()}
    assert {"seed", "videos.fps", "training.seeds", "evaluation.tolerance_seconds"} <= found
    assert not found & {"videos.require_sound", "dances.join", "study"}


@pytest.mark.parametrize("value", [-1e9, 1e308, 10**30, math.nan, math.inf, "x", True, False, [[]]])
@pytest.mark.parametrize(("path", "given"), list(numbers()))
def test_a_number_out_of_its_bounds_is_refused_with_its_name_and_range(path, given, value):
    values = {path[-1]: given(value)}
    for part in reversed(path[:-1]):
        values = {part: values}
    with pytest.raises(ConfigError) as refused:
        config.read_config(MINIMAL | values)
    said = str(refused.value)
    assert ".".join(path) in said
    assert re.search(r"Allowed: |true or false|valid list", said), said


@pytest.mark.parametrize("value", [-1.0, 1e308, math.nan, "x", True])
@pytest.mark.parametrize(
    "name",
    ["epochs", "batch_size", "dropout", "warm_up_steps", "loss_weights.l1", "learning_rates.x"],
)
def test_a_switch_out_of_its_bounds_is_refused_with_its_range(name, value):
    section, _, key = name.rpartition(".")
    key = "generator" if key == "x" else key
    with pytest.raises(ConfigError, match=rf"{key}: .*Allowed: a "):
        recipe_from({section: {key: value}} if section else {key: value})


def test_a_missing_study_is_refused():
    with pytest.raises(ConfigError, match="'study' is missing"):
        config.read_config({"table": "t.tsv"})


def settings(model=config.Config, prefix=()):
    """Path and field of every setting, sections included."""
    for name, field in model.model_fields.items():
        yield (*prefix, name), field
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from settings(field.annotation, (*prefix, name))


def nested(path, value):
    """The mapping in which a value stands under this path of keys."""
    for key in reversed(path):
        value = {key: value}
    return value


SECTIONS = [
    ".".join(path) for path, field in settings() if isinstance(field.default, BaseModel | dict)
]


@pytest.mark.parametrize("section", SECTIONS)
def test_an_empty_section_is_its_defaults(section):
    empty = config.read_config(MINIMAL | nested(section.split("."), None))
    assert empty == config.read_config(MINIMAL)


def test_a_model_without_switches_may_be_named_among_them():
    study = config.read_config(MINIMAL | yaml.safe_load("training: {switches: {gru: }}"))
    assert study.training.switches == {"gru": {}}


def test_a_whole_number_may_name_a_study():
    assert config.read_config(MINIMAL | yaml.safe_load("study: 2024")).study == "2024"
    training = {"models": [2024, "gru"]}
    assert config.read_config(MINIMAL | {"training": training}).training.models == ["2024", "gru"]


@pytest.mark.parametrize("key", ["seed", "training.seeds", "evaluation.audit.seeds"])
def test_seeds_are_those_that_every_stage_takes(key):
    def given(seed):
        value = seed if key == "seed" else [seed]
        return config.read_config(MINIMAL | nested(key.split("."), value))

    assert given(2**63 - 1)
    for seed in (2**63, 2**64, -1):
        with pytest.raises(ConfigError, match=rf"{key}.*got {seed}"):
            given(seed)


def standardise_nothing(**settings):
    """Settings are looked at before the file, which is not there."""
    outputs = dict.fromkeys(("video", "audio", "probe"), "not-written")
    with pytest.raises(ItemError, match="no such file"):
        standardise("no-such-file.mp4", **outputs, **settings)


@pytest.mark.parametrize(
    ("key", "stage"),
    [
        ("videos.fps", lambda value: standardise_nothing(fps=value)),
        ("videos.height", lambda value: standardise_nothing(height=value)),
        ("dataset.stride_seconds", stride_frames),
    ],
)
@pytest.mark.parametrize("value", [0.01, 0.5, 1, 2, 2.5, 3, 5, 63, 64, 240, 241, 500, 4320, 4321])
def test_what_a_stage_refuses_is_refused_by_the_plan(key, stage, value):
    try:
        config.read_config(MINIMAL | nested(key.split("."), value))
    except ConfigError:
        return
    stage(value)


def test_reserved_names_of_estimators_are_those_of_the_tables():
    assert TRUTH in config.RESERVED_ESTIMATORS
    found = dict.fromkeys(("study", "commit", "config", "seed"), "x") | {"training_seeds": [1]}
    assert set(provenance.columns(found)) <= set(config.RESERVED_ESTIMATORS)


def test_a_key_given_twice_in_a_config_file_is_refused(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("study: a\nvideos:\n  fps: 30\nvideos:\n  height: 64\n")
    with pytest.raises(ConfigError, match=r"a\.yaml: key 'videos' is given twice.* line 4"):
        config.check_keys([path])
    path.write_text('{"study": "a",\t"table": "b"}')
    config.check_keys([path])


@pytest.mark.parametrize("number", ["010", "007", "0_10", "1:30", "-1:30:00", "1:30.5"])
def test_a_number_that_yaml_takes_for_another_is_refused(tmp_path, number):
    """A study called 010 would be 8, without a word."""
    path = tmp_path / "a.yaml"
    path.write_text(f"seed: 0\nstudy: {number}\n")
    with pytest.raises(ConfigError, match=rf"a\.yaml: YAML reads {number} in line 2 as .*quotes"):
        config.check_keys([path])
    path.write_text(f"seed: 0\nvideos: {{fps: 30.0}}\nstudy: '{number}'\n")
    config.check_keys([path])


def test_numbers_within_braces_of_the_command_line_are_numbers():
    """`--config 'training={switches: {flow: {noise: 1.5}}}'` gives texts to us."""
    told = {"all": {"epochs": "2"}, "flow": {"noise": "1.5", "settle": "true", "x": ["a", "3"]}}
    values = {"study": "a", "table": "t.tsv", "training": {"switches": told}}
    found = config.read_config(values).training.switches
    assert found == {"all": {"epochs": 2}, "flow": {"noise": 1.5, "settle": True, "x": ["a", 3]}}


@pytest.mark.parametrize(
    "value", ["2020-01-01", "", "#1", "- a", "a: b", "&a b", "010", "1:30", "[a", '!!int ""', "x"]
)
def test_other_texts_of_switches_stay_what_they_are(value):
    values = {"study": "a", "table": "t.tsv", "training": {"switches": {"flow": {"x": value}}}}
    assert config.read_config(values).training.switches == {"flow": {"x": value}}


@pytest.mark.parametrize(
    "text", ['!!int ""', '!!float ""', '!!bool "x"', '!!timestamp "x"', "!!set [1]", "9" * 5000]
)
def test_what_is_marked_as_what_it_is_not_is_no_yaml(tmp_path, text):
    path = tmp_path / "m.yaml"
    path.write_text(f"a: {text}\n")
    with pytest.raises(ConfigError, match=r"m\.yaml: not YAML"):
        load_recipes(path)
    config.check_keys([path])  # Snakemake says what is wrong with it


def test_tilde_is_the_users_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    study = config.read_config(MINIMAL | {"training": {"perceptual_weights": "~/g.pth"}})
    assert study.training.perceptual_weights == "/home/ada/g.pth"


def test_what_is_shipped_is_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(config.read_table("config/demo.tsv")) == 12
    assert "gru" in load_recipes("config/models.yaml")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "demo.tsv").write_text("id\tsource\na\tx.mp4\n")
    assert len(config.read_table("config/demo.tsv")) == 1


def table(tmp_path, text):
    path = tmp_path / "videos.tsv"
    path.write_text(text)
    return path


def test_a_table_is_read(tmp_path):
    rows = config.read_table(
        table(
            tmp_path,
            "# a comment\nid\tsource\tstart\tend\tsong\n"
            "a\thttps://x.org/v\t1.5\t20\ts\n\nb\tvideos/b.mp4\t\t\t\nc\tdemo:x/y/1\n",
        )
    )
    assert [(r.id, r.kind, r.song, r.dancer, r.line) for r in rows] == [
        ("a", "url", "s", "a", 3),
        ("b", "path", "b", "b", 5),
        ("c", "demo", "c", "c", 6),
    ]
    assert (rows[0].start, rows[0].end, rows[1].start) == (1.5, 20, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("id\tsource\n", "has no row"),
        ("id\tsorce\na\tb\n", r"line 1: unknown column \(got 'sorce'\). Did you mean 'source'"),
        ("id\nx\n", "line 1: column 'source' is missing"),
        ("id\tsource\na/b\tx\n", r"line 2, column: id: may hold only letters.*got 'a/b'"),
        ("id\tsource\na\tx\nA\ty\n", r"line 3, column id: the id stands in line 2 already"),
        ("id\tsource\na\tx\ty\n", r"line 2: 3 cells under 2 headings"),
        ("id\tsource\n\tx\n", r"line 2, column: 'id' is missing"),
        ("id\tsource\na\t\n", r"line 2, column: 'source' is missing"),
        ("id\tsource\tstart\na\tx\tsoon\n", r"line 2, column: start: .*number.*got 'soon'"),
        ("id\tsource\tstart\tend\na\tx\t5\t5\n", r"end \(5\) must come after start \(5\)"),
        ("id\tsource\tsong\na\tx\t../s\n", r"song: may hold only letters"),
        ("id\tsource\tsplit\na\tx\tdev\n", r"split: .*'train'"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path, text, message):
    with pytest.raises(ConfigError, match=message) as caught:
        config.read_table(table(tmp_path, text))
    assert "videos.tsv" in str(caught.value)


def test_a_table_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.tsv: there is no such videos table"):
        config.read_table(tmp_path / "none.tsv")


def test_local_paths_are_looked_for_beside_the_table_too(tmp_path, monkeypatch):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "v.mp4").touch()
    path = tmp_path / "config" / "t.tsv"
    path.write_text("id\tsource\na\tv.mp4\nb\tw.mp4\n")
    first, second = config.read_table(path)
    monkeypatch.chdir(tmp_path)
    assert config.local_path(first, "config/t.tsv") == Path("config/v.mp4")
    (tmp_path / "v.mp4").touch()
    assert config.local_path(first, "config/t.tsv") == Path("v.mp4")
    assert config.local_path(second, "config/t.tsv") == Path("w.mp4")


def test_schema_and_readme_are_in_step_with_the_models(tmp_path):
    """They are made by `python -m choreo.config`."""
    (tmp_path / "config").mkdir()
    readme = (ROOT / "config" / "README.md").read_text()
    (tmp_path / "config" / "README.md").write_text(readme)
    documents.main(tmp_path)
    assert (tmp_path / "config" / "README.md").read_text() == readme
    for name in ("config", "videos"):
        made = tmp_path / "workflow" / "schemas" / f"{name}.schema.json"
        kept = ROOT / "workflow" / "schemas" / f"{name}.schema.json"
        assert json.loads(made.read_text()) == json.loads(kept.read_text())


def test_a_study_changes_switches_of_its_recipes():
    recipes = load_recipes(ROOT / "config" / "models.yaml")
    switches = {"all": {"batch_size": 4}, "lstm": {"epochs": 3}}
    training = {"models": ["lstm", "gru"], "switches": switches}
    chosen = config.chosen_recipes(config.read_config(MINIMAL | {"training": training}), recipes)
    assert [(n, r.batch_size, r.epochs) for n, r in chosen.items()] == [
        ("lstm", 4, 3),
        ("gru", 4, 350),
    ]


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"models": ["gruu"]}, r"training.models: there is no recipe.*'gruu'.*mean 'gru'"),
        ({"switches": {"lst": {}}}, r"training.switches: there is no recipe.*'lst'.*'lstm'"),
        ({"models": ["real"]}, r"training.models: .*another row.*'real'.*something else than"),
        ({"models": ["Noise"]}, r"another row of the tables.*'Noise'"),
        ({"switches": {"gru": {"epoch": 1}}}, r"unknown switch"),
        ({"switches": {"all": {"epochs": "few"}}}, r"epochs.*'few'"),
    ],
)
def test_models_without_a_recipe_and_unknown_switches_are_refused(training, message):
    recipes = load_recipes(ROOT / "config" / "models.yaml")
    study = config.read_config(MINIMAL | {"training": training})
    with pytest.raises(ConfigError, match=message):
        config.chosen_recipes(study, recipes)


def test_every_setting_is_explained():
    for line in documents.settings_markdown().splitlines():
        assert "None |" not in line, line
