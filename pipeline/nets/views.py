"""Networks that learn what the segments of one track have in common.

A view of a track is some of its segments. A network is shown one view and asked for the segments that are not in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from pipeline.nets.fit import Embedding, curve_parts
from pipeline.nets.loop import BatchLoss, Epoch, Recipe, round_to_half, train
from pipeline.nets.vae import VAE, Batch

Chosen = Bool[Tensor, "batch segment"]


@dataclass(frozen=True)
class Segments:
    """The segments of all tracks; rows that are not valid do not matter, but must not be nan."""

    values: Float[Tensor, "track segment number"]
    valid: Bool[Tensor, "track segment"]

    def whole(self) -> Float[Tensor, "track number"]:
        """The view of all segments of each track."""
        return view(self.values, self.valid)

    def halves(self) -> tuple[Float[Tensor, "halvable number"], Float[Tensor, "halvable number"]]:
        """The first and the second half, in time, of each track that has two segments or more."""
        place, count = self.valid.cumsum(1), self.valid.sum(1, keepdim=True)
        first = self.valid & (place <= count // 2)
        rows = self.halvable()
        return view(self.values[rows], first[rows]), view(self.values[rows], (self.valid & ~first)[rows])

    def of(self, tracks: Bool[Tensor, " track"]) -> "Segments":
        """The segments of these tracks alone."""
        return self if bool(tracks.all()) else Segments(self.values[tracks], self.valid[tracks])

    def halvable(self) -> Bool[Tensor, " track"]:
        return self.valid.sum(1) >= 2

    def to(self, device: torch.device) -> "Segments":
        return Segments(self.values.to(device), self.valid.to(device))


def view(values: Float[Tensor, "batch segment number"], chosen: Chosen) -> Float[Tensor, "batch number"]:
    """The mean over the chosen segments."""
    return torch.einsum("bsn,bs->bn", values, chosen.to(values.dtype)) / chosen.sum(1, keepdim=True).clamp(min=1)


def two_sets(valid: Chosen) -> tuple[Chosen, Chosen]:
    """Two random sets of each track's segments without a common one, each of 2 to half of them (1 if that is half)."""
    count = valid.sum(1)
    rank = torch.rand(valid.shape, device=valid.device).masked_fill(~valid, 2.0).argsort(1).argsort(1)
    largest = count // 2
    smallest = largest.clamp(max=2)

    def size() -> Int[Tensor, " batch"]:
        return smallest + (torch.rand(len(count), device=valid.device) * (largest - smallest + 1)).long()

    return rank < size()[:, None], (rank >= (count - size())[:, None]) & valid


@runtime_checkable
class Viewer(Protocol):
    """What a network is shown of tracks, and what it is asked for."""

    @property
    def valid(self) -> Bool[Tensor, "track segment"]: ...

    def shown(self, tracks: Int[Tensor, " batch"], chosen: Chosen, *, noisy: bool) -> Batch:
        """These segments of the tracks; noisy, as in a training: with noise, or in part."""

    def asked(self, tracks: Int[Tensor, " batch"], left: Chosen) -> Batch:
        """What is to be predicted of the segments that were left out; a view for each decoder."""


def fit_views(vae: VAE, viewer: Viewer, recipe: Recipe, tracks: Bool[Tensor, " track"] | None = None) -> list[Epoch]:
    """The curve; trains `vae` in place on those tracks (or all) that have two segments, and rounds its weights."""
    sampled = not recipe.objective.is_autoencoder  # an autoencoder with noise on its codes would be neither

    def losses(warm: float) -> BatchLoss:
        def loss(rows: Int[Tensor, " batch"]) -> Mapping[str, Tensor]:
            valid = viewer.valid[rows]
            both, chosen = torch.cat([rows, rows]), torch.cat(two_sets(valid))
            left = torch.cat([valid, valid]) & ~chosen
            terms = vae.loss(viewer.shown(both, chosen, noisy=True), viewer.asked(both, left), noisy=sampled)
            return curve_parts(terms, recipe.objective, warm)

        return loss

    curve = train(vae, losses, learnable(viewer, tracks), recipe)
    round_to_half(vae)
    return curve


def learnable(viewer: Viewer, tracks: Bool[Tensor, " track"] | None = None) -> Int[Tensor, " row"]:
    """Those of the tracks (or of all) that can be shown in part and asked for in part."""
    halvable = viewer.valid.sum(1) >= 2
    return (halvable if tracks is None else halvable & tracks).nonzero()[:, 0]


@torch.no_grad()
def unseen_error(vae: VAE, viewer: Viewer, tracks: Bool[Tensor, " track"]) -> float:
    """How badly tracks that a training left out are predicted: negative log likelihood, the lower the better.

    Each is shown by its even segments and asked for the odd ones, and the other way round: nothing is drawn by lot.
    """
    vae.eval()
    rows = learnable(viewer, tracks)
    valid = viewer.valid[rows]
    even = valid & (valid.cumsum(1) % 2 == 0)
    both, chosen = torch.cat([rows, rows]), torch.cat([even, valid & ~even])
    left = torch.cat([valid, valid]) & ~chosen
    return float(vae.loss(viewer.shown(both, chosen, noisy=False), viewer.asked(both, left), noisy=False).error())


@torch.no_grad()
def embed_views(vae: VAE, viewer: Viewer, only: str | None = None, batch: int = 16) -> Embedding:
    """Where each track lies, seen as a whole; with `only`, by that modality alone."""
    vae.eval()
    means, divergences = [], []
    for rows in torch.arange(len(viewer.valid), device=viewer.valid.device).split(batch):
        shown = viewer.shown(rows, viewer.valid[rows], noisy=False)
        posterior = vae.encode(shown if only is None else shown.only(only))
        means.append(posterior.mean)
        divergences.append(vae.prior.kl(posterior))
    return Embedding(torch.cat(means), torch.cat(divergences).mean(0))
