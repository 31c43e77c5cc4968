"""The network musicnn: folded and laid out anew, it makes what the plain layers make."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from pipeline.nets.musicnn import EPSILON, FRAMES, MELS, Heard, Network, Weights, shapes


def random_weights() -> dict[str, Tensor]:
    """Weights of the size of trained ones; the factors of norms have both signs."""
    chance = torch.Generator().manual_seed(3)
    made = {}
    for name, shape in shapes().items():
        values = torch.randn(shape, generator=chance)
        if name.endswith("kernel"):
            values /= max(1, values[..., 0].numel()) ** 0.5
        made[name] = values.square() + 0.1 if name.endswith("variance") else values
    return made


def plain(weights: Weights, patches: Tensor) -> Heard:
    """The same, layer by layer as its authors wrote it."""

    def norm(x: Tensor, number: int) -> Tensor:
        name = f"batch_normalization_{number}" if number else "batch_normalization"
        mean, variance = weights[f"{name}/moving_mean"], weights[f"{name}/moving_variance"]
        gamma, beta = weights[f"{name}/gamma"], weights[f"{name}/beta"]
        return functional.batch_norm(x, mean, variance, gamma, beta, training=False, eps=EPSILON)

    def convolved(x: Tensor, number: int) -> Tensor:
        name = f"conv2d_{number}" if number else "conv2d"
        kernel = weights[f"{name}/kernel"].permute(3, 2, 0, 1)
        return norm(functional.conv2d(x, kernel, weights[f"{name}/bias"]).relu(), number + 1)

    picture = norm(patches[:, None], 0)
    filters = [convolved(functional.pad(picture, (0, 0, 3, 3)), n).amax(dim=3) for n in (0, 1)]
    filters += [
        convolved(functional.pad(picture, (0, 0, (size - 1) // 2, size // 2)), n).amax(dim=3)
        for n, size in ((2, 128), (3, 64), (4, 32))
    ]
    channels = [torch.cat(filters, dim=1)]
    for n in (5, 6, 7):
        columns = functional.pad(channels[-1].transpose(1, 2)[:, None], (0, 0, 3, 3))
        seen = convolved(columns, n)[..., 0]
        channels.append(seen if n == 5 else seen + channels[-1])
    features = torch.cat(channels, dim=1)
    pooled = torch.stack([features.amax(dim=2), features.mean(dim=2)], dim=2).flatten(1)
    dense = norm((norm(pooled, 9) @ weights["dense/kernel"] + weights["dense/bias"]).relu(), 10)
    return Heard(pooled, dense, (dense @ weights["dense_1/kernel"] + weights["dense_1/bias"]).sigmoid())


@pytest.mark.parametrize("frames", [FRAMES, 130, 192])
def test_the_network_is_the_plain_one(frames: int) -> None:
    weights = random_weights()
    patches = 4 * torch.rand(2, frames, MELS, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        made, known = Network(weights)(patches), plain(weights, patches)
    for name in ("pooled", "penultimate", "tags"):
        torch.testing.assert_close(getattr(made, name), getattr(known, name), rtol=1e-3, atol=1e-4)
    assert made.tags.shape == (2, 50)
    assert made.pooled.shape == (2, 1506)


def test_a_network_has_the_weights_of_the_release() -> None:
    assert sum(torch.Size(shape).numel() for shape in shapes().values()) == 792_079
