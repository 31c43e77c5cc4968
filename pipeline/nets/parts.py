"""What families are put together from: bodies, decoders, and two ways to join modalities."""

from collections.abc import Mapping
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pipeline.nets.vae import Batch, Posterior

LOG_VAR = (-8.0, 4.0)  # keeps exp() away from overflow in the first steps
PATCH = 4  # pixels of a log-mel picture that are one place to the convolutions, in both directions


def mlp(*sizes: int) -> nn.Sequential:
    """Linear layers of these sizes, GELU between them and none after the last."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.LayerNorm(outputs), nn.GELU()]
    return nn.Sequential(*layers[:-2])


def body(*sizes: int) -> nn.Sequential:
    """An mlp whose last layer is followed by its norm and GELU too: features for a head."""
    return nn.Sequential(mlp(*sizes), nn.LayerNorm(sizes[-1]), nn.GELU())


def normed(*sizes: int) -> nn.Sequential:
    """Linear layers of these sizes, batch norm and ELU between them: the networks of views, which see all tracks."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ELU()]
    return nn.Sequential(*layers[:-2])


class Conv1dBody(nn.Module):
    """Features of [batch, coefficient, frame]: three convolutions over time, each halving it, and the plain means.

    Without the means, here and in the decoder, the network spends its time on learning to copy them: after 10 epochs
    on the sample it left .89 of the variance unexplained, with them .74; the best linear code of the means leaves .73.
    """

    def __init__(self, coefficients: int, frames: int, channels: int, features: int) -> None:
        super().__init__()
        self.convolve = nn.Sequential(
            nn.Conv1d(coefficients, 2 * channels, 5, stride=2, padding=2), nn.GELU(),
            nn.Conv1d(2 * channels, 2 * channels, 5, stride=2, padding=2), nn.GELU(),
            nn.Conv1d(2 * channels, channels, 5, stride=2, padding=2), nn.GELU(),
        )  # fmt: skip
        self.out = body(channels * -(-frames // 8) + coefficients, features)

    def forward(self, x: Float[Tensor, "batch coefficient frame"]) -> Float[Tensor, "batch features"]:
        features: Tensor = self.out(torch.cat([self.convolve(x).flatten(1), x.mean(2)], dim=1))
        return features


class Conv1dDecoder(nn.Module):
    """[batch, coefficient, frame] from a latent: a level for each coefficient, and the body in reverse on top."""

    def __init__(self, latent: int, coefficients: int, frames: int, channels: int, features: int) -> None:
        super().__init__()
        self.shape = (channels, -(-frames // 8))
        self.frames = frames
        self.level = mlp(latent, features, coefficients)
        self.spread = mlp(latent, features, self.shape[0] * self.shape[1])
        self.convolve = nn.Sequential(
            nn.GELU(), nn.ConvTranspose1d(channels, 2 * channels, 4, stride=2, padding=1),
            nn.GELU(), nn.ConvTranspose1d(2 * channels, 2 * channels, 4, stride=2, padding=1),
            nn.GELU(), nn.ConvTranspose1d(2 * channels, coefficients, 4, stride=2, padding=1),
        )  # fmt: skip

    def forward(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch coefficient frame"]:
        wide: Tensor = self.convolve(self.spread(z).unflatten(1, self.shape))
        level: Tensor = self.level(z)[..., None]
        return wide[..., : self.frames] + level


class Conv2dBody(nn.Module):
    """Features of a log-mel picture [batch, mel, column]: the mean spectrum, and patches of 4 x 4 halved twice."""

    def __init__(self, mels: int, columns: int, channels: int, features: int) -> None:
        super().__init__()
        if min(mels, columns) < 4 * PATCH:
            raise ValueError(f"a log-mel picture of {mels} x {columns} is too small: each side needs {4 * PATCH}")
        self.convolve = nn.Sequential(
            nn.PixelUnshuffle(PATCH),
            nn.Conv2d(PATCH**2, channels, 1),
            nn.GELU(),
            nn.Conv2d(channels, 2 * channels, 4, stride=2, padding=1),
            nn.GELU(),
            nn.Conv2d(2 * channels, channels, 4, stride=2, padding=1),
            nn.GELU(),
        )
        self.out = body(channels * (mels // 16) * (columns // 16) + mels, features)

    def forward(self, x: Float[Tensor, "batch mel column"]) -> Float[Tensor, "batch features"]:
        whole = x[:, None, : x.shape[1] // PATCH * PATCH, : x.shape[2] // PATCH * PATCH]
        features: Tensor = self.out(torch.cat([self.convolve(whole).flatten(1), x.mean(2)], dim=1))
        return features


class Conv2dDecoder(nn.Module):
    """A log-mel picture [batch, mel, column] from a latent: a mean spectrum, and the body in reverse on top."""

    def __init__(self, latent: int, mels: int, columns: int, channels: int, features: int) -> None:
        super().__init__()
        self.shape = (channels, -(-mels // 16), -(-columns // 16))
        self.size = (mels, columns)
        self.level = mlp(latent, features, mels)
        self.spread = mlp(latent, features, self.shape[0] * self.shape[1] * self.shape[2])
        self.convolve = nn.Sequential(
            nn.GELU(),
            nn.ConvTranspose2d(channels, 2 * channels, 4, stride=2, padding=1),
            nn.GELU(),
            nn.ConvTranspose2d(2 * channels, channels, 4, stride=2, padding=1),
            nn.GELU(),
            nn.Conv2d(channels, PATCH**2, 1),
            nn.PixelShuffle(PATCH),
        )

    def forward(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch mel column"]:
        wide: Tensor = self.convolve(self.spread(z).unflatten(1, self.shape))
        level: Tensor = self.level(z)[..., None]
        return wide[:, 0, : self.size[0], : self.size[1]] + level


def posterior_of(head: Tensor) -> Posterior:
    mean, log_var = head.float().chunk(2, dim=1)
    return Posterior(mean, log_var.clamp(*LOG_VAR))


class Single(nn.Module):
    """One posterior from the sound alone, without a condition."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: Batch) -> Posterior:
        return posterior_of(self.network(batch.views["audio"]))


class Joined(nn.Module):
    """One posterior from the features of all modalities side by side, each with a flag that says it is present."""

    def __init__(self, bodies: Mapping[str, nn.Module], features: int, labels: int, latent: int) -> None:
        super().__init__()
        self.bodies = nn.ModuleDict(dict(bodies))
        self.head = nn.Linear(len(bodies) * (features + 1) + labels, 2 * latent)

    def forward(self, batch: Batch) -> Posterior:
        features = [batch.condition]
        for name, part in self.bodies.items():
            present = batch.present[name][:, None].to(batch.condition.dtype)
            features += [part(batch.views[name]) * present, present]
        return posterior_of(self.head(torch.cat(features, dim=1)))


class Experts(nn.Module):
    """A product of Gaussian experts, one per modality, times the prior; a missing modality has no expert.

    During training each row of a modality is left out with probability `dropout` (never all modalities of a row), so
    that every expert also learns to work alone.
    """

    def __init__(
        self, bodies: Mapping[str, nn.Module], features: int, labels: int, latent: int, dropout: float
    ) -> None:
        super().__init__()
        self.bodies = nn.ModuleDict(dict(bodies))
        self.heads = nn.ModuleDict({name: nn.Linear(features + labels, 2 * latent) for name in bodies})
        self.dropout = dropout

    def forward(self, batch: Batch) -> Posterior:
        present = partly(batch.present, self.dropout) if self.training and self.dropout > 0 else batch.present
        nothing = torch.zeros((), device=batch.condition.device)
        precision, weighted = nothing + 1.0, nothing  # the prior: a standard normal
        for name, part in self.bodies.items():
            features = torch.cat([part(batch.views[name]), batch.condition], dim=1)
            expert = posterior_of(self.heads[name](features))
            share = torch.exp(-expert.log_var) * present[name][:, None]
            precision, weighted = precision + share, weighted + share * expert.mean
        return Posterior(weighted / precision, -torch.log(precision))


def partly(present: Mapping[str, Tensor], dropout: float) -> dict[str, Tensor]:
    """The rows of each modality that stay this time: a modality is dropped only where another one stays."""
    kept = {name: rows & (torch.rand(len(rows), device=rows.device) >= dropout) for name, rows in present.items()}
    empty = ~torch.stack(list(kept.values())).any(0)
    return {name: kept[name] | (empty & present[name]) for name in kept}
