"""Parts of sentences about what was measured."""

from collections.abc import Sequence


def listed(names: Sequence[str]) -> str:
    """Names as a sentence has them: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def counted(number: float, thing: str) -> str:
    """How many there are of a thing: "1 song", "1,200 songs"."""
    return f"{number:,.0f} {thing}" + ("" if number == 1 else "s")
