"""Whether a dataset is whole, and its sound and its poses belong together.

Three questions, from the quick to the thorough: `check` reads every chunk (hashes, finite
values, order, leaks); `beat_offsets` asks of the file alone whether the dancers' beats
come with the music's; `compare_with_sources` makes every chunk again from the cleaned
track and the song it was cut from, and says by how many seconds one that differs is off.
`examine` asks all three.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from choreo.dataset import audio as sound
from choreo.dataset import chunks as cutting
from choreo.dataset import layout
from choreo.dataset.normalise import normalise
from choreo.dataset.pack import ChunkDataset, check_splits
from choreo.dataset.seen import same_content
from choreo.errors import ConfigError, ItemError
from choreo.files import sha256
from choreo.media import SAMPLE_RATE
from choreo.pose.track import PoseTrack
from choreo.videos.audio import read_song

CHANCE = 1e-3
"""Beats that agree no better than this by chance say nothing about an offset."""

_POSE_ROUNDING = 1e-4  # of [-1, 1]: other machines' linear algebra differs in the last bits
_SAMPLE_ROUNDING = 1  # of 65,535 levels
_SEARCH_SECONDS = 2.0


@dataclass(frozen=True)
class BeatOffset:
    """How a clip's motion beats lie to its music beats.

    Attributes
    ----------
    video : str
        Id of the clip.
    music_beats, motion_beats : int
        How many were found; motion beats only between two music beats.
    offset_seconds : float
        Mean time from a music beat to the motion beat (the mean direction on the circle
        from one music beat to the next): positive where the dancer is late. NaN without
        motion beats.
    error_seconds : float
        Its standard error.
    agreement : float
        Length of the mean vector on that circle: 1 where all motion beats have the same
        offset, near 0 where they have none.
    chance : float
        Probability of such an agreement without any relation (Rayleigh's test).
    """

    video: str
    music_beats: int
    motion_beats: int
    offset_seconds: float
    error_seconds: float
    agreement: float
    chance: float

    def beyond(self, tolerance_seconds):
        """Tell whether the beats agree on an offset that is surely larger than this."""
        surely = abs(self.offset_seconds) - 2 * self.error_seconds
        return self.chance < CHANCE and surely > tolerance_seconds


@dataclass(frozen=True)
class Examined:
    """What was found wrong with a dataset, and what that was told from.

    Attributes
    ----------
    problems : list of str
    beats : list of BeatOffset
    compared_chunks : int
    sources : Path or None
        The folder that they were compared with.
    not_compared : str or None
        Why beats and sources could not be compared, where they couldn't.
    """

    problems: list
    beats: list
    compared_chunks: int
    sources: Path | None
    not_compared: str | None


def examine(
    path: str | Path, *, sources: str | Path | None = None, tolerance_seconds: float = 0.15
) -> Examined:
    """Check a dataset, the beats of its dancers, and its chunks against what they were cut from.

    Parameters
    ----------
    path : str or Path
        A packed file or a shard.
    sources : str or Path, optional
        As the `folder` of `compare_with_sources`; by default that of the study or import that
        the file lies in, if it lies in one.
    tolerance_seconds : float
        What a dancer's beats may be off the music's.
    """
    found, beats, compared, left = check(path), [], 0, None
    sources = Path(sources) if sources else _made_in(Path(path))
    try:
        beats = beat_offsets(path)
        found += [
            f"{beat.video}: the dancer's beats come {abs(beat.offset_seconds):.2f} s "
            f"{'after' if beat.offset_seconds > 0 else 'before'} the music's"
            for beat in beats
            if beat.beyond(tolerance_seconds)
        ]
        if sources:
            different, compared = compare_with_sources(path, sources)
            found += different
    except ItemError as error:
        # Chunks that are damaged, which `check` has found too: nothing else can be told.
        if not found:
            raise
        left = error.message
    return Examined(found, beats, compared, sources, left)


def _made_in(dataset):
    """Folder that a dataset was made in, if it lies in one."""
    for folder in list(dataset.resolve().parents)[:3]:
        if (folder / "cleaning").is_dir():
            return folder
    return None


def check(path: str | Path, *, leaks: bool = True) -> list[str]:
    """Read a packed file or shard whole and say what is wrong with it.

    Hashes of every clip; finite poses; initial poses that fit; chunks in order of time;
    no leak between splits, also of the same poses or sound under other names.

    Parameters
    ----------
    path : str or Path
        A packed file or a shard.
    leaks : bool
        Look for leaks as well: of a file that is as it was written, too.

    Returns
    -------
    list of str
        Problems, each naming the video; empty where all is well.

    Raises
    ------
    ItemError
        Where the file is not of this layout.
    """
    problems = []
    with layout.open_dataset(path) as file:
        clips = layout.clips_of(file)
        owner = file["clip"][:]
        for number, clip in enumerate(clips):
            rows = np.flatnonzero(owner == number)
            problems += [f"{clip['video']}: {p}" for p in _check_clip(file, clip, rows)]
        by = layout.provenance_of(file).get("by")
    if by and leaks:
        try:
            check_splits(clips, by)
        except ConfigError as error:
            problems.append(str(error))
        problems += same_content(path)
    return problems


def _check_clip(file, clip, rows):
    digest, problems = hashlib.sha256(), []
    fits, sums, wrong = True, True, None
    for first in range(0, len(rows), layout.BLOCK):
        chosen = rows[first : first + layout.BLOCK]
        block = {name: file[name][chosen] for name in (*layout.ARRAYS, "index")}
        layout.hash_rows(block, digest)
        if layout.CHECKSUM in file:
            sums &= np.array_equal(layout.checksums(block), file[layout.CHECKSUM][chosen])
        try:
            layout.check_values(block, clip, file.filename)
        except ItemError as error:
            wrong = wrong or error.message.removeprefix(f"{clip['video']}: ")
        initial = cutting.initial_poses(block["pose"], block["index"], file.attrs["method"])
        fits &= np.array_equal(initial, block["initial_pose"])
    if digest.hexdigest() != clip["sha256"]:
        problems.append("its data do not have the hash in its record")
    if wrong:
        problems.append(wrong)
    if not fits:
        problems.append("initial poses that do not belong to its chunks")
    if layout.CHECKSUM in file and not sums:
        problems.append("chunks that do not have their checksums")
    return problems


def beat_offsets(path):
    """Compare the dancers' beats with the music's, clip by clip, from the file alone.

    Consecutive chunks are joined; of overlapping ones only the consecutive are taken.
    Music beats are those of `choreo.beats.trackers.track_beats`, motion beats those
    of `choreo.beats.motion` (method ``thesis``).

    Parameters
    ----------
    path : str or Path
        A packed file or a shard, with finite poses.

    Returns
    -------
    list of BeatOffset
        One a clip, in the order of the file.
    """
    data = ChunkDataset(path)
    found = []
    for number, clip in enumerate(data.clips):
        rows = np.flatnonzero(data.clip == number)
        length = data.description.chunk_seconds
        runs = cutting.rows_in_a_row(data.start_seconds[rows], rows, length)
        parts = [_beats(data, run) for run in runs]
        found.append(_offset(clip["video"], parts))
    data.close()
    return found


def _beats(data, rows):
    """Seconds of music beats and motion beats of chunks in a row."""
    # Not for who only wants hashes.
    from choreo.beats.motion import motion_beats
    from choreo.beats.trackers import track_beats

    chunks = data.batch(rows)
    frames = sound.unframed(chunks["audio"], data.description)
    samples = sound.encode(frames.reshape(-1), data.method)
    poses = chunks["pose"].reshape(1, -1, *chunks["pose"].shape[2:])
    music = np.array(track_beats(samples, SAMPLE_RATE)["beats"])
    return music, motion_beats(poses, data.description.fps)[0]


def _offset(video, parts):
    """Circular mean of where motion beats fall between two music beats."""
    phases, steps = [np.empty(0)], [np.empty(0)]
    for music, motion in parts:
        if len(music) < 2:
            continue
        inside = motion[(motion >= music[0]) & (motion < music[-1])]
        before = np.searchsorted(music, inside, side="right") - 1
        steps.append(np.diff(music))
        phases.append((inside - music[before]) / steps[-1][before])
    phases, steps = np.concatenate(phases), np.concatenate(steps)
    count = len(phases)
    beats = sum(len(music) for music, _ in parts)
    if not count:
        return BeatOffset(video, beats, 0, np.nan, np.nan, np.nan, 1.0)
    mean = np.exp(2j * np.pi * phases).mean()
    # A hair below 1, where the logarithm would make the error -0.
    agreement, beat = min(abs(mean), 1 - 1e-12), np.median(steps)
    spread = np.sqrt(-2 * np.log(max(agreement, 1e-12)))
    return BeatOffset(
        video,
        beats,
        count,
        float(np.angle(mean) / (2 * np.pi) * beat),
        float(spread / (2 * np.pi) * beat / np.sqrt(count)),
        float(agreement),
        float(np.exp(-count * agreement**2)),
    )


def compare_with_sources(path, folder):
    """Make every chunk again from its track and song, and compare.

    Parameters
    ----------
    path : str or Path
        A packed file or a shard.
    folder : str or Path
        A study's results, or what an import wrote: ``cleaning/<video>.npz`` with
        ``videos/<video>.wav``, or ``poses/simulated/<video>.wav`` in a study whose dances
        are simulated.

    Returns
    -------
    problems : list of str
        Each naming the video, the chunk and, where it is a piece of the same track or song,
        by how many seconds it is off.
    compared : int
        Number of chunks that were compared.

    Raises
    ------
    ItemError
        Where the folder holds the track and the song of no clip.
    """
    folder, data = Path(folder), ChunkDataset(path)
    problems, compared = [], 0
    for number, clip in enumerate(data.clips):
        track = folder / "cleaning" / f"{clip['video']}.npz"
        song = _song_of(folder, clip["video"])
        if not (track.is_file() and song.is_file()):
            continue
        rows = np.flatnonzero(data.clip == number)
        compared += len(rows)
        for file in (track, song):
            kind = "track" if file is track else "song"
            if clip["provenance"].get(f"{kind}_sha256") != sha256(file):
                problems.append(f"{clip['video']}: {file} is not the {kind} it was made from")
        problems += [f"{clip['video']}: {p}" for p in _compare(data, rows, clip, track, song)]
    data.close()
    if not compared:
        raise ItemError(
            "it holds neither cleaning/<video>.npz nor videos/<video>.wav of any clip",
            where=folder,
            remedy="Name the study's folder, such as results/demo",
        )
    return problems, compared


def _song_of(folder, video):
    song = folder / "videos" / f"{video}.wav"
    return song if song.is_file() else folder / "poses" / "simulated" / f"{video}.wav"


def _compare(data, rows, clip, track, song):
    normalised = normalise(
        PoseTrack.load(track),
        method=data.method,
        outside=clip["outside"],
        fps=data.description.fps,
        where=clip["video"],
    )
    stored = sound.stored(
        read_song(song, channels=sound.CHANNELS[data.method]), data.method, where=clip["video"]
    )
    made = cutting.cut(
        normalised,
        stored,
        chunk_seconds=data.description.chunk_seconds,
        stride_seconds=clip["stride_seconds"],
        max_repaired=1,  # what was left out for that was never written
        where=clip["video"],
    )
    for row in rows.tolist():
        index = int(data.index[row])
        (at,) = np.flatnonzero(made.index == index) if index in made.index else (None,)
        if at is None:
            yield f"chunk {index} is none of its song and track"
            continue
        chunk = data.batch([row])
        start = float(data.start_seconds[row])
        if abs(start - made.start_seconds[at]) > 1e-6:
            yield f"chunk {index} begins at {made.start_seconds[at]:g} s, not at {start:g} s"
        samples = sound.encode(chunk["audio"].reshape(-1), data.method)
        if np.abs(samples.astype(int) - made.audio[at]).max() > _SAMPLE_ROUNDING:
            lag = _sound_lag(samples, stored, start)
            yield f"the sound of chunk {index} {_off(lag, 'song')}"
        if np.abs(chunk["pose"][0] - made.poses[at]).max() > _POSE_ROUNDING:
            lag = _pose_lag(chunk["pose"][0], normalised, start)
            yield f"the poses of chunk {index} {_off(lag, 'track')}"


def _off(lag, kind):
    if lag is None:
        return f"are not in its {kind}" if kind == "track" else f"is not in its {kind}"
    if not lag:
        return f"differ from its {kind}" if kind == "track" else f"differs from its {kind}"
    verb = "are" if kind == "track" else "is"
    return f"{verb} its {kind}'s {abs(lag):.3f} s {'later' if lag > 0 else 'earlier'}"


def _sound_lag(samples, stored, start):
    """Seconds from where a piece of the song should begin to where it does; None: nowhere."""
    from scipy.signal import correlate

    first = max(0, round((start - _SEARCH_SECONDS) * SAMPLE_RATE))
    last = round((start + _SEARCH_SECONDS) * SAMPLE_RATE) + len(samples)
    around = stored[first:last].astype(np.float64)
    if len(around) < len(samples):
        return None
    piece = samples - samples.mean(dtype=np.float64)
    at = int(correlate(around - around.mean(), piece, mode="valid", method="fft").argmax())
    if np.abs(around[at : at + len(samples)] - samples).mean() > _SAMPLE_ROUNDING:
        return None
    return (first + at) / SAMPLE_RATE - start


def _pose_lag(poses, normalised, start):
    due = round((start - normalised.start_seconds) * normalised.fps)
    reach = round(_SEARCH_SECONDS * normalised.fps)
    for lag in sorted(range(-reach, reach + 1), key=abs):
        there = normalised.poses[max(due + lag, 0) : due + lag + len(poses)]
        if len(there) == len(poses) and np.abs(there - poses).max() <= _POSE_ROUNDING:
            return lag / normalised.fps
    return None
