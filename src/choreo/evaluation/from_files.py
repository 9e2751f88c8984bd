"""Tables 2 and 2x of dances that lie in a folder, against a packed dataset of real ones."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import choreo
from choreo import provenance
from choreo.config.reserved import REMEDY, is_reserved
from choreo.errors import ItemError
from choreo.evaluation.beat_scores import TOLERANCE
from choreo.evaluation.bounds import measure_bounds
from choreo.evaluation.inputs import (
    known_beats,
    load_extractor,
    read_dances,
    read_held_out,
    read_music,
    read_real,
    trained_on,
)
from choreo.evaluation.measurements import Measurements, measure
from choreo.evaluation.released_fid import fid_or_reason
from choreo.evaluation.systems import evaluate_model, extractor_of, real_record
from choreo.evaluation.table2 import table2
from choreo.evaluation.table2x import TABLES, extended
from choreo.files import sha256
from choreo.videos.audio import read_song


def find_dances(folder: str | Path) -> dict[tuple[str, int], dict[str, Path]]:
    """Find generated dances by the names of their folders.

    Parameters
    ----------
    folder : str or Path
        With ``MODEL/seedN/SONG.npz``, as a study's ``dances`` has it, or
        ``MODEL/SONG.npz`` for models of one training.

    Returns
    -------
    dict of (str, int) to dict of str to Path
        (model, seed) -> song -> track.

    Raises
    ------
    ItemError
        Where there is none, a model has the name of another row of the tables, or its
        seeds dance to different songs.
    """
    found: dict[tuple[str, int], dict[str, Path]] = {}
    for path in sorted(Path(folder).glob("*/*.npz")):
        found.setdefault((path.parent.name, 1), {})[path.stem] = path
    for path in sorted(Path(folder).glob("*/seed*/*.npz")):
        seed = re.fullmatch(r"seed(\d+)", path.parent.name)
        if seed:
            own = found.setdefault((path.parts[-3], int(seed[1])), {})
            if path.stem in own:
                raise ItemError("two dances of one seed to one song", where=path)
            own[path.stem] = path
    if not found:
        raise ItemError(
            "no dances", where=folder, remedy="Name them MODEL/seedN/SONG.npz or MODEL/SONG.npz"
        )
    songs: dict[str, set[str]] = {}
    for (model, _), tracks in found.items():
        if is_reserved(model):
            raise ItemError(
                "a model's folder has the name of another row of the tables",
                where=Path(folder) / model,
                remedy=REMEDY,
            )
        if songs.setdefault(model, set(tracks)) != set(tracks):
            raise ItemError(
                "the seeds of a model dance to different songs",
                where=model,
                value=", ".join(sorted(songs[model] ^ set(tracks))[:5]),
            )
    return dict(sorted(found.items()))


def find_songs(folder: str | Path, songs: Iterable[str]) -> dict[str, Path]:
    """Find the sound of songs.

    Parameters
    ----------
    folder : str or Path
        With ``SONG.wav`` or another file of that name that ffmpeg reads.
    songs : iterable of str

    Raises
    ------
    ItemError
        Where a song has no file, or several.
    """
    files: dict[str, list[Path]] = {}
    for path in sorted(Path(folder).iterdir() if Path(folder).is_dir() else ()):
        if path.is_file():
            files.setdefault(path.stem, []).append(path)
    for song in sorted(songs):
        if len(files.get(song, ())) != 1:
            raise ItemError(
                f"one file named {song}.wav (or .mp3, ...) is needed",
                where=folder,
                value=", ".join(path.name for path in files.get(song, ())) or "none",
            )
    return {song: files[song][0] for song in sorted(songs)}


def evaluate_dances(
    dataset: str | Path,
    dances: Mapping[tuple[str, int], Mapping[str, str | Path]],
    songs: Mapping[str, str | Path],
    output: str | Path,
    *,
    extractor: str | Path | None = None,
    judge: str | Path | None = None,
    method: str = "thesis",
    tolerance: float = TOLERANCE,
    tracker: str = "librosa",
    beat_this: str | Path | None = None,
    seed: int = 1,
    study: str | None = None,
) -> list[dict[str, Any]]:
    """Evaluate generated dances against real ones, and write Tables 2 and 2x.

    Parameters
    ----------
    dataset : str or Path
        The packed file: real dances of the splits "train" and "test".
    dances : dict
        Of `find_dances`.
    songs : dict of str to path
        Of `find_songs`.
    output : str or Path
        Folder for ``table2.*``, ``table2x_*`` and, where none is given,
        ``extractor.safetensors``. Every table carries what it was made of (`made_of`).
    extractor : str or Path, optional
        A trained extractor; trained on the real training dances where there is none.
    judge : str or Path, optional
        Weights of the model whose D_global gives the released "FID".
    method, tolerance, tracker, beat_this
        See `choreo.evaluation.measurements.measure`.
    seed : int
        Of the extractor, the noise and the bootstrap.
    study : str, optional
        A name for the captions.

    Returns
    -------
    list of dict
        Records of `choreo.evaluation.table2.evaluate`: real dances, then every model and
        seed.

    Raises
    ------
    ItemError
        Where a file can't be used, or something is evaluated that was trained on.
    """
    output = Path(output)
    training = read_real(dataset, "train", sound=False)
    if extractor is None:
        extractor = output / "extractor.safetensors"
        extractor_of(dataset, training, seed=seed).save(extractor)
    network = load_extractor(extractor, dataset)
    rules: dict[str, Any] = {"method": method, "tolerance": tolerance}
    rules |= {"tracker": tracker, "beat_this": beat_this}
    real = measure(training, network)
    # Of a study that lies around the dances.
    rules["truth"] = known_beats(next(iter(next(iter(dances.values())).values())))
    bounding = measure_bounds(
        read_held_out(dataset),
        training,
        network,
        training_music=read_music(dataset, "train"),
        seed=seed,
        **rules,
    )
    records = [real_record(bounding["real"], real, dataset, **rules)]
    models: dict[str, list[Measurements]] = {}
    for (model, number), tracks in dances.items():
        fid = None
        if judge is not None:
            made = read_dances(tracks, songs, method=method, read=read_song)
            fid = fid_or_reason(made, training, judge, seed=seed)
        measured, record = evaluate_model(
            tracks,
            songs,
            dataset,
            network,
            real,
            model=model,
            seed=number,
            seen=trained_on(next(iter(tracks.values()))),
            training=training,
            released_fid=fid,
            read=read_song,
            **rules,
        )
        records.append(record)
        models.setdefault(model, []).append(measured)
    options = {"method": method, "tolerance": f"{tolerance:g}", "seed": seed}
    options |= {"extractor": _named(extractor), "judge": _named(judge)}
    options |= {"tracker": records[0]["tracker"]}
    options |= {"beat_this": _named(beat_this)} if beat_this else {}
    about = made_of(dataset, dances, options)
    signed(table2(records, study=study), about).write(output / "table2")
    found = extended(models, bounding, real, seed=seed)
    for part, table in TABLES.items():
        signed(table(found, study=study), about).write(output / f"table2x_{part}")
    return records


def _named(path):
    return "none" if path is None else f"{Path(path).name} {sha256(path)[:12]}"


def made_of(dataset, dances, options):
    """What tables of files were made by and of: `choreo.provenance` for no workflow.

    Parameters
    ----------
    dataset : str or Path
    dances : dict
        Of `find_dances`.
    options : dict of str to object
        Those that the numbers depend on.

    Returns
    -------
    dict of str to str or int
        `commit` (of the code), `dataset` and `dances` (the first 12 digits of their
        SHA-256), `options`, `test_songs`, `training_seeds`.
    """
    seeds = {}
    for model, seed in dances:
        seeds.setdefault(model, []).append(seed)
    files = [
        f"{model} {seed} {song} {sha256(path)}"
        for (model, seed), tracks in sorted(dances.items())
        for song, path in sorted(tracks.items())
    ]
    return {
        "commit": provenance.commit(Path(choreo.__file__).resolve().parents[2]),
        "dataset": sha256(dataset)[:12],
        "dances": hashlib.sha256("\n".join(files).encode()).hexdigest()[:12],
        "options": ", ".join(f"{name} {value}" for name, value in options.items()),
        "test_songs": len({song for tracks in dances.values() for song in tracks}),
        "training_seeds": "; ".join(f"{m} {' '.join(map(str, s))}" for m, s in seeds.items()),
    }


def signed(table, about):
    """The table with `made_of` in columns of its .csv and in a note."""
    commit = about["commit"]
    note = (
        f"Made by choreo evaluate. {'Commit ' if commit != 'no git' else 'Code: '}{commit}; "
        f"dataset {about['dataset']}, dances {about['dances']} (SHA-256); {about['options']}; "
        f"{about['test_songs']} test songs; training seeds: {about['training_seeds']}."
    )
    return replace(table, frame=table.frame.assign(**about), notes=(*table.notes, note))
