"""Made clips that flash and click together, taken from the file to the dataset's chunks.

The middle of the picture turns white at once (a flash); its border swells and fades like
a cosine (a pulse), which is what a pose of 10 a second can follow. Flash, middle of the
pulse and click share their times. The pulse moves the wrist of a dancer who is drawn up
from the frames, so that the dataset's poses and sound can be compared. A strip on each
side has another gray in each picture, so that frames which show one again are known.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from made_clips import SIZE, clicks, lit_at, loud_at, make_clip

from choreo import media
from choreo.cleaning.retime import clean_at_frame_times, times_taken
from choreo.dataset.pack import ChunkDataset, make_shard
from choreo.pose.skeletons import COCO17, OPENPOSE18
from choreo.pose.track import PoseTrack
from choreo.videos.audio import read_song
from choreo.videos.standardise import standardise

PULSE_SECONDS = 0.8
_MIDDLE = slice(SIZE[1] // 4, 3 * SIZE[1] // 4)
_STRIP = slice(-8, None)
_GRAYS = 4
_WRIST = "right_wrist"
_MOVE = 60.0  # pixels


def phone(seconds):
    """Times of a phone's pictures and ffmpeg's formula for them, in 1/90000 s.

    Again and again 3 s of 30 fps, 6 of 15 and 4 of 60, with jitter of up to 5.6 ms.
    """
    number = np.arange(int(60 * seconds))
    round_, within = number // 420, number % 420
    ticks = (
        round_ * 1_170_000
        + within * 3000
        + np.floor(500 * np.sin(1.7 * number) + 0.5).astype(int)
        + 3000 * np.maximum(within - 90, 0)
        - 4500 * np.maximum(within - 180, 0)
    )
    formula = (
        "floor(N/420)*1170000+mod(N,420)*3000+floor(500*sin(1.7*N)+0.5)"
        "+3000*max(mod(N,420)-90,0)-4500*max(mod(N,420)-180,0)"
    )
    return ticks[ticks < 90_000 * seconds].tolist(), formula


@dataclass(frozen=True)
class Offsets:
    """Seconds after the truth, an entry a flash; in the dataset, those well inside a chunk.

    Attributes
    ----------
    times : ndarray
        The truth.
    picture, sound : ndarray
        Middle of the pulse in the frames, each picture taken once, when it begins; and the
        click in the song.
    held : ndarray
        Middle of the pulse over all frames: later where a picture is shown again.
    flash : ndarray
        First frame of the flash.
    chunk_times, pose, chunk_sound : ndarray
        In the dataset: middle of the wrist's movement, and the click.
    """

    times: np.ndarray
    picture: np.ndarray
    sound: np.ndarray
    held: np.ndarray
    flash: np.ndarray
    chunk_times: np.ndarray
    pose: np.ndarray
    chunk_sound: np.ndarray


def spread(times, apart=1.47):
    """Numbers of pictures, some time apart and in every phase of the frames' grid."""
    chosen = []
    for k, time in enumerate(times):
        rested = not chosen or time - times[chosen[-1]] >= apart
        if rested and 1.1 < time < times[-1] - 0.6:
            chosen.append(k)
    return chosen


def picture_of(times, flashes):
    """Picture of each number: the flash in the middle, the pulse around it."""
    moments = np.array([float(times[k]) for k in flashes])
    times = np.array([float(time) for time in times])

    def picture(number):
        near = np.abs(times[number] - moments).min()
        level = 220 * np.cos(np.pi * min(near / PULSE_SECONDS, 0.5)) ** 2
        frame = np.full(SIZE[::-1], round(level), np.uint8)
        lit = ((times[number] >= moments - 1e-6) & (times[number] < moments + 0.13)).any()
        frame[_MIDDLE, _MIDDLE] = 255 if lit else 0
        for side in (slice(8), _STRIP):
            # On all four, for videos that are turned.
            frame[side, _MIDDLE] = frame[_MIDDLE, side] = number % _GRAYS * 80
        return frame

    return picture


def make(path, *, rate="30", seconds=12.0, ticks=None, late=0.0, early_end=0, channels=2, **kind):
    """Make a clip; returns its path and the true times of its flashes.

    `ticks`: times of the pictures in 1/90000 s and ffmpeg's formula for them; `late`: the
    sound begins so many seconds late; `early_end`: so many of the last pictures are lost.
    """
    if ticks is None:
        times = [k / Fraction(rate) for k in range(round(seconds * Fraction(rate)))]
    else:
        times = [Fraction(tick, 90_000) for tick in ticks[0]]
        kind |= {"times": f"'{ticks[1]}'", "options": ["-video_track_timescale", 90_000]}
    times = times[: len(times) - early_end]
    flashes = spread(times)
    moments = [float(times[k]) for k in flashes]
    sample_rate = kind.setdefault("sample_rate", 44_100)
    make_clip(
        path,
        rate=rate,
        count=len(times),
        picture=picture_of(times, flashes),
        sound=clicks([t - late for t in moments], seconds + 0.2 - late, sample_rate, channels),
        sound_offset=late,
        **kind,
    )
    return path, np.array(moments)


def chain(path, times, folder, fps=None, method="thesis"):
    """Take a clip through videos, cleaning and dataset.

    Parameters
    ----------
    path : Path
        The clip.
    times : ndarray
        Its flashes in seconds.
    folder : Path
        Where the results go.
    fps : float, optional
        Frames a second of the standardised video; by default the source's own.
    method : str
        Of cleaning.

    Returns
    -------
    Offsets
    """
    out = {kind: folder / f"clip.{kind}" for kind in ("mp4", "wav", "json", "npz", "h5")}
    probe = standardise(path, video=out["mp4"], audio=out["wav"], probe=out["json"], fps=fps)
    # Both parts of a picture as numbers, frame by frame: ten minutes must not be in memory.
    frames = media.read_frames(out["mp4"], (probe["width"], probe["height"]))
    parts = (_MIDDLE, _MIDDLE), (slice(8), slice(8)), (_STRIP, _MIDDLE)
    levels = np.array([[f[part].mean() for part in parts] for f in frames])
    fps = probe["fps"]
    at = np.arange(len(levels)) / fps
    begins = np.flatnonzero(np.diff(np.rint(levels[:, 2] / 80), prepend=-1))
    # As if each picture faded into the next.
    fine = np.arange(0, at[-1], 0.002)
    pulse = np.interp(fine, at[begins], levels[begins, 1])
    lit, loud = np.array(lit_at(levels[:, 0], fps)), np.array(loud_at(read_song(out["wav"])))
    track, _ = clean_at_frame_times(
        _dancer(levels[:, 1] / 220, probe), times_taken(out["json"]), method=method
    )
    track.save(out["npz"])
    make_shard(out["npz"], out["wav"], out["h5"], video="clip", song_id="clip")
    return Offsets(
        times,
        _middles(fine, pulse, times) - times,
        _nearest(loud, times) - times,
        _middles(at, levels[:, 1], times) - times,
        _nearest(lit, times) - times,
        *_in_chunks(ChunkDataset(out["h5"]), times),
    )


def _nearest(found, times):
    return found[np.abs(found[None] - np.asarray(times)[:, None]).argmin(1)]


def _middles(at, level, times):
    """Middle of the pulse around each time; `at` rises."""
    level = np.maximum(level - np.median(level), 0)
    found, reach = [], PULSE_SECONDS / 2 + 0.15
    for time in times:
        near = slice(*np.searchsorted(at, (time - reach, time + reach)))
        found.append(np.average(at[near], weights=level[near]))
    return np.array(found)


def _dancer(levels, probe):
    """An upright dancer whose wrist goes with the level; all else stands still."""
    joints = np.zeros((len(COCO17), 2))
    joints[:, 1] = np.linspace(100, 300, len(COCO17))
    joints[:, 0] = 320 + 20 * np.arange(len(COCO17)) % 3
    keypoints = np.repeat(joints[None], len(levels), axis=0)
    keypoints[:, COCO17.index(_WRIST), 0] += _MOVE * levels
    return PoseTrack(
        keypoints, np.ones(keypoints.shape[:2]), probe["fps"], (640, 360), skeleton="coco17"
    )


def _in_chunks(data, times):
    found = []
    for i in range(len(data)):
        start = data.start_seconds[i]
        inside = times[(times > start + 0.5) & (times < start + 4.4)]
        chunk = data[i]
        poses = start + np.arange(50) / 10
        wrist = data.transform(i).invert(chunk["pose"])[:, OPENPOSE18.index(_WRIST), 0]
        # Silence is a constant somewhere in [0, 1].
        samples = chunk["audio"].reshape(-1) - np.median(chunk["audio"])
        loud = np.array(loud_at(samples / np.abs(samples).max())) + start
        middles = _middles(poses, wrist, inside) - inside
        found += zip(inside, middles, [_nearest(loud, [time])[0] - time for time in inside])
    data.close()
    return np.array(found).reshape(-1, 3).T
