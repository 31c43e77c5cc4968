"""The training objective: reconstruction, KL, two ways to disentangle units, and the agreement of two views."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from pipeline.nets.vae import Loss, Posterior


@dataclass(frozen=True)
class Objective:
    """Weights of the terms; each default leaves the plain VAE as it is."""

    beta: float = 1.0  # of the whole KL term; 0 is the autoencoder
    correlation: float = 1.0  # of the total correlation within the KL term: above 1 the beta-TCVAE
    off_diagonal: float = 0.0  # of squared covariances between units: DIP-VAE-II
    diagonal: float = 0.0  # of squared distances of the units' variances from 1: DIP-VAE-II
    agreement: float = 0.0  # of the divergence between the codes of two views of each track

    @property
    def is_autoencoder(self) -> bool:
        return self.beta == 0

    def total(self, loss: Loss, warm: float = 1.0) -> Float[Tensor, ""]:
        """The number to minimise; `warm` is the share of the weights that already counts, but for the agreement's."""
        total = loss.error() + warm * self.beta * loss.kl.sum(1).mean()
        if self.correlation != 1.0:
            excess = (self.correlation - 1.0) * total_correlation(loss.posterior, loss.latent)
            total = total + warm * self.beta * excess
        if self.off_diagonal or self.diagonal:
            total = total + warm * apart(loss.posterior, self.off_diagonal, self.diagonal)
        if self.agreement:
            total = total + self.agreement * disagreement(loss.posterior)
        return total


def total_correlation(posterior: Posterior, latent: Float[Tensor, "batch latent"]) -> Float[Tensor, ""]:
    """The part of the KL term between the units, in nats per segment; `latent` is a sample of each row's posterior.

    The density of all codes is estimated by the batch alone (minibatch-weighted sampling). Its usual factor 1 / number
    of segments is left out: it changes no gradient, and without it the result is of the size of what it estimates.
    """
    pairs = _log_normal(latent[:, None], posterior.mean[None], posterior.log_var[None])  # [sample, posterior, unit]
    rows = math.log(len(latent))
    together = torch.logsumexp(pairs.sum(2), dim=1) - rows
    each = torch.logsumexp(pairs, dim=1) - rows
    return (together - each.sum(1)).mean()


def _log_normal(value: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * ((value - mean).square() * torch.exp(-log_var) + log_var + math.log(2 * math.pi))


def apart(posterior: Posterior, off_diagonal: float, diagonal: float) -> Float[Tensor, ""]:
    """How far the covariance of all codes in this batch is from the identity, squared and weighted."""
    centred = posterior.mean - posterior.mean.mean(0)
    covariance = centred.T @ centred / len(centred) + torch.diag(posterior.log_var.exp().mean(0))
    variances = covariance.diagonal()
    return off_diagonal * (covariance.square().sum() - variances.square().sum()) + diagonal * (
        (variances - 1.0).square().sum()
    )


def disagreement(posterior: Posterior) -> Float[Tensor, ""]:
    """The symmetric KL divergence between the first half of the rows and the second, which are of the same tracks."""
    (mean, mean_2), (log_var, log_var_2) = posterior.mean.chunk(2), posterior.log_var.chunk(2)
    squared = (mean - mean_2).square()
    forth = (log_var.exp() + squared) * torch.exp(-log_var_2)
    back = (log_var_2.exp() + squared) * torch.exp(-log_var)
    return 0.25 * (forth + back - 2.0).sum(1).mean()  # the mean of both directions; the logarithms cancel
