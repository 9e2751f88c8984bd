"""benchmarks/training.py's way to time a GPU, on a CPU."""

import re

import pytest
import torch
from recorded_graphs import RecordedGraphs
from test_models_captured import RECIPES, moved

from choreo.models.gan import model
from choreo.models.gan.kernels.captured import WARM_UP_STEPS
from choreo.training import train as training

CPU = torch.device("cpu")


@pytest.fixture
def benchmark(of_benchmarks):
    return of_benchmarks("training")


def test_a_row_says_what_a_device_makes_of_a_training(benchmark, monkeypatch):
    monkeypatch.setattr(benchmark, "step_operations", lambda recipe, batch: 15e12 * batch)
    monkeypatch.setattr(benchmark, "peak", lambda *_, products: 1e15)
    monkeypatch.setattr(benchmark, "seconds_a_step", lambda *_: (0.075, True))
    cells = benchmark.measure_device("gru", RECIPES["gru"], 2, CPU, "auto", steps=1)
    row = dict(zip(benchmark.DEVICE_COLUMNS, cells, strict=True))
    assert row.pop("memory, MiB") > 100
    assert row == {
        "model": "gru",
        "batch": 2,
        "device": "cpu",
        "precision": "float32",
        "s a step": "0.0750",
        "steps/s": "13.3",
        "GFLOP": "30000",
        "GFLOP/s": "400000",
        "peak": "1000000",
        "of peak": "40.0%",
        "graph": "yes",
        # 350 epochs of 925 steps
        "a thesis-size run": "350 epochs of 1,850 chunks in 404.7 min",
    }


@pytest.mark.soak
def test_a_device_is_measured_to_the_end(benchmark):
    recipe = RECIPES["gru"]
    assert benchmark.peak(torch.float32, CPU, 16, products=2) > 0
    chunks = benchmark.RandomChunks(4, frames=20, kept=4)
    seconds, captured = benchmark.seconds_a_step(
        chunks, recipe.with_(batch_size=2), CPU, "bfloat16", 1
    )
    assert seconds > 0
    assert not captured


@pytest.mark.soak
def test_all_timed_steps_are_replays_where_there_are_graphs(benchmark, monkeypatch):
    graphs, steps = RecordedGraphs(), []

    class Known(training._Training):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            graphs.state = lambda: [
                *moved(self.model._update),
                *self.model.networks.buffers(),
            ]

        def close(self):
            super().close()
            steps.append((self.step, len(self.rows), len(self._coming)))

    monkeypatch.setattr(model, "graphs_for", lambda device: graphs)
    monkeypatch.setattr(training, "_Training", Known)
    chunks = benchmark.RandomChunks(6, frames=20, kept=4)
    recipe = RECIPES["gru"].with_(batch_size=2)
    seconds, captured = benchmark.seconds_a_step(chunks, recipe, CPU, "float32", 2)
    assert captured
    assert seconds > 0
    # Two replays before the clock runs and two on it, all of them looked at by its end.
    assert (graphs.warmed, graphs.captures, graphs.replays) == (WARM_UP_STEPS, 1, 2 + 2)
    assert steps == [(WARM_UP_STEPS + 4, WARM_UP_STEPS + 4, 0)]


def test_the_clock_stops_when_the_device_is_done(benchmark, monkeypatch):
    asked = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: asked.append("cuda"))
    monkeypatch.setattr(torch.mps, "synchronize", lambda: asked.append("mps"))
    for name in ("cpu", "cuda", "mps"):
        benchmark.wait_for(torch.device(name))
    assert asked == ["cuda", "mps"]


def test_random_chunks_are_as_a_dataset_gives_them(benchmark):
    chunks = benchmark.RandomChunks(1850, kept=4)
    assert len(chunks) == 1850
    batch = chunks.batch([0, 1849])
    shapes = {name: value.shape for name, value in batch.items()}
    assert shapes == {"pose": (2, 50, 18, 2), "audio": (2, 50, 1600), "initial_pose": (2, 18, 2)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--device", "cuda"], "no such device here"),
        (["--device", "cuda", "--models", "ren2020"], "ren2020 isn't trained"),
    ],
)
def test_what_can_not_be_timed_is_said(benchmark, monkeypatch, arguments, message):
    there = "ren2020" in arguments
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "a GPU")
    monkeypatch.setattr("sys.argv", ["training.py", *arguments])
    with pytest.raises(SystemExit, match=message):
        benchmark.main()


@pytest.mark.soak
def test_the_estimate_counts_the_steps_of_a_thesis_size_run(of_benchmarks, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["gpu_estimate.py", "--batch", "2"])
    of_benchmarks("gpu_estimate").main()
    said = re.search(r"(\d+) steps of (\d+) GFLOP", capsys.readouterr().out)
    # docs/training.md: 236 GFLOP at batch 16.
    assert [int(n) for n in said.groups()] == [350 * 925, pytest.approx(236 / 8, rel=0.05)]
