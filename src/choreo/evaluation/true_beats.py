"""Beats of made songs, which are known."""

from choreo.errors import ItemError
from choreo.synth.names import parse_source
from choreo.synth.songs import make_song


def true_beats(source, *, start=None, seed=0):
    """Beats of a demo clip's song, in seconds from the clip's first frame.

    Parameters
    ----------
    source : str
        Of the videos table.
    start : float, optional
        Seconds into the song at which the clip begins.
    seed : int
        Of the study.

    Returns
    -------
    list of float or None
        None for what is no demo clip.
    """
    try:
        name = parse_source(source).song
    except ItemError:
        return None
    beats = make_song(name, seed).beats - (start or 0.0)
    return [round(float(beat), 6) for beat in beats if beat >= 0]
