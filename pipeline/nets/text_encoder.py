"""A BERT encoder for inference on one window at a time: layers of attention and two linear maps, norms behind each."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class Sizes:
    layers: int
    heads: int
    epsilon: float  # of every norm


class TextEncoder:
    """The layers behind the table of word pieces; weights are named `norm.w`, `norm.b`, `0.q.w` to `11.norm2.b`."""

    def __init__(self, weights: Weights, sizes: Sizes) -> None:
        self.sizes, self.weights = sizes, dict(weights)
        for layer in range(sizes.layers):  # one product for all three of attention's inputs
            for part in ("w", "b"):
                three = [self.weights.pop(f"{layer}.{name}.{part}") for name in ("q", "k", "v")]
                self.weights[f"{layer}.qkv.{part}"] = torch.cat(three)

    @torch.inference_mode()
    def __call__(self, embedded: Float[Tensor, "piece wide"]) -> Float[Tensor, "piece wide"]:
        """What the last layer makes of the word pieces of one window, from their vectors and those of their places."""
        x = self._norm(embedded, "norm")
        for layer in range(self.sizes.layers):
            x = self._norm(x + self._attended(x, layer), f"{layer}.norm1")
            inner = functional.gelu(self._linear(x, f"{layer}.in"))
            x = self._norm(x + self._linear(inner, f"{layer}.out"), f"{layer}.norm2")
        return x

    def _attended(self, x: Float[Tensor, "piece wide"], layer: int) -> Float[Tensor, "piece wide"]:
        heads = self._linear(x, f"{layer}.qkv").unflatten(1, (3, self.sizes.heads, -1)).permute(1, 2, 0, 3)
        mixed = functional.scaled_dot_product_attention(*heads[:, None])[0]
        return self._linear(mixed.transpose(0, 1).flatten(1), f"{layer}.attended")

    def _linear(self, x: Float[Tensor, "piece wide"], name: str) -> Float[Tensor, "piece narrow"]:
        return functional.linear(x, self.weights[f"{name}.w"], self.weights[f"{name}.b"])

    def _norm(self, x: Float[Tensor, "piece wide"], name: str) -> Float[Tensor, "piece wide"]:
        weight, bias = self.weights[f"{name}.w"], self.weights[f"{name}.b"]
        return functional.layer_norm(x, weight.shape, weight, bias, self.sizes.epsilon)
