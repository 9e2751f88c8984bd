"""The worked example of docs/models.md as a file."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs" / "models.md"


def write(path):
    """Write the example's code to a file."""
    (code,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    Path(path).write_text(code, encoding="utf-8")
