"""Tables 2 and 2x of dances that lie in a folder, against a packed dataset of real ones."""

import re
from pathlib import Path

from choreo.errors import ItemError
from choreo.evaluation.beat_scores import TOLERANCE
from choreo.evaluation.bounds import measure_bounds
from choreo.evaluation.extractor import Extractor, train_extractor
from choreo.evaluation.inputs import read_dances, read_music, read_real, shared_dancers
from choreo.evaluation.measurements import measure, one_dance_a_song
from choreo.evaluation.released_fid import fid_or_reason
from choreo.evaluation.table2 import evaluate, table2
from choreo.evaluation.table2x import TABLES, extended


def find_dances(folder):
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
        Where there is none, or a model's seeds dance to different songs.
    """
    found = {}
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
    songs = {}
    for (model, _), tracks in found.items():
        if songs.setdefault(model, set(tracks)) != set(tracks):
            raise ItemError(
                "the seeds of a model dance to different songs",
                where=model,
                value=", ".join(sorted(songs[model] ^ set(tracks))[:5]),
            )
    return dict(sorted(found.items()))


def find_songs(folder, songs):
    """Find the sound of songs.

    Parameters
    ----------
    folder : str or Path
        With ``SONG.wav`` or another file of that name that ffmpeg reads.
    songs : iterable of str

    Returns
    -------
    dict of str to Path

    Raises
    ------
    ItemError
        Where a song has no file, or several.
    """
    files = {}
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
    dataset,
    dances,
    songs,
    output,
    *,
    extractor=None,
    judge=None,
    method="thesis",
    tolerance=TOLERANCE,
    seed=1,
    study=None,
):
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
        ``extractor.safetensors``.
    extractor : str or Path, optional
        A trained extractor; trained on the real training dances where there is none.
    judge : str or Path, optional
        Weights of the model whose D_global gives the released "FID".
    method, tolerance
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
        train_extractor(training.pixels, training.songs, seed=seed).save(extractor)
    extractor = Extractor.load(extractor)
    rules = {"method": method, "tolerance": tolerance}
    real = measure(training, extractor)
    bounding = measure_bounds(
        one_dance_a_song(read_real(dataset, "test", sound=True)),
        training,
        extractor,
        training_music=read_music(dataset, "train"),
        seed=seed,
        **rules,
    )
    held_out = evaluate(bounding["real"], real, system="real")
    records, models = [held_out | {"shared_dancers": shared_dancers(dataset)}], {}
    for (model, number), tracks in dances.items():
        pieces = read_dances(tracks, songs, method=method)
        measured = measure(pieces, extractor, **rules)
        fid = None if judge is None else fid_or_reason(pieces, training, judge, seed=seed)
        records.append(evaluate(measured, real, system=model, seed=number, released_fid=fid))
        models.setdefault(model, []).append(measured)
    table2(records, study=study).write(output / "table2")
    found = extended(models, bounding, real, seed=seed)
    for part, table in TABLES.items():
        table(found, study=study).write(output / f"table2x_{part}")
    return records
