"""A few trials of fixed seeds; `python tests/faults` does as many as are wanted."""

import sys

import pytest
from accidents import KINDS
from trials import STUDIES, Bench, try_one

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found by Linux's /proc"),
]

FEW = [
    "kill -9 of the whole group",
    "full disk of results",
]


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    bench = Bench(tmp_path_factory.mktemp("faults"))
    yield bench
    bench.close()


def check(bench, name):
    row = try_one(bench, 1, KINDS[name], seed=1)
    if row.verdict == "skipped":
        pytest.skip(row.seen)
    print(row)
    assert row.verdict == "passed", row


def test_a_download_that_is_cut_is_gone_on_with(bench):
    check(bench, "the network cut in a download")


@pytest.mark.soak
@pytest.mark.parametrize("name", FEW)
def test_a_study_outlives_an_accident(bench, name):
    check(bench, name)


def test_every_kind_is_of_a_study_that_there_is():
    assert {kind.study for kind in KINDS.values()} <= set(STUDIES)
    assert set(FEW) <= set(KINDS)
