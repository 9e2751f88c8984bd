"""What the verbs of ``choreo`` share: kinds of numbers, and how they answer."""

import argparse
import json
import math
import sys

from choreo.errors import plain

MAX_SEED = 2**63 - 1
"""Largest seed that every generator and file format takes."""


def _number(text, kind, allowed, what):
    try:
        value = kind(text)
        finite = math.isfinite(value)
    except (ValueError, OverflowError):
        finite = False
    if not finite or not allowed(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
    return value


def positive(text):
    """Read a number above 0."""
    return _number(text, float, lambda value: value > 0, "a number above 0")


def not_negative(text):
    """Read a number of 0 or more."""
    return _number(text, float, lambda value: value >= 0, "a number of 0 or more")


def heights(text):
    """Read a fraction of the dancer's height."""
    return _number(
        text,
        float,
        lambda value: 0 < value <= 2,
        "a fraction of the dancer's height: above 0 and at most 2",
    )


def share(text):
    """Read a number from 0 to below 1."""
    return _number(text, float, lambda value: 0 <= value < 1, "a number from 0 to below 1")


def some(text):
    """Read a share above 0, up to all."""
    return _number(text, float, lambda value: 0 < value <= 1, "a number above 0 and at most 1")


def whole(text):
    """Read a whole number of 0 or more."""
    return _number(text, int, lambda value: value >= 0, "a whole number of 0 or more")


def seed(text):
    """Read the seed of a draw."""
    what = f"a whole number from 0 to {MAX_SEED} (2^63 - 1)"
    return _number(text, int, lambda value: 0 <= value <= MAX_SEED, what)


def words(text):
    """Read words with commas between them."""
    return [word.strip() for word in text.split(",") if word.strip()]


def size(text):
    """Read a width and a height, such as 640x360."""
    width, _, height = text.lower().partition("x")
    try:
        return int(width), int(height)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not WIDTHxHEIGHT, such as 640x360") from None


def print_anywhere():
    """Let what is printed reach any terminal: what its encoding lacks becomes an escape."""
    for stream in (sys.stdout, sys.stderr):
        # None where there is no terminal; a test's stand-in may be no text file.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def tell(text, file=None):
    """Print text that may hold names and titles from outside, which then move no cursor."""
    print(plain(text), file=file)


def say(options, record, lines):
    """Print a record as JSON where ``--json`` was given, else the lines."""
    if options.json:
        print(json.dumps(record, indent=2, allow_nan=False))
    else:
        tell("\n".join(lines))


def show(value, form=".3g", unit=""):
    """Format a number for people; "none" for None."""
    return "none" if value is None else f"{value:{form}}{unit}"
