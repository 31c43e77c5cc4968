"""The one VAE core: a posterior, a loss, and the network that every family fills with an encoder and decoders."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


@dataclass(frozen=True)
class Batch:
    """Rows of a training: per modality their values and which rows have it; a one-hot condition, or no columns."""

    views: Mapping[str, Tensor]  # each [batch, ...]
    present: Mapping[str, Bool[Tensor, " batch"]]
    condition: Float[Tensor, "batch labels"]

    def known(self) -> "Batch":
        """The same batch with zeros where a modality is missing, so that the values in its place cannot matter."""
        views = {name: blank(view, self.present[name]) for name, view in self.views.items()}
        return Batch(views, self.present, self.condition)

    def only(self, modality: str) -> "Batch":
        """The same batch with every other modality missing."""
        present = {name: rows if name == modality else torch.zeros_like(rows) for name, rows in self.present.items()}
        return Batch(self.views, present, self.condition)


def blank(values: Tensor, present: Tensor) -> Tensor:
    """`values` with zeros in the rows, or the numbers, that are missing (a product would let nan through)."""
    return torch.where(present.reshape(*present.shape, *[1] * (values.dim() - present.dim())), values, 0.0)


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
    """The terms of the evidence bound, and the codes that they belong to."""

    recon: Mapping[str, Float[Tensor, "*batch"]]  # negative log likelihood in nats; 0 in rows without the modality
    mse: Mapping[str, Float[Tensor, ""]]  # squared error per number, over the rows that have the modality
    kl: Float[Tensor, "batch latent"]
    posterior: Posterior
    latent: Float[Tensor, "batch latent"]  # what was decoded

    def error(self) -> Float[Tensor, ""]:
        """The reconstruction term: nats per segment, all modalities."""
        return torch.stack([term.mean() for term in self.recon.values()]).sum()


def gaussian(output: Tensor, target: Tensor, present: Tensor) -> tuple[Float[Tensor, " batch"], Float[Tensor, ""]]:
    """Negative log likelihood per row, and the squared error per number, under the best variance for this batch.

    The variance is the maximum-likelihood one (the mean squared error itself), without gradient: so the likelihood is
    calibrated, beta keeps its meaning whatever the scale of the data, and no weight has to be tuned. The target must
    hold numbers, not nan, also in rows without the modality.
    """
    numbers = output[0].numel()
    error = torch.where(present, (output - target).flatten(1).square().sum(1), 0.0)
    mse = error.sum() / (present.sum() * numbers).clamp(min=1)
    variance = mse.detach().clamp(min=1e-6)
    return torch.where(present, 0.5 * (error / variance + numbers * torch.log(variance)), 0.0), mse


def profile(output: Tensor, target: Tensor, present: Tensor) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """The same calibrated likelihood as one mean over the batch, without the constant; its gradient is that above.

    A batch in which no row has the modality says nothing: 0, where a mean over nothing would be nan.
    """
    error = (output - target)[present]
    if not len(error):
        return output.new_zeros(()), output.new_zeros(())
    mse = error.square().mean()
    return 0.5 * output[0].numel() * torch.log(mse + 1e-9), mse


Likelihood = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]  # gaussian or profile


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

    def louder(self, factor: float) -> "Scale":
        """The same numbers, so many times as large."""
        return Scale(self.mean, self.std / factor)


class Projection(nn.Module):
    """A linear metric of one modality, in place of a scale; it travels with the weights too."""

    mean: Tensor
    matrix: Tensor

    def __init__(self, mean: Tensor, matrix: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean.float())
        self.register_buffer("matrix", matrix.float())

    def forward(self, values: Tensor) -> Tensor:
        return (values.float() - self.mean) @ self.matrix

    def back(self, values: Tensor) -> Tensor:
        """In double precision: the numbers may differ in size by many orders, and every process rounds alike."""
        numbers: Tensor = torch.linalg.lstsq(self.matrix.T.cpu().double(), values.T.cpu().double()).solution.T
        return numbers.float().to(values.device) + self.mean


class Prior(Protocol):
    """Where codes are expected to lie before a song is heard."""

    def kl(self, posterior: Posterior) -> Float[Tensor, "batch latent"]: ...


class StandardNormal(nn.Module):
    """The plain prior: nothing to learn."""

    def kl(self, posterior: Posterior) -> Float[Tensor, "batch latent"]:
        return posterior.kl()


class VAE(nn.Module):
    """Encoder, latent space, a decoder for each modality. The objective is an argument of the training."""

    prior: Prior
    picture: nn.Module  # of frames alone: draws them from a code, and is no part of the objective

    def __init__(
        self,
        encoder: nn.Module,
        decoders: Mapping[str, nn.Module],
        scales: Mapping[str, Scale | Projection],
        likelihood: Likelihood = gaussian,
    ) -> None:
        super().__init__()
        self.likelihood = likelihood
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
        given = torch.cat([latent, condition], dim=1)
        return {name: decoder(given) for name, decoder in self.decoders.items()}

    def loss(self, batch: Batch, target: Batch | None = None, *, noisy: bool = True) -> Loss:
        """The terms of the evidence bound for a standardised batch; without noise the latent is the posterior mean.

        With `target`, the codes of `batch` have to predict it in place of `batch` itself.
        """
        known = batch.known()
        goal = known if target is None else target.known()
        posterior: Posterior = self.encoder(known)
        latent = posterior.sample() if noisy else posterior.mean
        outputs = self.decode(latent, batch.condition)
        pairs = {
            name: self.likelihood(output.float(), goal.views[name], goal.present[name])
            for name, output in outputs.items()
        }
        recon = {name: nll for name, (nll, _) in pairs.items()}
        mse = {name: mse for name, (_, mse) in pairs.items()}
        return Loss(recon, mse, self.prior.kl(posterior), posterior, latent)

    def embed(self, batch: Batch) -> Float[Tensor, "batch latent"]:
        """The posterior mean of each row of a standardised batch."""
        return self.encode(batch).mean
