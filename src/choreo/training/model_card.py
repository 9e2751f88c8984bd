"""The card that goes with a model's weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from choreo.dataset.pack import info
from choreo.files import write_text
from choreo.rates import CHUNK_SECONDS

_OWN = "The weights are derived from the videos and songs they were trained on; whoever shares "


def model_card(summary, name, licences):
    """Describe a trained model for people.

    Parameters
    ----------
    summary : dict
        What ``metrics.json`` holds.
    name : str
        Name of the model.
    licences : list of str
        Licences of the training videos; "" where none is known.

    Returns
    -------
    str
        Markdown.
    """
    data, epochs = summary["data"], summary["recipe"].get("epochs")
    lines = [f"# {name}, seed {summary['seed']}", ""]
    if "imported" in summary:
        lines += [f"Weights of {summary['imported']['file']}, not trained here.", ""]
    elif summary["steps"]:
        lines += [
            f"Trained on {_chunks(data)} for {summary['steps']} steps of "
            f"{summary['batch_size']} chunks ({epochs} epochs), {summary['precision']}, on "
            f"{summary['device']}.",
            "",
        ]
    else:
        lines += [f"Made of {_chunks(data)}, not trained in steps.", ""]
    for note in summary.get("notes", ()):
        lines += [note, ""]
    lines += ["## Data", "", "| | |", "| --- | --- |"]
    lines += [f"| {key} | {_cell(value)} |" for key, value in data.items()]
    known = sorted({licence for licence in licences if licence})
    unknown = sum(not licence for licence in licences)
    lines += [
        f"| licences of the training videos | {', '.join(known) or 'none given'}"
        + (f"; {unknown} videos without" if unknown and known else "")
        + " |",
        "",
        f"{_OWN}them needs the right to do so under these licences.",
        "",
        "## Switches",
        "",
        "| switch | value |",
        "| --- | --- |",
    ]
    lines += [f"| {key} | {_cell(value)} |" for key, value in summary["recipe"].items()]
    if "fit" in summary:
        lines += ["", "## Fit", "", "Mean absolute error on the training chunks, in [-1, 1].", ""]
        lines += ["| | |", "| --- | --- |"]
        lines += [f"| {key} | {value:.4g} |" for key, value in summary["fit"].items()]
    if summary.get("last_epoch"):
        lines += ["", "## Losses, mean of the last epoch", "", "| loss | value |", "| --- | --- |"]
        lines += [
            f"| {key} | {'' if value is None else format(value, '.4g')} |"
            for key, value in summary["last_epoch"].items()
        ]
    return "\n".join(lines) + "\n"


def write_card(
    path: str | Path, summary: Mapping[str, Any], name: str, dataset: str | Path
) -> None:
    """Write the card of a model that was trained on a packed dataset (see `model_card`)."""
    clips = [clip for clip in info(dataset)["clips"] if clip["split"] == "train"]
    licences = [clip["provenance"].get("licence") or "" for clip in clips]
    write_text(path, model_card(summary, name, licences))


def _chunks(data):
    return f"{data['chunks']} chunks of {data.get('chunk_seconds', CHUNK_SECONDS):g} seconds"


def _cell(value):
    if isinstance(value, dict):
        return ", ".join(f"{k} {_cell(v)}" for k, v in value.items())
    if isinstance(value, list):
        return " x ".join(str(v) for v in value)
    return "none" if value is None else str(value)
