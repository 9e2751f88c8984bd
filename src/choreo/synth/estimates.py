"""What an estimator of several people would find in a scene: its truth with faults.

No picture is drawn. The faults are those of bottom-up and top-down estimators on people
who hide one another: hidden joints are lost or taken from the person in front, someone
who is mostly hidden is lost, numbers of tracks change, and the order is anyone's.
"""

import numpy as np

from choreo.pose.skeletons import SKELETONS
from choreo.poses.detections import Detections
from choreo.synth.names import derived_seed

JITTER = 0.006
"""Standard deviation of a joint's place, as a share of the person's height."""

OUTLIERS = 0.01
"""Share of joints that are found up to a third of the person's height away."""

LOST_JOINTS = 0.02
"""Share of joints in plain view that are not found."""

LOST_PEOPLE = 0.01
"""Share of people in plain view that are not found in a frame."""

HIDDEN = 0.5
"""Someone of whose joints a larger share is hidden or outside is mostly not found."""

SWITCHES = 0.5
"""Share of crossings after which a track's number has changed over to the other one."""

_WIDTH = 0.08
"""Half the width of a limb that hides what is behind it, as a share of the height."""


def estimate(scene, *, seed, skeleton="coco17"):
    """Make up the detections of everyone in a scene.

    Parameters
    ----------
    scene : choreo.synth.scene.Scene
    seed : int
    skeleton : str
        ``coco17`` or ``halpe26``.

    Returns
    -------
    detections : Detections
        In pixels, people of a frame in random order. Labels are a tracker's, which now
        and then confuses two who cross. Joints outside the picture are absent.
    who : ndarray of int, shape (N,)
        The figure that each detection was made from, 0 for the dancer.
    """
    rng = np.random.default_rng(derived_seed("estimate", scene.seed, seed))
    people = len(scene.figures)
    truth = np.stack([scene.truth(i, skeleton=skeleton).keypoints for i in range(people)])
    truth = truth.astype(float)
    distance = np.stack([scene.camera.depth(f.pose.joints).mean(1) for f in scene.figures])
    height = np.ptp(truth[..., 1], axis=2)
    outside = ((truth < 0) | (truth > scene.camera.size)).any(-1)
    found = truth + rng.normal(0, JITTER, truth.shape) * height[..., None, None]
    wild = rng.random(outside.shape) < OUTLIERS
    found[wild] += (rng.uniform(-0.33, 0.33, truth.shape) * height[..., None, None])[wild]
    hidden, by = _hidden(truth, distance, height, SKELETONS[skeleton].limbs)
    # What is hidden is lost, guessed right, or taken from whoever is in front.
    fate = rng.integers(0, 3, hidden.shape)
    taken = hidden & (fate == 1)
    _, frame, joint = np.nonzero(taken)
    found[taken] = found[by[taken], frame, joint]
    lost = outside | (hidden & (fate == 0)) | (rng.random(hidden.shape) < LOST_JOINTS)
    found[lost] = np.nan
    covered = (hidden | outside).mean(-1)
    chance = np.where(covered > HIDDEN, 0.9, LOST_PEOPLE)
    seen = (rng.random(chance.shape) >= chance) & (np.isfinite(found[..., 0]).sum(-1) >= 4)
    label = _labels(covered > HIDDEN, by, rng)
    frame, who = np.nonzero(seen.T)
    order = np.lexsort((rng.random(len(frame)), frame))
    frame, who = frame[order], who[order]
    keypoints = found[who, frame]
    scores = rng.uniform(0.5, 1, keypoints.shape[:2])
    scores[np.isnan(keypoints[..., 0])] = np.nan
    low, high = np.nanmin(keypoints, 1), np.nanmax(keypoints, 1)
    detections = Detections(
        frame=frame,
        keypoints=keypoints,
        scores=scores,
        skeleton=skeleton,
        frames=len(scene),
        label=label[who, frame],
        score=np.nanmean(scores, 1),
        box=np.concatenate([low, high - low], 1),
    )
    return detections, who


def frames_right(scene, detections, members):
    """Tell in which frames the chosen detections are the dancer, by where the poses lie.

    Parameters
    ----------
    scene : choreo.synth.scene.Scene
    detections : Detections
    members : ndarray of int
        Those chosen, at most one a frame.

    Returns
    -------
    ndarray of bool, shape (T,)
        True where the figure nearest to the chosen pose is the dancer, and where nobody
        is chosen and no detection's nearest figure is the dancer.
    """
    truth = [scene.truth(i, skeleton=detections.skeleton) for i in range(len(scene.figures))]
    apart = [
        np.hypot(*np.moveaxis(t.keypoints[detections.frame] - detections.keypoints, -1, 0))
        for t in truth
    ]
    dancer = np.nanmedian(apart, axis=-1).argmin(0) == 0
    right = np.ones(detections.frames, bool)
    right[detections.frame[dancer]] = False
    right[detections.frame[members]] = dancer[members]
    return right


def _hidden(truth, distance, height, limbs):
    """Which joints lie behind someone nearer, and behind whom, each of shape (P, T, J)."""
    people = len(truth)
    hidden = np.zeros(truth.shape[:3], bool)
    by = np.zeros(truth.shape[:3], int)
    for front in range(people):
        for back in range(people):
            nearer = distance[front] < distance[back] - 0.1
            # The nearest in front of all is the one that is seen.
            covers = _over(truth[front], truth[back], limbs, _WIDTH * height[front])
            covers &= nearer[:, None] & (
                ~hidden[back] | (distance[front][:, None] < distance[by[back], _rows(by[back])])
            )
            hidden[back] |= covers
            by[back][covers] = front
    return hidden, by


def _rows(array):
    return np.arange(len(array))[:, None]


def _over(front, points, limbs, radius):
    """Which `points` (T, J, 2) lie within `radius` (T,) of a limb of `front` (T, J, 2)."""
    start = front[:, [a for a, _ in limbs]][:, None]
    along = front[:, [b for _, b in limbs]][:, None] - start
    away = points[:, :, None] - start
    share = (away * along).sum(-1) / np.maximum((along**2).sum(-1), 1e-9)
    foot = np.clip(share, 0, 1)[..., None] * along
    return (np.hypot(*np.moveaxis(away - foot, -1, 0)) < radius[:, None, None]).any(-1)


def _labels(covered, by, rng):
    """Numbers of a tracker (P, T): new or exchanged ones after someone was covered."""
    people, frames = covered.shape
    label = np.zeros(covered.shape)
    now = rng.permutation(people) + 1.0
    last = float(people)
    for t in range(frames):
        for p in range(people):
            if t and covered[p, t - 1] and not covered[p, t]:
                if rng.random() < SWITCHES:
                    other = np.bincount(by[p, t - 1]).argmax()
                    now[p], now[other] = now[other], now[p]
                elif rng.random() < 0.5:
                    last += 1
                    now[p] = last
        label[:, t] = now
    return label
