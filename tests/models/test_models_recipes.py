import subprocess
import sys
from pathlib import Path

import pytest

from choreo.errors import ConfigError
from choreo.models.family import ROLES
from choreo.models.recipes import load_recipes, recipe_from, recipe_named, shown_in_figure7

MODELS = Path(__file__).parents[2] / "config" / "models.yaml"


def test_the_shipped_recipes_say_what_the_thesis_and_its_code_do():
    recipes = load_recipes(MODELS)
    assert {name for name, recipe in recipes.items() if recipe.family == "gan"} == {
        "ren2020",
        *("original", "lstm", "gru"),
        *("original_released", "lstm_released", "gru_released"),
    }
    for name, encoder, features, epochs in (
        ("original", "gru", 256, 800),
        ("lstm", "lstm", 128, 800),
        ("gru", "gru", 128, 350),
    ):
        for recipe in (recipes[name], recipes[f"{name}_released"]):
            assert (recipe.encoder, recipe.music_features) == (encoder, features)
            assert (recipe.epochs, recipe.batch_size) == (epochs, 16)
            assert recipe.perceptual_loss == (name == "original")
            assert recipe.loss_weights.l1 == 200
            assert recipe.learning_rates.discriminator_global == 5e-4
    assert recipes["gru"].initial_pose == "features"
    assert recipes["gru_released"].initial_pose == "released"
    assert recipes["original_released"].music_feature_loss == "off"
    assert recipes["lstm_released"].audio_batching == "mixed"
    assert recipes["ren2020"].epochs == 0


@pytest.mark.parametrize(
    ("switches", "message"),
    [
        (
            {"encodr": "gru"},
            "models.yaml, m, encodr: unknown switch of a recipe.*Known: family",
        ),
        ({"encoder": "rnn"}, "models.yaml, m, encoder: Input should be 'gru' or 'lstm'.*'rnn'"),
        ({"music_features": 64}, "music_features: Input should be 128 or 256"),
        ({"epochs": "many"}, "epochs: Input should be a valid integer"),
        ({"epochs": -1}, "epochs: .*greater than or equal to 0"),
        ({"batch_size": 1}, "batch_size: .*greater than or equal to 2"),
        ({"loss_weights": {"l2": 1.0}}, "loss_weights.l2: unknown switch.*Known: adversarial"),
        ({"learning_rates": {"generator": 0}}, "learning_rates.generator: .*greater than 0"),
    ],
)
def test_wrong_switches_are_named(tmp_path, switches, message):
    with pytest.raises(ConfigError, match=message):
        recipe_from(switches, where="models.yaml, m")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- gru", "must map model names to switches"),
        ("", "must map model names to switches"),
        ("gru: 3", "gru: must be a mapping of switches"),
        ("a/b: {}", "not a name for a model"),
        ("gru: {epochs: 1, epochs: 2}", "'epochs' is given twice"),
        ("gru: {", "not YAML"),
    ],
)
def test_wrong_files_are_named(tmp_path, text, message):
    path = tmp_path / "models.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_recipes(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none.yaml: no such file"):
        load_recipes(tmp_path / "none.yaml")


def test_off_needs_no_quotes(tmp_path):
    path = tmp_path / "models.yaml"
    path.write_text("m: {music_feature_loss: off, feature_matching: off, gradient_penalty: off}")
    recipe = load_recipes(path)["m"]
    assert recipe.music_feature_loss == recipe.feature_matching == recipe.gradient_penalty == "off"


def test_a_changed_recipe_is_checked():
    recipe = recipe_from({})
    assert recipe.with_(epochs=3).epochs == 3
    with pytest.raises(ConfigError, match="batch_size"):
        recipe.with_(batch_size=0)


def test_what_is_wrong_with_a_whole_recipe_names_it_and_no_key(tmp_path):
    path = tmp_path / "models.yaml"
    path.write_text("m: {family: flow, music: raw, tempo: 0.1}")
    with pytest.raises(ConfigError) as caught:
        load_recipes(path)
    assert str(caught.value).startswith(f"{path}, m: tempo must be 0")
    assert "got" not in str(caught.value)


def test_a_model_is_looked_up_by_name():
    recipes = {"gru": recipe_from({})}
    assert recipe_named(recipes, "gru") is recipes["gru"]
    with pytest.raises(ConfigError, match=r"unknown model.*'gro'.*Use one of gru"):
        recipe_named(recipes, "gro")


def test_recipes_import_nothing_heavy():
    code = (
        "import sys, choreo.models.recipes\n"
        "heavy = {'torch', 'numpy', 'librosa', 'cv2', 'pandas', 'matplotlib'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_figure_7_shows_the_gru_and_not_the_original_which_is_one_too():
    recipes = load_recipes(MODELS)

    def shown(*names):
        return shown_in_figure7({name: recipes[name] for name in names})

    assert shown("gru", "lstm", "original") == "gru"
    assert shown("gru_released", "gru") == "gru"
    assert shown("original", "lstm", "gru_released", "original_released") == "gru_released"
    assert shown("lstm", "original") == "lstm"
    assert shown() is None


def test_families_say_what_of_the_thesis_their_models_stand_for():
    roles = {name: set(recipe.roles) for name, recipe in load_recipes(MODELS).items()}
    assert set().union(*roles.values()) == set(ROLES)
    assert roles["gru"] == {"adapted", "judge", "losses"}
    assert roles["lstm"] == {"adapted"}
    assert roles["original"] == {"original", "judge"}
    assert roles["flow"] == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "a0: &a0 {epochs: 1}\n"
            + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)),
            "unfolds to more than",
        ),
        ("gru: &x {epochs: *x}\n", "unfolds to more than|recursive"),
        ("gru: " + "[" * 5000, "nested deeper than"),
        ("gru: " + "{a: " * 5000, "nested deeper than"),
        ("gru: {epochs: " + "9" * 5000 + "}\n", "epochs|not YAML"),
    ],
    ids=["aliases", "itself", "lists", "mappings", "digits"],
)
def test_hostile_recipes_are_refused_in_one_line(tmp_path, text, expected):
    path = tmp_path / "models.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=expected) as caught:
        load_recipes(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 2000
