"""Poses without pictures: the true joints of a demo dancer with known faults, and the song.

For studies that are too large to be drawn and looked at by an estimator. The faults are
those of the cleaning benchmark, so that cleaning has something to do.
"""

from __future__ import annotations

from pathlib import Path

from choreo.cleaning.faults import corrupt
from choreo.evaluation.claims import CORRUPTED_RATE
from choreo.files.temporary import temporary_folder
from choreo.media import SAMPLE_RATE
from choreo.pose.track import PoseTrack
from choreo.synth.clips import make_tracks
from choreo.synth.names import derived_seed
from choreo.videos.wav import read_wav, write_song


def simulate(
    source: str,
    *,
    track: str | Path,
    audio: str | Path,
    start: float | None = None,
    end: float | None = None,
    seed: int = 0,
) -> None:
    """Write a dancer's poses as an estimator with known faults would find them.

    Parameters
    ----------
    source : str
        ``demo:<song>/<dancer>/<take>``.
    track : str or Path
        The `PoseTrack` to write: COCO-17, pixels of a 640 x 360 picture, 30 a second, of
        whose frames `choreo.evaluation.claims.CORRUPTED_RATE` have a fault.
    audio : str or Path
        The clip's part of the song to write: 16 kHz, mono, 16 bit.
    start, end : float, optional
        Part of the song in seconds.
    seed : int
        Of the study.

    Raises
    ------
    ItemError
        Where the source or the span can't be used.
    """
    with temporary_folder() as folder:
        truth, song, beats = (folder / name for name in ("t.npz", "s.wav", "b.json"))
        make_tracks(source, truth=truth, song=song, beats=beats, start=start, end=end, seed=seed)
        true, samples = PoseTrack.load(truth), read_wav(song)
    corrupted = corrupt(true, CORRUPTED_RATE, derived_seed("faults", source, seed)).track
    meta = {**true.meta, "estimator": "simulated", "corrupted": CORRUPTED_RATE}
    write_song(audio, [samples], len(samples), rate=SAMPLE_RATE)
    corrupted.with_(meta=meta).save(track)
