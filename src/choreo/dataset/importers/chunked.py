"""Datasets that hold cut chunks in pixels of 640x360: Ren et al.'s and the thesis's own.

Both are in the released code's form, and are packed as ``released``: what is in the
file, not normalised again. The initial poses follow the released rule.
"""

import re
from pathlib import Path

import numpy as np

from choreo.dataset.audio import SAMPLE_RATE
from choreo.dataset.chunks import CHUNK_FRAMES, CHUNK_SAMPLES, CHUNK_SECONDS, Chunks, initial_poses
from choreo.dataset.importers.json_stream import entries
from choreo.dataset.normalise import CANVAS, POSE_FPS, Normalised, Transform, from_pixels
from choreo.dataset.pack import write_chunks
from choreo.errors import ItemError
from choreo.files import is_id

_CLIP_CHUNKS = 2
"""5-second chunks of one of Ren et al.'s 10-second clips."""
_SECOND = re.compile(r"\d{1,6}")


def import_ren(path, folder, *, prefix="ren"):
    """Write one shard a video of Ren et al.'s dataset (JSON encoded twice).

    Video -> start second -> ``audio_sequence``, 160,000 samples at 16 kHz, and
    ``joint_coors``, 100 poses in OpenPose-18 order at 10 frames a second. Each 10-second
    clip gives two chunks; clips of another shape (the file has some without poses) are
    left out and counted.

    Parameters
    ----------
    path : str or Path
        The JSON file.
    folder : str or Path
        Where to write ``<prefix><video>.h5``.
    prefix : str
        What the ids of videos begin with. The file names no songs: each video has its
        own.

    Returns
    -------
    list of Path
        The shards. Videos of which nothing can be used give none.

    Raises
    ------
    ItemError
        Where the file is not of this form, or gives no chunk at all.
    """
    shards = []
    for video, clips in entries(path, encoded=True):
        if not isinstance(clips, dict) or not all(_SECOND.fullmatch(key) for key in clips):
            raise ItemError("a video must hold clips by their second", where=path, value=video)
        poses, audio, starts, index = [], [], [], []
        for number, second in enumerate(sorted(clips, key=int)):
            chunk = _chunk(clips[second], "joint_coors", "audio_sequence", _CLIP_CHUNKS)
            if chunk is None:
                continue
            index += [_CLIP_CHUNKS * number + k for k in range(_CLIP_CHUNKS)]
            poses.append(chunk[0].reshape(_CLIP_CHUNKS, CHUNK_FRAMES, 18, 2))
            audio.append(chunk[1].reshape(_CLIP_CHUNKS, CHUNK_SAMPLES))
            starts += [int(second) + k * CHUNK_SECONDS for k in range(_CLIP_CHUNKS)]
        if poses:
            parts = np.concatenate(poses), np.concatenate(audio), np.array(starts, float), index
            bad = _CLIP_CHUNKS * len(clips) - len(index)
            shards.append(_write(folder, prefix + video, *parts, bad, path, "Ren et al. 2020"))
    return _some(shards, path)


def import_paired(path, folder, *, prefix="video"):
    """Write one shard a video of the thesis's ``dance_music_paired.json``.

    Video -> ``pose``, n x 50 x 18 x 2, and ``music``, n x 80,000 samples. The last chunk
    of a video overlaps the one before; by how much is not in the file, so that its
    `start_seconds` is the latest that it can be.

    Parameters
    ----------
    path, folder, prefix
        As for `import_ren`.

    Returns
    -------
    list of Path
        The shards. Videos of which nothing can be used give none.

    Raises
    ------
    ItemError
        Where the file is not of this form, or gives no chunk at all.
    """
    shards = []
    for video, value in entries(path):
        try:
            pairs = list(zip(value["pose"], value["music"], strict=True))
        except (KeyError, TypeError, ValueError) as error:
            raise ItemError(
                "a video must hold as many `pose` as `music` chunks", where=path, value=video
            ) from error
        found = [_chunk({"pose": p, "music": m}, "pose", "music", 1) for p, m in pairs]
        kept = [k for k, chunk in enumerate(found) if chunk is not None]
        if kept:
            poses, audio = (np.stack([found[k][part] for k in kept]) for part in (0, 1))
            parts = poses, audio, np.array(kept) * float(CHUNK_SECONDS), kept
            bad = len(found) - len(kept)
            shards.append(_write(folder, prefix + video, *parts, bad, path, "DancingAI"))
    return _some(shards, path)


def _chunk(entry, pose_key, audio_key, count):
    """Poses in pixels and int16 samples of one entry; None where they have another shape."""
    try:
        poses = np.asarray(entry[pose_key], np.float64)
        audio = np.asarray(entry[audio_key], np.float64)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if poses.shape != (count * CHUNK_FRAMES, 18, 2) or audio.shape != (count * CHUNK_SAMPLES,):
        return None
    if not (np.isfinite(poses).all() and np.isfinite(audio).all()):
        return None
    return poses, np.clip(np.rint(audio), -32768, 32767).astype(np.int16)


def _write(folder, video, pixels, audio, starts, index, bad, path, origin):
    if not is_id(video):
        raise ItemError("a video's key must do as an id", where=path, value=video)
    canvas = CANVAS["released"]
    poses = from_pixels(pixels, canvas).astype(np.float32)
    index = np.array(index, np.int32)
    chunks = Chunks(
        poses=poses,
        audio=audio,
        initial_poses=initial_poses(poses, index, "released"),
        repaired=np.zeros(poses.shape[:3], bool),
        index=index,
        start_seconds=starts,
        dropped={"another shape": bad} if bad else {},
        remainder_seconds=0.0,
    )
    normalised = Normalised(
        poses=poses.reshape(-1, 18, 2),
        repaired=chunks.repaired.reshape(-1, 18),
        transform=Transform(tuple(2 / n for n in canvas), (-1.0, -1.0)),
        canvas=canvas,
        start_seconds=0.0,
        cut_frames=0,
        values=poses.size,
        values_outside=int((np.abs(poses) > 1).sum()),
        method="released",
        outside="keep",
    )
    shard = Path(folder) / f"{video}.h5"
    provenance = {
        "origin": origin,
        "file": Path(path).name,
        "pose_fps": POSE_FPS,
        "sample_rate": SAMPLE_RATE,
    }
    write_chunks(shard, normalised, chunks, video=video, song=video, provenance=provenance)
    return shard


def _some(shards, path):
    if not shards:
        raise ItemError("no chunk of the expected shape is in this file", where=path)
    return shards
