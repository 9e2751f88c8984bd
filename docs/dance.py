"""Make docs/dance.gif, the dance of the README: the shipped graph to a song of `choreo.synth`.

``.venv/bin/python docs/dance.py``. Song, dance and picture are CC0-1.0, as is all that Choreo
makes up.
"""

import tempfile
from pathlib import Path

from choreo.cli import main
from choreo.synth.songs import SAMPLE_RATE, make_song, save_song

SONG, SEED = "neon", 1
BARS = (8, 12)
"""First bar and the one after the last."""
HEIGHT = 300
"""Of the picture in pixels."""


def dance(path):
    """Write the dance."""
    song = make_song(SONG, SEED)
    first, last = (round(song.downbeats[bar] * SAMPLE_RATE) for bar in BARS)
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder, f"{SONG}.wav")
        save_song(wav, song.audio[first:last])
        options = ["--seed", "3", "--beats", "--height", str(HEIGHT), "--force"]
        return main(["dance", str(wav), "-o", str(path), *options])


if __name__ == "__main__":
    raise SystemExit(dance(Path(__file__).with_name("dance.gif")))
