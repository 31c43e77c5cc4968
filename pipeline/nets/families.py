"""The families, each put together from parts: what goes in, and which body and decoder it gets."""

from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from pipeline.nets.parts import (
    Conv1dBody,
    Conv1dDecoder,
    Conv2dBody,
    Conv2dDecoder,
    Experts,
    Joined,
    Single,
    body,
    mlp,
    normed,
)
from pipeline.nets.vae import VAE, Projection, Scale, profile

Shape = tuple[int, ...]  # of one row of a modality, without the batch


def _body(shape: Shape, hidden: tuple[int, ...], channels: int, kind: str) -> nn.Module:
    if kind == "conv1d":
        return Conv1dBody(shape[0], shape[1], channels, hidden[-1])
    if kind == "conv2d":
        return Conv2dBody(shape[0], shape[1], channels, hidden[-1])
    return body(shape[0], *hidden)


def _decoder(codes: int, shape: Shape, hidden: tuple[int, ...], channels: int, kind: str) -> nn.Module:
    if kind == "conv1d":
        return Conv1dDecoder(codes, shape[0], shape[1], channels, hidden[-1])
    if kind == "conv2d":
        return Conv2dDecoder(codes, shape[0], shape[1], channels, hidden[-1])
    return mlp(codes, *reversed(hidden), shape[0])


def joined(
    shapes: Mapping[str, Shape],
    scales: Mapping[str, Scale | Projection],
    *,
    hidden: tuple[int, ...],
    latent: int,
    labels: int = 0,
    channels: int = 0,
    audio: str = "dense",
) -> VAE:
    """Easy and medium: all modalities side by side into one posterior; `audio` is dense, conv1d or conv2d."""
    kinds = {name: audio if name == "audio" else "dense" for name in shapes}
    bodies = {name: _body(shape, hidden, channels, kinds[name]) for name, shape in shapes.items()}
    decoders = {name: _decoder(latent + labels, shape, hidden, channels, kinds[name]) for name, shape in shapes.items()}
    return VAE(Joined(bodies, hidden[-1], labels, latent), decoders, scales)


def experts(
    shapes: Mapping[str, Shape],
    scales: Mapping[str, Scale | Projection],
    *,
    hidden: tuple[int, ...],
    latent: int,
    labels: int,
    dropout: float,
) -> VAE:
    """Hard: one expert per modality, multiplied, conditioned on a label; works with any modality missing."""
    bodies = {name: body(shape[0], *hidden) for name, shape in shapes.items()}
    decoders = {name: mlp(latent + labels, *reversed(hidden), shape[0]) for name, shape in shapes.items()}
    return VAE(Experts(bodies, hidden[-1], labels, latent, dropout), decoders, scales)


def cross_view(
    shapes: Mapping[str, Shape], scales: Mapping[str, Scale | Projection], *, hidden: int, latent: int, labels: int = 0
) -> VAE:
    """A VAE of one hidden layer on both sides, for the view of a track; it takes no condition."""
    numbers = shapes["audio"][0]
    encoder = Single(normed(numbers, hidden, 2 * latent))
    return VAE(encoder, {"audio": normed(latent + labels, hidden, numbers)}, scales, profile)


class Contrast(nn.Module):
    """The view of a track as a point on the unit sphere."""

    def __init__(self, network: nn.Module, scales: Mapping[str, Scale | Projection]) -> None:
        super().__init__()
        self.network = network
        self.scales = nn.ModuleDict(dict(scales))

    def forward(self, views: Float[Tensor, "batch number"]) -> Float[Tensor, "batch latent"]:
        return functional.normalize(self.network(views), dim=1)


def contrast(
    shapes: Mapping[str, Shape], scales: Mapping[str, Scale | Projection], *, hidden: int, latent: int, labels: int = 0
) -> Contrast:
    """A network of one hidden layer that maps views of the same track to near points; it takes no condition."""
    return Contrast(normed(shapes["audio"][0], hidden, latent + labels), scales)
