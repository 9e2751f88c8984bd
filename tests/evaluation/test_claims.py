"""Each experiment of the audit has one cause: the switch it names."""

from pathlib import Path

import pytest
import yaml

from choreo.config import chosen_recipes, read_config
from choreo.errors import ConfigError
from choreo.evaluation.claims import ARMS, CLAIMS, audit_models, audit_recipes, audit_seeds
from choreo.models.gan.recipe import Recipe
from choreo.models.recipes import load_recipes

ROOT = Path(__file__).parents[2]
BASE = {"study": "x", "table": "t.tsv"}


def study(**sections):
    return read_config(BASE | sections)


def different(a, b):
    a, b = a.model_dump(), b.model_dump()
    return {name for name in a if a[name] != b[name]}


def test_pairs_differ_by_one_switch():
    recipes = audit_recipes(study())
    assert recipes["base"] == Recipe()
    seen = {}
    for claim in CLAIMS:
        if claim.a is None:
            continue
        if claim.a == "rival":
            assert (recipes["rival"].family, claim.b) == ("flow", "base")
            continue
        switches = different(recipes[claim.a], recipes[claim.b])
        if claim.number == "9":
            assert switches >= {"epochs", "music_features", "initial_pose", "perceptual_loss"}
        elif claim.b == "uncleaned":
            assert switches == set()
        else:
            assert len(switches) == 1, claim
            assert next(iter(switches)) in claim.experiment or claim.number == "3"
            seen[claim.number] = next(iter(switches))
    assert seen == {
        "3": "encoder",
        "4": "music_feature_loss",
        "5": "music_feature_loss",
        "6": "initial_pose",
        "7": "music_features",
        "8": "perceptual_loss",
    }


def test_the_scale_is_the_studys():
    recipes = audit_recipes(
        study(
            training={"switches": {"all": {"epochs": 16, "adversarial_from_epoch": 11}}},
            evaluation={"audit": {"switches": {"epochs": 7, "adversarial_from_epoch": 4}}},
        )
    )
    assert recipes["base"].epochs == 7
    assert (recipes["original"].epochs, recipes["original"].adversarial_from_epoch) == (16, 9)
    assert audit_recipes(study())["original"].epochs == 800


def test_a_model_of_the_study_is_not_trained_twice():
    models, added = audit_models(study(), {"gru": Recipe(), "mine": Recipe(encoder="lstm")})
    assert (models["base"], models["lstm"]) == ("gru", "mine")
    assert models["uncleaned"] == "audit_uncleaned"
    assert list(models) == list(ARMS)
    assert set(added) == set(models.values()) - {"gru", "mine"}


def test_the_demo_trains_eight_models_for_it():
    """Two of the ten are those of its Table 2."""
    demo = read_config(yaml.safe_load((ROOT / "config" / "config.yaml").read_text()))
    own = chosen_recipes(demo, load_recipes(ROOT / "config" / "models.yaml"))
    models, added = audit_models(demo, own)
    assert (models["base"], models["lstm"]) == ("gru", "lstm")
    assert len(added) == 8
    assert added["audit_original"].epochs == round(800 / 350 * own["gru"].epochs)


def test_a_wrong_switch_is_named():
    with pytest.raises(ConfigError, match=r"evaluation\.audit\.switches, epoks"):
        audit_recipes(study(evaluation={"audit": {"switches": {"epoks": 1}}}))


def test_the_rivals_switches_are_its_own():
    audit = {"rival_switches": {"epochs": 3}, "switches": {"epochs": 7}}
    recipes = audit_recipes(study(evaluation={"audit": audit}))
    assert (recipes["rival"].epochs, recipes["base"].epochs) == (3, 7)
    with pytest.raises(ConfigError, match=r"evaluation\.audit\.rival_switches, epoks"):
        audit_recipes(study(evaluation={"audit": {"rival_switches": {"epoks": 1}}}))
    with pytest.raises(ConfigError, match=r"evaluation\.audit\.rival: unknown family of models"):
        audit_recipes(study(evaluation={"audit": {"rival": "polka"}}))


def test_models_of_chosen_claims_alone_are_trained():
    def arms(*claims):
        return list(audit_recipes(study(evaluation={"audit": {"claims": list(claims)}})))

    assert arms(3, "10") == ["base", "lstm", "rival"]
    assert arms("2a") == ["base"]
    assert list(audit_recipes(study())) == list(ARMS)
    with pytest.raises(ConfigError, match=r"audit\.claims.*'11'.*Use some of 1, 2a, .*10"):
        arms(11)


def test_a_claim_may_have_more_trainings_than_the_others():
    audit = {"seeds": [8, 7], "claims": [3, 4, 10], "more_seeds": {3: [9], "10": [7, 11]}}
    assert audit_seeds(study(evaluation={"audit": audit})) == {
        "base": [7, 8, 9, 11],
        "lstm": [7, 8, 9],
        "detached": [7, 8],
        "rival": [7, 8, 11],
    }
    everyone = audit_seeds(study(training={"seeds": [4, 2]}))
    assert everyone == {arm: [2, 4] for arm in ARMS}
    # What no trainings decide, or is left out, can't have more of them.
    for number in ("2a", "5", "11"):
        wrong = study(evaluation={"audit": audit | {"more_seeds": {number: [9]}}})
        with pytest.raises(ConfigError, match=rf"more_seeds: no two.*'{number}'.*some of 3, 4, 10"):
            audit_seeds(wrong)
