"""The one training loop: epochs over random batches, under a recipe."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import torch
from jaxtyping import Int
from torch import Tensor, nn

from pipeline.nets.objective import Objective

Epoch = dict[str, float]  # the mean of each part of the loss over one epoch: `loss`, `kl`, `mse_audio`, ...
BatchLoss = Callable[[Int[Tensor, " batch"]], Mapping[str, Tensor]]  # rows -> the parts; `loss` is what is minimised


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: everything but the network, the songs and the seed."""

    epochs: int
    batch: int  # rows at most
    rate: float  # the highest learning rate
    warmup: float = 0.0  # share of the epochs over which the weights of the objective grow from 0
    objective: Objective = field(default_factory=Objective)
    schedule: Literal["cosine", "one_cycle"] = "cosine"  # down to rate / 20 by epochs, or up and down by batches
    decay: float = 0.0  # of the weights (AdamW)
    noise: float = 0.0  # standard deviation of the noise on every input number
    cross: bool = False  # decode another half of the track than the one that was encoded
    even: bool = False  # equal batches instead of full ones and a rest: a small rest would be normed badly

    def warm(self, epoch: int) -> float:
        """The share of the objective's weights that counts in this epoch, from 0."""
        return min(1.0, (epoch + 1) / max(1.0, self.warmup * self.epochs))


def train(
    net: nn.Module, losses: Callable[[float], BatchLoss], rows: Int[Tensor, " row"], recipe: Recipe
) -> list[Epoch]:
    """The curve; trains `net` in place on these rows. `losses(warm)` gives the loss of each batch of one epoch."""
    batches = -(-len(rows) // recipe.batch)
    optimizer = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=recipe.decay, fused=True)
    by_epoch, by_batch = _schedules(optimizer, recipe, batches)
    curve = []
    net.train()
    for epoch in range(recipe.epochs):
        order = rows[torch.randperm(len(rows), device=rows.device)]
        loss = losses(recipe.warm(epoch))
        # Sums stay on the device: asking for a number in every batch would make a GPU wait for it.
        sums: dict[str, Tensor] = {}
        for batch in order.tensor_split(batches) if recipe.even else order.split(recipe.batch):
            parts = loss(batch)
            optimizer.zero_grad(set_to_none=True)
            parts["loss"].backward()
            optimizer.step()
            by_batch()
            for name, part in parts.items():
                sums[name] = sums.get(name, torch.zeros_like(part)) + part.detach() * len(batch) / len(order)
        curve.append({name: total.item() for name, total in sums.items()})
        by_epoch()
    net.eval()
    return curve


def _schedules(
    optimizer: torch.optim.Optimizer, recipe: Recipe, batches: int
) -> tuple[Callable[[], None], Callable[[], None]]:
    """What to call after each epoch and after each batch, so that the learning rate follows the recipe."""
    if recipe.schedule == "cosine":
        cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.epochs, eta_min=recipe.rate / 20)
        return cosine.step, lambda: None
    return lambda: None, torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, recipe.epochs * batches).step


@torch.no_grad()
def round_to_half(net: nn.Module) -> None:
    """Rounds the weights to half precision, so that what is embedded is exactly what the small file on disk says.

    Buffers stay as they are: a mean of -400 in a scale would lose its decimals.
    """
    for weights in net.parameters():
        weights.copy_(weights.half())
