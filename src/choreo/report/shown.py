"""Tables of a study as a reader sees them: few columns at once, intervals beside their values."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from choreo.errors import ItemError, plain
from choreo.files.outside import reading
from choreo.files.text_tables import read_csv, read_text
from choreo.statistics.inference import too_few

COLUMNS = 8
"""Most columns that are shown at once, beside the names of the rows."""


@dataclass
class Shown:
    """A table of the study.

    Attributes
    ----------
    caption : str
    headings : list of str
    numeric : list of bool
        Which columns hold numbers.
    cells : list of list of str
        Rows of texts, as in the table's own .html.
    notes : list of str
    records : list of dict of str to str
        The rows of the .csv, in full precision: as many, in the same order.
    """

    caption: str = ""
    headings: list = field(default_factory=list)
    numeric: list = field(default_factory=list)
    cells: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    records: list = field(default_factory=list)


class _TableReader(HTMLParser):
    """Takes the texts out of a table's .html; whatever else is in it is left behind."""

    def __init__(self):
        super().__init__()
        self.table = Shown()
        self._inside = []
        self._text = []

    def handle_starttag(self, tag, attributes):
        if tag in ("caption", "th", "td", "p"):
            self._text = []
            self._inside.append(tag)
        if tag == "th":
            self.table.numeric.append(dict(attributes).get("class") == "n")
        elif tag == "small":
            self._inside.append(tag)
        elif tag == "tr":
            self.table.cells.append([])

    def handle_data(self, data):
        if self._inside:
            self._text.append(data)

    def handle_endtag(self, tag):
        if not self._inside or tag != self._inside[-1]:
            return
        self._inside.pop()
        text = "".join(self._text)
        if tag == "caption":
            self.table.caption = text
        elif tag == "th":
            self.table.headings.append(text)
        elif tag == "td":
            # A cell without a row is one that the .csv has not.
            if not self.table.cells:
                self.table.cells.append([])
            self.table.cells[-1].append(text)
        elif tag == "p":
            self.table.notes.append(text)
        elif tag == "small":
            # What the table was made by, which the page says once.
            self._text = []


def read_table(stem: str | Path) -> Shown:
    """Read a table of the study from its .html and .csv.

    Parameters
    ----------
    stem : str or Path
        Without a suffix.

    Returns
    -------
    Shown
        All texts without control characters.

    Raises
    ------
    ItemError
        Where a file is missing or damaged, or the two do not belong together.
    """
    stem = Path(stem)
    page, numbers = (stem.parent / (stem.name + suffix) for suffix in (".html", ".csv"))
    remedy = "Delete the table's files and run again"
    with reading(page, "a table of choreo", remedy=remedy, besides=("a web page",)):
        text = page.read_text(encoding="utf-8")
    with reading(numbers, "a table of choreo", remedy=remedy):
        records = read_csv(numbers)
    reader = _TableReader()
    reader.feed(text)
    reader.close()
    table = reader.table
    rows = [row for row in table.cells if row]
    if len(rows) != len(records) or any(len(row) != len(table.headings) for row in rows):
        raise ItemError("not the same rows as in its .csv", where=page, remedy=remedy)
    return Shown(
        plain(table.caption),
        [plain(heading) for heading in table.headings],
        table.numeric,
        [[plain(text) for text in row] for row in rows],
        [plain(note) for note in table.notes if note],
        [{key: plain(value or "") for key, value in r.items() if key} for r in records],
    )


def read_records(path: str | Path) -> list[dict[str, str]]:
    """Rows of a table's .csv, which may have none.

    Raises
    ------
    ItemError
    """
    with reading(path, "a table of choreo", remedy="Delete it and run again"):
        if not read_text(path).strip():
            return []
        rows = read_csv(path)
    return [{key: plain(value or "") for key, value in row.items() if key} for row in rows]


def number(text) -> float:
    """The number in a cell of a .csv; NaN where there is none."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return float("nan")


def doubt(record: dict, *, over_seeds: bool = False) -> str:
    """Why an interval of a row says nothing (`choreo.statistics.inference.too_few`).

    Parameters
    ----------
    record : dict
        A row of a .csv: its `songs` and `seeds`.
    over_seeds : bool
        Whether the interval is of trainings.
    """
    seeds = number(record.get("seeds")) if over_seeds else math.nan
    return too_few(number(record.get("songs")), seeds)


def with_intervals(table: Shown) -> Shown:
    """Put each "±" column into the cells that it belongs to.

    Returns
    -------
    Shown
        With fewer columns. What a table says in an interval's place stands in brackets:
        ``50.1 (too few songs)``.
    """
    keep: list[int] = []
    half: dict[int, int] = {}
    widths = [heading.startswith("±") for heading in table.headings]
    for place, width in enumerate(widths):
        # Of two intervals of one value each is named by its own heading.
        if not width or not keep or widths[place - 1] or any(widths[place + 1 : place + 2]):
            keep.append(place)
            continue
        # The chance level stands between a value and its interval.
        owner = keep[-1]
        if table.headings[owner].lower().startswith("chance") and len(keep) > 1:
            owner = keep[-2]
        half[owner] = place
    rows = []
    for cells in table.cells:
        row = []
        for place in keep:
            text = cells[place]
            if place in half and (width := cells[half[place]]) not in ("–", "", "nan"):
                text += f" ({width})" if math.isnan(number(width)) else f" ± {width}"
            row.append(text)
        rows.append(row)
    return Shown(
        table.caption,
        [table.headings[place] for place in keep],
        [table.numeric[place] for place in keep],
        rows,
        table.notes,
        table.records,
    )


def naming(table: Shown) -> int:
    """How many columns name a row: the first ones that hold no numbers, up to three."""
    texts = next((i for i, numeric in enumerate(table.numeric) if numeric), len(table.numeric))
    # A third where two leave rows alike; and something must be left that is named.
    alike = len({tuple(row[:2]) for row in table.cells}) < len(table.cells)
    return max(1, min(texts, 3 if alike else 2, len(table.numeric) - 1))


def groups(table: Shown, columns: int = COLUMNS) -> list[list[int]]:
    """Split a table's columns into groups that are shown one under the other.

    Parameters
    ----------
    table : Shown
    columns : int
        Most columns of a group beside those that name the rows.

    Returns
    -------
    list of list of int
        The columns that name a row begin every group. Groups are about as wide as each other,
        and do not part a value from what belongs to it ("chance", "over chance", "median").
    """
    count = len(table.headings)
    first = list(range(naming(table)))
    blocks: list[list[int]] = []
    for place in range(len(first), count):
        belongs = not table.headings[place][:1].isupper() and table.headings[place][:1] != "#"
        if blocks and len(blocks[-1]) < columns and (belongs or _sizes(table, place)):
            blocks[-1].append(place)
        else:
            blocks.append([place])
    parts = max(1, math.ceil((count - len(first)) / columns))
    even = math.ceil((count - len(first)) / parts)
    found: list[list[int]] = [[]]
    for block in blocks:
        if found[-1] and len(found[-1]) + len(block) > max(even, len(block)):
            # A little wider than the others is better than one group more.
            if len(found) >= parts and len(found[-1]) + len(block) <= columns:
                found[-1] += block
                continue
            found.append([])
        found[-1] += block
    return [first + part for part in found]


_SIZES = ("Chunks", "Songs", "Seeds")


def _sizes(table, place):
    return table.headings[place] in _SIZES and table.headings[place - 1] in _SIZES
