"""What mkdocs (mkdocs.yml) is told of this project's Markdown, which GitHub shows as well.

Some pages of the site lie elsewhere in the project; links are those of the files, and lists may
follow a line of text.
"""

import json
import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).parent.parent
PAGES = {
    "index.md": "README.md",
    "settings.md": "config/README.md",
    "environments.md": "envs/README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changes.md": "CHANGELOG.md",
    "notebook.md": "docs/notebook.ipynb",
}
"""Page of the site -> the project's file that it is made of."""

_CODE_OR_LINK = re.compile(
    r"(?P<code>^```.*?^```|(?<=\n\n)(?:(?: {4}|\t)[^\n]*\n)+|`[^`\n]*`)"
    r"|\[(?P<text>(?:[^\[\]]|\[[^\[\]]*\])*)\]\((?P<target>[^()\s]+)\)",
    re.MULTILINE | re.DOTALL,
)
_TABLE_OR_BLOCK = re.compile(r"(<table\b.*?</table>|<pre\b.*?</pre>)", re.DOTALL)
_CODE = re.compile(r"<code>([^<]*)</code>")
_PART = re.compile(r"(?<=\w)[./_=:,](?=[\w{])")
SHORT = 18
"""Characters of code that are kept in one line."""
_ITEM = re.compile(r"(?:[-*] |\d+\. |\|)")


def on_files(files, config):
    """Add the pages that lie elsewhere."""
    for page, path in PAGES.items():
        text = (ROOT / path).read_text(encoding="utf-8")
        text = cells(text) if path.endswith(".ipynb") else text
        files.append(File.generated(config, page, content=text))
    return files


def cells(notebook):
    """Text of a notebook's cells as Markdown, without what they gave."""
    parts = []
    for cell in json.loads(notebook)["cells"]:
        text = "".join(cell["source"])
        parts.append(f"```python\n{text}\n```" if cell["cell_type"] == "code" else text)
    return "\n\n".join(parts) + "\n"


def on_page_markdown(markdown, page, config, files):
    """Bring a page to what mkdocs reads."""
    uri = page.file.src_uri
    return spaced(linked(markdown, uri, PAGES.get(uri, f"docs/{uri}")))


def on_page_content(html, page, config, files):
    """Say where names in code may be broken."""
    return breakable(html)


def breakable(html):
    """Break short code nowhere, and longer code of tables between the parts of names.

    Parameters
    ----------
    html : str
        Of a page; blocks of code stay as they are.

    Returns
    -------
    str
    """
    parts = _TABLE_OR_BLOCK.split(html)
    for place, part in enumerate(parts):
        if not part.startswith("<pre"):
            parts[place] = _CODE.sub(_in_table if part.startswith("<table") else _in_text, part)
    return "".join(parts)


def _in_text(match):
    return match[0] if len(match[1]) > SHORT else f'<code class="short">{match[1]}</code>'


def _in_table(match):
    return _PART.sub(r"\g<0><wbr>", match[0]) if len(match[1]) > SHORT else _in_text(match)


def linked(markdown, page, path):
    """Turn links between files of the project into links between pages.

    Parameters
    ----------
    markdown : str
    page : str
        Where the text stands in the site, from its root.
    path : str
        Where it stands in the project.

    Returns
    -------
    str
        A file of the project that is no page is named and not linked. Links to what does not
        exist stay, and mkdocs warns of them.
    """
    homes = {source: uri for uri, source in PAGES.items()}

    def replaced(match):
        text, target = match["text"], match["target"]
        if match["code"] or "://" in target or target.startswith(("#", "mailto:")):
            return match[0]
        name, mark, anchor = target.partition("#")
        meant = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
        inside = homes.get(meant)
        if inside is None and meant.startswith("docs/"):
            inside = meant.removeprefix("docs/")
        if inside is not None:
            start = posixpath.dirname(page) or "."
            return f"[{text}]({posixpath.relpath(inside, start)}{mark}{anchor})"
        if (ROOT / meant).exists():
            return f"`{meant}`" if text.strip("`") == meant else f"{text} (`{meant}`)"
        return match[0]

    return _CODE_OR_LINK.sub(replaced, markdown)


def spaced(markdown):
    """Lay lists and tables out as Python-Markdown wants them, which GitHub does not ask for.

    There is an empty line before a list or table that follows text, and what belongs to an item
    is indented by four spaces.
    """
    # In a list; and in an item's first lines, which another item may follow at once.
    lines, fence, in_list, in_item = [], None, False, False
    for line in markdown.splitlines():
        body = line.lstrip(" ")
        indent = len(line) - len(body)
        marks = body.startswith("```")
        if fence is None:
            item = indent == 0 and bool(_ITEM.match(line))
            row = line.startswith("|")
            above = lines[-1] if lines else ""
            if item:
                if above.strip() and not (above.startswith("|") if row else in_item):
                    lines.append("")
                in_list = in_item = not row
            elif not body:
                in_item = False
            elif indent == 0 and not above.strip():
                in_list = False
        within = in_list and (1 < indent < 4 if fence is None else fence > 0)
        if marks:
            fence = indent if fence is None else None
        lines.append(" " * (4 - min(indent, 3)) + line if within and body else line)
    return "\n".join(lines) + "\n"
