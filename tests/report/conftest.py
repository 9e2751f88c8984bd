"""The made-up study and its page, made once."""

import pytest
import report_study

from choreo.report.page import page
from choreo.report.study import gather


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    """Folder of a made-up study with its page; not to be changed."""
    folder = tmp_path_factory.mktemp("report") / "made"
    report_study.write_study(folder)
    contents = gather(folder, study="made", **report_study.SHOWN)
    (folder / "index.html").write_text(page(contents), encoding="utf-8")
    return folder
