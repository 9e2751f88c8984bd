"""Known truth for the cleaning benchmark: dances to choose constants on, and others to judge.

The constants of `choreo.cleaning.robust` were chosen on `TUNING`, dances of the demo study's
songs and dancers. `CLIPS` are of other songs, other dancers and another seed. Two things were
decided with these in sight: how the costs of an exchange grow below 30 frames a second and
that exchanges look at the continued motion; and that a jump seen from one side alone must be
twice as large. `stress` gives movements in depth, which those dances lack: that limbs count as
too long only where a jump made them so was decided with it in sight, and so was, with the
dances, how gaps are filled. No picture is drawn, and all are the same for every study.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from choreo.pose.skeletons import COCO17
from choreo.pose.track import PoseTrack
from choreo.synth.dancers import make_dance, make_dancer
from choreo.synth.scene import make_scene
from choreo.synth.songs import make_song

SEED = 2021
"""The demo study's is 1."""

CLIPS = (
    ("amber", "farid", 6.0),
    ("amber", "gita", 22.0),
    ("hammer", "hugo", 6.0),
    ("hammer", "iris", 22.0),
    ("lantern", "gita", 6.0),
    ("lantern", "farid", 22.0),
)
"""Song, dancer, and where in the song the clip starts, in seconds. None is in the demo study."""

_SONGS, _DANCERS, _STARTS = (tuple(dict.fromkeys(column)) for column in zip(*CLIPS))
AUDITED = tuple(
    (song, dancer, _STARTS[(place + number) % 2])
    for place, song in enumerate(_SONGS)
    for number, dancer in enumerate(_DANCERS)
)
"""As `CLIPS`, each of their dancers to each of their songs: for the claim on cleaning."""

TUNING_SEED = 1

TUNING = (
    ("neon", "ada", 0.0),
    ("neon", "bruno", 12.0),
    ("dusty", "chika", 0.0),
    ("strut", "diego", 6.0),
    ("strut", "bruno", 20.0),
    ("sunset", "ada", 0.0),
    ("voltage", "bruno", 6.0),
    ("voltage", "diego", 18.0),
    ("midnight", "esi", 0.0),
    ("midnight", "ada", 14.0),
)
"""As `CLIPS`, of the demo study's songs and dancers."""

SECONDS = 10.0
FPS = 30


def held_out(
    clips: Sequence[tuple[str, str, float]] = CLIPS,
    *,
    seed: int = SEED,
    seconds: float = SECONDS,
    fps: float = FPS,
) -> dict[str, PoseTrack]:
    """Make true tracks.

    Parameters
    ----------
    clips : sequence of (str, str, float)
        Song, dancer, start in seconds.
    seed : int
        Of songs and dances.
    seconds : float
        Length of each.
    fps : float
        Frames a second.

    Returns
    -------
    dict of str to PoseTrack
        ``<song>/<dancer>`` -> truth in COCO-17, pixels of a 640x360 picture, no gap.
    """
    songs = {name: make_song(name, seed) for name in dict.fromkeys(song for song, _, _ in clips)}
    found = {}
    for number, (song, dancer, start) in enumerate(clips):
        dance = make_dance(songs[song], make_dancer(dancer), 1, seed)
        scene = make_scene(
            dance,
            start=start,
            frames=round(seconds * fps),
            fps=fps,
            size=(640, 360),
            seed=seed + number,
        )
        found[f"{song}/{dancer}"] = scene.truth()
    return found


_STANDING = {
    "nose": (0, -1.65, 0.1),
    "eye": (0.03, -1.68, 0.09),
    "ear": (0.08, -1.66, 0),
    "shoulder": (0.2, -1.42, 0),
    "elbow": (0.25, -1.12, 0),
    "wrist": (0.27, -0.87, 0.05),
    "hip": (0.13, -0.92, 0),
    "knee": (0.14, -0.48, 0.03),
    "ankle": (0.14, -0.05, 0),
}
"""Left side of a dancer of 1.75 m: metres to the dancer's left, down from the floor, forwards."""

CAMERA_METRES, FOCAL_PX, CAMERA_HEIGHT = 4.0, 400.0, 0.9
"""How far from the camera the dancer stands, its focal length, and its height in metres."""


def stress(*, fps=FPS):
    """Make true tracks of smooth movements in depth, seen in perspective.

    Parameters
    ----------
    fps : float
        Frames a second.

    Returns
    -------
    dict of str to PoseTrack
        10 s each in COCO-17, pixels of a 640x360 picture, no gap. ``spin``: two turns a second.
        ``stand up``: seated facing the camera, once on the feet for 0.8 s. ``punch``: both
        arms point at the camera and are thrown out to the sides three times, within a sixth
        of a second. ``approach``: 2 m nearer in the last second. ``lunge``: 2 m nearer and
        back, half a second each.
    """
    time = np.arange(round(SECONDS * fps)) / fps
    spun = _turned(_standing(time), 4 * np.pi * time)
    near, out_and_back = _standing(time), _standing(time)
    near[..., 2] += 2 * _moved(time, 9.0, 1.0)[:, None]
    out_and_back[..., 2] += 2 * _there_and_back(time, 4.7, 0.5, 0.2)[:, None]
    moves = {
        "spin": spun,
        "stand up": _standing_up(time),
        "punch": _punching(time),
        "approach": near,
        "lunge": out_and_back,
    }
    return {name: _seen(body, fps) for name, body in moves.items()}


def _standing(time):
    """Positions (T, 17, 3) in metres of one who stands still."""
    body = []
    for joint in COCO17.joints:
        x, y, z = _STANDING[joint.removeprefix("left_").removeprefix("right_")]
        body.append((-x if joint.startswith("right_") else x, y, z))
    return np.repeat(np.array(body, float)[None], len(time), 0)


def _moved(time, start, seconds):
    """From 0 to 1 with the least jerk."""
    x = np.clip((time - start) / seconds, 0, 1)
    return x**3 * (10 - 15 * x + 6 * x**2)


def _there_and_back(time, start, seconds, stay):
    return _moved(time, start, seconds) - _moved(time, start + seconds + stay, seconds)


def _turned(body, angle):
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x, y, z = np.moveaxis(body, -1, 0)
    return np.stack([cos * x + sin * z, y, cos * z - sin * x], -1)


def _standing_up(time):
    body = _standing(time)
    bent = 0.475 * np.pi * (1 - _there_and_back(time, 4.7, 0.4, 0.4))
    thigh = 0.44
    lower = [j for j, name in enumerate(COCO17.joints) if name.endswith(("knee", "ankle"))]
    upper = np.setdiff1d(np.arange(len(COCO17)), lower)
    body[:, upper, 1] += thigh * (1 - np.cos(bent))[:, None]
    # The feet stay: the hips go back and down.
    body[:, upper, 2] -= thigh * np.sin(bent)[:, None]
    return body


def _punching(time):
    body = _standing(time)
    out = np.pi / 2 * sum(_there_and_back(time, at, 1 / 6, 1 / 15) for at in (2.5, 5.0, 7.5))
    for side, sign in (("left", 1), ("right", -1)):
        shoulder = body[:, COCO17.index(f"{side}_shoulder")]
        for joint, reach, drop in (("elbow", 0.3, 0.03), ("wrist", 0.55, 0.06)):
            way = np.stack([sign * reach * np.sin(out), 0 * out + drop, reach * np.cos(out)], -1)
            body[:, COCO17.index(f"{side}_{joint}")] = shoulder + way
    return body


def _seen(body, fps):
    x, y, z = np.moveaxis(body, -1, 0)
    scale = FOCAL_PX / (CAMERA_METRES - z)
    keypoints = np.stack([320 + scale * x, 180 + scale * (y + CAMERA_HEIGHT)], -1)
    scores = np.ones(keypoints.shape[:2])
    return PoseTrack(keypoints, scores, fps=fps, size=(640, 360), skeleton="coco17")
