"""What every test shares: where the parity data lie, one thread, and what a run must come to."""

import importlib
import os
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # Parallel test processes have the cores already: threads would only wait for each other.
    # The libraries read it when they are first imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

DATA = Path(__file__).parent / "data"


def pytest_addoption(parser):
    parser.addoption(
        "--parity-data",
        type=Path,
        default=DATA / "parity",
        metavar="DIR",
        help="folder of numbers computed by the thesis's released code (01_clean, ...)",
    )


@pytest.fixture(scope="session")
def parity(request):
    """Folder of the parity data."""
    return request.config.getoption("--parity-data")


@pytest.fixture
def of_benchmarks(monkeypatch):
    """Import a module of benchmarks/ by its name."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    return importlib.import_module


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A window of this machine's Chromium, for the tests of a file; skipped where there is none."""
    from browser import BINARY, Browser

    if BINARY is None:
        pytest.skip("no Chromium on this machine: the page was not opened in a browser")
    window = Browser(tmp_path_factory.mktemp("profile"))
    yield window
    window.close()


@pytest.fixture
def one_thread():
    """One thread of torch in a test: as many as before afterwards."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


_crashed = []


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    """Remember a worker process that died: xdist itself may then report success."""
    if error:
        _crashed.append(node.gateway.id)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    """Let no run pass whose workers died or that ran no test."""
    if hasattr(session.config, "workerinput") or session.config.option.collectonly or exitstatus:
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if _crashed or not reporter.stats.get("passed"):
        died = f"worker processes died: {', '.join(_crashed)}" if _crashed else "no test passed"
        reporter.write_line(f"choreo: this run does not count; {died}", red=True)
        session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
