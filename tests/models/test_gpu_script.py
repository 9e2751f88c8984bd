"""benchmarks/gpu.py on a CPU: its numbers say nothing there, but that all its parts run."""

import re
import subprocess
import time

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

CPU = torch.device("cpu")


@pytest.fixture
def gpu(of_benchmarks):
    return of_benchmarks("gpu")


@pytest.fixture
def tiny(gpu, tmp_path):
    return gpu.Run(CPU, gpu.TINY, time.monotonic() + 600, tmp_path)


def test_every_recipe_that_is_trained_is_timed(gpu, tmp_path):
    run = gpu.Run(CPU, gpu.Sizes(), 0, tmp_path)
    assert {"original", "lstm", "gru", "gru_released", "flow", "flow_mel"} <= set(run.recipes)
    assert not {"graph", "ren2020"} & set(run.recipes)
    assert sum(gpu.SHARES.values()) == pytest.approx(1)


def test_a_recipe_that_fails_is_a_row_and_the_next_one_is_timed(tiny, gpu, monkeypatch, capsys):
    def timed(name, precision, batch):
        if name == "gru":
            raise torch.OutOfMemoryError("CUDA out of memory | 12 GiB\nmore")
        return 1.5, "yes", 77

    monkeypatch.setattr(tiny, "timed", timed)
    gpu.steps(tiny)
    rows = capsys.readouterr().out.splitlines()[2:]
    assert rows[0] == (
        "| gru | 2 | float32 | OutOfMemoryError: CUDA out of memory / 12 GiB more | | |"
    )
    assert rows[2] == "| flow | 2 | float32 | 1.50 | yes | 77 |"
    tiny.until = 0
    gpu.steps(tiny)
    assert capsys.readouterr().out.count("no time left") == len(rows) == 4


def test_the_batch_grows_until_it_has_no_memory(tiny, gpu, monkeypatch, capsys):
    def timed(name, precision, batch):
        assert tiny.sizes.chunks >= batch
        if batch > 8:
            raise torch.OutOfMemoryError("none")
        return 2.0, "yes", batch

    tiny.sizes = gpu.replace(gpu.TINY, largest=64)
    monkeypatch.setattr(tiny, "timed", timed)
    gpu.batch(tiny)
    rows = capsys.readouterr().out.splitlines()[2:]
    assert [row.split(" | ")[0] for row in rows] == ["| 2", "| 4", "| 8", "| 16"]
    assert "4000" in rows[2]
    assert "OutOfMemoryError" in rows[3]


def test_a_part_that_breaks_or_hangs_is_said_and_the_others_stay(gpu, monkeypatch, tmp_path):
    def run(command, *, timeout, **_):
        part = command[command.index("--part") + 1]
        if part == "batch":
            raise subprocess.TimeoutExpired(command, timeout, output=b"| half |\n")
        status = 9 if part == "together" else 0
        return subprocess.CompletedProcess(command, status, f"all of {part}\n", "one\nlast line\n")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(gpu, "commit", lambda root: "abc")
    gpu.main(["--device", "cpu", "--out", str(tmp_path / "gpu.md")])
    text = (tmp_path / "gpu.md").read_text()
    assert "at commit abc on: no card: a CPU" in text
    assert re.findall(r"^## (\w+)$", text, re.M) == ["steps", "batch", "together", "poses", "whole"]
    assert "| half |\n\nBroken off (ended): it took longer than 72 s" in text
    assert "all of together\n\nBroken off (9): last line" in text
    assert text.endswith("all of whole\n")


def test_the_network_that_is_timed_is_rtmpose(of_benchmarks):
    """By what its authors' table says of RTMPose-m: 13.59 M weights, 1.93 G multiplications."""
    network = of_benchmarks("rtmpose_network").RTMPose().eval()
    weights = sum(one.numel() for one in network.parameters())
    assert weights / 1e6 == pytest.approx(13.59, abs=0.005)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        along, down = network(torch.rand(2, 3, 256, 192))
    assert counter.get_total_flops() / 2 / len(along) / 1e9 == pytest.approx(1.93, rel=0.01)
    assert (along.shape, down.shape) == ((2, 17, 384), (2, 17, 512))
    assert along.isfinite().all()


def test_extraction_is_timed_for_each_number_at_once(tiny, gpu, monkeypatch, capsys):
    monkeypatch.setattr(gpu.extraction, "made_clip", lambda folder, seconds: "clip.mp4")
    monkeypatch.setattr(gpu.extraction, "at_once", lambda jobs, video, size: 10.0 * jobs)
    monkeypatch.setattr(gpu.os, "sched_getaffinity", lambda process: range(16))
    gpu.poses(tiny)
    rows = capsys.readouterr().out.splitlines()[2:]
    assert rows[:3] == [
        f"| MediaPipe, 640x360 | 16 CPUs | {jobs} | {rate} frames |"
        for jobs, rate in (("1 video", "10.0"), ("4 videos", "40.0"), ("8 videos", "80.0"))
    ]
    for row, people in zip(rows[3:], ("1 picture", "2 pictures"), strict=True):
        cells = rf"\| RTMPose-m's network, float32 \| cpu \| {people} \| [1-9]\d* pictures \|"
        assert re.fullmatch(cells, row)
    tiny.until = 0
    gpu.poses(tiny)
    assert capsys.readouterr().out.count("no time left") == len(rows)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--out", "x"], "no such device here"), (["--device", "cpu"], "--out FILE")],
)
def test_what_it_lacks_is_said(gpu, monkeypatch, capsys, arguments, said):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit) as ended:
        gpu.main(arguments)
    assert said in f"{ended.value} {capsys.readouterr().err}"


@pytest.mark.soak
@pytest.mark.slow
def test_all_of_it_runs_on_a_cpu(gpu, tmp_path):
    gpu.main(["--device", "cpu", "--tiny", "--minutes", "20", "--out", str(tmp_path / "gpu.md")])
    text = (tmp_path / "gpu.md").read_text()
    assert "Broken off" not in text
    assert len(re.findall(r"^\| (?:gru|flow) \| 2 \| \w+ \| [\d.]+ \| no", text, re.M)) == 4
    assert len(re.findall(r"^\| \d+ \| [\d.]+ \| \d+ \| no \| \d+ \|$", text, re.M)) == 2
    assert re.search(r"^\| 2 \| [\d.]+, [\d.]+ \| [\d.]+ \|$", text, re.M)
    assert re.search(r"^\| MediaPipe, 640x360 \| .* \| 1 video \| [\d.]+ frames \|$", text, re.M)
    assert re.search(r"of 700 steps in .*: [\d.]+ minutes for all of them", text)
