"""The one VAE core: a posterior, a loss, and the network that every family fills with an encoder and decoders."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


@dataclass(frozen=True)
class Batch:
    """Some segments: per modality their values and which rows have it, and a one-hot condition (no columns: none)."""

    views: Mapping[str, Tensor]  # each [batch, ...]
    there: Mapping[str, Bool[Tensor, " batch"]]
    condition: Float[Tensor, "batch labels"]

    def known(self) -> "Batch":
        """The same batch with zeros where a modality is missing, so that what stands there cannot matter."""
        views = {name: blank(view, self.there[name]) for name, view in self.views.items()}
        return Batch(views, self.there, self.condition)


def blank(values: Tensor, there: Tensor) -> Tensor:
    """`values` with zeros in the rows that are not there (a product would let nan through)."""
    return torch.where(there.view(-1, *[1] * (values.dim() - 1)), values, 0.0)


@dataclass(frozen=True)
class Posterior:
    """A diagonal Gaussian over the latent units of each row."""

    mean: Float[Tensor, "batch latent"]
    log_var: Float[Tensor, "batch latent"]

    def sample(self) -> Float[Tensor, "batch latent"]:
        return self.mean + torch.exp(0.5 * self.log_var) * torch.randn_like(self.mean)

    def kl(self) -> Float[Tensor, "batch latent"]:
        """KL divergence to the standard normal prior, in nats, per unit."""
        return 0.5 * (self.mean.square() + self.log_var.exp() - 1.0 - self.log_var)


@dataclass(frozen=True)
class Loss:
    """Terms per row, so that leaving a modality out is one multiplication."""

    recon: Mapping[str, Float[Tensor, " batch"]]  # negative log likelihood in nats; 0 where the modality is missing
    mse: Mapping[str, Float[Tensor, ""]]  # squared error a number, over the rows that are there
    kl: Float[Tensor, "batch latent"]
    posterior: Posterior
    latent: Float[Tensor, "batch latent"]  # what was decoded

    def error(self) -> Float[Tensor, ""]:
        """Nats a segment to tell the songs, once their codes are known."""
        return torch.stack([term.mean() for term in self.recon.values()]).sum()


def gaussian(output: Tensor, target: Tensor, there: Tensor) -> tuple[Float[Tensor, " batch"], Float[Tensor, ""]]:
    """Negative log likelihood per row and the squared error a number, under the best variance for this batch.

    The variance is the maximum-likelihood one (the mean squared error itself), without gradient: so the likelihood is
    calibrated, beta keeps its meaning whatever the scale of the data, and no weight has to be tuned. The target must
    hold numbers, not nan, also where it is not there.
    """
    numbers = output[0].numel()
    error = torch.where(there, (output - target).flatten(1).square().sum(1), 0.0)
    mse = error.sum() / (there.sum() * numbers).clamp(min=1)
    variance = mse.detach().clamp(min=1e-6)
    return torch.where(there, 0.5 * (error / variance + numbers * torch.log(variance)), 0.0), mse


class Scale(nn.Module):
    """Standardises one modality with numbers that travel with the weights."""

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean.float())
        self.register_buffer("std", std.float())

    def forward(self, values: Tensor) -> Tensor:
        return (values - self.mean) / self.std

    def back(self, values: Tensor) -> Tensor:
        return values * self.std + self.mean


class Prior(Protocol):
    """Where codes are expected to lie before a song is heard."""

    def kl(self, posterior: Posterior) -> Float[Tensor, "batch latent"]: ...


class StandardNormal(nn.Module):
    """The plain prior: nothing to learn."""

    def kl(self, posterior: Posterior) -> Float[Tensor, "batch latent"]:
        return posterior.kl()


class VAE(nn.Module):
    """Encoder, latent space, a decoder for each modality. What presses on the codes is an argument of the training."""

    prior: Prior

    def __init__(self, encoder: nn.Module, decoders: Mapping[str, nn.Module], scales: Mapping[str, Scale]) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoders = nn.ModuleDict(dict(decoders))
        self.scales = nn.ModuleDict(dict(scales))
        self.prior = StandardNormal()

    def encode(self, batch: Batch) -> Posterior:
        """The posterior of each row of a standardised batch."""
        posterior: Posterior = self.encoder(batch.known())
        return posterior

    def decode(
        self, latent: Float[Tensor, "batch latent"], condition: Float[Tensor, "batch labels"]
    ) -> dict[str, Tensor]:
        """What each modality is expected to be, standardised."""
        told = torch.cat([latent, condition], dim=1)
        return {name: decoder(told) for name, decoder in self.decoders.items()}

    def loss(self, batch: Batch, target: Batch | None = None, *, noisy: bool = True) -> Loss:
        """The terms of the evidence bound for a standardised batch; without noise the latent is the posterior mean.

        With `target`, that is what has to be told from the codes of `batch` (another half of the same tracks).
        """
        known = batch.known()
        wanted = known if target is None else target.known()
        posterior: Posterior = self.encoder(known)
        latent = posterior.sample() if noisy else posterior.mean
        outputs = self.decode(latent, batch.condition)
        pairs = {name: gaussian(out.float(), wanted.views[name], wanted.there[name]) for name, out in outputs.items()}
        recon = {name: nll for name, (nll, _) in pairs.items()}
        mse = {name: mse for name, (_, mse) in pairs.items()}
        return Loss(recon, mse, self.prior.kl(posterior), posterior, latent)

    def embed(self, batch: Batch) -> Float[Tensor, "batch latent"]:
        """The posterior mean of each row of a standardised batch."""
        return self.encode(batch).mean
