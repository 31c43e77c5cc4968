"""The VAEs of the project on plain arrays: no folder, no params.yaml, no cache.

Without groups it is the dense VAE: every sample is decoded from its own code. With groups, samples of a group being
segments of one song, it is the VAE of views: the mean of some samples has to predict the mean of the rest of the song,
in a metric that damps what varies within songs. Once trained, it computes in double precision on the CPU, so that the
row of a sample does not depend on the rows beside it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pipeline.core.store import Array
from pipeline.learn import linear
from pipeline.learn.segments import MIN_HALVABLE, can_be_learnt
from pipeline.nets.crossview import fit_cross_view, heard
from pipeline.nets.families import joined
from pipeline.nets.fit import curve_parts
from pipeline.nets.loop import BatchLoss, Epoch, Recipe, round_to_half, train
from pipeline.nets.vae import VAE, Posterior
from pipeline.nets.views import Segments

DRAWS = 8  # codes of a sample, over which a score is averaged


@dataclass(frozen=True)
class Plan:
    """How a network is built and trained."""

    latent: int
    hidden: tuple[int, ...]
    power: float  # of the metric, where there are groups
    recipe: Recipe


@dataclass(frozen=True)
class Coder:
    """A trained VAE, and the metric of the numbers that it reads."""

    metric: linear.Metric
    spread: Array  # standard deviation of each number
    net: VAE
    curve: list[Epoch]

    @torch.no_grad()
    def posterior(self, samples: Array) -> Posterior:
        posterior = self.net.encode(heard(torch.from_numpy(self.metric(samples))))
        return Posterior(posterior.mean.double(), posterior.log_var.double())

    def codes(self, samples: Array) -> Array:
        """[sample, latent]"""
        return np.asarray(self.posterior(samples).mean.numpy())

    @torch.no_grad()
    def decoded(self, codes: Array) -> Array:
        """[sample, number], in the units of the samples."""
        given = torch.from_numpy(np.array(codes, np.float64))
        numbers = self.net.decode(given, given[:, :0])["audio"].numpy()
        back: Array = np.linalg.solve(self.metric.matrix.T, numbers.T).T + self.metric.mean
        return back

    def errors(self, samples: Array) -> Array:
        """[draw, sample]: squared errors of what is decoded from random codes of each sample, all numbers alike."""
        posterior = self.posterior(samples)
        mean, deviation = posterior.mean.numpy(), torch.exp(0.5 * posterior.log_var).numpy()
        few = np.random.default_rng(0).standard_normal((DRAWS // 2, mean.shape[1]))  # the same for every sample
        draws = [self.decoded(mean + deviation * lot) for lot in (*few, *-few)]
        return np.stack([(((draw - samples) / self.spread) ** 2).sum(axis=1) for draw in draws])

    def bound(self, samples: Array, variance: float) -> Array:
        """[sample]: the evidence lower bound of the log likelihood of its standardised numbers, in nats."""
        numbers = samples.shape[1]
        likelihood = -0.5 * (self.errors(samples).mean(axis=0) / variance + numbers * np.log(2 * np.pi * variance))
        bound: Array = likelihood - self.posterior(samples).kl().sum(1).numpy()
        return bound


def learnt(samples: Array, song: Array | None, plan: Plan, seed: int, device: torch.device) -> Coder:
    """A coder of these samples; `song` is the number of the song of each, or None for the dense VAE."""
    values, valid = in_songs(samples, np.arange(len(samples)) if song is None else song)
    if song is not None and not can_be_learnt(valid):
        raise ValueError(f"groups must hold {MIN_HALVABLE} songs of two samples or more: else leave groups out")
    metric = linear.suppression(values, valid, 0.0 if song is None else plan.power)
    shown = np.where(valid[..., None], metric(values), 0).astype(np.float32)
    segments = Segments(torch.from_numpy(shown), torch.from_numpy(valid)).to(device)
    with chance(seed, device):
        if song is None:
            net, curve = _dense(segments.values[:, 0], plan)
        else:
            net, curve = fit_cross_view(segments, plan.recipe, plan.hidden[0], plan.latent)
    return Coder(metric, linear.deviation(samples), net.cpu().double(), curve)


def in_songs(samples: Array, song: Array) -> tuple[Array, Array]:
    """[song, segment, number] of the samples in their order, zeros where a song has no more; and which are there."""
    counts = np.bincount(song)
    order = np.argsort(song, kind="stable")
    place = np.arange(len(song)) - np.repeat(np.cumsum(counts) - counts, counts)
    values = np.zeros((len(counts), counts.max(), samples.shape[1]))
    values[song[order], place] = samples[order]
    return values, np.arange(counts.max()) < counts[:, None]


def song_means(samples: Array, song: Array) -> Array:
    """[song, number]: the mean of the samples of each song."""
    sums = np.zeros((int(song.max()) + 1, samples.shape[1]))
    np.add.at(sums, song, samples)
    means: Array = sums / np.bincount(song)[:, None]
    return means


def _dense(values: Tensor, plan: Plan) -> tuple[VAE, list[Epoch]]:
    """A dense VAE of rows that are shown with noise and asked for without."""
    net = joined({"audio": (values.shape[1],)}, {}, hidden=plan.hidden, latent=plan.latent).to(values.device)
    recipe = plan.recipe

    def losses(warm: float) -> BatchLoss:
        def loss(rows: Tensor) -> Mapping[str, Tensor]:
            clean = values[rows]
            noisy = clean + recipe.noise * torch.randn_like(clean)
            return curve_parts(net.loss(heard(noisy), heard(clean)), recipe.objective, warm)

        return loss

    curve = train(net, losses, torch.arange(len(values), device=values.device), recipe)
    round_to_half(net)
    return net, curve


@contextmanager
def chance(seed: int, device: torch.device) -> Iterator[None]:
    """Chance of a seed alone, and one thread: the result is that of any number of cores, and the caller's stay."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
