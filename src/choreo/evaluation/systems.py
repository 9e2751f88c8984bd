"""The stage: real dances and those of one model, measured, with their rows of Table 2.

What the rules call with one model, `choreo evaluate` calls with every model of a folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from choreo.dataset.pack import ChunkDataset
from choreo.dataset.seen import seen_in
from choreo.evaluation.extractor import Extractor, train_extractor
from choreo.evaluation.inputs import (
    check_not_trained_on,
    check_unseen,
    load_extractor,
    read_dances,
    read_held_out,
    read_real,
    shared_dancers,
    trained_in,
)
from choreo.evaluation.measurements import Measurements, measure
from choreo.evaluation.segments import Segments
from choreo.evaluation.table2 import evaluate
from choreo.videos.wav import Reader, read_wav

Paths = Mapping[str, "str | Path"]
"""Song -> file."""


def extractor_of(
    dataset: str | Path, training: Segments | None = None, *, seed: int = 1
) -> Extractor:
    """Train the feature extractor on the real training dances of a dataset.

    Parameters
    ----------
    dataset : str or Path
        The packed file.
    training : Segments, optional
        Its training dances, where they were read before.
    seed : int
    """
    if training is None:
        training = read_real(dataset, "train", sound=False)
    seen = seen_in(ChunkDataset(dataset, "train"))
    return train_extractor(training.pixels, training.songs, seen=seen, seed=seed)


def evaluate_real(
    dataset: str | Path, extractor: str | Path, **rules: Any
) -> tuple[Measurements, dict[str, Any]]:
    """Measure the real dances of a dataset.

    Parameters
    ----------
    dataset : str or Path
        The packed file.
    extractor : str or Path
    **rules
        `method`, `tolerance`, `tracker`, `beat_this` and `truth` of
        `choreo.evaluation.measurements.measure`.

    Returns
    -------
    real : Measurements
        Of the training dances, which all are compared with.
    record : dict
        Of the held-out dances: see `real_record`.

    Raises
    ------
    ItemError
        See `choreo.evaluation.inputs.read_real` and `load_extractor`.
    """
    network = load_extractor(extractor, dataset)
    real = measure(read_real(dataset, "train", sound=False), network)
    # Not taken from the bounding rows, which Table 2 would wait for.
    held_out = read_held_out(dataset)
    return real, real_record(measure(held_out, network, **rules), real, dataset, **rules)


def real_record(
    held_out: Measurements, real: Measurements, dataset: str | Path, **rules: Any
) -> dict[str, Any]:
    """Record of the held-out real dances: that of `evaluate`, `shared_dancers` and `tracker`."""
    tracker = "beat_this" if rules.get("beat_this") else rules["tracker"]
    about = {"shared_dancers": shared_dancers(dataset), "tracker": tracker}
    return evaluate(held_out, real, system="real") | about


def measure_model(
    tracks: Paths,
    songs: Paths,
    dataset: str | Path,
    extractor: Extractor,
    *,
    model: str,
    seed: int,
    seen: Mapping[str, list[str]] | None,
    held_out: Iterable[str] = (),
    method: str = "thesis",
    read: Reader = read_wav,
    **rules: Any,
) -> tuple[Segments, Measurements, bool]:
    """Measure the dances of one model and seed, which must not have seen what it dances to.

    Parameters
    ----------
    tracks, songs, read
        See `choreo.evaluation.inputs.read_dances`.
    seen : dict or None
        What the model was trained on (`choreo.evaluation.inputs.trained_on`).
    dataset : str or Path
        The packed file.
    extractor : Extractor
    model, seed
        For messages.
    held_out : iterable of str
        Songs besides the test songs of the dataset that must not have been trained on.
    method, **rules
        See `choreo.evaluation.measurements.measure`.

    Returns
    -------
    dances : Segments
    measured : Measurements
    known : bool
        Whether it is known what the model was trained on.

    Raises
    ------
    ItemError
        Where a file can't be used, or something is evaluated that was trained on.
    """
    known = check_unseen(seen, dataset, where=f"{model}, seed {seed}", songs=held_out)
    dances = read_dances(tracks, songs, method=method, read=read)
    for trained in (trained_in(dataset), (extractor.songs, extractor.videos)):
        check_not_trained_on(dances, *trained)
    return dances, measure(dances, extractor, method=method, **rules), known


def evaluate_model(
    tracks: Paths,
    songs: Paths,
    dataset: str | Path,
    extractor: Extractor,
    real: Measurements,
    *,
    model: str,
    seed: int,
    training: Segments | None = None,
    released_fid: Mapping[str, Any] | None = None,
    **options: Any,
) -> tuple[Measurements, dict[str, Any]]:
    """Measure the dances of one model and seed and compare them with real ones.

    Parameters
    ----------
    tracks, songs, dataset, extractor, model, seed, **options
        See `measure_model`.
    real : Measurements
        Of the real training dances.
    training : Segments, optional
        The real training dances, where they were read before.
    released_fid : dict, optional
        Of `choreo.evaluation.released_fid.fid_or_reason`.

    Returns
    -------
    measured : Measurements
    record : dict
        Of `choreo.evaluation.table2.evaluate`, and `training_known`.
    """
    if training is None:
        training = read_real(dataset, "train", sound=False)
    options |= {"training": training}
    _, measured, known = measure_model(
        tracks, songs, dataset, extractor, model=model, seed=seed, **options
    )
    record = evaluate(measured, real, system=model, seed=seed, released_fid=released_fid)
    return measured, record | {"training_known": known}
