"""What is wrong with a setting, in words that a person can act on."""

import datetime
import difflib

from pydantic import BaseModel

from choreo.config.limits import allowed_numbers
from choreo.errors import ConfigError, first_complaint


def explain(error, model, where):
    """Turn pydantic's first complaint into a ConfigError a person can act on."""
    first = error.errors()[0]
    key, message, _ = first_complaint(error)
    value = first.get("input")
    if first["type"] == "extra_forbidden":
        allowed = _keys(model, first["loc"][:-1])
        close = difflib.get_close_matches(str(first["loc"][-1]), allowed, 1)
        hint = f"Did you mean {close[0]!r}? " if close else ""
        return ConfigError(
            f"unknown key {key!r}", where=where, remedy=f"{hint}Allowed here: {', '.join(allowed)}"
        )
    if first["type"] == "missing":
        return ConfigError(f"{key!r} is missing", where=where, remedy="It has no default")
    shown = None if isinstance(value, (dict, BaseModel)) else value
    if isinstance(value, (datetime.date, datetime.datetime)):
        shown = str(value)
    form = allowed_numbers(model, first["loc"], value) or _form(model, first, value)
    return ConfigError(
        f"{key}: {message}" if key else message,
        where=where,
        value=shown,
        # The message itself says what is allowed; this, what it is for.
        remedy=form or "config/README.md explains each",
    )


def _form(model, complaint, value):
    """How a setting of another form is written; None where that is no matter of form."""
    kind, last = complaint["type"], complaint["loc"][-1:]
    if kind == "list_type" and not isinstance(value, dict):
        return "Write a list: [" + ("..." if value in (None, "") else str(value)[:60]) + "]"
    if kind in ("dict_type", "model_type"):
        allowed = _keys(model, complaint["loc"])
        named = f". Allowed: {', '.join(allowed)}" if allowed else ""
        return f"Write `key: value` in lines of their own{' under it' if last else ''}{named}"
    if kind == "string_type":
        return "Write one word or text" + (", or leave it out" if value is None else "")
    return None


def _keys(model, location):
    for part in location:
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return []
        model = model.model_fields[part].annotation if part in model.model_fields else None
    return list(getattr(model, "model_fields", ()))
