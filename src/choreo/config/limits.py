"""What settings may be, in the words of a message.

Imported while the DAG is built, so nothing heavy is imported here.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pydantic

MAX_SEED = 2**63 - 1
"""Largest seed that every generator and file format takes."""


def _as_meant(value):
    """How to write what was given in the place of a number, where that is plain: str or None."""
    if not isinstance(value, str):
        return None
    text = value.strip().replace("\u2212", "-")
    if re.fullmatch(r"[+-]?\d+,\d+", text):
        return f"Decimals are written with a point: {text.replace(',', '.')}"
    if re.fullmatch(r"\d+(:[0-5]?\d){1,2}([.,]\d+)?", text):
        seconds = 0.0
        for part in text.replace(",", ".").split(":"):
            seconds = seconds * 60 + float(part)
        return f"Write it in seconds, such as {seconds:g}"
    if match := re.fullmatch(
        r"([+-]?\d+(?:\.\d+)?)\s*(s|sec|secs|seconds?|px|pixels?|fps|hz)\.?", text, re.I
    ):
        return f"Write the number without a unit: {match[1]}"
    return None


@functools.cache
def _schema(model):
    return model.model_json_schema(mode="validation")


def allowed_numbers(
    model: type[pydantic.BaseModel], location: Sequence[str | int], value: object = None
) -> str | None:
    """What a setting of numbers may be, in words, and how to write what was given.

    Parameters
    ----------
    model : type of pydantic.BaseModel
        The settings.
    location : sequence of str or int
        Where the setting stands in them, as pydantic's errors say it.
    value : object, optional
        What was refused.

    Returns
    -------
    str or None
        None for what is no number, or has no bounds.
    """
    schema = _schema(model)

    def kinds(node):
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
        return (
            [kind for part in node["anyOf"] for kind in kinds(part)] if "anyOf" in node else [node]
        )

    nodes = [schema]
    for part in location:
        inside: list[dict[str, Any]] = []
        for node in nodes:
            others = node.get("items", node.get("additionalProperties"))
            inner = node.get("properties", {}).get(part, others)
            inside += kinds(inner) if isinstance(inner, dict) else []
        nodes = inside
    number = next((n for n in nodes if n.get("type") in ("number", "integer")), None)
    if number is None:
        return None
    if "enum" in number:
        return f"Allowed: {', '.join(f'{value:g}' for value in number['enum'])}"
    low = (
        f"above {number['exclusiveMinimum']}"
        if "exclusiveMinimum" in number
        else f"from {number['minimum']}"
        if "minimum" in number
        else ""
    )
    high = (
        f" and below {number['exclusiveMaximum']}"
        if "exclusiveMaximum" in number
        else f" {'and at most' if low.startswith('above') else 'to'} {number['maximum']}"
        if "maximum" in number
        else " up"
    )
    kind = "a whole number" if number["type"] == "integer" else "a number"
    null = ", or null" if any(n.get("type") == "null" for n in nodes) else ""
    said = (_as_meant(value), f"Allowed: {kind} {low}{high}{null}" if low else None)
    return ". ".join(filter(None, said)) or None
