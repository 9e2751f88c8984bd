import tracemalloc

import numpy as np
import pytest

from choreo.evaluation import invention
from choreo.evaluation.invention import measure_invention
from choreo.evaluation.segments import Segments
from choreo.pose.skeletons import OPENPOSE18

FPS, FRAMES = 10.0, 20


def dance(seed, frames=4 * FRAMES):
    """Limbs that wander over a body of a torso of 50 px, shape (T, 18, 2)."""
    rng = np.random.default_rng(seed)
    body = rng.normal(0, 30, (18, 2))
    body[1], body[[8, 11]] = (0, -50), ((5, 0), (-5, 0))
    phases = rng.uniform(0, 6, (18, 2))
    time = np.arange(frames)[:, None, None] / FPS
    moved = 20 * np.sin(rng.uniform(2, 6, (18, 2)) * time + phases)
    moved[:, [1, 8, 11]] = 0
    return (body + moved + [160, 160]).astype(np.float32)


def segments(*dances, names=None):
    count = [len(d) // FRAMES for d in dances]
    names = names or [f"d{i}" for i in range(len(dances))]
    return Segments(
        np.concatenate([d.reshape(-1, FRAMES, 18, 2) for d in dances]),
        np.repeat(names, count),
        np.repeat(names, count),
        np.concatenate([np.arange(n) * FRAMES / FPS for n in count]),
        None,
        FPS,
        (320, 320),
    )


def test_a_new_dance_is_not_copied():
    found = measure_invention(segments(dance(0)), segments(dance(1), dance(2), names=["a", "b"]))
    assert found["copied_run"].max() < 0.5
    assert not found["copied_share"].any()


def test_a_copied_stretch_is_found_wherever_it_stands_and_however_large():
    own, source = dance(0), dance(1)
    own[25:60] = 1.3 * source[10:45] + [40, -20]
    # Torsos are medians of the dance: most of it must be of one size.
    own[:25] *= 1.3
    own[60:] *= 1.3
    found = measure_invention(segments(own), segments(source, names=["a"]))
    assert found["copied_run"] == pytest.approx(3.5, abs=0.3)
    assert found["copied_share"] == pytest.approx(35 / 80, abs=0.05)


def test_a_mirror_image_is_a_copy():
    source = dance(1)
    own = source[:, OPENPOSE18.mirror] * np.float32([-1, 1]) + np.float32([320, 0])
    found = measure_invention(segments(own), segments(source, names=["a"]))
    assert found["copied_share"].tolist() == [1] * 4


def test_a_dance_put_together_from_two_is_no_longer_run_than_its_parts():
    one, two = dance(1), dance(2)
    own = np.concatenate([one[:40], two[40:]])
    found = measure_invention(segments(own), segments(one, two, names=["a", "b"]))
    assert found["copied_run"] == pytest.approx(4.0, abs=0.2)
    assert found["copied_share"] == pytest.approx(1.0, abs=0.05)


def test_no_run_goes_over_the_end_of_a_training_dance():
    source = dance(1)
    found = measure_invention(
        segments(source), segments(source[:40], source[40:], names=["a", "b"])
    )
    assert found["copied_run"] == pytest.approx(4.0, abs=0.2)


def test_a_dance_is_not_compared_with_itself():
    one = segments(dance(1), dance(2))
    assert not measure_invention(one, one)["copied_share"].any()


@pytest.mark.parametrize("rows", [1, 300, 1 << 20])
def test_training_dances_may_come_in_blocks_of_any_size(rows, monkeypatch):
    training = segments(*(dance(seed) for seed in range(1, 7)))
    own = np.concatenate([dance(1)[:40], dance(5)[10:50]])
    expected = measure_invention(segments(own, names=["new"]), training)
    assert expected["copied_share"][0] > 0
    monkeypatch.setattr(invention, "_ROWS", rows)
    found = measure_invention(segments(own, names=["new"]), training)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values)


def test_memory_does_not_grow_with_the_training_dances(monkeypatch):
    monkeypatch.setattr(invention, "_ROWS", 1000)
    own, source = segments(dance(0), names=["new"]), dance(1, FRAMES)

    def peak(count):
        training = segments(*[source] * count, names=[f"t{k:03d}" for k in range(count)])
        tracemalloc.start()
        try:
            measure_invention(own, training)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(50)
    # All laid out at once they took 20 kB a chunk of 20 frames.
    assert (peak(500) - peak(50)) / 450 < 500
