"""Write the list of claims in docs/claims_audit.md from `choreo.evaluation.claims.CLAIMS`.

The verdicts are those of docs/audit/table3.csv (docs/audit.py keeps it); of claims that it left
out, those of the run before it.
``.venv/bin/python docs/claims.py``; a test holds it.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from choreo.evaluation.claims import CLAIMS
from choreo.files import write_text

PAGE = Path(__file__).with_name("claims_audit.md")
FOUND = Path(__file__).with_name("audit") / "table3.csv"
BEFORE = FOUND.with_name("table3_twelve_epochs.csv")
MARK = "<!-- made by `python docs/claims.py`; what is below is written over -->\n"


def page(text):
    """The page's text with the list of claims made anew.

    Parameters
    ----------
    text : str
        The page as it is; what stands above the mark stays.

    Returns
    -------
    str
    """
    lines = []
    found, before = (
        pd.read_csv(path, dtype={"number": str}).set_index("number") for path in (FOUND, BEFORE)
    )
    for claim in CLAIMS:
        row, run = found.loc[claim.number], ""
        if np.isnan(row["difference"]) and not np.isnan(before.loc[claim.number, "difference"]):
            row, run = before.loc[claim.number], ", twelve epochs"
        why = f": {row['why']}" if isinstance(row["why"], str) else ""
        lines += [
            "",
            f"**{claim.number}. {claim.claim}** ({claim.source}).",
            f"*What the thesis tested*: {claim.tested} *Our experiment*: {claim.experiment}",
            f"*On two cores{run}*: **{row['verdict']}**{why}.",
        ]
    return text.split(MARK)[0] + MARK + "\n".join(lines) + "\n"


if __name__ == "__main__":
    write_text(PAGE, page(PAGE.read_text(encoding="utf-8")))
