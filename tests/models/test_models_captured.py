import contextlib
import csv
import math
from pathlib import Path

import pytest
import torch
from recorded_graphs import RecordedGraphs, Watch
from soaking import soak_after
from test_training_train import SWITCHES, outputs, run
from training_dances import Dances

from choreo.models.divergence import TrainingDiverged, diverged, losses_of
from choreo.models.gan import model
from choreo.models.gan.kernels.captured import WARM_UP_STEPS, CheckedStep
from choreo.models.gan.networks import Networks
from choreo.models.gan.step import TrainingStep
from choreo.models.gan.stgcn import SpatialTemporalGraphNetwork
from choreo.models.recipes import load_recipes, recipe_from
from choreo.training import train as training

RECIPES = load_recipes(Path(__file__).parents[2] / "config" / "models.yaml")
TRAINED = sorted(n for n, recipe in RECIPES.items() if recipe.family == "gan" and recipe.epochs)
# Between them, these two have every kind of loss.
EVERY_LOSS = ["original_released", "gru"]


def step_of(recipe, device="cpu"):
    torch.manual_seed(0)
    perceptual = SpatialTemporalGraphNetwork().to(device) if recipe.perceptual_loss else None
    return TrainingStep(Networks(recipe).to(device), recipe, perceptual)


def moved(step):
    """All weights, moments and counts of steps."""
    found = [p for _, network in step.networks.trained() for p in network.parameters()]
    for optimizer in step.optimizers.values():
        found += [value for state in optimizer.state.values() for value in state.values()]
    return found


@pytest.mark.parametrize(
    "name", soak_after(2, [*EVERY_LOSS, *(name for name in TRAINED if name not in EVERY_LOSS)])
)
def test_no_step_waits_for_the_host_or_lets_it_wait(name, batch):
    batch, noise, alpha = batch
    checked = CheckedStep(step_of(RECIPES[name]), device="cpu", asynchronous=True)
    checked(batch, noise, alpha)
    with Watch():
        numbers = checked(batch, noise, alpha)
    assert torch.isfinite(numbers.values).all()


@pytest.mark.soak
@pytest.mark.parametrize("name", soak_after(1, EVERY_LOSS))
def test_nothing_is_copied_from_the_host_inside_a_step(name, batch):
    # The device "meta" computes no values, but knows where each tensor lies. Adam does
    # not run there.
    inputs, *rest = batch
    inputs = {n: value.to("meta") for n, value in inputs.items()}
    step = step_of(RECIPES[name], "meta")
    noise, alpha = (value.to("meta") for value in rest)
    step.differentiate(inputs, noise, alpha)
    with Watch():
        terms, _ = step.differentiate(inputs, noise, alpha)
    assert {value.device.type for value in terms.values()} == {"meta"}


@pytest.mark.soak
@pytest.mark.parametrize(
    ("value", "asynchronous"),
    soak_after(2, [(math.nan, True), (math.inf, False), (math.nan, False), (math.inf, True)]),
)
def test_a_step_that_is_not_finite_moves_nothing_and_none_after_it_does(batch, value, asynchronous):
    batch, noise, alpha = batch
    step = step_of(recipe_from({}))
    checked = CheckedStep(step, device="cpu", asynchronous=asynchronous)
    checked(batch, noise, alpha)
    assert not checked.stopped
    before = [tensor.detach().clone() for tensor in moved(step)]
    bad = {**batch, "music": batch["music"].clone()}
    bad["music"][0, 0, 0] = value
    numbers = checked(bad, noise, alpha)
    assert "gradient of generator" in diverged(dict(zip(numbers.names, numbers.values.tolist())))
    for given in (bad, batch):
        checked(given, noise, alpha)
        assert checked.stopped
        assert all(torch.equal(a, b) for a, b in zip(before, moved(step), strict=True))


def test_the_same_step_is_taken_whether_the_host_waits_or_not(batch):
    waiting, other = step_of(RECIPES["gru_released"]), step_of(RECIPES["gru_released"])
    for step, asynchronous in ((waiting, False), (other, True)):
        checked = CheckedStep(step, device="cpu", asynchronous=asynchronous)
        torch.manual_seed(1)
        numbers = checked(*batch)
    assert numbers.names[-1] == "music_feature_generator"
    assert "music_feature_generator" in losses_of(dict(zip(numbers.names, numbers.values)))
    assert all(torch.equal(a, b) for a, b in zip(moved(waiting), moved(other), strict=True))


@contextlib.contextmanager
def recorded(**options):
    """Train as on CUDA, with a stand-in for its graphs."""
    graphs = RecordedGraphs(**options)

    class Known(training._Training):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            graphs.state = lambda: [
                *moved(self.model._update),
                *self.model.networks.buffers(),
                self.model._checked.stopped,
            ]
            graphs.training = self

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(model, "graphs_for", lambda device: graphs)
        patched.setattr(training, "_Training", Known)
        yield graphs


def losses(folder):
    with open(folder / "losses.csv", newline="") as file:
        return [
            {name: float(value or "nan") for name, value in row.items()}
            for row in csv.DictReader(file)
        ]


# The discriminators join after two epochs of two steps: another graph.
PHASES = recipe_from({**SWITCHES, "epochs": 4, "adversarial_from_epoch": 2})


@pytest.fixture(scope="module")
def captured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("captured")
    with recorded() as graphs:
        run(Dances(folder / "dances.npz"), folder, PHASES)
    return folder, graphs


@pytest.mark.slow
@pytest.mark.soak
def test_a_captured_training_makes_the_steps_of_one_that_is_not(captured, dances, tmp_path):
    folder, graphs = captured
    # 4 steps alone and 4 with the discriminators, of each the first few not captured.
    assert (graphs.captures, graphs.warmed, graphs.replays) == (2, 2 * WARM_UP_STEPS, 2)
    with recorded(fails=True) as failing:
        run(dances, tmp_path / "eager", PHASES)
    assert (failing.captures, failing.replays) == (1, 0)
    assert outputs(folder) == outputs(tmp_path / "eager")


@pytest.mark.soak
def test_a_captured_training_has_the_losses_of_one_without_graphs(captured, dances, tmp_path):
    # Without graphs the learning rates have more digits, and Adam's first steps magnify.
    run(dances, tmp_path, PHASES)
    for row, plain in zip(losses(captured[0]), losses(tmp_path), strict=True):
        assert row == pytest.approx(plain, rel=1e-2, nan_ok=True)


@pytest.mark.soak
@pytest.mark.slow
def test_a_captured_training_goes_on_where_it_was(captured, dances, tmp_path):
    def stop(step, steps, values):
        if step == 4:
            raise KeyboardInterrupt

    with recorded(), pytest.raises(KeyboardInterrupt):
        run(dances, tmp_path, PHASES, on_progress=stop, checkpoint_steps=3)
    with recorded() as graphs:
        run(dances, tmp_path, PHASES)
    # From step 3: one step alone, and four with the discriminators.
    assert (graphs.warmed, graphs.replays) == (1 + WARM_UP_STEPS, 1)
    assert outputs(tmp_path) == outputs(captured[0])


def test_a_capture_that_fails_is_said_in_one_line(dances, tmp_path, capsys):
    with recorded(fails=True):
        run(dances, tmp_path, PHASES, epochs=2)
    lines = [line for line in capsys.readouterr().err.splitlines() if "captured" in line]
    assert len(lines) == 1
    assert lines[0].endswith("slower: operation not permitted when stream is capturing")


@pytest.mark.soak
def test_learning_rates_reach_a_graph_in_the_tensor_that_it_reads(batch):
    graphs, step = RecordedGraphs(), step_of(recipe_from({}))
    graphs.state = lambda: [*moved(step), *step.networks.buffers()]
    checked = CheckedStep(step, device="cpu", asynchronous=True, graphs=graphs)
    (group,) = step.optimizers["generator"].param_groups
    place = group["lr"].data_ptr()
    for _ in range(WARM_UP_STEPS + 1):
        checked(*batch)
    assert graphs.replays == 1
    before = [p.detach().clone() for p in step.networks.generator.parameters()]
    step.set_learning_rates(0)
    checked(*batch)
    after = [*step.networks.generator.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    step.set_learning_rates(0.5)
    checked(*batch)
    assert not any(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert (group["lr"].data_ptr(), float(group["lr"])) == (place, pytest.approx(1.5e-4))


@pytest.mark.soak
def test_a_captured_training_that_diverges_is_stopped_a_step_later(dances, tmp_path):
    class Outlier(type(dances)):
        asked = 0

        def batch(self, indices):
            arrays = super().batch(indices)
            self.asked += 1
            if self.asked == 5:
                arrays["audio"][0, 0, 0] = float("nan")
            return arrays

    dances.__class__ = Outlier
    told = []
    with recorded() as graphs:
        with pytest.raises(TrainingDiverged, match="diverged at step 4 of 8") as caught:
            run(dances, tmp_path, PHASES, on_progress=lambda *a: told.append(a[0]))
        assert len(graphs.training._coming) == 1
    assert told == [1, 2, 3, 4]
    assert "step 3: generator" in str(caught.value)
    kept = torch.load(caught.value.where, weights_only=True)
    assert kept["step"] == 4
    assert len(kept["rows"]) == 4
    assert not torch.isfinite(kept["batch"]["music"][0, 0, 0])
    assert all(
        torch.isfinite(v).all() for n, v in kept["model"]["networks"].items() if "running" not in n
    )
