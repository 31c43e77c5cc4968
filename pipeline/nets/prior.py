"""A prior that is learnt: a mixture of Gaussians in place of the standard normal."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pipeline.nets.vae import Posterior

NARROWEST = math.log(0.01)  # lowest log variance of a component: none can shrink onto a single song


class Mixture(nn.Module):
    """Diagonal Gaussians with weights, all learnt with the network (VaDE); each segment belongs to each by a share."""

    def __init__(self, weights: Tensor, means: Tensor, variances: Tensor) -> None:
        super().__init__()
        self.logits = nn.Parameter(weights.float().log())
        self.means = nn.Parameter(means.float())
        self.log_vars = nn.Parameter(variances.float().log())

    def _parts(self, posterior: Posterior) -> tuple[Float[Tensor, "batch k latent"], Float[Tensor, "batch k"]]:
        """KL to each component per unit, and the unnormalised log of each component's share."""
        mean, log_var = posterior.mean[:, None], posterior.log_var[:, None]
        wide = self.log_vars.clamp(min=NARROWEST)
        kl = 0.5 * (wide - log_var + (log_var.exp() + (mean - self.means).square()) * torch.exp(-wide) - 1.0)
        return kl, self.logits.log_softmax(0) - kl.sum(2)

    def kl(self, posterior: Posterior) -> Float[Tensor, "batch latent"]:
        """The KL term of the evidence bound, in nats; the cost of choosing a component is split among the units.

        The bound holds for any shares; those of `assign` make it the tightest, and its sum -logsumexp(weight - KL).
        """
        kl, joint = self._parts(posterior)
        log_share = joint.log_softmax(1)
        share = log_share.exp()
        choice = (share * (log_share - self.logits.log_softmax(0))).sum(1, keepdim=True)
        return (share[..., None] * kl).sum(1) + choice / posterior.mean.shape[1]

    def assign(self, posterior: Posterior) -> Float[Tensor, "batch k"]:
        """How much each row belongs to each component."""
        return self._parts(posterior)[1].softmax(1)
