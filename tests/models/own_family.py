"""The worked example of docs/adding/family.md as a file."""

from pathlib import Path

import worked_examples


def write(path):
    """Write the example's code to a file."""
    blocks = worked_examples.blocks("adding/family")
    (code,) = (text for _, language, text in blocks if language == "python")
    Path(path).write_text(code, encoding="utf-8")
