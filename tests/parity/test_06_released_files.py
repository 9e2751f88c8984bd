"""State dicts with the released names and shapes load, and are saved back as they were."""

import json

import numpy as np
import torch
from test_06_nets import recipe_of, rule

from choreo.dances.generate import load_generator
from choreo.models.gan.networks import save_state


def test_released_generators_are_saved_back(parity, tmp_path):
    specs = json.loads((parity / "06_nets" / "shapes_and_checksums.json").read_text())
    names = [name for name in specs if name.startswith("generator_")]
    assert names, f"no generators in {parity}"
    value = rule(parity)
    for name in names:
        shapes = specs[name]["shapes"]
        given = {n: torch.from_numpy(np.array(value(n, tuple(s)))) for n, s in shapes.items()}
        torch.save(given, tmp_path / "given.pth")
        generator = load_generator(tmp_path / "given.pth", recipe=recipe_of(shapes))
        save_state(generator.model.generator, tmp_path / "back.pth")
        back = torch.load(tmp_path / "back.pth", weights_only=True)
        print(f"06_nets {name}: {len(back)} tensors by name, order, type and value")
        assert list(back) == list(given)
        for n, tensor in given.items():
            assert back[n].dtype == tensor.dtype, n
            assert torch.equal(back[n], tensor), n
