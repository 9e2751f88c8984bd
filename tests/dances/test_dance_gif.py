"""Dances as gifs: read back by Pillow."""

import numpy as np
import pytest
from PIL import Image, ImageSequence
from test_dance_video import moved, standing

from choreo import media
from choreo.cli import main
from choreo.cli.outputs import made_here
from choreo.dances.video import GIF, render_dances
from choreo.errors import AccidentError


def jumping(frames=12):
    track = standing(frames)
    shift = np.zeros((frames, 1, 2))
    shift[:, 0, 1] = -30 * np.abs(np.sin(np.arange(frames)))
    return moved(track, shift)


def test_a_gif_shows_what_the_mp4_shows(tmp_path):
    for name in ("a.mp4", "a.gif"):
        render_dances([jumping()], tmp_path / name, height=120, fps=GIF["fps"])
    film = list(media.read_frames(tmp_path / "a.mp4", (120, 120)))
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.info["loop"] == 0
        pictures, seconds = [], []
        for frame in ImageSequence.Iterator(gif):
            seconds.append(frame.info["duration"] / 1000)
            pictures.append(np.asarray(frame.convert("RGB"), float))
    # A picture that is the same as the one before may be left out, and that one last longer.
    assert sum(seconds) == pytest.approx(1.2, abs=0.051)
    starts = np.round(np.cumsum([0, *seconds[:-1]]) * GIF["fps"]).astype(int)
    for picture, at in zip(pictures, starts):
        assert np.abs(picture - film[at]).mean() < 4
    assert np.abs(pictures[0] - pictures[len(pictures) // 2]).mean() > 1


def test_two_gifs_have_the_same_bytes_and_are_ours(tmp_path):
    for name in ("a.gif", "b.gif"):
        render_dances([standing(6)], tmp_path / name, **{**GIF, "height": 120})
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()
    assert made_here(tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as gif:
        gif.save(tmp_path / "other.gif")
    assert not made_here(tmp_path / "other.gif")


@pytest.mark.parametrize("gone", [1, 7, 600])
def test_a_gif_without_its_end_is_an_accident(tmp_path, monkeypatch, gone):
    own = media.run

    def cut(node, *, where):
        own(node, where=where)
        for path in tmp_path.glob(".a-*.gif"):
            # What is left ends as a whole one does.
            path.write_bytes(path.read_bytes()[:-gone] + b"\x3b" * (gone > 1))

    monkeypatch.setattr(media, "run", cut)
    with pytest.raises(AccidentError, match=r"a\.gif: the gif has no end"):
        render_dances([standing(3)], tmp_path / "a.gif", height=64)
    assert not list(tmp_path.iterdir())


def test_a_track_is_drawn_as_a_gif_and_without_sound(tmp_path, capsys):
    standing(4).save(tmp_path / "t.npz")
    (tmp_path / "song.wav").write_bytes(b"")
    words = ["render", str(tmp_path / "t.npz"), "-o", str(tmp_path / "a.gif")]
    assert main([*words, "--audio", str(tmp_path / "song.wav")]) == 1
    assert "a gif has no sound. Leave out --audio" in capsys.readouterr().err
    assert main(words) == 0
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.size == (640, 360)
