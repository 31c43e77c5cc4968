"""Networks that learn from what the segments of one track have in common: the two-stage cross-view VAE, and a contrast.

A view of a track is the mean of some of its segments. The cross-view VAE is shown one view and has to expect the
others; in its second stage it has to expect a few tracks like this one too. The contrastive network only has to tell
which two views are of one track. Views and inputs are in a metric in which all numbers have about unit variance.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from pipeline.nets.fit import Embedding
from pipeline.nets.vae import Posterior

BATCH = 128  # tracks at most; an epoch is cut into equal batches
RATE = 2e-3  # the peak of the one-cycle schedule
DECAY = 1e-3
NOISE = 0.1  # standard deviation that is added to every number of a view
WARMUP = 0.3  # share of the epochs over which the KL term grows from 0
BETA = 0.5  # of the KL term; the agreement of the two views has the same weight
FIRST_HIDDEN, FIRST_LATENT, FIRST_NETS = 256, 32, 3  # of the networks that find each track's neighbours
NEIGHBOURS, DRAWN = 10, 4  # nearest tracks, and how many of them make one target
TEMPERATURE = 0.5  # of the contrast; at .1 and .2 clusters of one half of a track told little of the other half
LOG_VAR = (-8.0, 4.0)  # keeps exp() away from overflow in the first steps


@dataclass(frozen=True)
class Segments:
    """The segments of all tracks; what stands where a track has no more of them does not matter, but is no nan."""

    values: Float[Tensor, "track segment number"]
    there: Bool[Tensor, "track segment"]

    def whole(self) -> Float[Tensor, "track number"]:
        """The view of all segments of each track."""
        return view(self.values, self.there)

    def halves(self) -> tuple[Float[Tensor, "some number"], Float[Tensor, "some number"]]:
        """The first and the second half of each track that has two segments or more, in time."""
        place, count = self.there.cumsum(1), self.there.sum(1, keepdim=True)
        first = self.there & (place <= count // 2)
        can = self.halvable()
        return view(self.values[can], first[can]), view(self.values[can], (self.there & ~first)[can])

    def halvable(self) -> Bool[Tensor, " track"]:
        return self.there.sum(1) >= 2

    def to(self, device: torch.device) -> "Segments":
        return Segments(self.values.to(device), self.there.to(device))


def view(
    values: Float[Tensor, "batch segment number"], chosen: Bool[Tensor, "batch segment"]
) -> Float[Tensor, "batch number"]:
    """The mean over the chosen segments."""
    return torch.einsum("bsn,bs->bn", values, chosen.to(values.dtype)) / chosen.sum(1, keepdim=True).clamp(min=1)


def two_sets(
    there: Bool[Tensor, "batch segment"],
) -> tuple[Bool[Tensor, "batch segment"], Bool[Tensor, "batch segment"]]:
    """Two random sets of the segments of each track that share none, each of 2 to half of them (1 if that is half)."""
    count = there.sum(1)
    rank = torch.rand(there.shape, device=there.device).masked_fill(~there, 2.0).argsort(1).argsort(1)
    most = count // 2
    least = most.clamp(max=2)

    def size() -> Int[Tensor, " batch"]:
        return least + (torch.rand(len(count), device=there.device) * (most - least + 1)).long()

    return rank < size()[:, None], (rank >= (count - size())[:, None]) & there


class CrossView(nn.Module):
    """A VAE of one hidden layer on both sides, for the view of a track."""

    def __init__(self, numbers: int, hidden: int, latent: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(*_hidden(numbers, hidden), nn.Linear(hidden, 2 * latent))
        self.decoder = nn.Sequential(*_hidden(latent, hidden), nn.Linear(hidden, numbers))

    def encode(self, views: Float[Tensor, "batch number"]) -> Posterior:
        mean, log_var = self.encoder(views).chunk(2, dim=1)
        return Posterior(mean, log_var.clamp(*LOG_VAR))

    def forward(self, views: Float[Tensor, "batch number"]) -> Float[Tensor, "batch latent"]:
        return self.encode(views).mean


class Contrast(nn.Module):
    """A view as a point on the unit sphere."""

    def __init__(self, numbers: int, hidden: int, latent: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(*_hidden(numbers, hidden), nn.Linear(hidden, latent))

    def forward(self, views: Float[Tensor, "batch number"]) -> Float[Tensor, "batch latent"]:
        return functional.normalize(self.encoder(views), dim=1)


def _hidden(here: int, there: int) -> list[nn.Module]:
    return [nn.Linear(here, there), nn.BatchNorm1d(there), nn.ELU()]


@dataclass(frozen=True)
class Epoch:
    """Means over one epoch: what a curve shows."""

    loss: float  # nats a view, without constants
    kl: float  # nats a view, all units
    mse: float  # squared error a number


@dataclass(frozen=True)
class Neighbours:
    """Tracks that are near each track, and how much of the target they are."""

    near: Int[Tensor, "track near"]
    share: float


def two_stages(
    segments: Segments, *, hidden: int, latent: int, epochs: int, share: float
) -> tuple[CrossView, list[Epoch]]:
    """A cross-view VAE of `epochs` epochs, `share` of whose target are neighbours that simpler ones agree on.

    With share 0 there is one stage: the target is what the view left out.
    """
    neighbours = Neighbours(_agreed(segments, epochs), share) if share > 0 else None
    return cross(segments, hidden, latent, epochs, neighbours)


def _agreed(segments: Segments, epochs: int) -> Int[Tensor, "track near"]:
    """The nearest tracks of each track in the latent spaces of several first networks, side by side."""
    nets = [cross(segments, FIRST_HIDDEN, FIRST_LATENT, epochs, None)[0] for _ in range(FIRST_NETS)]
    return nearest(torch.cat([embed(net, segments.whole()) for net in nets], dim=1), NEIGHBOURS)


@torch.no_grad()
def nearest(points: Float[Tensor, "track latent"], many: int) -> Int[Tensor, "track near"]:
    """The `many` other tracks that are nearest to each (fewer if there are no more)."""
    found = []
    for rows in torch.arange(len(points), device=points.device).split(1024):
        apart = torch.cdist(points[rows], points, compute_mode="donot_use_mm_for_euclid_dist")
        apart[torch.arange(len(rows), device=points.device), rows] = torch.inf
        found.append(apart.topk(min(many, len(points) - 1), largest=False).indices)
    return torch.cat(found)


def cross(
    segments: Segments, hidden: int, latent: int, epochs: int, neighbours: Neighbours | None
) -> tuple[CrossView, list[Epoch]]:
    """A cross-view VAE that learnt from all tracks of two segments or more."""
    whole = segments.whole()
    net = CrossView(whole.shape[1], hidden, latent).to(whole.device)

    def loss(rows: Int[Tensor, " batch"], done: float) -> tuple[Tensor, ...]:
        """Total, KL and squared error of two views of each of these tracks, `done` of the training being over."""
        values, there = segments.values[rows], segments.there[rows]
        sets = two_sets(there)
        shown = torch.cat([view(values, chosen) for chosen in sets])
        target = torch.cat([view(values, there & ~chosen) for chosen in sets])
        if neighbours is not None:
            like = _drawn(neighbours.near, torch.cat([rows, rows]), whole)
            target = (1 - neighbours.share) * target + neighbours.share * like
        posterior = net.encode(shown + NOISE * torch.randn_like(shown))
        mse = (net.decoder(posterior.sample()) - target).square().mean()
        kl = posterior.kl().sum(1).mean()
        # The variance of the likelihood is the best one, so that the weights below mean the same on all data.
        likelihood = 0.5 * whole.shape[1] * torch.log(mse + 1e-9)
        return likelihood + BETA * (min(1.0, done / WARMUP) * kl + _disagreement(posterior)), kl, mse

    return net, [Epoch(*parts) for parts in _train(net, loss, segments, epochs)]


def _drawn(
    near: Int[Tensor, "track near"], rows: Int[Tensor, " batch"], whole: Float[Tensor, "track number"]
) -> Float[Tensor, "batch number"]:
    """The mean of a few random neighbours of each of these tracks."""
    own = near[rows]
    few = torch.rand(own.shape, device=own.device).argsort(1)[:, :DRAWN]
    return whole[own.gather(1, few)].mean(1)


def _disagreement(posterior: Posterior) -> Float[Tensor, ""]:
    """The symmetric KL divergence between the first half of the rows and the second, which are of the same tracks."""
    (mean, other), (log_var, other_log_var) = posterior.mean.chunk(2), posterior.log_var.chunk(2)
    apart = (mean - other).square()
    there = (log_var.exp() + apart) * torch.exp(-other_log_var)
    back = (other_log_var.exp() + apart) * torch.exp(-log_var)
    return 0.25 * (there + back - 2.0).sum(1).mean()  # the mean of both directions; the logarithms cancel


def contrast(segments: Segments, *, hidden: int, latent: int, epochs: int) -> Contrast:
    """A network that tells which two views are of one track (NT-Xent)."""
    net = Contrast(segments.values.shape[2], hidden, latent).to(segments.values.device)

    def loss(rows: Int[Tensor, " batch"], done: float) -> tuple[Tensor, ...]:  # noqa: ARG001  # nothing is warmed up
        values, there = segments.values[rows], segments.there[rows]
        shown = torch.cat([view(values, chosen) for chosen in two_sets(there)])
        points = net(shown + NOISE * torch.randn_like(shown))
        alike = (points @ points.T / TEMPERATURE).fill_diagonal_(-torch.inf)
        partner = torch.arange(len(points), device=points.device).roll(len(rows))
        return (functional.cross_entropy(alike, partner),)

    _train(net, loss, segments, epochs)
    return net


def _train(
    net: nn.Module,
    loss: Callable[[Int[Tensor, " batch"], float], tuple[Tensor, ...]],
    segments: Segments,
    epochs: int,
) -> list[list[float]]:
    """The mean parts of the loss, an epoch a row; trains `net` in place on the tracks of two segments or more.

    At the end its weights are rounded to half precision: so what is embedded is what the small file on disk says.
    """
    can = segments.halvable().nonzero()[:, 0]
    batches = -(-len(can) // BATCH)
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=epochs * batches)
    curve = []
    net.train()
    for epoch in range(epochs):
        order = can[torch.randperm(len(can), device=can.device)]
        seen = []
        for rows in order.tensor_split(batches):  # equal parts: a last one of few tracks would be normed badly
            parts = loss(rows, (epoch + 1) / epochs)
            optimizer.zero_grad(set_to_none=True)
            parts[0].backward()
            optimizer.step()
            schedule.step()
            seen.append(torch.stack(parts).detach())
        curve.append(torch.stack(seen).mean(0).tolist())
    net.eval()
    with torch.no_grad():
        for weights in net.parameters():
            weights.copy_(weights.half())
    return curve


@torch.no_grad()
def embed(net: nn.Module, views: Float[Tensor, "batch number"]) -> Float[Tensor, "batch latent"]:
    """Where these views lie."""
    return torch.cat([net(some) for some in views.split(4096)])


@torch.no_grad()
def seen_by(net: CrossView, views: Float[Tensor, "track number"]) -> Embedding:
    """Where a cross-view VAE sees these tracks, and its KL divergence a unit."""
    posteriors = [net.encode(some) for some in views.split(4096)]
    return Embedding(torch.cat([one.mean for one in posteriors]), torch.cat([one.kl() for one in posteriors]).mean(0))
