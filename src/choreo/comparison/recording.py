"""Tracks on their video as a recording for the Rerun viewer (`rerun-sdk`, optional)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from choreo import media
from choreo.comparison.look import Panel, fit
from choreo.errors import ItemError
from choreo.files import ending, whole

if TYPE_CHECKING:
    from choreo.pose.track import PoseTrack

_QUALITY = 75
_COLOURS = ((0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (230, 159, 0))


def _rerun():
    try:
        import rerun
    except ImportError as error:
        raise ItemError(
            f"a Rerun recording needs the package rerun-sdk ({error})",
            remedy="Install it with `.venv/bin/pip install rerun-sdk==0.23.1 pyarrow==20.0.0`",
        ) from error
    return rerun


def write_recording(
    video: str | Path,
    tracks: Mapping[str, PoseTrack],
    output: str | Path,
    *,
    size: tuple[int, int],
    fps: float,
    frames: int,
) -> None:
    """Write a Rerun recording: the video, each track's skeleton, and its measures over time.

    Parameters
    ----------
    video : str or Path
        A standardised video.
    tracks : dict of str to PoseTrack
        Name -> track of this video; may be empty.
    output : str or Path
        The ``.rrd``. Timelines: `frame`, and `time` in seconds. Entities: ``video``;
        ``video/<name>/joints`` (points in pixels with their names; the radius grows with
        the certainty) and ``video/<name>/limbs``; ``confidence/<name>``,
        ``missing/<name>`` and ``incorrect/<name>`` (1 or 0; joints missing count as
        incorrect).
    size : tuple of int
        Width and height of the video.
    fps : float
        Its frames a second.
    frames : int
        Its decoded frames.

    Raises
    ------
    ItemError
        Where rerun-sdk is not installed, for another suffix, and where tracks and video
        do not fit together.
    """
    if ending(output) != ".rrd":
        raise ItemError("a Rerun recording is written as .rrd", where=output)
    rr = _rerun()
    panels = [Panel.of(name, track) for name, track in fit(tracks, frames, size).items()]
    with whole(output) as temporary, closing(media.read_frames(video, size)) as stream:
        recording = rr.RecordingStream("choreo", recording_id=Path(output).stem)
        recording.save(temporary)
        for frame, picture in enumerate(stream):
            recording.set_time("frame", sequence=frame)
            recording.set_time("time", duration=frame / fps)
            recording.log("video", rr.Image(picture).compress(jpeg_quality=_QUALITY))
        for n, one in enumerate(panels):
            _log(rr, recording, one, fps, _COLOURS[n % len(_COLOURS)])
        recording.flush(blocking=True)
        recording.disconnect()


def _log(rr, recording, one, fps, colour):
    """Send a whole track at once: much smaller than a message a frame."""
    track, given = one.track, one.track.given
    frames = np.arange(len(track))
    clocks = [
        rr.TimeColumn("frame", sequence=frames),
        rr.TimeColumn("time", duration=frames / fps),
    ]
    joints, limbs = f"video/{one.name}/joints", f"video/{one.name}/limbs"
    recording.log(joints, rr.Points2D.from_fields(colors=[colour], show_labels=False), static=True)
    recording.log(limbs, rr.LineStrips2D.from_fields(colors=[colour]), static=True)
    names = np.array(track.joints.joints)
    radii = (1 + 3 * one.certainty) * track.size[1] / 360
    recording.send_columns(
        joints,
        clocks,
        rr.Points2D.columns(
            positions=track.keypoints[given],
            radii=radii[given],
            labels=names[np.nonzero(given)[1]].tolist(),
        ).partition(given.sum(1)),
    )
    a, b = np.array(track.joints.limbs).T
    drawn = given[:, a] & given[:, b]
    strips = np.stack([track.keypoints[:, a], track.keypoints[:, b]], axis=2)[drawn]
    recording.send_columns(
        limbs, clocks, rr.LineStrips2D.columns(strips=list(strips)).partition(drawn.sum(1))
    )
    for name, values in (
        ("confidence", one.confidence),
        ("missing", one.status == "missing"),
        ("incorrect", (one.status != "") & (one.status != "missing")),
    ):
        recording.send_columns(
            f"{name}/{one.name}", clocks, rr.Scalars.columns(scalars=values.astype(float))
        )
