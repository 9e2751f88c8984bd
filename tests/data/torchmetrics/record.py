"""Record numbers of torchmetrics, which the project does not depend on.

pip install --no-deps --target DIR torchmetrics lightning-utilities
PYTHONPATH=DIR python tests/data/torchmetrics/record.py
"""

import json
from pathlib import Path

import numpy as np
import torch
import torchmetrics
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance


class Same(torch.nn.Module):
    """The features themselves in the place of Inception's."""

    def __init__(self, dimensions):
        super().__init__()
        self.num_features = dimensions

    def forward(self, images):
        return images.flatten(1).double()


def measured(metric, features, real):
    metric.set_dtype(torch.float64)
    for values, is_real in ((features, False), (real, True)):
        metric.update(torch.from_numpy(values)[:, None, None], real=is_real)
    return metric.compute()


def main():
    rng, cases = np.random.default_rng(3), []
    for n, m, d in ((30, 20, 4), (25, 25, 4), (12, 12, 2)):
        features = np.round(rng.normal(size=(n, d)) @ rng.normal(size=(d, d)), 3)
        real = np.round(1.3 * rng.normal(size=(m, d)) + 0.5, 3)
        fid = FrechetInceptionDistance(Same(d), input_img_size=(1, 1, d))
        case = {"features": features.tolist(), "real": real.tolist()}
        case["fid"] = float(measured(fid, features, real))
        if n == m:  # its KID takes as many of both
            kid = KernelInceptionDistance(Same(d), subsets=1, subset_size=n)
            case["kid"] = float(measured(kid, features, real)[0])
        cases.append(case)
    recorded = {"torchmetrics": torchmetrics.__version__, "cases": cases}
    Path(__file__).with_name("recorded.json").write_text(json.dumps(recorded) + "\n")


if __name__ == "__main__":
    main()
