"""Figure 6: what dancers preferred of each dance, with the published share beside it."""

from matplotlib.patches import Patch

from choreo.figures import COLOURS, new
from choreo.survey.answers import whose
from choreo.survey.design import QUESTIONS
from choreo.survey.preference import ASKED, groups_of

PUBLISHED = {"gru": 61, "original": 39}
"""Per cent that preferred each, on average: thesis, section 5.2.2 (22 dancers, 6 dances)."""
_FILLS = {name: (colour, hatch) for name, colour, hatch in (
    ("original", COLOURS[1], "///"),
    ("gru", COLOURS[5], ""),
)}  # fmt: skip
_OTHERS = [(COLOURS[3], "..."), (COLOURS[4], "xx"), (COLOURS[6], "--"), (COLOURS[2], "++")]


def fills(models):
    """Colour and hatching of each model; the thesis's own for its two, told apart in grey."""
    others = iter(_OTHERS * 2)
    return {model: _FILLS.get(model) or next(others) for model in models}


def figure6(read, key, *, group="all", study=None):
    """Draw Figure 6.

    Parameters
    ----------
    read : choreo.survey.answers.Read
    key : choreo.survey.design.Key
    group : str
        Key of `choreo.survey.preference.GROUPS`: whose answers.
    study : str, optional

    Returns
    -------
    matplotlib.figure.Figure
        For each two models and each song a row of horizontal bars, one a question, and a pie
        of which dance was liked more; under them all songs together, and the pie that the
        thesis published.
    """
    look = fills(key.models)
    votes = groups_of(read)[group]
    panels = [
        (pair, song, votes[(votes.a == pair[0]) & (votes.b == pair[1]) & (votes.song == song)])
        for pair in key.model_pairs
        for song in key.songs
    ]
    panels += [
        (pair, "all songs", votes[(votes.a == pair[0]) & (votes.b == pair[1])])
        for pair in key.model_pairs
    ]
    rows = len(panels) // 2 + 1
    figure, axes = new(
        rows,
        4,
        figsize=(12, 1.75 * rows + 0.8),
        width_ratios=[3, 1, 3, 1],
        squeeze=False,
    )
    flat = [(axes[n // 2, 2 * (n % 2)], axes[n // 2, 2 * (n % 2) + 1]) for n in range(2 * rows)]
    for (bars, pie), (pair, song, own) in zip(flat, panels):
        _bars(bars, pair, song, own, look, named=len(key.models) > 2)
        _pie(pie, _counts(own[own.question == "like"], pair), look)
    for bars, pie in flat[len(panels) :]:
        bars.axis("off")
        pie.axis("off")
    about, published = flat[len(panels)]
    published.axis("on")
    _pie(published, PUBLISHED, fills([*PUBLISHED]))
    published.set_title("published", fontsize=10)
    about.text(
        1,
        0.5,
        "Published (thesis, 22 dancers, 6 dances):\n61% preferred the GRU model, 39% the original",
        ha="right",
        va="center",
        fontsize=10,
        transform=about.transAxes,
    )
    handles = [
        Patch(facecolor=look[model][0], hatch=look[model][1], edgecolor="white", label=model)
        for model in key.models
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=len(handles))
    people = len(read.participants)
    failed = people - len(read.attentive())
    who = f"{people}, {failed} of them failed a catch trial"
    if group != "all":
        who = f"{people - failed}, {failed} left out who failed a catch trial"
    figure.suptitle(
        f"Figure 6. {whose(read)}: {who}" + (f" (study {study})" if study else ""),
        color="#8a1c1c" if read.simulated else "black",
    )
    return figure


def _counts(votes, pair):
    return {model: int((votes.chosen == model).sum()) for model in reversed(pair)}


def _bars(axis, pair, song, votes, look, *, named):
    for place, question in enumerate(reversed(QUESTIONS)):
        counts = _counts(votes[votes.question == question], pair)
        total, left = sum(counts.values()), 0.0
        for model, count in counts.items():
            share = 100 * count / total if total else 0.0
            colour, hatch = look[model]
            axis.barh(place, share, left=left, color=colour, hatch=hatch, edgecolor="white")
            if share >= 12:
                axis.text(
                    left + share / 2,
                    place,
                    f"{share:.0f}%",
                    ha="center",
                    va="center",
                    fontsize=8,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
                )
            left += share
    axis.axvline(50, color="black", linewidth=1, linestyle="--")
    axis.set_xlim(0, 100)
    axis.set_xticks([0, 50, 100], ["0%", "50%", "100%"])
    axis.set_yticks(range(len(QUESTIONS)), [ASKED[question] for question in reversed(QUESTIONS)])
    axis.tick_params(labelsize=8)
    axis.grid(False)
    axis.set_title(f"{song}: {' / '.join(reversed(pair))}" if named else song, fontsize=10)


def _pie(axis, counts, look):
    if not sum(counts.values()):
        axis.axis("off")
        return
    models = [model for model in counts if counts[model]]
    parts = axis.pie(
        [counts[model] for model in models],
        colors=[look[model][0] for model in models],
        hatch=[look[model][1] for model in models],
        wedgeprops={"edgecolor": "white"},
        autopct="%.0f%%",
        textprops={"fontsize": 8},
        startangle=90,
    )
    for text in parts[2]:
        text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1})
