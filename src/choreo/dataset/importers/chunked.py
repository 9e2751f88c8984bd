"""Datasets that hold cut chunks in pixels of 640x360: Ren et al.'s and the thesis's own.

Both are in the released code's form, and are packed as ``released``: what is in the
file, not normalised again but for `outside`. The initial poses follow the released rule.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from choreo.dataset.chunks import Chunks, initial_poses
from choreo.dataset.description import DataDescription
from choreo.dataset.importers.json_stream import entries
from choreo.dataset.normalise import CANVAS, Normalised, Transform, placed
from choreo.dataset.pack import write_chunks
from choreo.errors import ItemError
from choreo.files import is_id
from choreo.files.outside import array_of
from choreo.poses.formats.native import MAX_PIXELS

_DATA = DataDescription("released")
"""What these files hold."""
_CLIP_CHUNKS = 2
"""5-second chunks of one of Ren et al.'s 10-second clips."""
_SECOND = re.compile(r"\d{1,6}")
_REMEDY = "Fetch it again, or import it as what it is (`choreo dataset import --help`)"


def import_ren(path: str | Path, folder: str | Path, *, outside: str | None = "keep") -> list[Path]:
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
        Where to write ``ren<video>.h5``. The file names no songs: each video has its own.
    outside : {"keep", "clip", "rescale", "drop"}
        What becomes of coordinates outside [-1, 1]: see `choreo.dataset.normalise.normalise`;
        a video is made smaller as a whole.

    Returns
    -------
    list of Path
        The shards. Videos of which nothing can be used give none.

    Raises
    ------
    ItemError
        Where the file is not of this form, or gives no chunk at all.
    """
    return _write_all(_ren(path), folder, "ren", path, "Ren et al. 2020", outside)


def import_paired(
    path: str | Path, folder: str | Path, *, outside: str | None = "keep"
) -> list[Path]:
    """Write one shard a video of the thesis's ``dance_music_paired.json``.

    Video -> ``pose``, n x 50 x 18 x 2, and ``music``, n x 80,000 samples. The last chunk
    of a video overlaps the one before; by how much is not in the file, so that its
    `start_seconds` is the latest that it can be.

    Parameters
    ----------
    path, folder, outside
        As for `import_ren`, of ``video<video>.h5``.

    Returns
    -------
    list of Path
        The shards. Videos of which nothing can be used give none.

    Raises
    ------
    ItemError
        Where the file is not of this form, or gives no chunk at all.
    """
    return _write_all(_paired(path), folder, "video", path, "DancingAI", outside)


def _ren(path):
    """Yield each video's key, its chunks as (index, start, poses, audio), and how many are bad."""
    for video, clips in entries(path, encoded=True):
        if not isinstance(clips, dict) or not all(_SECOND.fullmatch(key) for key in clips):
            raise ItemError(
                "a video must hold clips by their second", where=path, value=video, remedy=_REMEDY
            )
        if len({int(second) for second in clips}) < len(clips):
            raise ItemError(
                "a video has two clips of one second", where=path, value=video, remedy=_REMEDY
            )
        chunks = []
        for number, second in enumerate(sorted(clips, key=int)):
            clip = _chunk(clips[second], "joint_coors", "audio_sequence", _CLIP_CHUNKS)
            if clip is not None:
                halves = zip(*(np.split(part, _CLIP_CHUNKS) for part in clip))
                chunks += [
                    (_CLIP_CHUNKS * number + k, int(second) + k * _DATA.chunk_seconds, *half)
                    for k, half in enumerate(halves)
                ]
        yield video, chunks, _CLIP_CHUNKS * len(clips) - len(chunks)


def _paired(path):
    """The same of the thesis's own file."""
    for video, value in entries(path):
        try:
            pairs = list(zip(value["pose"], value["music"], strict=True))
        except (KeyError, TypeError, ValueError) as error:
            raise ItemError(
                "a video must hold as many `pose` as `music` chunks",
                where=path,
                value=video,
                remedy=_REMEDY,
            ) from error
        found = [_chunk({"pose": p, "music": m}, "pose", "music", 1) for p, m in pairs]
        chunks = [(k, k * _DATA.chunk_seconds, *c) for k, c in enumerate(found) if c is not None]
        yield video, chunks, len(found) - len(chunks)


def _chunk(entry, pose_key, audio_key, count):
    """Poses in pixels and int16 samples of one entry; None where they have another shape."""
    try:
        poses, audio = array_of(entry[pose_key]), array_of(entry[audio_key])
    except (KeyError, TypeError, ValueError):
        return None
    shapes = (count * _DATA.chunk_frames, _DATA.joints, 2), (count * _DATA.chunk_samples,)
    if (poses.shape, audio.shape) != shapes:
        return None
    for values in (poses, audio):
        # Neither words nor truth values, NaN nor what no picture and no sound has.
        if values.dtype.kind not in "iuf" or not (np.abs(values) <= MAX_PIXELS).all():
            return None
    poses, audio = poses.astype(np.float64), audio.astype(np.float64)
    return poses, np.clip(np.rint(audio), -32768, 32767).astype(np.int16)


def _write_all(videos, folder, prefix, path, origin, outside):
    shards, found, seen = [], 0, set()
    for video, chunks, bad in videos:
        if not is_id(prefix + video):
            raise ItemError(
                "a video's key must do as an id",
                where=path,
                value=video,
                remedy="Ids have letters, digits, _ and -, at most 64",
            )
        if video.lower() in seen:
            raise ItemError(
                "two videos have this key",
                where=path,
                value=video,
                remedy="Keys must differ, also on file systems that ignore case",
            )
        seen.add(video.lower())
        found += len(chunks)
        dropped = {"another shape": bad} if bad else {}
        if outside == "drop":
            inside = [chunk for chunk in chunks if not _beyond(chunk[2])]
            if len(inside) < len(chunks):
                dropped["outside"] = len(chunks) - len(inside)
            chunks = inside
        if chunks:
            about = {"origin": origin, "file": Path(path).name}
            shards.append(Path(folder) / f"{prefix}{video}.h5")
            _write(shards[-1], chunks, dropped, about, outside)
    if found and not shards:
        raise ItemError(
            "every chunk of this file has coordinates outside the window",
            where=path,
            remedy="Use --outside clip or rescale",
        )
    if not shards:
        raise ItemError(
            "no chunk of the expected shape is in this file", where=path, remedy=_REMEDY
        )
    return shards


def _from_canvas():
    return Transform(tuple(2 / n for n in CANVAS["released"]), (-1.0, -1.0))


def _beyond(pixels):
    return bool((np.abs(_from_canvas().apply(pixels)) > 1).any())


def _write(shard, found, dropped, provenance, outside):
    index, starts, pixels, audio = (np.array(part) for part in zip(*found))
    poses, transform, values_outside = placed(pixels, _from_canvas(), outside)
    poses = poses.astype(np.float32)
    index = index.astype(np.int32)
    chunks = Chunks(
        poses=poses,
        audio=audio,
        initial_poses=initial_poses(poses, index, "released"),
        repaired=np.zeros(poses.shape[:3], bool),
        index=index,
        start_seconds=starts.astype(float),
        dropped=dropped,
        remainder_seconds=0.0,
    )
    normalised = Normalised(
        poses=poses.reshape(-1, 18, 2),
        repaired=chunks.repaired.reshape(-1, 18),
        transform=transform,
        canvas=CANVAS["released"],
        start_seconds=0.0,
        cut_frames=0,
        values=poses.size,
        values_outside=values_outside,
        method="released",
        outside=outside,
    )
    video = shard.stem
    write_chunks(shard, normalised, chunks, video=video, song=video, provenance=provenance)
