"""The page of the claims audit lists the claims that Table 3 tests."""

import importlib.util
from pathlib import Path

from choreo.evaluation.claims import CLAIMS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_what_the_script_makes():
    """`python docs/claims.py` makes it."""
    spec = importlib.util.spec_from_file_location("docs_claims", DOCS / "claims.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = module.PAGE.read_text(encoding="utf-8")
    assert module.MARK in text
    assert text == module.page(text)
    assert all(f"**{claim.number}. {claim.claim}**" in text for claim in CLAIMS)
