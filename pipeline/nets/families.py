"""The families, each put together from parts: what goes in, and which body and decoder it gets."""

from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from pipeline.nets import facets as facets_of
from pipeline.nets.moments import BODIES, OfFrames
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
PICTURE = 16  # channels of the convolutions that draw frames


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


def of_frames(
    shapes: Mapping[str, Shape],
    scales: Mapping[str, Scale | Projection],
    *,
    kind: str,
    channels: int,
    hidden: int,
    latent: int,
    labels: int = 0,
) -> VAE:
    """Medium: frames (conv1d or conv2d) of some segments; it predicts the statistics of the others. No condition.

    `picture` draws the frames of a segment from its code, and teaches the encoder nothing.
    """
    if shapes["audio"][1] < (least := BODIES[kind].least):
        raise ValueError(f"segments of {shapes['audio'][1]} columns are too short for {kind}: it needs {least}")
    encoder = OfFrames(BODIES[kind](shapes["audio"][0], channels), hidden, latent)
    vae = VAE(encoder, {"audio": normed(latent + labels, hidden, shapes["target"][0])}, scales, profile)
    vae.picture = _decoder(latent, shapes["audio"], (hidden // 2,), PICTURE, kind)
    return vae


def in_facets(
    shapes: Mapping[str, Shape],
    scales: Mapping[str, Scale | Projection],
    *,
    facets: tuple[str, ...],
    hidden: int,
    latent: int,
    labels: int = 0,
    dropout: float = 0.0,
) -> VAE:
    """Hard, and fusion of medium: views of the sound and the words, with a part of the code for each facet."""
    numbers = {name: shape[0] for name, shape in shapes.items()}
    encoder = facets_of.encoder(facets, numbers, hidden, latent, labels, dropout)
    return VAE(encoder, facets_of.decoders(facets, numbers, hidden, latent, labels), scales, profile)


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
