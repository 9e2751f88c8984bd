"""Write the list of claims in docs/claims_audit.md from `choreo.evaluation.claims.CLAIMS`.

``.venv/bin/python docs/claims.py``; a test holds it. Verdicts are those of docs/audit/table3.csv.
"""

import csv
from pathlib import Path

from choreo.evaluation.claims import CLAIMS
from choreo.files import write_text

PAGE = Path(__file__).with_name("claims_audit.md")
FOUND = Path(__file__).parent / "audit" / "table3.csv"
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
    with open(FOUND, encoding="utf-8", newline="") as file:
        found = {row["number"]: row for row in csv.DictReader(file)}
    lines = []
    for claim in CLAIMS:
        row = found[claim.number]
        effect = "" if row["effect"] == "–" else f" {row['effect']}."
        lines += [
            "",
            f"**{claim.number}. {claim.claim}** ({claim.source}).",
            f"*What the thesis tested*: {claim.tested} *Our experiment*: {claim.experiment}",
            f"*On two cores*: **{row['verdict']}**.{effect} Why: {row['why']}.",
        ]
    return text.split(MARK)[0] + MARK + "\n".join(lines) + "\n"


if __name__ == "__main__":
    write_text(PAGE, page(PAGE.read_text(encoding="utf-8")))
