"""The page of the claims audit lists the claims that Table 3 tests."""

from pathlib import Path

from scripts import load_script

from choreo.evaluation.claims import CLAIMS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_what_the_script_makes():
    """`python docs/claims.py` makes it."""
    module = load_script(DOCS / "claims.py")
    text = module.PAGE.read_text(encoding="utf-8")
    assert module.MARK in text
    assert text == module.page(text)
    assert all(f"**{claim.number}. {claim.claim}**" in text for claim in CLAIMS)
