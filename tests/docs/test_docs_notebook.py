"""The notebook runs from its first cell to its last, without Jupyter."""

from pathlib import Path

import matplotlib
import nbformat
import pytest

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebook.ipynb"


def test_it_has_ten_cells_and_nothing_of_a_run():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert len(notebook.cells) == 10
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


@pytest.mark.slow
@pytest.mark.soak
def test_its_cells_run_in_order(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    backend = matplotlib.get_backend()
    matplotlib.use("Agg")
    names = {}
    try:
        for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, NOTEBOOK.name, "exec"), names)
    finally:
        names["plt"].close("all")
        matplotlib.use(backend)
    said = capsys.readouterr().out
    assert "30 s" in said
    assert "300 poses, 10 a second" in said
    assert (tmp_path / "dance.mp4").stat().st_size > 10_000
    table = names["table"]
    best = table.loc["the dance"]
    assert best["hits"] > best["hits by chance"] + 0.2
    assert best["phase locking"] > 0.9
    assert table.loc["half a beat late", "hits"] < best["hits"] - 0.2
    assert table.loc["at another tempo", "phase locking"] < 0.9
    assert table.loc["frozen", "frozen"] == 1
    assert table.loc["frozen", "energy"] == 0
