"""Every reader of outside data reads a hostile file, or refuses it in one clear message.

``python tests/fuzz`` is the same at length.
"""

import json
import os
import random

import hypothesis
import pytest
from fuzz_mutations import KINDS, LARGEST, mutated
from fuzz_readers import READERS, cheap_ones, dear_ones
from fuzz_runs import Worker, run, shrunk
from hypothesis import strategies as st
from soaking import soak_after

from choreo.poses.formats import registry

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


@pytest.fixture(scope="module")
def worker():
    import fuzz_bad_readers  # noqa: F401

    with Worker("fuzz_bad_readers") as found:
        yield found
    del READERS["bad"]


@pytest.mark.parametrize(("cases", "seed"), soak_after(1, [(12, 12), (100, 10)]))
@pytest.mark.parametrize("name", cheap_ones())
def test_hostile_files_are_read_or_refused(worker, name, cases, seed):
    counts = run(worker, name, cases, seed=seed, shrink=False)
    assert [(defect.kind, defect.said) for defect in counts.defects.values()] == []
    assert counts.read + counts.refused == counts.cases == cases


@pytest.mark.soak
@pytest.mark.parametrize("name", dear_ones())
def test_hostile_files_of_dear_readers_are_read_or_refused(worker, name):
    counts = run(worker, name, 10, seed=10, shrink=False)
    assert [(defect.kind, defect.said) for defect in counts.defects.values()] == []
    assert counts.read + counts.refused == counts.cases == 10


def _keys(value):
    """Every key in nested lists and objects."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (set(value) if isinstance(value, dict) else set()).union(*map(_keys, inside))


@pytest.mark.parametrize("examples", soak_after(1, [6, 200]))
@pytest.mark.parametrize("name", [n for n in cheap_ones() if READERS[n].kind == "json"])
def test_any_json_is_read_or_refused(worker, name, examples):
    """Values that `hypothesis` makes, under the keys that the reader looks for."""
    keys = sorted(set().union(*(_keys(json.loads(whole)) for whole in worker.wholes(name))))
    plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
    names = st.sampled_from(keys[:40]) if keys else st.text(max_size=3)
    values = st.recursive(
        plain,
        lambda inner: (
            st.lists(inner, max_size=5) | st.dictionaries(names, inner, min_size=1, max_size=6)
        ),
    )

    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[hypothesis.Phase.generate],
    )
    @hypothesis.given(values)
    def judged(value):
        found = worker.judge(name, json.dumps(value).encode())
        assert found["outcome"] in ("read", "refused"), found

    judged()


def test_every_format_of_the_registry_has_a_reader():
    names = {name.split()[1] for name in READERS if name.startswith("poses: ")}
    assert names == set(registry.read_formats())


@pytest.mark.parametrize("kind", sorted({READERS[name].kind for name in cheap_ones()}))
def test_the_same_seed_makes_the_same_files_and_few_are_whole(worker, kind):
    assert kind in KINDS
    wholes = worker.wholes(next(name for name in cheap_ones() if READERS[name].kind == kind))
    made = [[mutated(kind, wholes, rng) for _ in range(20)] for rng in map(random.Random, "aab")]
    # HDF5 and archives write the time into what they make.
    if kind not in ("hdf5", "zip"):
        assert made[0] == made[1]
    assert made[0] != made[2]
    assert sum(data in wholes for data in made[0]) < 10
    assert max(map(len, made[0])) <= LARGEST


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("read", None),
        ("refused", None),
        ("threads", None),
        ("other", "KeyError: fuzz_bad_readers.py, act"),
        ("exits", "SystemExit: fuzz_bad_readers.py, act"),
        ("unnamed", "message, names no file"),
        ("helpless", "message, no remedy"),
        ("inside", "message, of the program"),
        ("long", "message, too long"),
        ("accident", "accident"),
        ("beside", "did: open of"),
        ("left", "left behind"),
        ("much", "memory"),
        ("starts", "did: started"),
        ("system", "did: os.system"),
        ("connects", "did: socket.connect"),
        ("killed", "died: -11"),
        ("ended", "died: 0"),
        ("waits", "hang"),
    ],
)
def test_the_judge_sees_what_a_reader_may_not_do(worker, data, kind):
    # Only what waits for ever has to be waited for.
    found = worker.judge("bad", data.encode(), seconds=1 if data == "waits" else 30)
    if kind is None:
        assert found["outcome"] == ("refused" if data == "refused" else "read")
    else:
        assert found["outcome"] == "defect"
        assert found["kind"].startswith(kind)
    # What ended the reader ends no other.
    assert worker.judge("bad", b"read")["outcome"] == "read"


def test_a_defect_is_kept_at_its_smallest(worker):
    assert shrunk(worker, "bad", b"other", "KeyError: fuzz_bad_readers.py, act") == b"other"


def test_a_reader_whose_whole_files_are_not_read_is_no_measure(worker, monkeypatch):
    monkeypatch.setattr(worker, "wholes", lambda name: [b"refused"])
    with pytest.raises(AssertionError, match="a whole file"):
        run(worker, "bad", 1)
