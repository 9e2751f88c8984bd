"""What is written in a figure stands there as it was given, whatever it holds."""

import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from choreo import figures
from choreo.cleaning import qc
from choreo.errors import plain

NAMES = {
    "a formula that is none": r"take$\frac$",
    "one that would be one": "a$b^2$c",
    "bytes that are no text": "bad\udcffname",
    "a control character": "a\x07b",
    "plain": "müller",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_any_name_is_drawn_as_it_stands(tmp_path, name, monkeypatch):
    figure, axis = figures.new()
    axis.plot([1, 2], [1, 100], label=name)
    axis.set(title=name, xlabel=name, yscale="log")
    if name == plain(name):  # what stands at ticks are names of a study, which are text
        axis.set_xticks([1, 2], [name, "b"])
    axis.text(1, 1, name, wrap=True)
    axis.legend()
    figure.suptitle(name)
    monkeypatch.setattr(figures.plt, "close", lambda figure: None)
    figures.save(figure, tmp_path / "f")
    with Image.open(tmp_path / "f.png") as picture:
        assert np.asarray(picture)[..., :3].std() > 0
    assert (tmp_path / "f.pdf").read_bytes().startswith(b"%PDF")
    shown = name.replace("\udcff", r"\udcff").replace("\x07", r"\x07")
    given = [text for text in figure.findobj(Text) if text.get_text() == shown]
    assert len(given) >= 5
    assert not any(text.get_parse_math() for text in given)
    # Powers of ten stay formulas.
    assert all(tick.get_parse_math() for tick in axis.get_yticklabels())
    assert axis.get_yticklabels()[0].get_text().startswith("$")


def test_why_a_clip_was_left_out_may_hold_anything(tmp_path):
    path = tmp_path / "a.png"
    qc.write(qc.left_out("a", r"no such file: /home/me/$HOME/$\alph"), path)
    with Image.open(path) as picture:
        assert picture.width == 1100


def test_every_figure_is_written_in_one_place():
    package = Path(figures.__file__).parent
    calls = [
        path.name
        for path in package.rglob("*.py")
        for _ in re.findall(r"[.]savefig\(", path.read_text(encoding="utf-8"))
    ]
    assert calls == ["figures.py"]
