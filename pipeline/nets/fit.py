"""The training loop and the embedding: all segments stay on the device, one fused Adam, calibrated loss, KL warm-up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from pipeline.nets.objective import Objective
from pipeline.nets.vae import VAE, Batch, Posterior


@dataclass(frozen=True)
class Songs:
    """Everything a model learns from: audio a row a segment, all else a row a track."""

    audio: Float[Tensor, "segment ..."] | None
    track: Int[Tensor, " segment"]  # whose segment it is; each track in turn
    lyrics: Float[Tensor, "track words"] | None
    has_lyrics: Bool[Tensor, " track"]
    condition: Float[Tensor, "track labels"]

    def batch(self, rows: Int[Tensor, " batch"]) -> Batch:
        """These segments, each with the lyrics and the condition of its track."""
        track = self.track[rows]
        views, there = {}, {}
        if self.audio is not None:
            views["audio"], there["audio"] = self.audio[rows], torch.ones_like(track, dtype=torch.bool)
        if self.lyrics is not None:
            views["lyrics"], there["lyrics"] = self.lyrics[track], self.has_lyrics[track]
        return Batch(views, there, self.condition[track])

    def to(self, device: torch.device) -> "Songs":
        audio = None if self.audio is None else self.audio.to(device)
        lyrics = None if self.lyrics is None else self.lyrics.to(device)
        return Songs(audio, self.track.to(device), lyrics, self.has_lyrics.to(device), self.condition.to(device))


@dataclass(frozen=True)
class Recipe:
    epochs: int
    batch: int
    rate: float
    warmup: float  # share of the epochs over which the weights of the objective grow from 0
    objective: Objective
    cross: bool = False  # decode another half of the track than the one that was encoded


@dataclass(frozen=True)
class Epoch:
    """Means over one epoch: what the curves show."""

    loss: float
    kl: float  # nats a segment, all units
    mse: Mapping[str, float]  # per modality, in standardised units


def standardised(vae: VAE, songs: Songs) -> Songs:
    """The songs in the units of the network, so that this is done once and not in every batch."""
    audio = None if songs.audio is None else vae.scales["audio"](songs.audio)
    lyrics = None if songs.lyrics is None else vae.scales["lyrics"](songs.lyrics)
    return Songs(audio, songs.track, lyrics, songs.has_lyrics, songs.condition)


def fit(
    vae: VAE, songs: Songs, recipe: Recipe, *, bf16: bool = False, tick: Callable[[], object] = lambda: None
) -> list[Epoch]:
    """Trains `vae` in place on standardised songs that lie on its device; the curve comes back."""
    optimizer = torch.optim.Adam(vae.parameters(), lr=recipe.rate, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.epochs, eta_min=recipe.rate / 20)
    curve = []
    vae.train()
    for epoch in range(recipe.epochs):
        warm = min(1.0, (epoch + 1) / max(1.0, recipe.warmup * recipe.epochs))
        curve.append(_epoch(vae, songs, recipe, warm, optimizer, bf16=bf16))
        schedule.step()
        tick()
    vae.eval()
    return curve


def _epoch(
    vae: VAE, songs: Songs, recipe: Recipe, warm: float, optimizer: torch.optim.Optimizer, *, bf16: bool
) -> Epoch:
    device = songs.track.device
    noisy = recipe.objective.beta > 0  # beta 0 is the autoencoder: with noise it would be neither
    # Sums stay on the device: asking for a number in every batch would make a GPU wait for it.
    order = torch.randperm(len(songs.track), device=device)
    partner = other_half(songs.track) if recipe.cross else None
    sums: dict[str, Tensor] = {}
    for rows in order.split(recipe.batch):
        target = None if partner is None else songs.batch(partner[rows])
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            loss = vae.loss(songs.batch(rows), target, noisy=noisy)
        total = recipe.objective.total(loss, warm)
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        optimizer.step()
        parts = {"loss": total, "kl": loss.kl.sum(1).mean(), **{f"mse.{name}": mse for name, mse in loss.mse.items()}}
        for name, part in parts.items():
            sums[name] = sums.get(name, torch.zeros((), device=device)) + part.detach() * len(rows) / len(order)
    mse = {name.removeprefix("mse."): value.item() for name, value in sums.items() if name.startswith("mse.")}
    return Epoch(sums["loss"].item(), sums["kl"].item(), mse)


def other_half(track: Int[Tensor, " segment"]) -> Int[Tensor, " segment"]:
    """For each segment one of the other half of its track, the halves drawn by lot; itself where it is the only one.

    The segments of a track in a random order, and half a round further: of an even number each is told once from its
    partner and once to it; of an odd number none is its own.
    """
    order = torch.randperm(len(track), device=track.device)
    order = order[torch.argsort(track[order], stable=True)]
    sizes = torch.bincount(track)
    start = torch.cumsum(sizes, 0) - sizes
    first, size = start[track[order]], sizes[track[order]]
    place = torch.arange(len(track), device=track.device) - first
    partner = torch.empty_like(order)
    partner[order] = order[first + (place + size // 2) % size]
    return partner


@dataclass(frozen=True)
class Embedding:
    mean: Float[Tensor, "track latent"]  # of the segments' posterior means
    kl: Float[Tensor, " latent"]  # nats a segment, per unit


@torch.no_grad()
def codes(vae: VAE, songs: Songs, batch: int = 1024, only: str | None = None) -> Posterior:
    """The posterior of each standardised segment; with `only`, as seen by that modality alone."""
    vae.eval()
    found = []
    for rows in torch.arange(len(songs.track), device=songs.track.device).split(batch):
        seen = songs.batch(rows)
        if only is not None:
            there = {name: there if name == only else torch.zeros_like(there) for name, there in seen.there.items()}
            seen = Batch(seen.views, there, seen.condition)
        found.append(vae.encode(seen))
    return Posterior(torch.cat([one.mean.float() for one in found]), torch.cat([one.log_var.float() for one in found]))


@torch.no_grad()
def embed(vae: VAE, songs: Songs, batch: int = 1024, only: str | None = None) -> Embedding:
    """Where each track of the standardised songs lies; with `only`, as seen by that modality alone."""
    posterior = codes(vae, songs, batch, only)
    mean = per_track(posterior.mean, songs.track, len(songs.condition))
    return Embedding(mean, vae.prior.kl(posterior).mean(0))


def per_track(
    values: Float[Tensor, "segment latent"], track: Int[Tensor, " segment"], tracks: int
) -> Float[Tensor, "track latent"]:
    """The mean over the segments of each track."""
    sums = torch.zeros(tracks, values.shape[1], device=values.device).index_add_(0, track, values)
    count = torch.bincount(track, minlength=tracks).clamp(min=1)
    return sums / count[:, None]


def active_units(embedding: Embedding, threshold: float = 0.01) -> int:
    """How many latent units carry something: the variance of their mean over tracks is above the threshold."""
    return int((embedding.mean.var(0) > threshold).sum())
