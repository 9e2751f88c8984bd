"""Clips of the demo study: a video, its truth, its song and the song's beats."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from choreo.errors import ItemError
from choreo.files import write_json
from choreo.synth.dancers import Dance, make_dance, make_dancer
from choreo.synth.names import Source, derived_seed, parse_source
from choreo.synth.render import render_clip
from choreo.synth.scene import bystanders, make_scene
from choreo.synth.songs import SAMPLE_RATE, Song, make_song, save_song

LICENCE = "CC0-1.0"
"""Of everything that this package makes up: songs, dances and pictures."""


@dataclass(frozen=True)
class Clip:
    """A span of a dance to a song.

    Attributes
    ----------
    source : Source
    song : Song
    dance : Dance
    start : float
        Song time of the first frame in seconds.
    frames : int
    fps : float
    """

    source: Source
    song: Song
    dance: Dance
    start: float
    frames: int
    fps: float

    @property
    def end(self):
        """Song time at which the clip ends, in seconds."""
        return self.start + self.frames / self.fps


def make_clip(
    source: str,
    *,
    video: str | Path,
    truth: str | Path,
    song: str | Path,
    beats: str | Path,
    start: float | None = None,
    end: float | None = None,
    seed: int = 0,
    size: tuple[int, int] = (640, 360),
    fps: float = 30,
) -> None:
    """Write a clip of the demo study: video, truth, song and beats.

    Parameters
    ----------
    source : str
        ``demo:<song>/<dancer>/<take>``, optionally with ``?bystanders=<number>``.
    video : str or Path
        The mp4 to write, with the song as its sound.
    truth, song, beats : str or Path
        See `make_tracks`.
    start, end : float, optional
        Part of the song in seconds; from its beginning, to its end.
    seed : int
        Seed of the study.
    size : tuple of int
        Width and height of the video in pixels.
    fps : float
        Frames a second.

    Raises
    ------
    ItemError
        Where the source, the span, the size or the frame rate can't be used.
    """
    clip = _plan(source, start, end, seed, fps)
    scene = _scene(clip, size, seed, people=True)
    _write_tracks(clip, scene, seed, truth=truth, song=song, beats=beats, skeleton="coco17")
    render_clip(scene, video, audio=song)


def make_tracks(
    source,
    *,
    truth,
    song,
    beats,
    start=None,
    end=None,
    seed=0,
    size=(640, 360),
    fps=30,
    skeleton="coco17",
):
    """Write what `make_clip` writes, less the video: for studies too large to be rendered.

    Parameters
    ----------
    source, start, end, seed, size, fps
        See `make_clip`.
    truth : str or Path
        The dancer's joints as a `PoseTrack` (``.npz``): pixels of the video, scores 1.
    song : str or Path
        The clip's part of the song as a 16-bit stereo wav of 44.1 kHz.
    beats : str or Path
        JSON with tempo, beats, downbeats, sections, accents and motifs; all times in
        seconds from the clip's start.
    skeleton : str
        ``coco17``, or ``halpe26`` for the joints of head, neck, hip and feet as well.

    Raises
    ------
    ItemError
        Where the source, the span, the size or the frame rate can't be used.
    """
    clip = _plan(source, start, end, seed, fps)
    scene = _scene(clip, size, seed, people=False)
    _write_tracks(clip, scene, seed, truth=truth, song=song, beats=beats, skeleton=skeleton)


def film(source, *, start=None, end=None, seed=0, size=(640, 360), fps=30):
    """Plan what `make_clip` draws, bystanders included.

    Parameters
    ----------
    source, start, end, seed, size, fps
        See `make_clip`.

    Returns
    -------
    choreo.synth.scene.Scene

    Raises
    ------
    ItemError
        Where the source, the span, the size or the frame rate can't be used.
    """
    return _scene(_plan(source, start, end, seed, fps), size, seed, people=True)


def make_truth(source, *, seed=0, size=(640, 360), fps=30):
    """Make what `make_tracks` writes of a whole song, without a file.

    Parameters
    ----------
    source, seed, size, fps
        See `make_clip`.

    Returns
    -------
    track : choreo.pose.track.PoseTrack
        The dancer's joints, COCO-17.
    song : Song
        Its sound begins with the first frame.

    Raises
    ------
    ItemError
        Where the source, the size or the frame rate can't be used.
    """
    clip = _plan(source, None, None, seed, fps)
    return _truth(clip, size, seed), clip.song


def truth_of(song, dancer, *, end=None, seed=0, size=(640, 360), fps=30):
    """A drawn dancer's joints in a dance to a song that is given, such as a recorded one.

    Parameters
    ----------
    song : Song
    dancer : str
    end : float, optional
        Seconds of the song that are danced to.
    seed, size, fps
        See `make_clip`.

    Returns
    -------
    choreo.pose.track.PoseTrack
        COCO-17, from the song's first sample on.
    """
    dance = make_dance(song, make_dancer(dancer), 1, seed)
    frames = int((song.duration if end is None else end) * fps + 1e-6)
    clip = Clip(Source(song.name, dancer, 1), song, dance, 0.0, frames, float(fps))
    return _truth(clip, size, seed)


def _truth(clip, size, seed):
    meta = {"source": str(clip.source), "seed": seed, "start": 0.0, "licence": LICENCE}
    return _scene(clip, size, seed, people=False).truth(meta=meta)


@lru_cache(maxsize=2)
def _song(name, seed):
    """Several clips are made of one song, often one after the other."""
    return make_song(name, seed)


def _plan(text, start, end, seed, fps):
    source = parse_source(text)
    if not 1 <= fps <= 240:
        raise ItemError("frames a second must be from 1 to 240", where=text, value=fps)
    song = _song(source.song, seed)
    start = 0.0 if start is None else float(start)
    end = song.duration if end is None else float(end)
    # A span that ends with the song may be rounded up by a frame's length.
    if not 0 <= start < end <= song.duration + 1 / fps:
        raise ItemError(
            "the clip's span does not lie in the song",
            where=text,
            value=(start, end),
            remedy=f"Choose start and end from 0 to {song.duration:.2f} seconds, or leave them out",
        )
    frames = int((min(end, song.duration) - start) * fps + 1e-6)
    if frames < 2:
        raise ItemError(
            "the clip is shorter than two frames",
            where=text,
            value=(start, end),
            remedy="Choose a later end",
        )
    dance = make_dance(song, make_dancer(source.dancer), source.take, seed)
    return Clip(source, song, dance, start, frames, float(fps))


def _scene(clip, size, seed, *, people):
    width, height = size
    if not (96 <= width <= 4096 and 96 <= height <= 4096):
        raise ItemError(
            "a demo video's width and height must be from 96 to 4096 pixels",
            where=clip.source,
            value=(width, height),
        )
    # Two spans of one take are filmed in the same place; another take is another day.
    source = clip.source
    own = derived_seed("scene", source.song, source.dancer, source.take, seed)
    walkers = bystanders(source.bystanders, clip.start, clip.end, own) if people else ()
    return make_scene(
        clip.dance,
        start=clip.start,
        frames=clip.frames,
        fps=clip.fps,
        size=(width, height),
        seed=own,
        walkers=walkers,
    )


def _write_tracks(clip, scene, seed, *, truth, song, beats, skeleton):
    meta = {"source": str(clip.source), "seed": seed, "start": clip.start, "licence": LICENCE}
    scene.truth(skeleton=skeleton, meta=meta).save(truth)
    first = round(clip.start * SAMPLE_RATE)
    count = round(clip.frames / clip.fps * SAMPLE_RATE)
    save_song(song, clip.song.audio[first : first + count])
    write_json(beats, _annotations(clip, seed))


def _annotations(clip, seed):
    song, dance = clip.song, clip.dance
    length = clip.frames / clip.fps

    def inside(times):
        return (times >= clip.start) & (times < clip.end)

    def local(times):
        return [round(float(time - clip.start), 6) for time in times]

    accents = inside(dance.accents)
    sections = [
        {
            "kind": section.kind,
            "start": round(max(0.0, section.start - clip.start), 6),
            "end": round(min(length, section.end - clip.start), 6),
            "energy": section.energy,
        }
        for section in song.sections
        if section.end > clip.start and section.start < clip.end
    ]
    motifs = [
        {"start": round(start - clip.start, 6), "motif": motif}
        for start, motif in dance.motifs
        if inside(np.float64(start))
    ]
    return {
        "source": str(clip.source),
        "seed": seed,
        "start": clip.start,
        "frames": clip.frames,
        "fps": clip.fps,
        "tempo": song.tempo,
        "style": song.style,
        "beats": local(song.beats[inside(song.beats)]),
        "downbeats": local(song.downbeats[inside(song.downbeats)]),
        "sections": sections,
        "accents": local(dance.accents[accents]),
        "counts": [float(count) for count in dance.counts[accents]],
        "jitter": [round(float(value), 6) for value in dance.jitter[accents]],
        "motifs": motifs,
    }
