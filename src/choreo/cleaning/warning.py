"""Clips of which so much is not seen that someone should look: how much, and why.

Either cleaning removed it, or it lies outside the picture: there an estimator such as
MediaPipe guesses joints so smoothly that no cleaning takes them for wrong.

Such a clip is used all the same. The warning stands in its record (``cleaning/<video>.json``),
from where ``problems.csv``, the report and the end of the run take it.
"""

import numpy as np

from choreo.comparison.compare import THRESHOLD_HEIGHT, share_of_height
from choreo.pose.runs import runs
from choreo.pose.size import height_px
from choreo.statistics.summaries import median

MOST_REMOVED = 0.1
"""Share of the given joints above which it is said, also of those outside the picture."""

OUTSIDE = 0.2
"""A joint this often out of the picture, or absent, speaks for a close-up."""

OTHERS = 0.05
"""So many of the frames with someone else speak for several people; fewer are a ghost."""

AWAY_SECONDS = 0.1
"""A pose that is elsewhere as a whole for as long is of something else; for less, a slip."""

FEW = 0.25
"""No more of the joints than that are no whole pose."""


def share_removed(before, after):
    """Share of the joints given before cleaning that are another's or nobody's after it.

    Parameters
    ----------
    before, after : PoseTrack

    Returns
    -------
    float
    """
    return float(_removed(before, after).sum() / max(1, before.given.sum()))


def share_guessed(track):
    """Share of the joints given that lie outside the picture.

    Parameters
    ----------
    track : PoseTrack

    Returns
    -------
    float
    """
    given = track.given
    return float((given & ~track.inside).sum() / max(1, given.sum()))


def warning(before, after, record, item):
    """Say that much of a clip was removed or never in the picture, and the likely reasons.

    Parameters
    ----------
    before, after : PoseTrack
    record : dict
        Of `choreo.cleaning.clean.clean`.
    item : str
        The video, as people know it.

    Returns
    -------
    dict or None
        Keys as of a problem (`choreo.pipeline.tombstones.problem_in`); None where no more than
        `MOST_REMOVED` was removed, and no more was guessed.
    """
    removed, guessed = share_removed(before, after), share_guessed(before)
    said, found = [], []
    if removed > MOST_REMOVED:
        said.append(f"cleaning ({record['method']}) removed {removed:.0%} of the joints")
        found = reasons(before, after, record)
    if guessed > MOST_REMOVED:
        said.append(f"{guessed:.0%} of the joints lie outside the picture, where they are guessed")
        found = found or close_up(before)
    if not said:
        return None
    if not found:
        found = [
            ("the estimator is unsure of the dancer", "Look at its page, or try another estimator")
        ]
    return {
        "item": item,
        "stage": "cleaning",
        "message": f"{' and '.join(said)}, likely because "
        f"{'; '.join(reason for reason, _ in found)}",
        "where": "",
        "value": f"{max(removed, guessed):.3f}",
        "remedy": ". ".join(remedy for _, remedy in found),
    }


def reasons(before, after, record):
    """Find likely reasons why cleaning removed so much.

    Parameters
    ----------
    before, after, record
        As for `warning`.

    Returns
    -------
    list of (str, str)
        Reason and remedy, the likeliest first.
    """
    found = []
    height = median(height_px(before))
    pixels = record["threshold_px"]
    if pixels and height and share_of_height(pixels, height, before.fps) < THRESHOLD_HEIGHT / 2:
        found.append(
            (
                f"{pixels:g} px a frame is {pixels / height:.2f} of a dancer {height:.0f} px tall "
                f"at {before.fps:g} frames a second (in the thesis {THRESHOLD_HEIGHT} at 30), so "
                "fast moves count as errors",
                "Set cleaning.method to robust, or cleaning.threshold_height to "
                f"{THRESHOLD_HEIGHT * 30 / before.fps:.2g}",
            )
        )
    found += close_up(before)
    if _others(before) > OTHERS:
        found.append(
            (
                "several people are in the picture",
                "Say who dances in the videos table, column dancer_pick",
            )
        )
    end = _at_the_end(before, after)
    away = _away(before, after) if record["method"] == "robust" and end is None else 0.0
    if away > OTHERS >= _others(before):
        found.append(
            (
                f"in {away:.0%} of the frames the whole pose is elsewhere, as where someone passes "
                "in front or several people are in the picture",
                "Cut or crop the video to the dancer alone, or take an estimator that gives "
                "everyone: MediaPipe follows one person of its own choice (docs/poses.md)",
            )
        )
    moved = _moved(before, record) if pixels and not found and end is None else 0.0
    if 0 < moved <= FEW:
        found.append(
            (
                f"{record['method']} removes the whole pose where one joint moves more than "
                f"{pixels:.3g} px: of the joints {moved:.0%} did in the median removed frame",
                "Set cleaning.method to robust, which removes single joints",
            )
        )
    if end is not None:
        found.append(
            (
                f"half of it is in the last tenth, from {end:.1f} s: an end card or a cut",
                "Set `end` in the videos table",
            )
        )
    return found


def close_up(track):
    """Reason and remedy where the dancer is not whole in the picture; an empty list elsewhere."""
    outside = _out_of_sight(track)
    if outside <= OUTSIDE:
        return []
    return [
        (
            f"it is a close-up: ankles are out of the picture in {outside:.0%} of the frames",
            "Take a clip that shows the whole dancer, or leave it out",
        )
    ]


def _others(track):
    """Share of the frames with another person, as far as the estimator was asked."""
    rejected = (track.meta.get("dancer") or {}).get("rejected", ())
    # Of many who come one after the other only the best are listed.
    frames = sum(person["frames"] for person in rejected)
    return max(frames, track.meta.get("frames_dropped") or 0) / len(track)


def _away(before, after):
    """Share of the frames in stretches of which most of the body was removed.

    An estimator that gives one person goes to someone else as a whole, and says nothing of
    it. Only a method that looks at each joint tells that from one bad joint.
    """
    most = _removed(before, after).sum(1) * 2 > before.given.sum(1)
    long = [last + 1 - first for first, last in runs(most)]
    return sum(n for n in long if n >= AWAY_SECONDS * before.fps) / len(before)


def _moved(before, record):
    """Share of the joints that moved beyond the threshold, in the median removed frame.

    0 where none did in any: of later frames of a wrong stretch that is so.
    """
    step = np.linalg.norm(np.diff(before.keypoints, axis=0), axis=-1)
    flagged = np.array([frame for frame in record["flagged"] if frame], int) - 1
    known = np.isfinite(step[flagged])
    beyond = (step[flagged] > record["threshold_px"]).sum(1)
    shares = beyond[beyond > 0] / known[beyond > 0].sum(1)
    return float(np.median(shares)) if len(shares) else 0.0


def _removed(before, after):
    """Which given joints are another's or nobody's after cleaning, shape (T, J)."""
    return before.given & (after.repaired | ~after.given)


def _out_of_sight(track):
    """Share of the frames with a person in which an ankle is absent or out of the picture."""
    ankles = [track.joints.index(f"{side}_ankle") for side in ("left", "right")]
    there = track.given.any(1)
    inside = track.inside[there][:, ankles].all(1)
    return float(1 - inside.mean()) if there.any() else 0.0


def _at_the_end(before, after):
    """Second from which half of what was removed lies, if that is in the last tenth."""
    removed = _removed(before, after).sum(1)
    first = round(0.9 * len(removed))
    if removed[first:].sum() * 2 < removed.sum():
        return None
    return float(first + np.argmax(removed[first:] > 0)) / before.fps
