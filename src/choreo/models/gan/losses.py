"""Losses of training, each with its equation of the thesis (section 4.2).

Discriminators give logits z; D in the equations is sigmoid(z).
"""

import torch
from torch.nn import functional

PERCEPTUAL_WEIGHTS = (20.0, 5.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
"""Weights of the ten maps of ST-GCN in the pose perceptual loss (Ren et al.'s code)."""


def absolute_difference(a, b, reduction):
    """L1 distance of sequences.

    Parameters
    ----------
    a, b : Tensor, shape (B, T, n)
    reduction : {"sum", "mean"}
        Sum over frames and values and mean over the batch, or mean over everything.

    Returns
    -------
    Tensor, shape ()
    """
    mean = (a - b).abs().mean()
    return mean if reduction == "mean" else mean * (a.shape[1] * a.shape[2])


def music_feature_loss(features, regenerated, reduction):
    """L_MF, eq. (3): music features against those regenerated from the dance."""
    return absolute_difference(features, regenerated, reduction)


def l1_loss(generated, real, reduction):
    """L_L1, eq. (6): generated poses against real ones."""
    return absolute_difference(generated, real, reduction)


def generator_adversarial(logits, objective):
    """Part of L_GAN, eq. (4), that the generator minimises.

    Parameters
    ----------
    logits : Tensor
        A discriminator's scores of generated poses.
    objective : {"minimax", "non_saturating"}
        log(1 - D), or -log D.

    Returns
    -------
    Tensor, shape ()
    """
    if objective == "minimax":
        return functional.logsigmoid(-logits).mean()
    return -functional.logsigmoid(logits).mean()


def discriminator_adversarial(real, generated):
    """Terms of L_GAN, eq. (4), that a discriminator maximises, negated.

    Parameters
    ----------
    real, generated : Tensor
        Its scores.

    Returns
    -------
    real, generated : Tensor, shape ()
        -log D(y) and -log(1 - D(G(x))).
    """
    return -functional.logsigmoid(real).mean(), -functional.logsigmoid(-generated).mean()


def gradient_penalty(logits, poses):
    """Gradient-penalty term of eq. (4), without its weight.

    The gradient is that of D by the poses. It carries a graph itself, so that the
    penalty can be differentiated.

    Parameters
    ----------
    logits : Tensor, shape (B, 1)
        D_global's scores of `poses`.
    poses : Tensor, shape (B, T, 36)
        Where the gradient is taken; requires a gradient.

    Returns
    -------
    Tensor, shape ()
    """
    (gradient,) = torch.autograd.grad(logits.sigmoid().sum(), poses, create_graph=True)
    return (gradient.flatten(1).norm(dim=1) - 1).square().mean()


def feature_matching(real, generated):
    """L_FM, eq. (5): the sum over maps of their mean absolute differences.

    Parameters
    ----------
    real, generated : sequence of Tensor
        D_global's maps; those of real poses carry no gradient.

    Returns
    -------
    Tensor, shape ()
    """
    return sum(
        functional.l1_loss(g.float(), r.float().detach())
        for r, g in zip(real, generated, strict=True)
    )


class PerceptualLoss:
    """Pose perceptual loss of the original framework: weighted L1 of ST-GCN's maps.

    Parameters
    ----------
    network : SpatialTemporalGraphNetwork
        In eval mode; not trained.
    """

    def __init__(self, network):
        self._network = network

    def __call__(self, real, generated):
        """Compare (B, T, 36) poses; shape ()."""
        with torch.no_grad():
            wanted = self._network.features(real)
        maps = zip(PERCEPTUAL_WEIGHTS, wanted, self._network.features(generated), strict=True)
        return sum(weight * functional.l1_loss(b, a) for weight, a, b in maps)


def full_objective(terms, weights):
    """Eq. (7): the weighted sum that the generator minimises.

    Parameters
    ----------
    terms : dict of str to Tensor
        ``adversarial_local``, ``adversarial_global``, ``feature_matching``, ``l1``,
        ``music_feature``, ``perceptual``; those that a recipe doesn't have are absent.
    weights : LossWeights

    Returns
    -------
    Tensor, shape ()
    """
    factor = {
        "adversarial_local": weights.adversarial,
        "adversarial_global": weights.adversarial,
        "feature_matching": weights.feature_matching,
        "l1": weights.l1,
        "music_feature": weights.music_feature,
        "perceptual": weights.perceptual,
    }
    return sum(factor[name] * value for name, value in terms.items())
