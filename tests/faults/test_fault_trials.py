"""A few trials of fixed seeds; `python tests/faults` does as many as are wanted."""

import random
import sys
from types import SimpleNamespace

import pytest
from accidents import KINDS
from trials import CHANGES, HEAD, KEPT, ROWS, STUDIES, TABLES, Bench, Trial, try_one

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found by Linux's /proc"),
]

FEW = [
    "full disk of results",
    "a source video changed, then a kill",
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


@pytest.mark.soak
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_gives_what_a_study_has_that_had_it_from_the_beginning(bench, tmp_path, name):
    study = CHANGES[name].study
    trial = Trial(bench, tmp_path, study, random.Random(0))
    bench.project(trial.project, study)
    CHANGES[name].make(trial.project)
    assert trial.start().wait() == 0
    due, found = trial.files(), bench.undisturbed(study, name)
    assert {path for path in found if path not in due and not path.startswith(KEPT)} == set()
    # Table 1 names the config that it was made with; a setting of the dataset is none of its own.
    others = {path.partition(".")[0] for path in due if found[path] != due[path]}
    assert others == ({"tables/table1"} if name == "a setting" else set())


def test_only_what_is_kept_by_content_may_be_left_of_what_was_given_up(tmp_path):
    files = {"poses/simulated/one.npz": b"", f"{KEPT}1.npz": b""}
    bench = SimpleNamespace(undisturbed=lambda study, changed: files)
    trial = Trial(bench, tmp_path, "tables", random.Random(0))
    assert trial._kept() == set()
    trial.given_up = "a row"
    assert trial._kept() == {f"{KEPT}1.npz"}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_of_what_its_study_has_and_goes_back(tmp_path, name):
    inputs = {
        "config/tiny.tsv": HEAD + ROWS,
        "config/tiny.yaml": TABLES,
        "clips/one.mp4": "one",
        "clips/two.mp4": "two",
    }
    for path, text in inputs.items():
        tmp_path.joinpath(path).parent.mkdir(exist_ok=True)
        tmp_path.joinpath(path).write_text(text)
    change_back = CHANGES[name].make(tmp_path)
    found = {path: tmp_path.joinpath(path).read_text() for path in inputs}
    assert [path for path in inputs if found[path] != inputs[path]] == [CHANGES[name].path]
    change_back()
    assert tmp_path.joinpath(CHANGES[name].path).read_text() == inputs[CHANGES[name].path]


def test_every_kind_is_of_a_study_that_there_is():
    assert {kind.study for kind in KINDS.values()} <= set(STUDIES)
    assert {kind.changed for kind in KINDS.values()} == {"", *CHANGES}
    assert set(FEW) <= set(KINDS)
