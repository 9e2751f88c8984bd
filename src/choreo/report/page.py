"""The page itself: HTML that needs nothing but the videos beside it."""

from __future__ import annotations

import base64
import hashlib
import math
from dataclasses import dataclass, field
from html import escape
from urllib.parse import quote

from choreo import MADE_BY
from choreo.errors import plain
from choreo.report.shown import (
    doubt,
    groups,
    number,
    with_intervals,
)
from choreo.report.style import CSS, JS
from choreo.statistics.inference import SIGNIFICANT

FIGURES = {
    "figure1": "Figure 1: the complete process, from this study's own rules. An arrow that others "
    "imply is left out.",
    "figure2": "Figure 2: sample poses of every estimator on the same frames.",
    "figure3": "Figure 3: the original framework of Ren et al. (top) and the thesis's (bottom), as "
    "a forward pass of 50 frames shows them.",
    "figure4": "Figure 4: the thesis's framework, layer by layer, with what each gave in a forward "
    "pass of 50 frames, after ReLU and pooling.",
    "figure5": "Figure 5: frames that were repaired, before (top) and after (bottom) cleaning.",
    "figure6": "Figure 6: what dancers answered.",
    "figure7": "Figure 7: training losses over epochs.",
    "figureA1": "Figure A1: training losses of all models over epochs.",
}
"""Figures of the thesis, by their files' names, with captions."""


@dataclass
class Contents:
    """All that the page says, read from the study's files.

    Attributes
    ----------
    study : str
    findings : list of str
        See `choreo.report.findings.findings`.
    first : list of choreo.report.gallery.Dance
        What plays at once: the real dance and the best model's to the same song, or one.
    table1, table2 : Shown or None
    sentences : list of str
        Comparisons of models in words.
    figures : dict of str to bytes
        Name of a figure of the thesis -> its PNG.
    others : dict of str to bytes
        The same of other figures: heading -> PNG.
    prints : dict of str to str
        Name of a figure -> path of its PDF from the page.
    survey : list of Shown
        What dancers answered, empty where none were asked: the preferences first, then the
        metrics, then the others.
    survey_figures : dict of str to bytes
        Caption -> PNG.
    simulated : bool
        Whether no dancer answered, but made-up participants.
    dances : list of choreo.report.gallery.Dance
        Of the gallery, by song.
    measures : dict of str to (str, str)
        See `choreo.report.gallery.measures`.
    extended : list of Shown
    quality : list of Quality
        Of the videos, worst first.
    problems : list of dict of str to str
        Rows of ``problems.csv``.
    made : dict of str to str
        Provenance: what -> value.
    times : list of (str, int, float, float)
        Rule, jobs, seconds of all, seconds of the longest; the longest first.
    """

    study: str
    findings: list
    first: list = field(default_factory=list)
    table1: object = None
    table2: object = None
    sentences: list = field(default_factory=list)
    figures: dict = field(default_factory=dict)
    others: dict = field(default_factory=dict)
    prints: dict = field(default_factory=dict)
    survey: list = field(default_factory=list)
    survey_figures: dict = field(default_factory=dict)
    simulated: bool = False
    dances: list = field(default_factory=list)
    measures: dict = field(default_factory=dict)
    extended: list = field(default_factory=list)
    quality: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    made: dict = field(default_factory=dict)
    times: list = field(default_factory=list)


@dataclass(frozen=True)
class Quality:
    """How good the poses of one video are.

    Attributes
    ----------
    video : str
    frames : int
    missing, incorrect, repaired : float
        Percent of its frames.
    longest_gap : float
        Seconds.
    remark : str
        What it warns of, or why it was left out.
    page : str
        Path of its cleaning page; empty where there is none.
    left_out : bool
    """

    video: str
    frames: int = 0
    missing: float = float("nan")
    incorrect: float = float("nan")
    repaired: float = float("nan")
    longest_gap: float = float("nan")
    remark: str = ""
    page: str = ""
    left_out: bool = False

    @property
    def badness(self):
        """Key for sorting: the worst has the least."""
        lost = 0.0 if math.isnan(self.missing) else self.missing + self.incorrect
        return (not self.left_out, not self.remark, -lost, self.video)


def page(contents: Contents) -> str:
    """Write a study as one page.

    Parameters
    ----------
    contents : Contents

    Returns
    -------
    str
        HTML with its own style and script, which may load only pictures and videos that lie
        beside it: the page's own policy forbids everything else.
    """
    parts = (
        ("found", "What this study found", _findings(contents)),
        ("dance", "A dance", _first(contents)),
        ("tables", "Tables", _tables(contents)),
        ("figures", "Figures", _figures(contents)),
        *([("dancers", "What dancers answered", _survey(contents))] if contents.survey else []),
        ("gallery", "Gallery", _gallery(contents)),
        ("extended", "Extended tables", _extended(contents)),
        ("quality", "Quality of the videos", _quality(contents.quality)),
        ("problems", "Problems", _problems(contents.problems)),
        ("provenance", "Provenance", _provenance(contents)),
    )
    digest = base64.b64encode(hashlib.sha256(JS.encode()).digest()).decode()
    policy = (
        "default-src 'none'; img-src 'self' data: file:; media-src 'self' file:; "
        f"style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'"
    )
    links = "".join(f'<a href="#{name}">{_e(title)}</a>' for name, title, _ in parts)
    body = "".join(
        f'<section aria-labelledby="{name}"><h2 id="{name}">{_e(title)}</h2>{text}</section>'
        for name, title, text in parts
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<meta name="generator" content="{MADE_BY}"><link rel="icon" href="data:,">'
        f"<title>Study {_e(contents.study)}</title><style>{CSS}</style></head><body>"
        f"<header><h1>Study {_e(contents.study)}</h1>"
        '<p class="soft">Music-driven choreography from video: what was found, and the dances.'
        f"</p><nav>{links}</nav></header><main>{body}</main>"
        f"<footer>{_e(_line(contents.made))}</footer><script>{JS}</script></body></html>\n"
    )


def _e(text):
    return escape(plain(text))


def _link(path):
    """A path beside the page as an attribute's value."""
    return escape(quote(str(path), safe="/"))


def _line(made):
    return "Made by Choreo: " + "; ".join(f"{key.lower()} {value}" for key, value in made.items())


def _findings(contents):
    return (
        '<ol class="findings">'
        + "".join(f"<li>{_e(sentence)}</li>" for sentence in contents.findings)
        + "</ol>"
    )


def _first(contents):
    if not contents.first:
        return "<p>This study has no dance to show.</p>"
    song = contents.first[0].song
    dances = "".join(
        f"<figure>{_video(dance, 'autoplay muted loop')}<figcaption><strong>{_e(dance.who)}"
        "</strong></figcaption></figure>"
        for dance in contents.first
    )
    sound = '<button id="sound" type="button" aria-pressed="false" hidden>Sound on</button>'
    said = f"To the song {_e(song)}, which no model was trained on. They play without sound."
    return f'<div class="pair">{dances}</div><p>{sound}</p><p class="soft">{said}</p>'


def _video(dance, options='preload="none"'):
    poster = f' poster="{escape(dance.poster)}"' if dance.poster else ""
    label = f"{dance.who} dances to {dance.song}"
    return (
        f'<video {options} controls playsinline{poster} src="{_link(dance.video)}" '
        f'aria-label="{_e(label)}"></video>'
    )


def _tables(contents):
    text = []
    if contents.table1 is None:
        text.append("<h3>Table 1</h3><p>Not made: the study has no video to compare on.</p>")
    else:
        words, notes = _verdicts(contents.table1.notes)
        text.append("<h3>Table 1: pose estimators</h3>" + _bullets(words))
        text.append(_table(contents.table1, notes=notes))
    if contents.table2 is None:
        text.append("<h3>Table 2</h3><p>Not made: there is no song to test on.</p>")
        return "".join(text)
    text.append("<h3>Table 2: generated dances, with the published numbers</h3>")
    text.append(_bullets(contents.sentences))
    text.append(_beside(contents.table2.records))
    text.append("<details><summary>Table 2 in full, with its notes</summary>")
    text.append(_table(contents.table2) + "</details>")
    return "".join(text)


def _bullets(lines):
    return "<ul>" + "".join(f"<li>{_e(line)}</li>" for line in lines) + "</ul>" if lines else ""


def _verdicts(notes):
    """Notes of Table 1: what it says in words, and the others."""
    end = next((i for i, note in enumerate(notes) if note.startswith("Verdicts:")), 0)
    return notes[:end], notes[end:]


_RATES = {"beat_coverage": "Beat coverage", "beat_hit_rate": "Beat hit rate"}


def _beside(records):
    """Our rows of Table 2 beside the published ones, with a verdict in words."""
    published = {row["system"]: row for row in records if row["source"] == "published"}
    ours = [row for row in records if row["source"] != "published"]
    rows = []
    for row in ours:
        other = published.get(row["system"], {})
        cells = [_e(row["label"])]
        for name in ("distance", *_RATES):
            cells += [_estimate(row, name), _number(other.get(name))]
        rows.append((cells, _in_words(row, other)))
    ours_head = ("FID", "Beat coverage (%)", "Beat hit rate (%)")
    head = "".join(f'<th class="n">{h}</th><th class="n">published</th>' for h in ours_head)
    body = (
        "<tr>"
        + "".join(f"<td{' class=n' if i else ''}>{cell}</td>" for i, cell in enumerate(cells))
        + f'<td class="words">{_e(words)}</td></tr>'
        for cells, words in rows
    )
    head = f"<th>Method</th>{head}<th>In words</th>"
    return (
        f"{_grid('Table 2 with published numbers', head, body)}"
        '<p class="notes">The published FID is another quantity than ours (differences of scalar '
        "means and variances of pairs of clips): the two can't be compared.</p>"
    )


def _estimate(row, name):
    text = _number(row.get(name))
    half = number(row.get(f"{name}_interval"))
    if math.isnan(half) or text == "–":
        return text
    why = doubt(row, over_seeds=True)
    return f"{text} <small>({why})</small>" if why else f"{text} ± {half:.1f}"


def _number(value, form=".1f"):
    value = number(value)
    return "–" if math.isnan(value) else f"{value:{form}}"


def _in_words(row, published):
    """How a row of ours compares with the thesis's and with chance."""
    hit, chance = number(row.get("beat_hit_rate")), number(row.get("chance_hit_rate"))
    if math.isnan(hit):
        return "This study has no dances of it."
    said = []
    if not math.isnan(chance):
        side = "over" if hit >= chance else "under"
        said.append(
            f"Hit rate {abs(hit - chance):.1f} points {side} its chance level {chance:.1f}%"
        )
    there = number(published.get("beat_hit_rate"))
    if math.isnan(there):
        said.append("the thesis has no such row")
    else:
        gap, half = hit - there, number(row.get("beat_hit_rate_interval"))
        text = f"{abs(gap):.1f} points {'over' if gap >= 0 else 'under'} the published"
        real = row["system"] == "real"
        why = doubt(row, over_seeds=not real)
        if why or math.isnan(half):
            text += f" ({why or 'no interval'}: no verdict)"
        else:
            text += ": " + ("another value" if abs(gap) > half else "the same within its interval")
        said.append(text)
    return "; ".join(said) + "."


def _grid(label, head, rows, kind=""):
    """A table, of cells in HTML, in a box that scrolls by itself."""
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{_e(label)}"><table{kind}>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _table(table, *, notes=None, captioned=True):
    """A table in groups of columns, each in a box that scrolls by itself."""
    shown = with_intervals(table)
    text = []
    for columns in groups(shown):
        head = "".join(
            f"<th{' class=n' if shown.numeric[c] else ''}>{_e(shown.headings[c])}</th>"
            for c in columns
        )
        body = []
        for cells, record in zip(shown.cells, shown.records):
            published = "published" in (record.get("source"), record.get("origin"))
            kind = ' class="published"' if published else ""
            body.append(
                f"<tr{kind}>"
                + "".join(_cell(cells[c], shown.numeric[c]) for c in columns)
                + "</tr>"
            )
        text.append(_grid(shown.caption, head, body))
    said = "".join(f"<p>{_e(note)}</p>" for note in (shown.notes if notes is None else notes))
    caption = f'<p class="caption">{_e(shown.caption)}</p>' if captioned else ""
    return f'{caption}{"".join(text)}<div class="notes">{said}</div>'


def _cell(text, numeric):
    mark = " class=n" if numeric else ' class="words"' if len(text) > 40 else ""
    return f"<td{mark}>{_e(text)}</td>"


def _figures(contents):
    text = [
        _plate(_caption(name, contents), contents.figures[name], contents.prints.get(name))
        for name in FIGURES
        if name in contents.figures
    ]
    lacking = [
        caption.partition(":")[0].removeprefix("Figure ")
        for name, caption in FIGURES.items()
        if name not in contents.figures
    ]
    if lacking:
        word = "Figure" if len(lacking) == 1 else "Figures"
        text.append(f'<p class="soft">Not made in this study: {word} {_e(", ".join(lacking))}.</p>')
    text += [
        f"<details><summary>{_e(name)}</summary>{_plate(name, data)}</details>"
        for name, data in contents.others.items()
    ]
    return "".join(text)


SIMULATED = "Simulated: made-up participants, no dancer was asked."


def _caption(name, contents):
    marked = name == "figure6" and contents.simulated
    return FIGURES[name] + (f" {SIMULATED}" if marked else "")


def _plate(caption, data, path=None):
    link = f' <a href="{_link(path)}">Full size (PDF)</a>' if path else ""
    return (
        f'<figure class="plate"><img alt="{_e(caption)}" src="{_png(data)}">'
        f"<figcaption>{_e(caption)}{link}</figcaption></figure>"
    )


def _survey(contents):
    first, *others = contents.survey
    mark = f'<p class="simulated"><strong>{SIMULATED}</strong></p>' if contents.simulated else ""
    text = [mark, _bullets(_liked(first.records)), _table(first)]
    text += [_plate(caption, data) for caption, data in contents.survey_figures.items()]
    text += [
        f"<details><summary>{_e(table.caption)}</summary>{_table(table, captioned=False)}</details>"
        for table in others
    ]
    return "".join(text)


def _liked(records):
    """Of each two models: whose dances were liked more, and whether that can be told."""
    said = []
    for row in records:
        if (row.get("group"), row.get("question")) != ("all", "like"):
            continue
        share, p = number(row["share"]), number(row["holm_both"])
        if math.isnan(share):
            said.append(f"{row['model']} or {row['other']}: nobody compared them.")
            continue
        names = (row["model"], row["other"]) if share >= 50 else (row["other"], row["model"])
        text = f"Dances of {names[0]} were liked more than those of {names[1]} in "
        text += f"{max(share, 100 - share):.1f}% of {row['votes']} answers"
        if not math.isnan(p):
            sure = "more than chance gives" if p < SIGNIFICANT else "which may be chance"
            text += f", {sure} (p {p:.3f} over participants and over songs, Holm's correction)"
        said.append(f"{text}.")
    return said


def _png(data):
    return "data:image/png;base64," + base64.b64encode(data).decode()


def _gallery(contents):
    if not contents.dances:
        return "<p>This study has no dance to show.</p>"
    options = "".join(
        f'<option value="m{place}" data-better="{better}">{_e(text)} (best: {better})</option>'
        for place, (text, better) in enumerate(contents.measures.values())
    )
    sorting = (
        '<p class="sorting" hidden><label for="metric">Songs and dances sorted by</label>'
        f'<select id="metric"><option value="">name</option>{options}</select></p>'
    )
    by_song = {}
    for dance in contents.dances:
        by_song.setdefault(dance.song, []).append(dance)
    songs = "".join(
        f'<article><h3>{_e(song)}</h3><div class="dances">'
        + "".join(_dance(dance, contents.measures) for dance in dances)
        + f"</div>{_measured(dances, contents.measures)}</article>"
        for song, dances in by_song.items()
    )
    return f'{sorting}<div id="songs">{songs}</div>'


def _dance(dance, measures):
    scores = "".join(
        f' data-m{place}="{dance.scores[name]:.6g}"'
        for place, name in enumerate(measures)
        if math.isfinite(dance.scores.get(name, math.nan))
    )
    kind = "dance real" if dance.real else "dance"
    return (
        f'<figure class="{kind}"{scores}>{_video(dance)}<figcaption>'
        f'<a href="{_link(dance.video)}">{_e(dance.who)}</a><span class="score"></span>'
        "</figcaption></figure>"
    )


def _measured(dances, measures):
    """Measures of a song's dances: a row a measure, at most seven dances at once."""
    if not any(dance.scores for dance in dances):
        return ""
    text = []
    for start in range(0, len(dances), 7):
        some = dances[start : start + 7]
        head = "".join(f'<th class="n">{_e(dance.who)}</th>' for dance in some)
        rows = (
            f"<tr><td>{_e(about)}</td>"
            + "".join(
                f'<td class="n">{_number(dance.scores.get(name), ".4g")}</td>' for dance in some
            )
            + "</tr>"
            for name, (about, _) in measures.items()
        )
        text.append(_grid("Measures of these dances", f"<th>Measure</th>{head}", rows))
    return f"<details><summary>Measures of these dances</summary>{''.join(text)}</details>"


def _extended(contents):
    return "".join(
        f"<details><summary>{_e(table.caption)}</summary>{_table(table, captioned=False)}</details>"
        for table in contents.extended
    )


def _quality(videos):
    if not videos:
        return "<p>This study has no video.</p>"
    rows = []
    for video in videos:
        page = (
            f'<a href="{_link(video.page)}">cleaning of {_e(video.video)}</a>'
            if video.page
            else "–"
        )
        kind = ' class="doubtful"' if video.remark else ""
        numbers = (
            f"{video.frames:d}" if video.frames else "–",
            _number(video.missing),
            _number(video.incorrect),
            _number(video.repaired),
            _number(video.longest_gap, ".2f"),
        )
        rows.append(
            f"<tr{kind}><td>{_e(video.video)}</td>"
            + "".join(f'<td class="n">{text}</td>' for text in numbers)
            + f'<td class="words">{_e(video.remark) or "–"}</td><td>{page}</td></tr>'
        )
    heads = ("Frames", "Missing (%)", "Incorrect (%)", "Repaired (%)", "Longest gap (s)")
    head = "".join(f'<th class="n">{text}</th>' for text in heads)
    head = f"<th>Video</th>{head}<th>Remark</th><th>Page</th>"
    return (
        "<p>The worst first: left out, then with a remark, then by frames that were missing or "
        f"incorrect.</p>{_grid('Quality of the videos', head, rows)}"
    )


def _problems(problems):
    if not problems:
        return "<p>Every item of the study could be used.</p>"
    columns = {
        "item": "Item",
        "effect": "Effect",
        "stage": "Stage",
        "message": "Problem",
        "remedy": "Remedy",
        "where": "Where",
        "value": "Value",
    }
    head = "".join(f"<th>{text}</th>" for text in columns.values())
    rows = (
        "<tr>" + "".join(f"<td>{_e(row.get(c, '')) or '–'}</td>" for c in columns) + "</tr>"
        for row in problems
    )
    return _grid("Problems", head, rows, ' class="problems"')


def _provenance(contents):
    made = "".join(
        f"<dt>{_e(key)}</dt><dd>{_e(value)}</dd>" for key, value in contents.made.items()
    )
    rows = [
        f'<tr><td>{_e(rule)}</td><td class="n">{jobs}</td><td class="n">{total:.1f}</td>'
        f'<td class="n">{longest:.1f}</td></tr>'
        for rule, jobs, total, longest in contents.times
    ]
    total = sum(time for _, _, time, _ in contents.times)
    heads = ("Jobs", "Seconds", "Longest (s)")
    head = "<th>Rule</th>" + "".join(f"<th class=n>{text}</th>" for text in heads)
    times = (
        f"<details><summary>Times: {total / 60:.1f} minutes of jobs</summary>"
        f"{_grid('Times', head, rows)}</details>"
        if rows
        else ""
    )
    return (
        f"<dl>{made}</dl>{times}<p>Rules, inputs and code of every file: report.html in the "
        "study's folder, which Snakemake writes.</p>"
    )
