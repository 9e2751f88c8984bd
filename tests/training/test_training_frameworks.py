"""Figures 3 and 4 say what the modules are and what they give, and nothing else."""

from pathlib import Path

import pytest
import torch
from matplotlib.text import Text
from soaking import soak_after

from choreo.figures import save
from choreo.models.gan.networks import Networks
from choreo.models.recipes import load_recipes, shown_in_figure3
from choreo.training.framework_figures import NAMES, figure3, figure4, losses, sizes
from choreo.training.frameworks import (
    DANCER,
    ENCODER,
    GLOBAL,
    LISTENER,
    LOCAL,
    MUSIC,
    NETWORKS,
    NOISE,
    START,
    Flow,
    trace,
)

RECIPES = load_recipes(Path(__file__).parents[2] / "config" / "models.yaml")
TRACED = ("original", "lstm", "gru", "gru_released", "original_released")


@pytest.fixture(scope="module")
def frameworks():
    return {name: trace(RECIPES[name]) for name in TRACED}


def words(figure):
    return [text.get_text() for text in figure.findobj(Text)]


@pytest.mark.parametrize("name", TRACED)
def test_every_parameter_stands_in_one_layer_of_its_own_name(frameworks, name):
    framework, networks = frameworks[name], Networks(RECIPES[name])
    counted = 0
    for network, layers in framework.networks.items():
        module = networks.get_submodule(network)
        for layer in layers:
            own = module.get_submodule(layer.name)
            assert layer.parameters == sum(p.numel() for p in own.parameters())
            weights = next(own.parameters()).shape
            # Gates of recurrent layers, and the halves of a residual block, lie in one.
            sizes_of = () if layer.text.startswith(("GRU", "LSTM", "Residual")) else weights[:2]
            assert all(str(size) in layer.text for size in sizes_of), layer
        assert len({layer.name for layer in layers}) == len(layers)
        counted += framework.parameters(network)
    assert counted == sum(p.numel() for p in networks.parameters())
    with_listener = RECIPES[name].music_feature_loss != "off"
    assert set(framework.networks) == {n for n in NETWORKS if n != LISTENER or with_listener}


@pytest.mark.parametrize("name", TRACED)
def test_shapes_are_those_of_another_pass_of_another_batch(frameworks, name):
    """Each network's own forward of two clips, and the layers by what comes before them."""
    recipe, framework = RECIPES[name], frameworks[name]
    networks = Networks(recipe).eval()
    features = recipe.music_features
    assert framework.gives[ENCODER] == (50, features)
    assert framework.gives[DANCER] == (50, 36)
    with torch.no_grad():
        local = networks.discriminator_local(torch.zeros(2, 50, 36))
        judged = networks.discriminator_global(torch.zeros(2, 50, 36), torch.zeros(2, 50, 1600))
    assert framework.gives[LOCAL] == local.shape[1:]
    assert framework.gives[GLOBAL] == judged.shape[1:]
    # The last layer of each network gives what the network gives, of a frame or window or clip.
    for network, layers in framework.networks.items():
        last, whole = layers[-1], framework.gives[network]
        assert last.shape[-1] == (1 if network == LOCAL else whole[-1])
        assert {ENCODER: "clip", GLOBAL: "clip", LOCAL: "window"}.get(network, "frame") == last.each


def test_convolutions_give_what_their_own_sizes_say(frameworks):
    layers = {layer.name: layer for layer in frameworks["gru"].networks[ENCODER]}
    length = 1600
    encoder = Networks(RECIPES["gru"]).generator.audio_encoder.encoder
    for number, layer in enumerate(encoder.cl):
        (kernel,), (step,), (pad,) = layer.kernel_size, layer.stride, layer.padding
        length = (length + 2 * pad - kernel) // step + 1
        found = layers[f"encoder.cl.{number}"]
        assert found.each == "frame"
        assert found.shape == (layer.out_channels, length)[: len(found.shape)]
    assert length == 1
    order = list(layers)
    assert order.index("encoder.activations.0.0") == order.index("encoder.cl.0") + 1
    assert order[-2:] == ["rnn", "fc"]


def test_which_network_hears_which_is_what_the_thesis_adds(frameworks):
    original, adapted = (set(frameworks[name].flows) for name in ("original", "gru"))
    common = {
        Flow(MUSIC, ENCODER, (50, 1600)),
        Flow(MUSIC, GLOBAL, (50, 1600)),
        Flow(NOISE, DANCER, (50, 10)),
        Flow(DANCER, LOCAL, (50, 36)),
        Flow(DANCER, GLOBAL, (50, 36)),
    }
    assert original == common | {Flow(ENCODER, DANCER, (50, 256))}
    assert adapted == common | {
        Flow(ENCODER, DANCER, (50, 128)),
        Flow(START, DANCER, (36,)),
        Flow(DANCER, LISTENER, (50, 36)),
    }
    # The released step of the initial pose is cut off again.
    assert not any(flow.source == START for flow in frameworks["gru_released"].flows)


def test_the_objectives_are_the_recipes_own():
    assert losses(RECIPES["original"]) == [
        *("L_GAN", "L_FM", "200 L_1", "pose perceptual loss (ST-GCN)")
    ]
    assert losses(RECIPES["gru"]) == ["L_GAN", "L_FM", "200 L_1", "L_MF"]


def test_figure_3_names_every_network_with_its_shapes_and_both_objectives(frameworks):
    original, adapted = frameworks["original"], frameworks["gru"]
    said = words(figure3(original, adapted))
    for framework in (original, adapted):
        for network in framework.networks:
            name, _, what = NAMES[network].partition(", ")
            shape = f"gives {sizes(framework.gives[network])};"
            assert any(t.startswith(f"{name}\n{what}") and shape in t for t in said), network
    assert sum(text.startswith("G_mf") for text in said) == 1
    assert sum(text.startswith("initial pose") for text in said) == 1
    objectives = [text for text in said if text.startswith("Full objective")]
    assert [("L_MF" in text, "perceptual" in text) for text in objectives] == [
        (False, True),
        (True, False),
    ]


@pytest.mark.parametrize("name", soak_after(1, ["gru", "lstm", "gru_released"]))
def test_figure_4_has_every_layer_with_its_shape_and_fits(frameworks, name, tmp_path):
    framework = frameworks[name]
    figure = figure4(framework)
    said = words(figure)
    for network, layers in framework.networks.items():
        assert NAMES[network] in said
        for layer in layers:
            own = layer.name.removeprefix("pose_encoder.").removeprefix("audio_encoder.")
            if layer.text.startswith("BatchNorm"):
                assert any(own.removesuffix(".0").rpartition("encoder.")[2] in t for t in said)
                continue
            shape = f"→ {sizes(layer.shape, layer.each)}"
            named = [t for t in said if own in t.replace(",", " ").split() and t.endswith(shape)]
            assert named, layer
            assert {layer.text, f"{layer.text}, BatchNorm, ReLU"} & set(said), layer
    figure.canvas.draw()
    page = figure.bbox
    for text in figure.findobj(Text):
        box = text.get_window_extent()
        if text.get_text():
            assert page.x0 <= box.x0, text
            assert box.x1 <= page.x1, text
            assert page.y0 <= box.y0, text
            assert box.y1 <= page.y1, text
    save(figure, tmp_path / "figure4")
    assert (tmp_path / "figure4.png").read_bytes().startswith(b"\x89PNG")


def test_the_frameworks_are_the_thesis_s_two_or_the_first_alike():
    assert shown_in_figure3(RECIPES) == ("original", "gru")
    own = {"mine": RECIPES["gru"], "base": RECIPES["original"], "flow": RECIPES["flow"]}
    assert shown_in_figure3(own) == ("base", "mine")
    assert shown_in_figure3({"flow": RECIPES["flow"]}) == (None, None)
