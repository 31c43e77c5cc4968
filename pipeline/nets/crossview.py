"""Networks that learn what the segments of one track have in common: the two-stage cross-view VAE, and a contrast.

A view of a track is the mean of some of its segments. The cross-view VAE gets one view and has to predict the rest of
the track; in its second stage it has to predict a few similar tracks too. The contrastive network has to recognise
which two views are of one track. Views are in a metric in which all numbers have about unit variance.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from pipeline.nets.families import Contrast, contrast, cross_view
from pipeline.nets.fit import Songs, curve_parts, embed
from pipeline.nets.loop import BatchLoss, Epoch, Recipe, round_to_half, train
from pipeline.nets.vae import VAE, Batch


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


def view(
    values: Float[Tensor, "batch segment number"], chosen: Bool[Tensor, "batch segment"]
) -> Float[Tensor, "batch number"]:
    """The mean over the chosen segments."""
    return torch.einsum("bsn,bs->bn", values, chosen.to(values.dtype)) / chosen.sum(1, keepdim=True).clamp(min=1)


def two_sets(
    valid: Bool[Tensor, "batch segment"],
) -> tuple[Bool[Tensor, "batch segment"], Bool[Tensor, "batch segment"]]:
    """Two random sets of each track's segments without a common one, each of 2 to half of them (1 if that is half)."""
    count = valid.sum(1)
    rank = torch.rand(valid.shape, device=valid.device).masked_fill(~valid, 2.0).argsort(1).argsort(1)
    largest = count // 2
    smallest = largest.clamp(max=2)

    def size() -> Int[Tensor, " batch"]:
        return smallest + (torch.rand(len(count), device=valid.device) * (largest - smallest + 1)).long()

    return rank < size()[:, None], (rank >= (count - size())[:, None]) & valid


def view_songs(views: Float[Tensor, "track number"]) -> Songs:
    """Views as songs of one row per track, to be embedded."""
    tracks, device = len(views), views.device
    no_lyrics = torch.zeros(tracks, dtype=torch.bool, device=device)
    return Songs(views, torch.arange(tracks, device=device), None, no_lyrics, torch.zeros(tracks, 0, device=device))


def _batch(views: Float[Tensor, "batch number"]) -> Batch:
    present = torch.ones(len(views), dtype=torch.bool, device=views.device)
    return Batch({"audio": views}, {"audio": present}, torch.zeros(len(views), 0, device=views.device))


@dataclass(frozen=True)
class FirstStage:
    """The simpler networks whose latent spaces, side by side, decide which tracks are neighbours."""

    nets: int
    hidden: int
    latent: int
    nearest: int  # neighbours of each track
    drawn: int  # how many of them make one target


@dataclass(frozen=True)
class Neighbours:
    """Tracks that are near each track, and how much of the target they are."""

    near: Int[Tensor, "track near"]
    share: float
    drawn: int

    def mean(self, rows: Int[Tensor, " batch"], whole: Float[Tensor, "track number"]) -> Float[Tensor, "batch number"]:
        """The mean of a few random neighbours of each of these tracks."""
        near = self.near[rows]
        few = torch.rand(near.shape, device=near.device).argsort(1)[:, : self.drawn]
        return whole[near.gather(1, few)].mean(1)


def two_stages(
    segments: Segments, recipe: Recipe, *, hidden: int, latent: int, first: FirstStage, share: float
) -> tuple[VAE, list[Epoch]]:
    """A cross-view VAE and its curve; `share` of its target are neighbours that simpler networks agree on.

    With share 0 there is one stage: the target is what the view left out.
    """
    neighbours = None
    if share > 0:
        nets = [fit_cross_view(segments, recipe, first.hidden, first.latent)[0] for _ in range(first.nets)]
        points = torch.cat([embed(net, view_songs(segments.whole())).mean for net in nets], dim=1)
        neighbours = Neighbours(nearest(points, first.nearest), share, first.drawn)
    return fit_cross_view(segments, recipe, hidden, latent, neighbours)


@torch.no_grad()
def nearest(points: Float[Tensor, "track latent"], many: int) -> Int[Tensor, "track near"]:
    """The `many` other tracks that are nearest to each (fewer if there are no more)."""
    near = []
    for rows in torch.arange(len(points), device=points.device).split(1024):
        distance = torch.cdist(points[rows], points, compute_mode="donot_use_mm_for_euclid_dist")
        distance[torch.arange(len(rows), device=points.device), rows] = torch.inf
        near.append(distance.topk(min(many, len(points) - 1), largest=False).indices)
    return torch.cat(near)


def fit_cross_view(
    segments: Segments, recipe: Recipe, hidden: int, latent: int, neighbours: Neighbours | None = None
) -> tuple[VAE, list[Epoch]]:
    """A cross-view VAE, trained on all tracks of two segments or more, and its curve."""
    whole = segments.whole()
    vae = cross_view({"audio": tuple(whole.shape[1:])}, {}, hidden=hidden, latent=latent).to(whole.device)

    def losses(warm: float) -> BatchLoss:
        def loss(rows: Int[Tensor, " batch"]) -> Mapping[str, Tensor]:
            values, valid = segments.values[rows], segments.valid[rows]
            sets = two_sets(valid)
            views = torch.cat([view(values, chosen) for chosen in sets])
            target = torch.cat([view(values, valid & ~chosen) for chosen in sets])
            if neighbours is not None:
                similar = neighbours.mean(torch.cat([rows, rows]), whole)
                target = (1 - neighbours.share) * target + neighbours.share * similar
            noisy = views + recipe.noise * torch.randn_like(views)
            return curve_parts(vae.loss(_batch(noisy), _batch(target)), recipe.objective, warm)

        return loss

    return vae, _train(vae, losses, segments, recipe)


def fit_contrast(
    segments: Segments, recipe: Recipe, *, hidden: int, latent: int, temperature: float
) -> tuple[Contrast, list[Epoch]]:
    """A network that recognises which two views are of one track (NT-Xent), and its curve."""
    net = contrast({"audio": tuple(segments.values.shape[2:])}, {}, hidden=hidden, latent=latent)
    net = net.to(segments.values.device)

    def loss(rows: Int[Tensor, " batch"]) -> Mapping[str, Tensor]:
        values, valid = segments.values[rows], segments.valid[rows]
        views = torch.cat([view(values, chosen) for chosen in two_sets(valid)])
        points = net(views + recipe.noise * torch.randn_like(views))
        similarity = (points @ points.T / temperature).fill_diagonal_(-torch.inf)
        partner = torch.arange(len(points), device=points.device).roll(len(rows))
        return {"loss": functional.cross_entropy(similarity, partner)}

    return net, _train(net, lambda _: loss, segments, recipe)  # nothing is warmed up


def _train(
    net: VAE | Contrast, losses: Callable[[float], BatchLoss], segments: Segments, recipe: Recipe
) -> list[Epoch]:
    """The curve; trains `net` in place on the tracks of two segments or more, and rounds its weights."""
    curve = train(net, losses, segments.halvable().nonzero()[:, 0], recipe)
    round_to_half(net)
    return curve
