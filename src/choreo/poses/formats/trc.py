"""Track rows of markers (.trc), as OpenSim, Mokka and others read them, written.

Five lines of heading, then a row a frame: its number from 1, its time in seconds, and X, Y,
Z of each marker, all with tabs between them. X goes to the picture's right and Y up from its
lower edge, as these tools expect, and Z is 0. The format has no pixels among its units:
`PIXELS_AS` says what one is taken for.
"""

from pathlib import Path

import numpy as np

from choreo.files import write_text
from choreo.poses.formats.people import upwards

PIXELS_AS = "mm"
"""A pixel is written as one of these; a model is scaled to its markers anyway."""


def write(track, path):
    """Write a track as markers.

    Parameters
    ----------
    track : PoseTrack
    path : str or Path
        ``.trc``: every frame, a marker a joint, under our names. Empty cells for what is
        absent.
    """
    path = Path(path)
    names, frames, rate = track.joints.joints, len(track), f"{track.fps:g}"
    axes = [f"{axis}{number}" for number in range(1, len(names) + 1) for axis in "XYZ"]
    heads = (
        ("PathFileType", "4", "(X/Y/Z)", _one_line(path.name)),
        (
            *("DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units"),
            *("OrigDataRate", "OrigDataStartFrame", "OrigNumFrames"),
        ),
        (rate, rate, str(frames), str(len(names)), PIXELS_AS, rate, "1", str(frames)),
        ("Frame#", "Time", *(cell for name in names for cell in (name, "", ""))),
        ("", "", *axes),
    )
    lines = ["\t".join(cells) for cells in heads]
    lines.append("")
    for frame, pose in enumerate(upwards(track).tolist()):
        cells = [str(frame + 1), f"{frame / track.fps:.6f}"]
        for x, y in pose:
            cells += ["", "", ""] if np.isnan(x) else [f"{x:.4f}", f"{y:.4f}", "0"]
        lines.append("\t".join(cells))
    write_text(path, "\n".join(lines) + "\n")


def _one_line(name):
    """A file's name as a cell; it may hold what would end the cell or the line."""
    return " ".join(name.encode(errors="replace").decode().split())
