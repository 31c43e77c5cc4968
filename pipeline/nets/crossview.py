"""Networks on views that are means of segments: the two-stage cross-view VAE, and a contrast.

The cross-view VAE gets one view and has to predict the rest of the track; in its second stage it has to predict a few
similar tracks too. The contrastive network has to recognise which two views are of one track. Views are in a metric in
which all numbers have about unit variance.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from pipeline.nets.families import Contrast, contrast, cross_view
from pipeline.nets.fit import Songs
from pipeline.nets.loop import Epoch, Recipe, round_to_half, train
from pipeline.nets.vae import VAE, Batch
from pipeline.nets.views import Chosen, Segments, embed_views, fit_views, two_sets, view


def view_songs(views: Float[Tensor, "track number"]) -> Songs:
    """Views as songs of one row per track, to be embedded."""
    tracks, device = len(views), views.device
    no_lyrics = torch.zeros(tracks, dtype=torch.bool, device=device)
    return Songs(views, torch.arange(tracks, device=device), None, no_lyrics, torch.zeros(tracks, 0, device=device))


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


@dataclass(frozen=True)
class Means:
    """Shows the mean of some segments, and asks for the mean of the rest."""

    segments: Segments
    noise: float
    neighbours: Neighbours | None = None  # whose mean is a part of what is asked for

    @property
    def valid(self) -> Bool[Tensor, "track segment"]:
        return self.segments.valid

    def shown(self, tracks: Int[Tensor, " batch"], chosen: Chosen, *, noisy: bool) -> Batch:
        views = view(self.segments.values[tracks], chosen)
        return heard(views + self.noise * torch.randn_like(views) if noisy else views)

    def asked(self, tracks: Int[Tensor, " batch"], left: Chosen) -> Batch:
        target = view(self.segments.values[tracks], left)
        if self.neighbours is not None:
            similar = self.neighbours.mean(tracks, self.segments.whole())
            target = (1 - self.neighbours.share) * target + self.neighbours.share * similar
        return heard(target)


def heard(views: Tensor) -> Batch:
    """A batch of sound alone."""
    present = torch.ones(len(views), dtype=torch.bool, device=views.device)
    return Batch({"audio": views}, {"audio": present}, torch.zeros(len(views), 0, device=views.device))


def two_stages(
    segments: Segments, recipe: Recipe, *, hidden: int, latent: int, first: FirstStage, share: float
) -> tuple[VAE, list[Epoch]]:
    """A cross-view VAE and its curve; `share` of its target are neighbours that simpler networks agree on.

    With share 0 there is one stage: the target is what the view left out.
    """
    neighbours = None
    if share > 0:
        nets = [fit_cross_view(segments, recipe, first.hidden, first.latent)[0] for _ in range(first.nets)]
        points = torch.cat([embed_views(net, Means(segments, recipe.noise)).mean for net in nets], dim=1)
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
    vae = cross_view({"audio": tuple(segments.values.shape[2:])}, {}, hidden=hidden, latent=latent)
    vae = vae.to(segments.values.device)
    return vae, fit_views(vae, Means(segments, recipe.noise, neighbours), recipe)


def fit_contrast(
    segments: Segments, recipe: Recipe, *, hidden: int, latent: int, temperature: float
) -> tuple[Contrast, list[Epoch]]:
    """A network that recognises which two views are of one track (NT-Xent), and its curve."""
    net = contrast({"audio": tuple(segments.values.shape[2:])}, {}, hidden=hidden, latent=latent)
    net = net.to(segments.values.device)

    def loss(rows: Int[Tensor, " batch"]) -> Mapping[str, Tensor]:
        values, valid = segments.values[rows], segments.valid[rows]
        views = torch.cat([view(values, chosen) for chosen in two_sets(valid)])
        return {"loss": confusion(net(views + recipe.noise * torch.randn_like(views)), temperature)}

    curve = train(net, lambda _: loss, segments.halvable().nonzero()[:, 0], recipe)  # nothing is warmed up
    round_to_half(net)
    return net, curve


def confusion(points: Float[Tensor, "two_views latent"], temperature: float) -> Float[Tensor, ""]:
    """How badly the partner of each view is named among all others; the second halves follow the first."""
    similarity = (points @ points.T / temperature).fill_diagonal_(-torch.inf)
    partner = torch.arange(len(points), device=points.device).roll(len(points) // 2)
    return functional.cross_entropy(similarity, partner)
