"""Segments: what is evaluated, real or generated, in one form."""

from dataclasses import dataclass, replace

import numpy as np

from choreo.dataset.chunks import laid_out
from choreo.errors import ItemError
from choreo.media import SAMPLE_RATE
from choreo.pose.runs import runs
from choreo.pose.skeletons import OPENPOSE18
from choreo.rates import CHUNK_SECONDS


@dataclass(frozen=True)
class Segments:
    """Dances cut into segments of equal length.

    Attributes
    ----------
    pixels : ndarray of float32, shape (N, T, 18, 2)
        OpenPose-18 in pixels of the canvas, y downwards, without NaN.
    songs, dances : ndarray of str, shape (N,)
        Song of each segment, and the dance that it was cut from.
    starts : ndarray of float64, shape (N,)
        Seconds from the start of the dance.
    audio : ndarray of shape (N, S) or None
        The music under each segment, 16 kHz; None where only poses are needed.
    fps : float
        Frames a second.
    canvas : tuple of int
        Width and height of the canvas in pixels.

    Raises
    ------
    ItemError
        Where the parts do not fit together or a position is not finite.
    """

    pixels: np.ndarray
    songs: np.ndarray
    dances: np.ndarray
    starts: np.ndarray
    audio: np.ndarray | None
    fps: float
    canvas: tuple

    def __post_init__(self):
        put = object.__setattr__
        put(self, "pixels", np.asarray(self.pixels, np.float32))
        put(self, "songs", np.asarray(self.songs, dtype=str))
        put(self, "dances", np.asarray(self.dances, dtype=str))
        put(self, "starts", np.asarray(self.starts, float))
        put(self, "canvas", tuple(int(n) for n in self.canvas))
        shape = self.pixels.shape
        if len(shape) != 4 or shape[2:] != (len(OPENPOSE18), 2):
            raise ItemError("segments must have shape (N, T, 18, 2)", value=shape)
        for name in ("songs", "dances", "starts", "audio"):
            array = getattr(self, name)
            if array is not None and len(array) != len(self.pixels):
                raise ItemError(f"{name} must have one entry a segment", value=len(array))
        if not np.isfinite(self.pixels).all():
            raise ItemError(
                "segments have joints without a position",
                value=f"{int((~np.isfinite(self.pixels)).any((1, 2, 3)).sum())} of {shape[0]}",
                remedy="Clean the tracks first",
            )

    def __len__(self):
        return len(self.pixels)

    def take(self, index):
        """Some of the segments, in the order of `index` (a mask or integers)."""
        index = np.arange(len(self))[index]
        parts = {name: getattr(self, name)[index] for name in ("pixels", "songs", "dances")}
        audio = None if self.audio is None else self.audio[index]
        return replace(self, **parts, starts=self.starts[index], audio=audio)


def parts_of(segments, own):
    """Lay segments of one dance where they were.

    Parameters
    ----------
    segments : Segments
    own : ndarray of int
        Index of its segments.

    Returns
    -------
    list of (ndarray, float)
        For each part without a gap its poses, shape (T, 18, 2), and the seconds in the dance at
        which it begins.
    """
    at = np.rint(segments.starts[own] * segments.fps).astype(int)
    poses = laid_out(segments.pixels[own], at, np.nan)
    known = runs(np.isfinite(poses[:, 0, 0]))
    return [(poses[first : last + 1], first / segments.fps) for first, last in known]


def segments_from_chunks(poses, songs, *, canvas, fps, dances=None, audio=None):
    """Make segments from dataset chunks.

    Parameters
    ----------
    poses : ndarray, shape (N, T, 18, 2)
        In [-1, 1], where -1 is the canvas's left or upper edge.
    songs : sequence of str
        Song of each chunk.
    canvas : tuple of int
        Width and height that [-1, 1] stands for.
    fps : float
        Frames a second.
    dances, audio : sequences, optional
        See `Segments`; without `dances` each song is one. A dance is cut without gaps.

    Returns
    -------
    Segments
    """
    poses = np.asarray(poses, np.float32)
    songs = np.asarray(songs, dtype=str)
    dances = songs if dances is None else np.asarray(dances, dtype=str)
    starts = np.zeros(len(songs))
    for name in np.unique(dances):
        own = dances == name
        starts[own] = np.arange(own.sum()) * poses.shape[1] / fps
    return Segments(canvas_pixels(poses, canvas), songs, dances, starts, audio, fps, canvas)


def canvas_pixels(poses, canvas):
    """Poses in [-1, 1], where -1 is the canvas's left or upper edge, in its pixels: float32."""
    return (np.asarray(poses, np.float32) + 1) * (np.asarray(canvas, np.float32) / 2)


def segments_from_track(track, audio, song):
    """Cut a generated dance and its song into segments.

    Parameters
    ----------
    track : PoseTrack
        OpenPose-18 in pixels of the canvas.
    audio : ndarray, shape (S,)
        The song from the dance's first frame on, 16 kHz.
    song : str
        Its name.

    Returns
    -------
    Segments
        One segment at least, each as long as the chunks that the dance's model learned from, or
        where the track doesn't say it the thesis's; what is left at the end is not evaluated.
        The dance has a name that no video's id can be.

    Raises
    ------
    ItemError
        Where the skeleton is another, or dance or song are shorter than a segment.
    """
    if track.skeleton != OPENPOSE18.name:
        raise ItemError(f"a dance must have the skeleton {OPENPOSE18.name}", value=track.skeleton)
    seconds = track.meta.get("chunk_seconds", CHUNK_SECONDS)
    frames, samples = round(seconds * track.fps), round(seconds * SAMPLE_RATE)
    # Sound that ends within the last frame of a segment is filled up with silence.
    spare = -(-SAMPLE_RATE // track.fps)
    count = min(len(track) // frames, int((len(audio) + spare) // samples))
    if count < 1:
        raise ItemError(
            f"dance or song is shorter than a segment of {seconds:g} s",
            value=f"{track.seconds:.1f} s, {len(audio) / SAMPLE_RATE:.1f} s",
        )
    sound = np.zeros(count * samples, np.asarray(audio).dtype)
    sound[: min(len(audio), len(sound))] = audio[: len(sound)]
    return Segments(
        track.keypoints[: count * frames].reshape(count, frames, -1, 2),
        [song] * count,
        [f"generated:{song}"] * count,
        np.arange(count) * seconds,
        sound.reshape(count, samples),
        track.fps,
        track.size,
    )


def join(parts):
    """Put segments of one canvas, frame rate and length together.

    Raises
    ------
    ItemError
        Where there is none, or they differ.
    """
    parts = list(parts)
    kinds = {(p.canvas, p.fps, p.pixels.shape[1], p.audio is None) for p in parts}
    if len(kinds) != 1:
        raise ItemError(
            "segments to join must be there and have one canvas, frame rate and length",
            value=sorted(kinds),
        )
    first = parts[0]
    return Segments(
        *(
            np.concatenate([getattr(p, name) for p in parts])
            for name in ("pixels", "songs", "dances", "starts")
        ),
        None if first.audio is None else np.concatenate([p.audio for p in parts]),
        first.fps,
        first.canvas,
    )
