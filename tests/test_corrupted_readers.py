"""Files that were once read in a wrong way, beside those of each reader; at length: tests/fuzz."""

import numpy as np
import pytest
import soundfile

from choreo.cleaning.retime import times_taken
from choreo.errors import ChoreoError
from choreo.videos.audio import read_song


def _song(path):
    soundfile.write(path, np.sin(np.arange(400) / 9), 16_000, subtype="PCM_16")


NESTED = "[" * 100_000


@pytest.mark.parametrize(
    "text",
    [
        NESTED,
        '{"shift":' + NESTED,
        "[]",
        "null",
        '"text"',
        '{"frames": NaN, "fps": 25, "shift": "1"}',
        '{"frames": 1, "fps": NaN, "shift": "1"}',
        '{"frames": 1, "fps": 1e999, "shift": "1"}',
        '{"frames": 2, "fps": 25, "shift": "1 x"}',
        '{"frames": 2, "fps": 25, "shift": [1, 2]}',
        '{"frames": 1, "fps": 25, "shift": "' + "9" * 6000 + '"}',
        '{"frames": 1, "fps": 25, "shift": "' + "9" * 400 + '"}',
        '{"fps": 25, "shift": "1"}',
    ],
    ids=lambda text: text[:40],
)
def test_hostile_probes(tmp_path, text):
    path = tmp_path / "v.json"
    path.write_text(text)
    with pytest.raises(ChoreoError, match=r"v\.json: not the probe of a standardised video"):
        times_taken(path)


def test_a_wav_whose_chunk_says_that_it_ends_beyond_its_file(tmp_path):
    """Of such a one Python's own reader raises what is none of its errors."""
    _song(tmp_path / "a.wav")
    data = bytearray((tmp_path / "a.wav").read_bytes())
    data[12:20] = b"junk" + (0xFFFFFFFE).to_bytes(4, "little")
    (tmp_path / "a.wav").write_bytes(data)
    with pytest.raises(ChoreoError, match=r"a\.wav: "):
        read_song(tmp_path / "a.wav")
