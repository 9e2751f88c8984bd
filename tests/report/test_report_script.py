"""Snakemake's own report, as the script of its rule leaves it."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from choreo.cli import verify
from choreo.files import PROJECT, sealed
from choreo.pipeline import nested


def test_a_turned_bit_in_the_report_is_seen(tmp_path, monkeypatch):
    """It is Snakemake that writes it: the digest is given afterwards."""

    def ask(snakefile, config, *options, values):
        Path(options[1]).write_text("<html><p>64 seconds</p></html>", encoding="utf-8")
        return "done"

    monkeypatch.setattr(nested, "ask", ask)
    report = tmp_path / "results/tiny/report.html"
    job = SimpleNamespace(
        rule="report",
        log=[str(tmp_path / "results/tiny/logs/report.log")],
        input=[],
        output=[str(report)],
        params=SimpleNamespace(targets=[], shared={}, config={}, snakefile="Snakefile"),
    )
    script = PROJECT / "workflow/scripts/report.py"
    runpy.run_path(str(script), init_globals={"snakemake": job})
    if not sealed.compare_text(report):
        pytest.skip("the file system here keeps no attributes of files")
    assert verify.verify(report)[0] == {}
    report.write_bytes(report.read_bytes().replace(b"64", b"65"))
    assert list(verify.verify(report)[0]) == [report]
