"""An optimizer of matrices: each step turns all directions of a matrix equally far.

Momentum is made orthogonal by a few steps of Newton and Schulz, after Jordan et al., 2024,
"Muon: An optimizer for hidden layers in neural networks". `torch.optim.Muon` computes in
bfloat16, which takes thirty times as long on a CPU that has no instructions for it.
"""

import torch

_MOMENTUM = 0.95
_STEPS = 5
_QUINTIC = 3.4445, -4.7750, 2.0315  # steep at 0: singular values come to about 1 in five steps


class Muon(torch.optim.Optimizer):
    """Steps of a length that does not depend on the gradient's.

    Parameters
    ----------
    matrices : iterable of Parameter
        Each of two dimensions. One of three times as many rows as columns is taken as three
        matrices (queries, keys and values of attention).
    lr : float
        Length of a step: of what it adds, singular values are about so large.
    """

    def __init__(self, matrices, lr):
        super().__init__(list(matrices), {"lr": lr})

    @torch.no_grad()
    def step(self):
        """Make a step."""
        for group in self.param_groups:
            for matrix in group["params"]:
                state = self.state[matrix]
                if not state:
                    state["momentum"] = torch.zeros_like(matrix)
                momentum = state["momentum"].lerp_(matrix.grad, 1 - _MOMENTUM)
                ahead = matrix.grad.lerp(momentum, _MOMENTUM)
                rows, columns = ahead.shape
                count = 3 if rows == 3 * columns else 1
                ahead = ahead.view(count, -1, columns)
                tall = max(1.0, ahead.shape[1] / columns) ** 0.5
                turned = orthogonal(ahead).reshape(rows, columns)
                matrix.add_(turned, alpha=-group["lr"] * tall)


def orthogonal(matrices):
    """Nearly the orthogonal matrices next to given ones.

    Parameters
    ----------
    matrices : Tensor, shape (..., m, n)

    Returns
    -------
    Tensor, shape (..., m, n)
        With the same singular vectors; singular values lie between about 0.7 and 1.2.
    """
    first, third, fifth = _QUINTIC
    high = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if high else matrices
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(_STEPS):
        square = x @ x.mT
        x = first * x + (third * square + fifth * square @ square) @ x
    return x.mT if high else x
