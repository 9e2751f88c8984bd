"""The page with everything beside it in one file, to mail or to lay on a web space."""

from __future__ import annotations

import zipfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from choreo.errors import ItemError
from choreo.files import ending, whole
from choreo.files.outside import reading

_DATE = (1980, 1, 1, 0, 0, 0)
_PACKED = {".mp4", ".png", ".jpg", ".zip"}
"""What is compressed already."""


class _Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            parts = urlsplit(value or "")
            if name in ("src", "href") and parts.path and not (parts.scheme or parts.netloc):
                self.found.append(unquote(parts.path))


def files_beside(page: str | Path) -> list[Path]:
    """Files that a page shows or links to, which lie in its folder or under it.

    Parameters
    ----------
    page : str or Path

    Returns
    -------
    list of Path
        Sorted; those that are there. None outside the folder, whatever the page says.
    """
    page = Path(page)
    reader = _Links()
    with reading(page, "the report", remedy="Delete it and run again", besides=("a web page",)):
        reader.feed(page.read_text(encoding="utf-8"))
    folder = page.parent.resolve()
    paths = {(folder / link).resolve() for link in reader.found}
    return sorted(p for p in paths if p.is_relative_to(folder) and p.is_file())


def write_archive(page: str | Path, path: str | Path) -> None:
    """Write a page and what it shows as a .zip; the same files give the same bytes.

    Parameters
    ----------
    page : str or Path
    path : str or Path
        The .zip. What it holds lies in one folder of its name.

    Raises
    ------
    ItemError
        Where there is no page.
    """
    page, path = Path(page), Path(path)
    if not page.is_file():
        raise ItemError("there is no report to pack", where=page, remedy="Run `snakemake index`")
    folder = page.parent.resolve()
    with whole(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for file in [page.resolve(), *files_beside(page)]:
            about = zipfile.ZipInfo(f"{path.stem}/{file.relative_to(folder).as_posix()}", _DATE)
            about.external_attr = 0o644 << 16
            about.compress_type = (
                zipfile.ZIP_STORED if ending(file) in _PACKED else zipfile.ZIP_DEFLATED
            )
            with open(file, "rb") as source, archive.open(about, "w", force_zip64=True) as target:
                while block := source.read(1 << 20):
                    target.write(block)
