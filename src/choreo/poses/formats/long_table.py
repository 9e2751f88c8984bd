"""A table of joints as data frames like it, written: a row a frame and joint.

``frame,time,joint,x,y,score``, comma-separated, with the names of our skeletons; time in
seconds, x and y in pixels from the upper left corner, y downwards. ``pandas.read_csv(path)
.pivot(index="frame", columns="joint", values=["x", "y"])`` makes it wide.
"""

import csv
import math

from choreo.files import whole

COLUMNS = ("frame", "time", "joint", "x", "y", "score")


def write(track, path):
    """Write a track as a long table.

    Parameters
    ----------
    track : PoseTrack
    path : str or Path
        ``.csv``: every frame and joint, from frame 0. Empty cells for what is absent.
    """
    given = track.given
    with whole(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        for frame, (pose, scores) in enumerate(zip(track.keypoints.tolist(), track.scores)):
            time = f"{frame / track.fps:.6f}"
            for number, joint in enumerate(track.joints.joints):
                x, y = pose[number] if given[frame, number] else ("", "")
                score = float(scores[number])
                rows.writerow([frame, time, joint, x, y, "" if math.isnan(score) else score])
