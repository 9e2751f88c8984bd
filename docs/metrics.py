"""Write docs/metrics.md: the metrics of Tables 1, 2 and 2x with formula, source, chance level.

Names, headings, directions and what each is meant to notice come from
`choreo.evaluation.metrics.METRICS`, their worth on dancers from ``worth.csv``, how they moved
when dances were damaged from ``sensitivity.csv``, the table that ``snakemake sensitivity`` made;
what no code can say stands below. ``.venv/bin/python docs/metrics.py`` writes the page, and a test
holds it.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from choreo.evaluation.metrics import METRICS, NEAR_REAL, worths
from choreo.files import write_text

PAGE = Path(__file__).with_name("metrics.md")
SENSITIVITY = PAGE.with_name("sensitivity.csv")

PARTS = {
    "distance": (
        "Distances",
        "Between the generated segments and the real training dances, on three feature sets: "
        "*learned* (32 numbers of the study's own [extractor](evaluation.md#the-extractor)), "
        "*kinetic* (mean squared speed and mean acceleration of each joint) and *geometric* "
        "(how often 31 relations between joints hold, and how often they change). x, y: features "
        "scaled with the real ones' mean and deviation; n generated segments, m real ones. They "
        "have no chance level: read them beside the rows *real dances* and *noise*.",
    ),
    "beats": (
        "Beats",
        "Motion beats and music beats as in [Evaluation](evaluation.md#what-is-measured), in "
        "segments. Chance, where nothing else is said: the mean of the same quantity when the "
        "motion beats of each segment are shifted round it by every whole number of frames. The "
        "tables also have (value - chance) / (1 - chance).",
    ),
    "listening": (
        "Listening",
        "What a dance loses when it is laid on other music than its own. 0 is a dance that only "
        "keeps some rhythm. Other songs: up to 8 of the same study, at the same second.",
    ),
    "invention": (
        "Invention",
        "How much is copied from the training dances. Dancers share steps, so what held-out real "
        "dances have is the reference, not 0.",
    ),
    "motion": (
        "Motion",
        "How a body moves, without music. No chance level: what is near the held-out real dances "
        "is good. Pixels are those of the canvas, in which a dancer is about 200 high.",
    ),
}
DAMAGES = {
    "jitter": "jitter",
    "shift": "late music",
    "freeze": "freezing",
    "swap": "left and right swapped",
    "tempo": "a wrong tempo",
}
"""Damage of the sensitivity study -> in words."""


@dataclass(frozen=True)
class About:
    """What is known of a metric beside the registry.

    Attributes
    ----------
    formula, source : str
    code : str
        The function that computes it.
    chance : str
    moves : str
        What moves it, beside what it is meant to notice.
    """

    formula: str
    source: str
    code: str
    chance: str
    moves: str = ""


_NONE = "none"
_SHIFTED = "shifted beats, as above"

ABOUT = {
    "frechet": About(
        "‖μ₁ − μ₂‖² + Tr(S₁ + S₂ − 2 (S₁S₂)^½), means and covariances of x and y",
        "Heusel et al. (2017), arXiv:1706.08500; FID_k and FID_g of AIST++ in 2-D",
        "choreo.evaluation.frechet.frechet_distance",
        f"{_NONE}; the row of held-out real dances is its floor",
        "Few segments raise it: compare rows of as many segments only. It hears no music, so late "
        "music does not change it.",
    ),
    "frechet_at_infinity": About(
        "the FID of random parts of 50 to 100% of the segments, as a line in 1 / n, at 1 / n = 0",
        "Chong and Forsyth (2020), arXiv:1911.07023",
        "choreo.evaluation.distances.frechet_at_infinity",
        f"{_NONE}. Needs 10 segments; may be under 0 by chance",
        "The number of segments moves it less than FID, but it is noisier.",
    ),
    "kid": About(
        "mean k(x, x′) + mean k(y, y′) − 2 mean k(x, y), without a segment beside itself; "
        "k(a, b) = (a·b / D + 1)³",
        "Bińkowski et al. (2018), arXiv:1801.01401",
        "choreo.evaluation.distances.kernel_distance",
        "0 for two samples of one distribution, whatever n; may be under 0 by chance",
    ),
    "precision": About(
        "share of x inside the ball of a real segment, which reaches to its 5th nearest real one",
        "Kynkäänniemi et al. (2019), arXiv:1904.06991",
        "choreo.evaluation.distances.neighbour_scores",
        _NONE,
        "One real outlier has a large ball and lets noise in.",
    ),
    "recall": About(
        "share of y inside the ball of a generated segment, which reaches to its 5th nearest "
        "generated one",
        "Kynkäänniemi et al. (2019), arXiv:1904.06991",
        "choreo.evaluation.distances.neighbour_scores",
        _NONE,
        "Scattered noise has large balls, so it may be high for bad dances.",
    ),
    "density": About(
        "mean number of real balls that an x is in, divided by 5",
        "Naeem et al. (2020), arXiv:2002.09797",
        "choreo.evaluation.distances.neighbour_scores",
        "about 1 for two samples of one distribution",
        "May pass 1 where dances crowd where real ones are dense.",
    ),
    "coverage": About(
        "share of y in whose ball an x lies",
        "Naeem et al. (2020), arXiv:2002.09797",
        "choreo.evaluation.distances.neighbour_scores",
        "about 1 − 0.5⁵ = 0.97 for two large samples of one distribution and one size",
        "Fewer generated segments lower it.",
    ),
    "nearest": About(
        "mean over x of min ‖x − y‖ over y",
        "the usual check of memorisation",
        "choreo.evaluation.distances.nearest",
        f"{_NONE}. 0 is a copy, so low is no praise",
        "More training clips lower it.",
    ),
    "diversity_within": About(
        "mean ‖x − x′‖ over pairs of segments of one song",
        "Dist of AIST++ and Lee et al. (2019), here in a song",
        "choreo.evaluation.distances.diversity",
        _NONE,
        "A dancer who repeats a figure lowers it.",
    ),
    "diversity_across": About(
        "mean ‖x − x′‖ over pairs of segments of different songs",
        "Dist of AIST++ and Lee et al. (2019)",
        "choreo.evaluation.distances.diversity",
        _NONE,
    ),
    "beat_coverage": About(
        "motion beats / music beats, sums over all segments",
        "Lee et al. (2019), arXiv:1911.02001; thesis, section 4.4",
        "choreo.evaluation.beat_scores.beat_rates",
        "none: it does not ask where the beats are, and can pass 100%",
        "A dancer who trembles has many motion beats.",
    ),
    "beat_hit_rate": About(
        "motion beats within 0.15 s of a music beat / motion beats, sums over all segments",
        "Lee et al. (2019), arXiv:1911.02001; thesis, section 4.4, and its released code",
        "choreo.evaluation.beat_scores.beat_rates",
        _SHIFTED,
        "The song's tempo: at 120 beats a minute a window of ±0.15 s holds 60% of the time. A "
        "tempo that is 5% wrong brings it down to chance, more does not lower it further.",
    ),
    "f_measure": About(
        "2 · matched / (motion beats + music beats); matched: the largest one-to-one matching "
        "within 70 ms",
        "the field's beat tracking score; equal to mir_eval's (Raffel et al., 2014)",
        "choreo.evaluation.alignment.matched",
        _SHIFTED,
        "Poses at 10 a second put motion beats up to 50 ms off.",
    ),
    "motion_to_music": About(
        "mean over motion beats of exp(−d² / 2σ²), d to the nearest music beat, σ = 0.05 s",
        "Beat Align Score of AIST++ (Li et al., 2021), arXiv:2101.08779; σ is its 3 frames at 60",
        "choreo.evaluation.alignment.measure_alignment",
        _SHIFTED,
        "More music beats raise it, and so does its chance.",
    ),
    "music_to_motion": About(
        "mean over music beats of exp(−d² / 2σ²), d to the nearest motion beat, σ = 0.05 s",
        "Beat Align Score of Bailando (Siyao et al., 2022), arXiv:2203.13055, and works after it",
        "choreo.evaluation.alignment.measure_alignment",
        _SHIFTED,
        "More motion beats, such as a tremble's, raise it, and so does its chance.",
    ),
    "tempo_agreement": About(
        "share of segments whose strongest frequency of speed drops is within 8% of the music's "
        "tempo, its half or its double",
        "tolerance of mir_eval's tempo score",
        "choreo.evaluation.alignment.tempi_agree",
        "the share that agrees with the tempi of the other songs' segments",
        "5 seconds tell a tempo to about 12 beats a minute.",
    ),
    "phase_locking": About(
        "share of 46 other tempi (0.7 to 0.9 and 1.1 to 1.4 times the music's) to which the body "
        "is locked less. Locked as far as |Σ w y exp(−2πi m φ)| / √(Σ w y² Σ w): y height, "
        "knees, speed of hands, feet and all limbs; φ phase of the beat; m = ½, 1; w a Hann window",
        "ours ([why](evaluation.md#phase-locking-a-measure-that-sees-real-dancers))",
        "choreo.beats.locking.phase_locking",
        "50%",
        "Needs 8 beats; whole dances are measured. It says nothing of where in the beat an accent "
        "lies, so late music does not change it, and models that miss the beats may have it: the "
        "thesis's have 89 to 95% in [the audit](audit/two_cores.md), with hits at chance.",
    ),
    "hit_drop_other": About(
        "beat hit rate on the own song's beats − on other songs' (both of whole songs)",
        "ours; the idea of a mismatched pair is the field's",
        "choreo.evaluation.listening.measure_listening",
        "0",
        "Other songs of the same tempo lower it.",
    ),
    "hit_drop_shifted": About(
        "beat hit rate on the own song's beats − on the same beats half a beat later",
        "ours",
        "choreo.evaluation.listening.measure_listening",
        "0",
        "Motion beats on every half beat lower it.",
    ),
    "locking_drop_other": About(
        "phase locking to the own song − to other songs",
        "ours",
        "choreo.evaluation.locked.dance_locking",
        "0",
        "Other songs of the same tempo lower it.",
    ),
    "copied_run": About(
        "seconds of the longest run of frames beside one training dance or its mirror image: root "
        "mean square of the joints under 0.1 torsos, hips at one place, a frame early or late",
        "ours",
        "choreo.evaluation.invention.measure_invention",
        f"{_NONE}: compare with held-out real dances",
        "A pose held for long copies every dance that holds it, too.",
    ),
    "copied_share": About(
        "share of frames in such runs of 1 s or more",
        "ours",
        "choreo.evaluation.invention.measure_invention",
        f"{_NONE}: compare with held-out real dances",
        "A motion graph copies by construction.",
    ),
    "energy": About(
        "mean squared speed of the joints",
        "common; AIST++'s kinetic features are its parts",
        "choreo.evaluation.motion_quality.motion_quality",
        _NONE,
        "Fast songs.",
    ),
    "jerk": About(
        "mean length of the third derivative of the joints",
        "Flash and Hogan (1985); common as smoothness",
        "choreo.evaluation.motion_quality.motion_quality",
        _NONE,
        "The frame rate: it grows with its cube where joints jitter.",
    ),
    "freeze": About(
        "share of frames in which the joints' mean speed is under 8 px/s",
        "ours",
        "choreo.evaluation.motion_quality.motion_quality",
        _NONE,
        "Jitter hides it.",
    ),
    "seam_jump": About(
        "mean way of the joints from a segment's last frame to the next one's first, in mean "
        "steps from frame to frame",
        "thesis, section 6.2, put in a number",
        "choreo.evaluation.motion_quality.seam_jumps",
        "1 is no jump",
        "Models that dance a song as a whole have no seams; it is then a jump like any other.",
    ),
    "limb_drift": About(
        "deviation of a limb's length over its mean, mean over the limbs",
        "ours; bone length consistency in 3-D works",
        "choreo.evaluation.motion_quality.motion_quality",
        _NONE,
        "Turning to the camera foreshortens limbs: it is not 0 for real dancers.",
    ),
    "foot_sliding": About(
        "mean sideways speed of planted feet; planted: no more than 0.12 torsos above the lower "
        "foot and rising by less than 0.25 torsos a second",
        "foot skating of animation works, told in 2-D "
        "([how](published_metrics.md#metric-by-metric))",
        "choreo.evaluation.foot_sliding.foot_sliding",
        _NONE,
        "Slides are steps in some styles.",
    ),
    "out_of_frame": About(
        "share of joints outside the canvas",
        "ours",
        "choreo.evaluation.motion_quality.motion_quality",
        _NONE,
        "A GAN's poses can't leave it, since tanh bounds them.",
    ),
}

_TRUTH_LEVEL = "none; the row `truth` of Table 1x is what an errorless estimator gets"

POSES = {
    "Missing frames": (
        "lower",
        About(
            "decoded frames in which the estimator finds nobody",
            "thesis, section 3.4",
            "choreo.comparison.quality.quality",
            "none; 0 is reached by guessing a pose in every frame",
            "An estimator that always guesses, such as MediaPipe, misses little.",
        ),
    ),
    "Incorrect detections": (
        "lower",
        About(
            "frames in which a coordinate of a joint differs by more than 50 px from the frame "
            "before (eq. 1), or from the one before that where that is flagged (eq. 2), and "
            "frames with a joint missing",
            "thesis, section 3.3, eq. (1) and (2)",
            "choreo.pose.misdetections.flag_misdetections",
            _TRUTH_LEVEL,
            "Fast dances, the frame rate, the size of the dancer and the number of joints. It "
            "sees jumps alone: a pose that is wrong and still is not seen.",
        ),
    ),
    "Confidence": (
        "neither: each estimator has its own scale",
        About(
            "mean of the estimator's own scores over the joints that it gives",
            "thesis, Table 1",
            "choreo.comparison.quality.quality",
            "none",
            "The estimator: rows can't be compared by it.",
        ),
    ),
    "PCK@0.1": (
        "higher",
        About(
            "share of the true joints within a tenth of the torso; a missing joint is wrong",
            "Yang and Ramanan (2013), there of the box; here of the torso",
            "choreo.comparison.quality.against_truth",
            "about 0 for a pose anywhere in the picture",
            "Only joints that both skeletons have by name count. Needs known truth.",
        ),
    ),
    "Error": (
        "lower",
        About(
            "mean distance of given joints to the true ones, in pixels and in torsos",
            "common (MPJPE, in 2-D)",
            "choreo.comparison.quality.against_truth",
            "none",
            "In pixels, the size of the dancer. Joints that are not given are not in it, so read "
            "it beside PCK.",
        ),
    ),
    "Jitter": (
        "near the row `truth`",
        About(
            "mean acceleration of the 12 limb joints, torsos/s², in frames in which all "
            "estimators give them",
            "Kanazawa et al. (2019), arXiv:1812.01601",
            "choreo.comparison.measures.jitter",
            _TRUTH_LEVEL,
            "The dance itself; smoothing lowers it, also where it is wrong.",
        ),
    ),
    "Limb length variation": (
        "near the row `truth`",
        About(
            "deviation over mean of the lengths of upper arms, forearms, thighs and shins",
            "common",
            "choreo.comparison.measures.limb_variation",
            _TRUTH_LEVEL,
            "Turning to the camera foreshortens limbs.",
        ),
    ),
}
"""Measure of Tables 1 and 1x -> what is good, and what is known of it."""


def measured():
    """How each metric moved with rising damage, in words.

    Returns
    -------
    dict of str to str
        By name in `METRICS`; a metric that is not in the sensitivity study has none.
    """
    found = {}
    with open(SENSITIVITY, newline="") as file:
        for row in csv.DictReader(file):
            name, _, features = row["metric"].partition(" ")
            damages = {}
            for kind, text in DAMAGES.items():
                damages.setdefault(row[kind], []).append(text)
            moved = "; ".join(f"{how}: {', '.join(of)}" for how, of in damages.items())
            found.setdefault(name, []).append(
                f"{features} features: {moved}" if features else moved
            )
    return {name: ". ".join(rows) for name, rows in found.items()}


def _described(title, good, noticed, about, name=None, moved=None):
    where = f"`{name}` in the files; `{about.code}`." if name else f"`{about.code}`."
    return [
        "",
        f"### {title}",
        "",
        f"- **Formula**: {about.formula}.",
        f"- **Source**: {about.source}.",
        f"- **Good**: {good}. **Chance level**: {about.chance}.",
        *([f"- **Meant to notice**: {noticed}."] if noticed else []),
        *([f"- **Measured**: {moved}."] if moved else []),
        *([f"- **What else moves it**: {about.moves}"] if about.moves else []),
        f"- {where}",
    ]


def page():
    """The page's text.

    Returns
    -------
    str
    """
    real, made, moved = worths(), worths("made"), measured()
    some = next(iter(real.values()))
    lines = [
        "# Metrics",
        "",
        "<!-- made by `python docs/metrics.py`; write there, not here -->",
        "",
        "A value says something only beside its chance level and the rows *real dances*: most",
        "numbers here can be high for a dance that nobody would call one. If you read one of",
        "beats, read [phase locking](#phase-locking): it tells real dancers' own tempo from others",
        "best (*worth, real* below); and beside it the hit rate, which says whether beats are met.",
        "",
        "Every metric of Tables 2 and 2x: `METRICS` of `src/choreo/evaluation/metrics.py`; at the "
        "end the measures of",
        "poses of Tables 1 and 1x. What is said of a whole table is in "
        "[Evaluation](evaluation.md) and [Comparison](comparison.md),",
        "the metrics of other projects, as published and right, in "
        "[Published metrics](published_metrics.md).",
        "",
        "*Good* is what is better; `near real` is neither low nor high. *Meant to notice* are the "
        "damages of",
        "`snakemake sensitivity` ([Do the metrics measure anything?]"
        "(evaluation.md#do-the-metrics-measure-anything)), *measured* is how it moved",
        "there (in [sensitivity.csv](sensitivity.csv); in brackets: what it is not meant to "
        "notice). *Worth* is the area under",
        "the curve of telling a dancer's own music from other tempi (of what is lost with another "
        "song or half",
        f"a beat later: from that), on {some.dances} real dances at 10 poses a second and on "
        f"{next(iter(made.values())).dances} made ones: 50",
        "tells nothing, 100 all; over chance where there is one "
        "([more](evaluation.md#phase-locking-a-measure-that-sees-real-dancers)). Of what",
        "hears no music it is that of telling a dance from one that is spoiled a little "
        "([how](evaluation.md#what-hears-no-music)).",
        "",
        "| metric | part | good | worth, real | worth, made |",
        "| --- | --- | --- | --: | --: |",
    ]
    for name, metric in METRICS.items():
        values = [
            f"{100 * of[name].area:.0f} ({100 * of[name].low:.0f} to {100 * of[name].high:.0f})"
            if name in of
            else ""
            for of in (real, made)
        ]
        part = PARTS[metric.group][0].lower()
        lines.append(f"| {metric.text} | {part} | {metric.aim} | {' | '.join(values)} |")
    for group, (title, text) in PARTS.items():
        lines += ["", f"## {title}", "", text]
        for name, metric in METRICS.items():
            if metric.group != group:
                continue
            about = ABOUT[name]
            noticed = ", ".join(DAMAGES[damage] for damage in metric.notices)
            if noticed and metric.aim != NEAR_REAL:
                noticed += f", which make{'s' if len(metric.notices) == 1 else ''} it "
                noticed += "higher" if metric.damage > 0 else "lower"
            noticed = noticed or "none of the damages"
            lines += _described(metric.text, metric.aim, noticed, about, name, moved.get(name))
    lines += [
        "",
        "## Poses",
        "",
        "Tables 1 and 1x. The columns without truth count what looks wrong, and so count fast "
        "moves too; with truth, believe PCK and error.",
    ]
    for title, (good, about) in POSES.items():
        lines += _described(title, good, None, about)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    write_text(PAGE, page())
