"""What every test shares: where the parity data lie, and small pose tracks."""

from pathlib import Path

import pytest

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
