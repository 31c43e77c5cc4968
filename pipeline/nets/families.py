"""The families, each put together from parts: what goes in, and which body and decoder it gets."""

from collections.abc import Mapping

from torch import nn

from pipeline.nets.parts import Conv1dBody, Conv1dDecoder, Conv2dBody, Conv2dDecoder, Experts, Joined, body, mlp
from pipeline.nets.vae import VAE, Scale

Shape = tuple[int, ...]  # of one row of a modality, without the batch


def _body(shape: Shape, hidden: tuple[int, ...], channels: int, kind: str) -> nn.Module:
    if kind == "conv1d":
        return Conv1dBody(shape[0], shape[1], channels, hidden[-1])
    if kind == "conv2d":
        return Conv2dBody(shape[0], shape[1], channels, hidden[-1])
    return body(shape[0], *hidden)


def _decoder(told: int, shape: Shape, hidden: tuple[int, ...], channels: int, kind: str) -> nn.Module:
    if kind == "conv1d":
        return Conv1dDecoder(told, shape[0], shape[1], channels, hidden[-1])
    if kind == "conv2d":
        return Conv2dDecoder(told, shape[0], shape[1], channels, hidden[-1])
    return mlp(told, *reversed(hidden), shape[0])


def joined(
    shapes: Mapping[str, Shape],
    scales: Mapping[str, Scale],
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
    scales: Mapping[str, Scale],
    *,
    hidden: tuple[int, ...],
    latent: int,
    labels: int,
    dropout: float,
) -> VAE:
    """Hard: one expert a modality, multiplied, conditioned on a label; works with any of them missing."""
    bodies = {name: body(shape[0], *hidden) for name, shape in shapes.items()}
    decoders = {name: mlp(latent + labels, *reversed(hidden), shape[0]) for name, shape in shapes.items()}
    return VAE(Experts(bodies, hidden[-1], labels, latent, dropout), decoders, scales)
