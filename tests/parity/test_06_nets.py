"""Forward passes of the released networks, with weights made by the folder's own rule."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from choreo.dataset.normalise import CANVAS, to_pixels
from choreo.models.gan.networks import Networks, fill
from choreo.models.gan.segments import dance_segments, split_song
from choreo.models.gan.stgcn import SpatialTemporalGraphNetwork
from choreo.models.recipes import recipe_from

DATA = Path(__file__).parents[1] / "data" / "parity"
RELEASED = {
    "initial_pose": "none",
    "music_feature_loss": "off",
    "audio_batching": "mixed",
    "feature_matching": "released",
    "gradient_penalty": "interpolated",
    "generator_objective": "non_saturating",
    "discriminator_scale": 0.5,
    "loss_reduction": "mean",
}
# Sums of float32 in another order; expected values are of order 1 unless scaled by `size`.
TOLERANCE = 5e-6


pytestmark = pytest.mark.usefixtures("one_thread")


def rule(parity):
    """The folder's `weights_rule.value`."""
    for folder in (parity, DATA):
        if (folder / "weights_rule.py").exists():
            spec = importlib.util.spec_from_file_location(
                "weights_rule", folder / "weights_rule.py"
            )
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module.value
    raise FileNotFoundError("weights_rule.py")


def weigh(network, value, shapes=None):
    """Fill a network by the rule; with `shapes`, as if from a state dict with these names."""
    own = network.state_dict()
    shapes = shapes or {name: tuple(tensor.shape) for name, tensor in own.items()}
    state = {
        name: own["A"] if name == "A" else torch.from_numpy(np.array(value(name, tuple(shape))))
        for name, shape in shapes.items()
    }
    fill(network, state)
    return network.eval()


def recipe_of(shapes):
    """Recipe whose networks have these parameters."""
    gates = shapes["audio_encoder.rnn.weight_ih_l0"][0] // 256
    switches = {
        "encoder": {3: "gru", 4: "lstm"}[gates],
        "music_features": shapes["audio_encoder.fc.weight"][0],
        **({"initial_pose": "released"} if "pose_generator.layeri.weight" in shapes else {}),
    }
    return recipe_from({**RELEASED, **switches})


def load_inputs(parity):
    data = np.load(parity / "06_nets" / "inputs.npz")
    inputs = {name: torch.from_numpy(data[name].astype(np.float32)) for name in data}
    inputs["pose"] = inputs["pose"].flatten(2)
    inputs["initpose"] = inputs["initpose"].flatten(1)
    return inputs


def watch(module, seen, name):
    def keep(_, __, output):
        seen[name] = output[0] if isinstance(output, tuple) else output

    return module.register_forward_hook(keep)


def generator_quantities(network, inputs):
    seen = {}
    watch(network.audio_encoder.encoder, seen, "conv")
    watch(network.audio_encoder.rnn, seen, "rnn")
    watch(network.audio_encoder, seen, "music_features")
    watch(network.pose_generator.rnn_noise, seen, "noise_rnn_before_tanh")
    watch(network.pose_generator.final_linear, seen, "final_linear_all_rows")
    args = inputs["audio"], inputs["initpose"], inputs["noise"]
    out = network(*args)
    seen = {**seen, "conv": seen["conv"][:, :64], "rnn": seen["rnn"][..., ::8], "out": out}
    return {**seen, "out_batch1": network(*(a[:1] for a in args))}


def discriminator_quantities(network, inputs):
    seen = {}
    watch(network.attention, seen, "attention_out")
    watch(network.pose_encoder.fc8, seen, "pose_embedding")
    watch(network.audio_encoder, seen, "audio_embedding")
    out = network(inputs["pose"], inputs["audio"]).sigmoid()
    seen = dict(seen)
    stem = network.look(inputs["pose"])
    head = network.pose_encoder.head(stem, drop=False)
    maps = (stem.conv1[:, :8], stem.conv2[:, :8], stem.conv3, stem.conv3, head.conv5, head.conv6)
    alone = [
        network(inputs["pose"][i : i + 1], inputs["audio"][i : i + 1]).sigmoid()
        for i in range(len(inputs["pose"]))
    ]
    return {
        **seen,
        **{f"feature{i}": value for i, value in enumerate(maps)},
        "out": out,
        "fid_embedding": head.conv6.flatten(1),
        "out_each_clip_alone_batch1": torch.cat(alone),
    }


def graph_quantities(network, inputs):
    maps = network.features(inputs["pose"])
    return {
        "A": network.A,
        "logits": network(inputs["pose"]),
        **{f"feature{i}": value[:, ::8, ::5] for i, value in enumerate(maps)},
        "feature_means": torch.stack([value.double().mean() for value in maps]),
    }


def quantities(name, shapes, value, inputs):
    """Everything that the expected file may hold of one network."""
    if name == "gcn":
        network = weigh(SpatialTemporalGraphNetwork(), value, shapes)
        return graph_quantities(network, inputs)
    if name.startswith("generator"):
        network = Networks(recipe_of(shapes)).generator
        return generator_quantities(weigh(network, value, shapes), inputs)
    if name.startswith("seq_discriminator"):
        network = Networks(recipe_of(shapes)).discriminator_global
        return discriminator_quantities(weigh(network, value, shapes), inputs)
    if name.startswith("music_feature_generator"):
        size = shapes["final_linear.weight"][0]
        recipe = recipe_from({"music_features": size, "music_feature_loss": "detached"})
        network = weigh(Networks(recipe).music_feature_generator, value, shapes)
        return {"out": network(inputs["pose"])}
    if name.startswith("frame_discriminator"):
        network = weigh(Networks(recipe_from({})).discriminator_local, value, shapes)
        return {"out": network(inputs["pose"]).sigmoid()}
    raise AssertionError(f"no network for {name}")


@torch.no_grad()
def test_networks_give_what_the_released_ones_give(parity):
    folder = parity / "06_nets"
    specs = json.loads((folder / "shapes_and_checksums.json").read_text())
    specs = {name: spec["shapes"] for name, spec in specs.items() if "shapes" in spec}
    assert specs, f"no networks in {folder}"
    value, inputs = rule(parity), load_inputs(parity)
    expected = np.load(folder / "expected.npz")
    compared = set()
    for name, shapes in specs.items():
        got = quantities(name, shapes, value, inputs)
        for key in expected:
            network, _, quantity = key.partition("/")
            if network != name:
                continue
            wanted = expected[key]
            assert quantity in got, f"{key}: not computed"
            ours = got[quantity].numpy().reshape(wanted.shape)
            size = max(1.0, np.abs(wanted).max())
            difference = np.abs(ours - wanted).max()
            print(f"06_nets {key} {wanted.shape}: max difference {difference:.2g}")
            assert difference <= TOLERANCE * size, key
            compared.add(key)
    assert compared == set(expected), f"not compared: {set(expected) - compared}"


@torch.no_grad()
def test_segments_follow_each_other_as_in_the_released_inference(parity):
    folder = parity / "06_nets"
    chains = sorted(folder.glob("inference_chain*.npz"))
    if not chains:
        pytest.skip(f"no inference chain in {folder}")
    specs = json.loads((folder / "shapes_and_checksums.json").read_text())
    audio = np.load(folder / "inputs.npz")["audio"].reshape(-1)
    for path in chains:
        name = _generator_of(path, specs)
        shapes = specs[name]["shapes"]
        network = weigh(Networks(recipe_of(shapes)).generator, rule(parity), shapes)
        chain = np.load(path)
        count = int(chain["n_samples"])
        song = np.concatenate([audio, audio])[:count].astype(np.float32)
        segments = split_song(song, last="overlap")
        noise = torch.from_numpy(chain["noises"]).flatten(0, 1)
        (dance,) = dance_segments(network, [segments], np.zeros((1, 18, 2)), [noise])
        wanted = chain["pixel_poses"].reshape(-1, 18, 2).astype(int)
        # The released code cuts pixels to whole numbers after float32 arithmetic.
        ours = to_pixels(dance, CANVAS["released"]).astype(int)
        assert ours.shape == wanted.shape
        other = (ours != wanted).mean()
        print(f"06_nets {path.name} ({name}): {other:.2%} of whole pixels differ, by at most "
              f"{np.abs(ours - wanted).max()}")  # fmt: skip
        assert np.abs(ours - wanted).max() <= 1
        assert other < 1e-3


def _generator_of(path, specs):
    """Named in the file's name, or the one generator that takes an initial pose."""
    generators = [name for name in specs if name.startswith("generator_")]
    suffix = path.stem.removeprefix("inference_chain").strip("_")
    named = [name for name in generators if suffix and name == f"generator_{suffix}"]
    takes = [n for n in generators if "pose_generator.layeri.weight" in specs[n]["shapes"]]
    return (named or takes or generators)[0]
