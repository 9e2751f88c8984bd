"""The thesis's claims and the experiments that test them: what Table 3 is made of.

Each experiment compares two models that differ by one switch, so that a difference can
have one cause only. This module is imported while the DAG is built: nothing heavy here.
"""

from dataclasses import dataclass

from choreo.errors import ConfigError, check_known
from choreo.models import FAMILIES, recipe_class
from choreo.models.gan.recipe import Recipe

THESIS_EPOCHS = {"original": 800, "gru": 350}
"""Thesis, section 6.2."""

CORRUPTED_RATE = 0.05
"""Share of frames with a fault: of the estimator "simulated", and of claim 2's tracks."""

MARGIN = 0.1
"""Share of B's value: how much worse a model with fewer epochs may be (claim 9), and under
what a difference is none (claims 5, 7 and 8).

About what the thesis's own table has between the original model and the GRU model
(16.6 and 14.8)."""

_ORIGINAL = {
    "music_features": 256,
    "initial_pose": "none",
    "music_feature_loss": "off",
    "perceptual_loss": True,
}
ARMS = {
    "base": {},
    "lstm": {"encoder": "lstm"},
    "detached": {"music_feature_loss": "detached"},
    "no_loss": {"music_feature_loss": "off"},
    "no_pose": {"initial_pose": "none"},
    "features256": {"music_features": 256},
    "perceptual": {"perceptual_loss": True},
    "original": _ORIGINAL,
    "uncleaned": {},
    "rival": {},
}
"""Model of the audit -> its switches over those of the base, the thesis's GRU model.

"uncleaned" is the base trained on poses of which only gaps are filled. "original" is trained
800 / 350 times as long. "rival" is of another family (`evaluation.audit.rival`)."""

_OR_NONE = f"That any difference is under {MARGIN:.0%} contradicts it, too."

REGENERATED = ("base", "detached")
"""Models whose music-feature generator is measured (claim 4)."""


@dataclass(frozen=True)
class Claim:
    """One row of Table 3.

    Attributes
    ----------
    number : str
    claim : str
        In our words.
    source : str
        Where the thesis says so.
    tested : str
        What the thesis's experiment, or its released code, tested.
    experiment : str
        What we compare, A with B, and the switch that differs.
    a, b : str or None
        Keys of `ARMS`, for the claims that trained models decide.
    measure : str
        Key of `choreo.evaluation.audit.MEASURES`: what decides.
    also : tuple of str
        Shown beside it; they decide nothing.
    margin : float
        How much worse A may be for the claim to hold, as a share of B's value.
    negligible : float
        Share of B's value under which a difference is as good as none: a claim that A is
        better is contradicted by it, too. 0: that is not asked.
    unit : str
        What the interval is over.
    """

    number: str
    claim: str
    source: str
    tested: str
    experiment: str
    a: str | None = None
    b: str | None = None
    measure: str = "frechet"
    also: tuple = ("beat_hit_rate",)
    margin: float = 0.0
    negligible: float = 0.0
    unit: str = "song"


CLAIMS = (
    Claim(
        "1",
        "AlphaPose with 17 joints gives the best poses",
        "section 5.1, Table 1",
        "Counts of flagged frames on 50 videos without truth, by means; the released code "
        "counts with 100 px, not 50.",
        "A: alphapose17, B: the best of the other estimators of Table 1x, on the same videos. "
        "PCK decides where truth is known; nothing where counts without truth contradict it.",
        measure="pck_0_1",
        also=("error_torso", "incorrect", "missing"),
        unit="video",
    ),
    Claim(
        "2a",
        "Cleaning improves the poses",
        "sections 5.1 and 6.1, Figure 5",
        "Sample pictures.",
        "A: cleaned by eq. (1)-(2) and spline, B: as they were; the cleaning benchmark's true "
        "tracks with known faults.",
        measure="pck_0_1",
        also=(),
        unit="clip",
    ),
    Claim(
        "2b",
        "Cleaning improves the dances",
        "section 6.1",
        "Nothing: no model was trained on uncleaned poses.",
        "A: trained on cleaned poses, B: on poses of which only gaps are filled "
        "(cleaning.threshold_px).",
        a="base",
        b="uncleaned",
        # FID is to the cleaned training dances, which favours A: it does not decide.
        measure="beat_hit_rate",
        also=("frechet",),
    ),
    Claim(
        "3",
        "A GRU as music encoder is better than an LSTM",
        "sections 5.2.1 and 6.2 (SQ2)",
        "One training each, of different lengths (350 and 800 epochs); its FID does not "
        "depend on the poses.",
        "A: encoder: gru, B: encoder: lstm, as many epochs.",
        a="base",
        b="lstm",
    ),
    Claim(
        "4",
        "Music features can be regenerated from the generated dance",
        "section 6.2 (SQ3), Figure 7",
        "A falling loss; in the released code that loss has no gradient, and the "
        "music-feature generator keeps its random weights.",
        "A: music_feature_loss: live, B: detached. How often the features regenerated from "
        "a dance are nearer to its own music's than to another song's (chance: 50%).",
        a="base",
        b="detached",
        measure="regeneration",
        also=(),
    ),
    Claim(
        "5",
        "The music-feature loss improves the dance",
        "section 6.2 (SQ3)",
        "Nothing: the loss has no gradient in the released code, so that both models were "
        "trained without it.",
        f"A: music_feature_loss: live, B: off. {_OR_NONE}",
        a="base",
        b="no_loss",
        # Neither this nor 7 and 8 made a difference to be seen in twelve epochs.
        negligible=MARGIN,
    ),
    Claim(
        "6",
        "The initial pose makes the joins between segments smooth",
        "sections 4.2.2 and 6.2",
        "Looking at dances; in the released code the initial pose has no effect on them.",
        "A: initial_pose: features, B: none.",
        a="base",
        b="no_pose",
        measure="seam_jump",
        also=("frechet",),
    ),
    Claim(
        "7",
        "128 music features are better than 256",
        "section 6.2",
        "Models that differ in several switches at once.",
        f"A: music_features: 128, B: 256. {_OR_NONE}",
        a="base",
        b="features256",
        negligible=MARGIN,
    ),
    Claim(
        "8",
        "The dance is better without the pose perceptual loss",
        "section 4.2.5",
        "Not reported.",
        f"A: perceptual_loss: false, B: true. {_OR_NONE}",
        a="base",
        b="perceptual",
        negligible=MARGIN,
    ),
    Claim(
        "9",
        "The new model needs fewer epochs than the original one",
        "section 6.2",
        "One training each, 350 and 800 epochs.",
        "A: the new model, B: the original one (its four switches), trained 800 / 350 times as "
        f"long. It holds where A's final FID is not worse by over {MARGIN:.0%} of B's (bad end of "
        "its interval). It is not measured how soon either gets there, nor whether B would be as "
        "good after fewer epochs.",
        a="base",
        b="original",
        margin=MARGIN,
    ),
    Claim(
        "10",
        "A model of 2025 is better than the thesis's at the same cost of training",
        "ours: no claim of the thesis",
        "Nothing.",
        "A: the family of evaluation.audit.rival with its own switches, which set what its "
        "training costs; B: the thesis's GRU model. The same data, songs and seeds.",
        a="rival",
        b="base",
    ),
)


def base_recipe(study):
    """The thesis's GRU model with a study's switches.

    Parameters
    ----------
    study : choreo.config.Config

    Returns
    -------
    Recipe

    Raises
    ------
    ConfigError
        Where a switch is unknown or has a wrong value.
    """
    try:
        everyone = study.training.switches.get("all", {})
        own = {switch: v for switch, v in everyone.items() if switch in Recipe.model_fields}
        return Recipe().with_(**own | study.evaluation.audit.switches)
    except ConfigError as error:
        where = f"config, evaluation.audit.switches, {error.where}"
        raise error.restated(ConfigError, where=where) from None


def _arms(study):
    """Keys of `ARMS` that the chosen claims need, in its order."""
    known = {claim.number: claim for claim in CLAIMS}
    chosen = study.evaluation.audit.claims
    numbers = list(known) if chosen is None else chosen
    _check_claims(numbers, known, "claims")
    # The base is what the others are compared with, and what the notes tell of.
    needed = {"base"} | {arm for number in numbers for arm in (known[number].a, known[number].b)}
    return [arm for arm in ARMS if arm in needed]


def _check_claims(numbers, known, key, problem="there is no such claim"):
    for number in numbers:
        if number not in known:
            raise ConfigError(
                problem,
                where=f"config, evaluation.audit.{key}",
                value=number,
                remedy=f"Use some of {', '.join(known)}" if known else "Leave it out",
            )


def audit_seeds(study):
    """Trainings of the audit's models.

    Parameters
    ----------
    study : choreo.config.Config

    Returns
    -------
    dict of str to list of int
        Key of `ARMS` -> seeds, rising: those of the audit, and those that a claim has beside
        them for both of its models.

    Raises
    ------
    ConfigError
        Where more seeds are asked for a claim that no models of the audit decide.
    """
    audit, arms = study.evaluation.audit, _arms(study)
    seeds = {arm: set(audit.seeds or study.training.seeds) for arm in arms}
    decided = {claim.number: (claim.a, claim.b) for claim in CLAIMS if claim.a in arms}
    decided = {number: both for number, both in decided.items() if both[1] in arms}
    problem = "no two models are trained for such a claim"
    _check_claims(audit.more_seeds, decided, "more_seeds", problem)
    for number, more in audit.more_seeds.items():
        for arm in decided[number]:
            seeds[arm] |= set(more)
    return {arm: sorted(own) for arm, own in seeds.items()}


def audit_recipes(study):
    """Recipes of the audit's models.

    Parameters
    ----------
    study : choreo.config.Config

    Returns
    -------
    dict of str to Recipe
        In the order of `ARMS`; of `evaluation.audit.claims` only.

    Raises
    ------
    ConfigError
        Where a switch, the rival or a claim is unknown.
    """
    base = base_recipe(study)
    longer = THESIS_EPOCHS["original"] / THESIS_EPOCHS["gru"]
    found = {}
    for arm in _arms(study):
        if arm == "rival":
            found[arm] = _rival(study.evaluation.audit)
            continue
        found[arm] = base.with_(**ARMS[arm])
        if arm == "original":
            found[arm] = found[arm].with_(
                epochs=round(base.epochs * longer),
                # The discriminators join after the same share of the training.
                adversarial_from_epoch=round(base.adversarial_from_epoch * longer),
            )
    return found


def _rival(audit):
    where = "config, evaluation.audit.rival"
    check_known(audit.rival, FAMILIES, what="family of models", where=where)
    try:
        return recipe_class(audit.rival)().with_(**audit.rival_switches)
    except ConfigError as error:
        where = f"{where}_switches, {error.where}"
        raise error.restated(ConfigError, where=where) from None


def audit_models(study, recipes):
    """Names under which the audit's models are trained.

    A model that the study trains anyway, with the same recipe on the same data, is not
    trained twice.

    Parameters
    ----------
    study : choreo.config.Config
    recipes : dict of str to Recipe
        Of the study's own models.

    Returns
    -------
    models : dict of str to str
        Key of `ARMS` -> model.
    added : dict of str to Recipe
        Model -> recipe, of those that the study does not have.
    """
    models, added = {}, {}
    for arm, recipe in audit_recipes(study).items():
        same = [name for name, own in recipes.items() if own == recipe and arm != "uncleaned"]
        models[arm] = same[0] if same else f"audit_{arm}"
        if not same:
            added[models[arm]] = recipe
    return models, added
