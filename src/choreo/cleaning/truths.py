"""Known truth for the cleaning benchmark: dances to choose constants on, and others to judge.

The constants of `choreo.cleaning.robust` were chosen on `TUNING`, dances of the demo study's
songs and dancers. `CLIPS` are of other songs, other dancers and another seed. Two things were
decided with these in sight: how the costs of an exchange grow below 30 frames a second and
that exchanges look at the continued motion; and that a jump seen from one side alone must be
twice as large. No picture is drawn, and all are the same for every study.
"""

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


def held_out(clips=CLIPS, *, seed=SEED, seconds=SECONDS, fps=FPS):
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
