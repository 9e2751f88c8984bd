"""Every table of the project: tidy .csv, and .md, .tex and .html for people."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from choreo import MADE_BY, provenance
from choreo.errors import plain
from choreo.files import write_text

SUFFIXES = (".csv", ".md", ".tex", ".html")
"""What `Table.write` makes of one stem."""

PORTRAIT_COLUMNS = 10
"""Columns that fit an upright page in LaTeX; wider tables are turned."""


@dataclass(frozen=True)
class Table:
    """A table with what a reader needs to trust it.

    Attributes
    ----------
    frame : pandas.DataFrame
        The numbers in full precision, one row a thing; written as they are to .csv, but for
        texts that spreadsheets would run as formulas, which get a ``'`` before them, and
        control characters, which are escaped.
    caption : str
        What the table shows, from what data.
    headers : dict of str to str
        Column -> heading, in the order shown to people; columns that are not named
        here are in the .csv alone.
    formats : dict of str to str
        Column -> format specification such as ``".1f"``; a missing value is shown as
        an en dash.
    notes : tuple of str
        Lines under the table.
    doubts : dict of str to sequence of str
        Column of half-widths -> for each row what people read in the number's place, such as
        "too few songs" (`choreo.statistics.inference.too_few`); empty where the number says
        something. The .csv has the number.
    """

    frame: Any
    caption: str
    headers: dict
    formats: dict = field(default_factory=dict)
    notes: tuple = ()
    doubts: dict = field(default_factory=dict)

    def cells(self) -> list[list[str]]:
        """List of rows of text, as people see them, without the heading."""
        return [
            [self._cell(place, row, column) for column in self.headers]
            for place, row in enumerate(self.frame.to_dict("records"))
        ]

    def _cell(self, place, row, column):
        text = _cell(row[column], self.formats.get(column))
        doubt = self.doubts[column][place] if column in self.doubts else ""
        return doubt if doubt and text != _MISSING else text

    def markdown(self, made_by: str | None = None) -> str:
        """The table as GitHub-flavoured Markdown, with a last line on what it was made by."""
        lines = [f"**{self.caption}**", ""]
        lines.append("| " + " | ".join(map(_markdown, self.headers.values())) + " |")
        lines.append("|" + "|".join(self._alignment("---", "--:")) + "|")
        lines += ["| " + " | ".join(map(_markdown, row)) + " |" for row in self.cells()]
        lines += [line for note in self.notes for line in ("", note)]
        lines += ["", f"*{made_by}*"] if made_by else []
        return "\n".join(lines) + "\n"

    def latex(self, made_by: str | None = None) -> str:
        """The table in LaTeX with booktabs rules, and comments on its making and its packages.

        A table of more than `PORTRAIT_COLUMNS` is turned and made as wide as the page is high.
        """
        wide = len(self.headers) > PORTRAIT_COLUMNS
        float_, packages = ("sidewaystable", ",graphicx,rotating") if wide else ("table", "")
        lines = [f"% {made_by}"] if made_by else []
        lines.append(rf"% \usepackage{{booktabs{packages}}}")
        lines += [rf"\begin{{{float_}}}", r"  \centering"]
        lines.append(rf"  \caption{{{_latex(self.caption)}}}")
        if wide:
            lines.append(r"  \resizebox{\linewidth}{!}{%")
        lines.append(rf"  \begin{{tabular}}{{{''.join(self._alignment('l', 'r'))}}}")
        lines.append(r"    \toprule")
        lines.append("    " + " & ".join(map(_latex, self.headers.values())) + r" \\")
        lines.append(r"    \midrule")
        lines += ["    " + " & ".join(map(_latex, row)) + r" \\" for row in self.cells()]
        lines += [r"    \bottomrule", r"  \end{tabular}" + ("}" if wide else "")]
        lines += [rf"  \par\footnotesize {_latex(note)}" for note in self.notes]
        return "\n".join([*lines, rf"\end{{{float_}}}"]) + "\n"

    def html(self, made_by: str | None = None) -> str:
        """The table as a page that needs nothing else, with a line on its making."""
        numeric = [mark == "r" for mark in self._alignment("l", "r")]
        head = "".join(_html("th", text, n) for text, n in zip(self.headers.values(), numeric))
        rows = [
            "<tr>" + "".join(_html("td", text, n) for text, n in zip(row, numeric)) + "</tr>"
            for row in self.cells()
        ]
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        notes += f"<p><small>{escape(made_by)}</small></p>" if made_by else ""
        return (
            '<!doctype html><html lang="en"><meta charset="utf-8">'
            f'<meta name="generator" content="{MADE_BY}">'
            f"<title>{escape(self.caption)}</title><style>"
            "body{font:15px/1.45 system-ui,sans-serif;margin:2em;color:#222;max-width:75em}"
            "table{border-collapse:collapse;border-top:2px solid;border-bottom:2px solid}"
            "th,td{padding:.3em .9em;text-align:left}th{border-bottom:1px solid}"
            ".n{text-align:right;font-variant-numeric:tabular-nums}"
            "caption{text-align:left;font-weight:600;padding-bottom:.6em}"
            "p{color:#555;font-size:.9em;margin:.5em 0}tr:nth-child(even) td{background:#f4f4f4}"
            f"</style><table><caption>{escape(self.caption)}</caption><thead><tr>{head}</tr>"
            f"</thead><tbody>{''.join(rows)}</tbody></table>{notes}</html>\n"
        )

    def write(self, stem: str | Path, *, of_study: bool = True, keep: bool = False) -> None:
        """Write ``stem.csv``, ``.md``, ``.tex`` and ``.html``, each whole or not at all.

        In a run of the workflow each carries commit, config, seeds and the size of the
        study (`choreo.provenance`): the .csv in columns, the others in a line.

        Parameters
        ----------
        stem : str or Path
        of_study : bool
            Whether the table is about the study; one that is the same for every study
            carries nothing of it.
        keep : bool
            Whether a file that has these bytes already is left alone, with its time.
        """
        stem = Path(stem)
        found = provenance.current() if of_study else None
        frame, made_by = self.frame, None
        if found:
            frame = frame.assign(**provenance.columns(found))
            made_by = provenance.line(found)
        texts = {
            ".csv": frame.map(_no_formula).to_csv(index=False, lineterminator="\n"),
            ".md": self.markdown(made_by),
            ".tex": self.latex(made_by),
            ".html": self.html(made_by),
        }
        for suffix in SUFFIXES:
            path = stem.parent / (stem.name + suffix)
            if not (keep and path.is_file() and path.read_bytes() == texts[suffix].encode()):
                write_text(path, texts[suffix])

    def _alignment(self, text, number):
        from pandas.api.types import is_numeric_dtype

        return [
            number if column in self.formats or is_numeric_dtype(self.frame[column]) else text
            for column in self.headers
        ]


def _no_formula(value):
    """A cell that spreadsheets show as it is: texts from outside may begin like a formula."""
    if not isinstance(value, str):
        return value
    value = plain(value)
    if not value.startswith(
        ("=", "+", "-", "@", "\t", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
    ):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


_MISSING = "–"


def _cell(value, form):
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return _MISSING
    if isinstance(value, str):
        return plain(value)
    if form:
        return format(value, form)
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


# What begins a tag or the address of a link: names and reasons of others are neither.
_TAG = re.compile(r"<(?=[A-Za-z/!?])")


def _markdown(text):
    text = text.replace("|", r"\|").replace("\n", " ").replace("](", r"]\(")
    return _TAG.sub("&lt;", text)


_LATEX = {c: "\\" + c for c in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "–": "--",
    "±": r"$\pm$",
    "≥": r"$\geq$",
}


def _latex(text):
    return "".join(_LATEX.get(c, c) for c in text)


def _html(tag, text, numeric):
    mark = ' class="n"' if numeric else ""
    return f"<{tag}{mark}>{escape(text)}</{tag}>"
