"""Tables and lists of names that people and spreadsheets write, read in one way.

The videos table, the lists of a dataset and its .csv files go through here. What a person
meant is read where it is plain (a byte order mark, UTF-16, empty columns, a quoted cell, any
of the three line ends); anything else is refused with file, line, value and remedy. Imported
while the DAG is built, so nothing heavy is imported here.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import io
import itertools
import re
from collections.abc import Collection
from pathlib import Path

from choreo.errors import ItemError
from choreo.files.outside import LOST, OTHERWISE, UNMARKED, looks_like, twice

MAX_BYTES = 1 << 26
"""Largest table that is read; a row of a videos table takes about 100 bytes."""

MAX_LINES = 1_000_000
"""Most lines of a table or list."""
MAX_CELLS = 10_000_000
"""Most cells of a table of commas."""

_LINE_END = re.compile(r"\r\n|\n|\r")
# The longer mark first: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAVE = "Save it as UTF-8 (in a spreadsheet: text, tab-separated, Unicode)"


def read_text(path: str | Path, limit: int = MAX_BYTES) -> str:
    """Text of a file of at most `limit` bytes that says what its characters are, or is UTF-8.

    Returns
    -------
    str
        With its line ends, without a byte order mark.

    Raises
    ------
    ItemError
        Where it is larger, another encoding, or no text.
    OSError
        As the system says; `choreo.files.outside.reading` or the caller names the file.
    """
    with open(path, "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ItemError(f"larger than {limit >> 20} MiB: not a table", where=path)
    mark, encoding = next((m for m in _MARKS if data.startswith(m[0])), (b"", "utf-8"))
    data = data[len(mark) :]
    if data and not mark and (kind := looks_like(path, besides=(UNMARKED,))):
        raise ItemError(f"{kind[0]}, not a text", where=path, remedy=kind[1])
    try:
        # Some programs write a second mark before a text that has one.
        text = data.decode(encoding).lstrip("\ufeff")
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise ItemError(
                f"{encoding[:6].upper()} text that is cut or damaged",
                where=f"{path}, byte {error.start + len(mark)}",
                remedy=_SAVE,
            ) from None
        before, byte = data[: error.start], data[error.start]
        # Latin-1 or one of its kin, which do not say which they are: a guess may be wrong.
        raise ItemError(
            f"is not UTF-8: byte 0x{byte:02X} (in Latin-1 {chr(byte)!r}) can't be read",
            where=f"{path}, line {len(_LINE_END.findall(before.decode('latin-1'))) + 1}",
            remedy=_SAVE,
        ) from None
    if "\0" in text:
        line = len(_LINE_END.findall(text[: text.index("\0")])) + 1
        raise ItemError(
            "holds a byte of 0: UTF-16 without its mark, or no text",
            where=f"{path}, line {line}",
            remedy=_SAVE,
        )
    return text


def read_lines(path: str | Path, limit: int = MAX_BYTES) -> list[tuple[int, str]]:
    r"""Lines of a text, each with its number from 1, without empty ones.

    Only ``\n``, ``\r\n`` and ``\r`` end a line: form feeds, U+2028 and their like may stand
    in a title and tear no row apart.
    """
    text = read_text(path, limit)
    _check_lines(text, path)
    lines = enumerate(_LINE_END.split(text), 1)
    return [(number, line) for number, line in lines if line.strip()]


def _check_lines(text, path):
    """Refuse what would take far more memory than its text, before it does."""
    if text.count("\n") + text.count("\r") - text.count("\r\n") > MAX_LINES:
        raise ItemError(
            f"more than {MAX_LINES:,} lines", where=path, remedy="Divide it, or give another file"
        )


def read_rows(path: str | Path, columns: Collection[str], *, required: Collection[str] = ()):
    """Rows of a tab-separated table with a heading line; ``#`` begins a comment.

    A cell that a spreadsheet put in quotes is taken out of them. Columns without a name
    are left out where they are empty.

    Parameters
    ----------
    path : str or Path
    columns : sequence of str
        Columns that the table may have, in any order.
    required : sequence of str
        Those that it must have.

    Returns
    -------
    list of (int, dict of str to str)
        The number of the line, and its cells that are not empty.

    Raises
    ------
    ItemError
        Naming the file, the line and the value.
    """
    lines = [(number, line) for number, line in read_lines(path) if not line.startswith("#")]
    if not lines:
        raise ItemError("the table is empty", where=path, remedy="Add a heading and a row")
    first, line = lines[0]
    heading = _heading(line, f"{path}, line {first}", columns, required)
    rows = []
    for number, line in lines[1:]:
        where = f"{path}, line {number}"
        values = {}
        for place, cell in enumerate(line.split("\t")):
            cell = _unquoted(cell.strip(), where)
            if not cell:
                continue
            if place >= len(heading):
                raise ItemError(
                    f"{place + 1} cells under {len(heading)} headings",
                    where=where,
                    value=cell[:100],
                    remedy="Separate cells by one tab each",
                )
            if not heading[place]:
                raise ItemError(
                    f"column {place + 1} has no heading, but a cell here",
                    where=where,
                    value=cell[:100],
                    remedy=f"Name the column (allowed: {', '.join(columns)}) or empty it",
                )
            values[heading[place]] = cell
        if values:
            rows.append((number, values))
    return rows


def _heading(line, where, columns, required):
    """Names of the columns, "" for one without; refuses what is unknown, twice or missing."""
    names = [_unquoted(cell.strip(), where) for cell in line.split("\t")]
    if len(names) == 1:
        for mark, called in ((";", "semicolons"), (",", "commas")):
            cells = [cell.strip(' "').lower() for cell in line.split(mark)]
            if len(cells) > 1 and any(cell in columns for cell in cells):
                raise ItemError(
                    f"the cells are separated by {called}, not by tabs",
                    where=where,
                    value=line.strip()[:100],
                    remedy="Save it as tab-separated text (.tsv; in a spreadsheet: text, tabs)",
                )
    known = {column.lower(): column for column in columns}
    heading = []
    for name in names:
        column = known.get(name.lower(), "") if name else ""
        if name and not column:
            close = difflib.get_close_matches(name.lower(), columns, 1)
            raise ItemError(
                "unknown column",
                where=where,
                value=name[:100],
                remedy=(f"Did you mean {close[0]!r}? " if close else "")
                + f"Columns are separated by tabs; allowed: {', '.join(columns)}",
            )
        if column and column in heading:
            raise _lost(where, column)
        heading.append(column)
    for column in required:
        if column not in heading:
            raise ItemError(
                f"column {column!r} is missing",
                where=where,
                remedy=f"Needed are {', '.join(required)}",
            )
    while len(heading) > 1 and not heading[-1]:
        heading.pop()
    return heading


def _unquoted(cell, where):
    """A cell without the quotes that a spreadsheet puts around it; others as they are."""
    if not cell.startswith('"'):
        return cell
    if cell.count('"') % 2:
        raise ItemError(
            "a quoted cell does not end in its line: it holds a tab or a line break",
            where=where,
            value=cell[:100],
            remedy="Take the tab or line break out of the cell",
        )
    inside = cell[1:-1].replace('""', "")
    if len(cell) > 1 and cell.endswith('"') and '"' not in inside:
        return cell[1:-1].replace('""', '"').strip()
    return cell


def read_csv(path: str | Path):
    """Rows of a comma-separated table with a heading line (RFC 4180), as of a dataset.

    Also where semicolons or tabs stand in the place of all its commas. Empty rows are none.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    list of dict of str to str
        None for cells that a short row lacks.

    Raises
    ------
    ItemError, csv.Error
        Also for a column that is there twice, and a cell under no heading.
        `choreo.files.outside.reading` makes one message of the latter.
    """
    text = read_text(path)
    _check_lines(text, path)
    first = _LINE_END.split(text.lstrip(), maxsplit=1)[0]
    # As spreadsheets write it where decimals have commas.
    delimiter = next((mark for mark in ";\t" if mark in first and "," not in first), ",")
    if text.count(delimiter) > MAX_CELLS:
        raise ItemError(
            f"more than {MAX_CELLS:,} cells", where=path, remedy="Give the table that is meant"
        )
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    # Spreadsheets write empty rows as commas alone.
    filled = (cells for cells in lines if any(cell.strip() for cell in cells))
    heading = [name.strip() for name in next(filled, [])]
    if name := twice(heading):
        raise _lost(f"{path}, line {lines.line_num}", name)
    rows = []
    for cells in filled:
        for place, cell in enumerate(cells):
            if cell.strip() and not (place < len(heading) and heading[place]):
                raise ItemError(
                    f"cell {place + 1} has no heading",
                    where=f"{path}, line {lines.line_num}",
                    value=cell[:100],
                    remedy="Name its column; a cell that holds a comma stands in quotes",
                )
        rows.append({n: c for n, c in itertools.zip_longest(heading, cells) if n})
    return rows


def _lost(where, column):
    return ItemError(f"the column {LOST}", where=where, value=column[:100], remedy=OTHERWISE)
