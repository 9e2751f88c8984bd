"""Write the list of claims in docs/claims_audit.md from `choreo.evaluation.claims.CLAIMS`.

The verdicts are those of docs/audit/table3.csv (docs/audit.py keeps it).
``.venv/bin/python docs/claims.py``; a test holds it.
"""

from pathlib import Path

import pandas as pd

from choreo.evaluation.claims import CLAIMS
from choreo.files import write_text

PAGE = Path(__file__).with_name("claims_audit.md")
FOUND = Path(__file__).with_name("audit") / "table3.csv"
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
    found = pd.read_csv(FOUND, dtype={"number": str}).fillna("").set_index("number")
    for claim in CLAIMS:
        row = found.loc[claim.number]
        why = f": {row['why']}" if row["why"] else ""
        lines += [
            "",
            f"**{claim.number}. {claim.claim}** ({claim.source}).",
            f"*What the thesis tested*: {claim.tested} *Our experiment*: {claim.experiment}",
            f"*On two cores*: **{row['verdict']}**{why}.",
        ]
    return text.split(MARK)[0] + MARK + "\n".join(lines) + "\n"


if __name__ == "__main__":
    write_text(PAGE, page(PAGE.read_text(encoding="utf-8")))
