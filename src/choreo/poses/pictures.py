"""Single frames of videos, and the part of them that shows people: what figures need."""

import numpy as np

from choreo import media
from choreo.drawing import draw_pose


def crop(tracks, frame):
    """Rows and columns around everyone's pose in a frame, with a margin.

    Parameters
    ----------
    tracks : list of PoseTrack
        Of the same video.
    frame : int

    Returns
    -------
    tuple of slice
        Rows and columns inside the picture; the whole of it where nobody is found.
    """
    width, height = tracks[0].size
    points = np.concatenate([t.keypoints[frame] for t in tracks])
    points = points[np.isfinite(points).all(1)]
    if not len(points):
        return slice(0, height), slice(0, width)
    low, high = points.min(0), points.max(0)
    margin = 0.12 * max(high - low) + 4
    left, top = np.clip(low - margin, 0, (width - 2, height - 2)).astype(int)
    right, bottom = np.clip(np.ceil(high + margin), (left + 2, top + 2), (width, height))
    return slice(int(top), int(bottom)), slice(int(left), int(right))


def pictures(video, size, frames):
    """Read single frames of a video.

    Parameters
    ----------
    video : str or Path
    size : tuple of int
        Its width and height.
    frames : collection of int
        Frame numbers.

    Returns
    -------
    dict of int to ndarray of uint8, shape (height, width, 3)
        RGB. Frames that the video does not have are left out.
    """
    found, last = {}, max(frames)
    stream = media.read_frames(video, size)
    for number, picture in enumerate(stream):
        if number in frames:
            found[number] = picture
        if number >= last:
            stream.close()
            break
    return found


def show_pose(axis, picture, part, track, frame):
    """Draw a pose on a picture and show a part of it on a matplotlib axis.

    Parameters
    ----------
    axis : matplotlib.axes.Axes
    picture : ndarray of uint8, shape (height, width, 3)
        RGB; it is not changed.
    part : tuple of slice
        Rows and columns to show.
    track : PoseTrack
    frame : int
        Whose pose is drawn.
    """
    ground = picture.copy()
    draw_pose(ground, track.keypoints[frame], track.skeleton)
    axis.imshow(ground[part])
    axis.set(xticks=[], yticks=[])
    axis.grid(False)
    axis.spines[:].set_visible(False)
