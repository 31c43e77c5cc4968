"""The network musicnn (Pons and Serra, 2019): which tags suit three seconds of sound, from its log-mel picture.

Filters as tall as notes and chords are (timbral) and as long as beats are (temporal) look at the picture, three layers
look at what those saw, and the mean and maximum over time are tagged. Inference alone: each batch norm is folded into
what stands beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

FRAMES: Final = 187  # of a patch
MELS: Final = 96
TIMBRAL: Final = (38, 67)  # bands that a timbral filter spans: .4 and .7 of all
TEMPORAL: Final = (128, 64, 32)  # frames that a temporal filter spans
MIDDLE: Final = 3  # layers between the filters and the pooling
TAPS: Final = 7  # frames that a timbral filter or a middle layer sees
EPSILON: Final = 1e-3  # of every batch norm
PHASES: Final = 8  # frames that a temporal filter steps over at once

Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class Heard:
    """What the network makes of each patch."""

    pooled: Float[Tensor, "patch pooled"]  # maximum and mean over time of each channel, in turns
    penultimate: Float[Tensor, "patch dense"]
    tags: Float[Tensor, "patch tag"]  # probabilities


class Network(nn.Module):
    """The network with the weights of a checkpoint, under the names that TensorFlow gave them."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        norms = [_norm(weights, number) for number in range(11)]
        scale, shift = norms[0]
        self.normalise = _Affine(scale, shift)
        self.timbral = nn.ModuleList(_Timbral(*_layer(weights, "conv2d", n), *norms[1 + n]) for n in range(2))
        self.temporal = nn.ModuleList(_Temporal(*_layer(weights, "conv2d", n), *norms[1 + n]) for n in range(2, 5))
        self.middle = nn.ModuleList(_Middle(*_layer(weights, "conv2d", n), *norms[1 + n]) for n in range(5, 8))
        kernel, bias = _layer(weights, "dense", 0)
        scale, shift = norms[9]
        self.dense = _Linear((kernel * scale[:, None]).T, bias + shift @ kernel)
        self.dense_norm = _Affine(*norms[10])
        kernel, bias = _layer(weights, "dense", 1)
        self.tag = _Linear(kernel.T, bias)

    def forward(self, patches: Float[Tensor, "patch frame 96"]) -> Heard:
        picture = self.normalise(patches)
        filters = [layer(picture) for layer in (*self.timbral, *self.temporal)]
        channels = [torch.cat(filters, dim=1)]  # [patch, channel, frame]
        before = self.middle[0](channels[0])
        channels.append(before)
        for layer in list(self.middle)[1:]:
            before = before + layer(before)
            channels.append(before)
        features = torch.cat(channels, dim=1)
        pooled = torch.stack([features.amax(dim=2), features.mean(dim=2)], dim=2).flatten(1)
        penultimate = self.dense_norm(self.dense(pooled).relu())
        return Heard(pooled, penultimate, self.tag(penultimate).sigmoid())


# --- parts ------------------------------------------------------------------------------------------------------------


class _Affine(nn.Module):
    scale: Tensor
    shift: Tensor

    def __init__(self, scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.register_buffer("scale", scale.float())
        self.register_buffer("shift", shift.float())

    def forward(self, x: Float[Tensor, "*batch channel"]) -> Float[Tensor, "*batch channel"]:
        return torch.addcmul(self.shift, x, self.scale)


class _Linear(nn.Module):
    weight: Tensor
    bias: Tensor

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight.float().contiguous())
        self.register_buffer("bias", bias.float())

    def forward(self, x: Float[Tensor, "patch wide"]) -> Float[Tensor, "patch narrow"]:
        return functional.linear(x, self.weight, self.bias)


class _Highest(nn.Module):
    """Convolution, ReLU, batch norm and the maximum over the bands, where the maximum is taken first.

    The norm's factor decides whether it is the highest or the lowest place that counts; where it is negative the kernel
    changes its sign, so that it is always the highest, and the rest is done once per frame, not once per band.
    """

    bias: Tensor
    scale: Tensor
    shift: Tensor
    signs: Tensor

    def __init__(self, bias: Tensor, scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.sign = torch.where(scale < 0, -1.0, 1.0)
        for name, values in (("bias", bias), ("scale", scale), ("shift", shift), ("signs", self.sign)):
            self.register_buffer(name, values.float()[:, None])

    def finish(self, highest: Float[Tensor, "patch channel frame"]) -> Float[Tensor, "patch channel frame"]:
        seen = torch.addcmul(self.bias, highest, self.signs).relu_()
        return torch.addcmul(self.shift, seen, self.scale)


class _Timbral(_Highest):
    weight: Tensor

    def __init__(self, kernel: Tensor, bias: Tensor, scale: Tensor, shift: Tensor) -> None:
        super().__init__(bias, scale, shift)
        weight = kernel.permute(3, 2, 0, 1) * self.sign[:, None, None, None]
        self.register_buffer("weight", weight.float().contiguous())

    def forward(self, picture: Float[Tensor, "patch frame mel"]) -> Float[Tensor, "patch channel frame"]:
        places = functional.conv2d(picture[:, None], self.weight, padding=(TAPS // 2, 0))
        return self.finish(places.amax(dim=3))


class _Temporal(_Highest):
    """A long filter in time, alike for each band.

    With one channel in, a convolution is slow. So PHASES neighbouring frames become channels, in and out, and the
    filter is laid out once for each phase that it may begin at: a few more products, and 1.4 times as fast.
    """

    weight: Tensor

    def __init__(self, kernel: Tensor, bias: Tensor, scale: Tensor, shift: Tensor) -> None:
        super().__init__(bias, scale, shift)
        taps = kernel[:, 0, 0] * self.sign  # [tap, channel]
        length, channels = taps.shape
        self.before = (length - 1) // 2  # as TensorFlow pads: what is left over stands behind
        self.steps = -(-(length - 1 + PHASES) // PHASES)
        laid = torch.zeros(PHASES, channels, self.steps * PHASES)
        for phase in range(PHASES):
            laid[phase, :, phase : phase + length] = taps.T
        weight = laid.unflatten(2, (self.steps, PHASES)).permute(0, 1, 3, 2).flatten(0, 1)
        self.register_buffer("weight", weight[..., None].float().contiguous())  # [phase channel, phase, step, 1]

    def forward(self, picture: Float[Tensor, "patch frame mel"]) -> Float[Tensor, "patch channel frame"]:
        frames = picture.shape[1]
        groups = -(-frames // PHASES)
        long = (groups + self.steps - 1) * PHASES
        padded = functional.pad(picture, (0, 0, self.before, long - self.before - frames))
        phases = padded.unflatten(1, (-1, PHASES)).transpose(1, 2)  # [patch, phase, step, mel]
        highest = functional.conv2d(phases, self.weight).amax(dim=3)  # [patch, phase channel, group]
        in_time = highest.unflatten(1, (PHASES, -1)).permute(0, 2, 3, 1).flatten(2)
        return self.finish(in_time[..., :frames])


class _Middle(nn.Module):
    weight: Tensor
    bias: Tensor
    scale: Tensor
    shift: Tensor

    def __init__(self, kernel: Tensor, bias: Tensor, scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", kernel[:, :, 0].permute(2, 1, 0).float().contiguous())
        for name, values in (("bias", bias), ("scale", scale[:, None]), ("shift", shift[:, None])):
            self.register_buffer(name, values.float())

    def forward(self, x: Float[Tensor, "patch before frame"]) -> Float[Tensor, "patch channel frame"]:
        seen = functional.conv1d(x, self.weight, self.bias, padding=TAPS // 2).relu_()
        return torch.addcmul(self.shift, seen, self.scale)


# --- weights by TensorFlow's names ------------------------------------------------------------------------------------


def _layer(weights: Weights, kind: str, number: int) -> tuple[Tensor, Tensor]:
    name = _numbered(kind, number)
    return weights[f"{name}/kernel"].double(), weights[f"{name}/bias"].double()


def _norm(weights: Weights, number: int) -> tuple[Tensor, Tensor]:
    """A batch norm as the factor and the summand that it comes to."""
    name = _numbered("batch_normalization", number)
    gamma, beta, mean, variance = (
        weights[f"{name}/{part}"].double() for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    scale = gamma / (variance + EPSILON).sqrt()
    return scale, beta - mean * scale


def shapes(tags: int = 50) -> dict[str, tuple[int, ...]]:
    """The names and shapes of the weights that a checkpoint has to hold."""
    timbral, temporal, middle, dense = 204, 51, 64, 200
    filters = 2 * timbral + 3 * temporal
    pooled = 2 * (filters + MIDDLE * middle)
    kernels = [(TAPS, bands, 1, timbral) for bands in TIMBRAL] + [(taps, 1, 1, temporal) for taps in TEMPORAL]
    kernels += [(TAPS, filters, 1, middle)] + [(TAPS, middle, 1, middle)] * (MIDDLE - 1)
    layers: list[tuple[str, tuple[int, ...]]] = [(_numbered("conv2d", n), kernel) for n, kernel in enumerate(kernels)]
    layers += [("dense", (pooled, dense)), ("dense_1", (dense, tags))]
    wanted = {f"{name}/kernel": kernel for name, kernel in layers}
    wanted |= {f"{name}/bias": kernel[-1:] for name, kernel in layers}
    norms = [1, *(kernel[-1] for kernel in kernels), pooled, dense]
    parts = ("gamma", "beta", "moving_mean", "moving_variance")
    return wanted | {
        f"{_numbered('batch_normalization', n)}/{p}": (size,) for n, size in enumerate(norms) for p in parts
    }


def _numbered(kind: str, number: int) -> str:
    return f"{kind}_{number}" if number else kind
