"""Segments from files: real ones from the packed dataset, generated ones from tracks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, Field, RootModel

from choreo.dataset import layout
from choreo.dataset.pack import ChunkDataset, check_splits
from choreo.dataset.seen import refuse_seen, same_content, seen_in
from choreo.errors import ItemError
from choreo.evaluation.extractor import Extractor
from choreo.evaluation.measurements import longest_dances
from choreo.evaluation.music_spectra import music_spectra
from choreo.evaluation.segments import Segments, canvas_pixels, join, segments_from_track
from choreo.files.outside import load_json, reading
from choreo.pose.track import PoseTrack
from choreo.videos.wav import Reader, read_wav


class _Summary(BaseModel):
    """What is read of a training's ``metrics.json``."""

    trained_on: dict[str, list[str]] | None = None


class _Beats(RootModel):
    """Songs and videos with their true beats."""

    root: dict[str, list[Annotated[float, Field(allow_inf_nan=False)]]]


_BLOCK = 64
"""Chunks that are read at once: their sound takes 10 MB."""


def read_real(
    dataset: str | Path, split: str, *, sound: bool, one_a_song: bool = False
) -> Segments:
    """Real dances of one split of a packed dataset.

    Parameters
    ----------
    dataset : str or Path
        The packed file.
    split : {"train", "validation", "test"}
    sound : bool
        Whether to keep the music, which beats need. Without it 10,000 chunks take 72 MB; with it
        1.7 GB.
    one_a_song : bool
        Read only the `longest_dances`.

    Returns
    -------
    Segments
        Dances are named by their video.

    Raises
    ------
    ItemError
        Where the split has no chunk; for "test" also where it has poses or sound of
        another split under another name.
    ConfigError
        Where two splits share what the dataset was divided by (song, video, dancer).
    """
    clips, by = _clips(dataset)
    check_splits(clips, by)
    chunks = ChunkDataset(dataset, split)
    if not len(chunks):
        raise ItemError(
            f"the dataset has no {split} chunk",
            where=dataset,
            remedy="Give the study more songs, or set `split` in its videos table",
        )
    same = same_content(dataset) if split == "test" else []
    if same:
        raise ItemError(
            "two splits share content under different names",
            where=dataset,
            value="; ".join(same[:3]),
            remedy="Give a song one id, and each clip once",
        )
    ids = [chunks.clips[number] for number in chunks.clip]
    songs, dances = (np.array([clip[name] for clip in ids], str) for name in ("song", "video"))
    taken = longest_dances(songs, dances) if one_a_song else np.arange(len(chunks))
    shapes = layout.shapes(chunks.description)
    # Filled block by block: a list of blocks and the whole of it would be twice as much.
    pixels = np.empty((len(taken), *shapes["pose"]), np.float32)
    audio = np.empty((len(taken), *shapes["audio"]), layout.ARRAYS["audio"]) if sound else None
    for numbers in _blocks(len(taken)):
        rows = slice(numbers.start, numbers.stop)
        block = chunks.stored(taken[rows])
        pixels[rows] = canvas_pixels(block["pose"], chunks.canvas)
        if audio is not None:
            audio[rows] = block["audio"]
    chunks.close()
    return Segments(
        pixels,
        songs[taken],
        dances[taken],
        chunks.start_seconds[taken],
        audio,
        chunks.description.fps,
        chunks.canvas,
    )


def read_held_out(dataset: str | Path) -> Segments:
    """Real dances to evaluate on: one dance a song of the test split, with music.

    Raises
    ------
    ItemError
        As of `read_real`, and where a song of theirs is trained on, as it may be where a
        dataset was divided by something else.
    """
    held_out = read_real(dataset, "test", sound=True, one_a_song=True)
    check_not_trained_on(held_out, *trained_in(dataset))
    return held_out


def trained_in(dataset: str | Path) -> tuple[set[str], set[str]]:
    """Songs and videos of a packed dataset's training split."""
    clips = [clip for clip in _clips(dataset)[0] if clip["split"] == "train"]
    return {clip["song"] for clip in clips}, {clip["video"] for clip in clips}


def check_not_trained_on(dances: Segments, songs: Iterable[str], videos: Iterable[str]) -> None:
    """Refuse to evaluate what was trained on.

    Parameters
    ----------
    dances : Segments
        Generated or held-out real dances.
    songs, videos : iterable of str
        That a network was trained on, or that dances are compared with.

    Raises
    ------
    ItemError
        Where one is evaluated.
    """
    for what, ours, theirs in (("song", dances.songs, songs), ("dance", dances.dances, videos)):
        both = sorted(set(map(str, ours)) & set(map(str, theirs)))
        if both:
            raise ItemError(
                f"a {what} is evaluated that is also trained on",
                value=", ".join(both[:5]),
                remedy="Split the dataset by song, and evaluate only the test songs",
            )


def shared_dancers(dataset):
    """Dancers of the test split that are in the training split too.

    Parameters
    ----------
    dataset : str or Path
        The packed file.

    Returns
    -------
    list of str
        Sorted; empty where the dataset was divided by dancer.
    """
    of = {"train": set(), "test": set()}
    for clip in _clips(dataset)[0]:
        of.get(clip["split"], set()).add(clip["dancer"])
    return sorted(of["train"] & of["test"])


def check_unseen(seen, dataset, *, where, songs=()):
    """Refuse a network that was trained on something of a dataset's test split.

    Parameters
    ----------
    seen : dict or None
        What it was trained on (`choreo.dataset.seen.seen_in`); None where nobody knows.
    dataset : str or Path
        The packed file.
    where : str or Path
        The network, for the message.
    songs : iterable of str
        Further songs that it must not have been trained on.

    Returns
    -------
    bool
        Whether it could be checked.

    Raises
    ------
    ItemError
        Where a song, video or clip of the test split was trained on, or, where the
        dataset is divided by dancer, a dancer.
    """
    if seen is None:
        return False
    dancers = "dancer" in _clips(dataset)[1]
    tested = seen_in(ChunkDataset(dataset, "test"))
    tested["songs"] = sorted({*tested["songs"], *songs})
    refuse_seen(seen, tested, dancers=dancers, where=where)
    return True


def load_extractor(path: str | Path, dataset: str | Path) -> Extractor:
    """Read an extractor that was trained on nothing of a dataset's test split.

    Parameters
    ----------
    path : str or Path
    dataset : str or Path
        The packed file.

    Raises
    ------
    ItemError
        As `check_unseen`, or where the file is none.
    """
    extractor = Extractor.load(path)
    check_unseen(extractor.meta["seen"], dataset, where=path)
    return extractor


def trained_on(track):
    """What the model was trained on that made a dance.

    Parameters
    ----------
    track : str or Path
        ``.../dances/MODEL/seedN/SONG.npz`` of a study, whose trainings lie in
        ``.../training/MODEL/seedN``, or a dance with a ``metrics.json`` beside it.

    Returns
    -------
    dict or None
        Of `choreo.dataset.seen.seen_in`; None where there is no such file, or it does not
        know.

    Raises
    ------
    ItemError
        Where the file is broken.
    """
    folder, study = _places(track)
    for place in (folder, study / "training" / folder.parent.name / folder.name):
        if (place / "metrics.json").is_file():
            return seen_in_training(place / "metrics.json")
    return None


def seen_in_training(path: str | Path) -> dict[str, list[str]] | None:
    """What `trained_on` gives, of the ``metrics.json`` of a training."""
    what = "a metrics.json of a training"
    summary = load_json(path, what)
    with reading(path, what):
        return _Summary.model_validate(summary).trained_on


def known_beats(track):
    """True beats of songs, where a dance lies in a study that made them.

    Parameters
    ----------
    track : str or Path
        ``.../dances/MODEL/seedN/SONG.npz`` of a study.

    Returns
    -------
    dict of str to list of float
        As the rule `true_beats` writes them; empty elsewhere.

    Raises
    ------
    ItemError
        Where the file is broken.
    """
    path = _places(track)[1] / "evaluation" / "true_beats.json"
    return read_beats(path) if path.is_file() else {}


def read_beats(path: str | Path) -> dict[str, list[float]]:
    """Read what the rule `true_beats` wrote, as `known_beats` gives it."""
    what = "the true beats of a study"
    found = load_json(path, what)
    with reading(path, what):
        return _Beats.model_validate(found).root


def _places(track):
    """Folder of a dance, and of the study whose it would be."""
    folder = Path(track).absolute().parent
    return folder, folder.parents[2] if len(folder.parents) > 2 else folder


def _clips(dataset):
    with layout.open_dataset(dataset) as file:
        return layout.clips_of(file), layout.provenance_of(file).get("by") or ["video"]


def read_music(dataset: str | Path, split: str) -> np.ndarray:
    """Music features of one split's chunks, without holding their sound.

    Parameters
    ----------
    dataset : str or Path
        The packed file.
    split : {"train", "validation", "test"}

    Returns
    -------
    ndarray, shape (N, 60)
        `choreo.evaluation.music_spectra`, in the order of `read_real`.
    """
    chunks = ChunkDataset(dataset, split)
    found = [music_spectra(chunks.stored(rows)["audio"]) for rows in _blocks(len(chunks))]
    chunks.close()
    return np.concatenate(found)


def read_dances(
    tracks: Mapping[str, str | Path],
    songs: Mapping[str, str | Path],
    *,
    method: str = "thesis",
    read: Reader = read_wav,
) -> Segments:
    """Generated dances of one model and seed.

    Parameters
    ----------
    tracks : dict of str to path
        Song -> generated track (OpenPose-18, canvas pixels, 10 frames a second).
    songs : dict of str to path
        Song -> its sound.
    method : {"thesis", "released"}
        "released" cuts positions to whole pixels, as the released code stores them.
    read : callable
        Reads a song: `choreo.videos.audio.read_song` where choreo did not write it.

    Returns
    -------
    Segments
        Of all songs, in the order of `tracks`.

    Raises
    ------
    ItemError
        Where a file can't be used, or a dance is shorter than a segment.
    """
    parts = []
    for song, path in tracks.items():
        track = PoseTrack.load(path)
        if method == "released":
            track = track.with_(keypoints=np.trunc(track.keypoints))
        try:
            parts.append(segments_from_track(track, read(songs[song]), song))
        except ItemError as error:
            raise error.restated(ItemError, where=path) from None
    return join(parts)


def _blocks(count):
    return [range(start, min(start + _BLOCK, count)) for start in range(0, count, _BLOCK)]
