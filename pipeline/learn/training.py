"""How a model stage gets its songs, trains a model on every seed, and writes what was learnt.

Shared by easy, medium, hard and the autoencoder baseline. A model NAME leaves in build/<stage>/:
NAME.npy [track, seed, latent], NAME.safetensors and NAME.json (weights of the first seed, and what it is),
NAME_curve.csv, NAME_input.npy / NAME_output.npy (a few reconstructions), NAME_traversal.npy (what moving a unit does).
With a mixture as prior also NAME_assignments.npy [track, seed, k]: how much a track belongs to each component.
"""

import logging
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import torch
from sklearn.mixture import GaussianMixture

from pipeline.core import workers
from pipeline.core.command import Problem, progress
from pipeline.core.settings import Device
from pipeline.core.store import Array
from pipeline.learn.keep import TrainedSeed, curve_rows, write_examples, write_model, write_traversal
from pipeline.learn.plan import Job, Model, Train, jobs, placed
from pipeline.learn.songs import Corpus, Source, corpus
from pipeline.nets.fit import Epoch, Songs, active_units, codes, embed, fit, per_track, standardised
from pipeline.nets.prior import Mixture
from pipeline.nets.vae import VAE

log = logging.getLogger(__name__)
PRETRAINED = 0.5  # share of the epochs after which a mixture takes the place of the standard normal prior


@lru_cache(maxsize=1)
def _remembered(source: Source, _folder: Path) -> Corpus:
    """The corpus of this working folder, for the seeds that a process trains one after another."""
    return corpus(source)


def learn(model: Model, seeds: tuple[int, ...], train: Train, device: Device) -> None:
    """Trains `model` once a seed and writes it. On a CPU the seeds share the cores, one process each."""
    where, _, why = placed(train, device)
    first, *others = jobs(model, seeds, train, device)
    todo = [replace(first, keep=True), *others]
    made = corpus(model.source)
    processes = 1 if where.type == "cuda" else min(len(seeds), train.workers or workers.cores())
    size = f"{len(made.songs.track)} segments of {len(made.ids)} tracks, {len(seeds)} seeds on {processes} processes"
    log.info("%s: %s; %s", model.name, size, why)
    single = int((torch.bincount(made.songs.track) == 1).sum())
    if train.view == "cross" and single:
        log.info("%s: %d tracks have one segment only, which is its own other half", model.name, single)
    learnt = list(progress(learn_all(todo, processes), model.name, len(todo)))
    write_model(model, train, made, seeds, learnt)


def learn_all(todo: list[Job], processes: int) -> Iterator[TrainedSeed]:
    """What each job gives, in their order; jobs with the same source side by side spare reading it again."""
    _remembered.cache_clear()  # the songs may have changed since
    yield from workers.in_order(learn_seed, todo, processes, _died)


def _died(job: Job) -> TrainedSeed:
    raise Problem(
        f"{job.model.name} seed {job.seed}: the process was ended, most likely for memory: lower train.workers"
    )


def learn_seed(job: Job) -> TrainedSeed:
    """Trains and embeds one seed."""
    if job.device.type == "cpu":
        torch.set_num_threads(1)  # the seeds share the cores; and one keeps the sums' order on any number of them
    model = job.model
    made = _remembered(model.source, Path.cwd())
    torch.manual_seed(job.seed)
    vae = model.build(made.shapes, made.scales, labels=len(made.labels))
    vae = vae.to(job.device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs miss it
    ready = standardised(vae, made.songs.to(job.device))
    curve = _trained(vae, ready, job)
    _round(vae)
    seen = embed(vae, ready)
    means = {model.name: seen.mean.cpu().numpy()}
    alone = {modality: _alone(vae, ready, modality) for modality in model.alone}
    means |= {f"{model.name}_{modality}": values for modality, (values, _) in alone.items()}
    if job.keep:
        write_examples(model.folder, model.name, vae, made, ready)
        write_traversal(model.folder, model.name, vae, ready)
    kl = [round(value, 5) for value in seen.kl.tolist()]
    active = active_units(seen) if job.recipe.objective.beta else None
    rows = curve_rows(model.name, job.seed, curve)
    active_alone = {modality: units for modality, (_, units) in alone.items()}
    return TrainedSeed(means, kl, active, active_alone, curve[-1].mse, rows, _assignments(vae, ready))


def _trained(vae: VAE, ready: Songs, job: Job) -> list[Epoch]:
    """The curve of a training; of two with a mixture as prior: its components start where the first one's codes lie."""
    whole, clusters = job.recipe, job.model.clusters
    if not clusters:
        return fit(vae, ready, whole, bf16=job.bf16)
    first = round(PRETRAINED * whole.epochs)
    warmup = min(1.0, whole.warmup * whole.epochs / max(1, first))
    curve = fit(vae, ready, replace(whole, epochs=first, warmup=warmup), bf16=job.bf16)
    vae.prior = _mixture(vae, ready, clusters, job.seed).to(job.device)
    return curve + fit(vae, ready, replace(whole, epochs=whole.epochs - first, warmup=0.0), bf16=job.bf16)


def _mixture(vae: VAE, ready: Songs, clusters: int, seed: int) -> Mixture:
    """A mixture fitted to the codes of all segments, each as wide as its posteriors on top."""
    posterior = codes(vae, ready)
    if clusters > len(posterior.mean):
        raise Problem(f"easy.components is {clusters}, and there are {len(posterior.mean)} segments: lower it")
    found = GaussianMixture(clusters, covariance_type="diag", n_init=3, random_state=seed).fit(posterior.mean.cpu())
    weights, means, variances = map(torch.from_numpy, (found.weights_, found.means_, found.covariances_))
    return Mixture(weights, means, variances + posterior.log_var.exp().mean(0).cpu())


@torch.no_grad()
def _assignments(vae: VAE, ready: Songs) -> Array | None:
    """[track, component] of the segments' mean share; None without a mixture."""
    if not isinstance(vae.prior, Mixture):
        return None
    shares: Array = per_track(vae.prior.assign(codes(vae, ready)), ready.track, len(ready.condition)).cpu().numpy()
    return shares


@torch.no_grad()
def _round(vae: VAE) -> None:
    """Half precision for the weights, so that what is embedded is exactly what the small file on disk says.

    The scales stay as they are: an MFCC of -400 would lose its decimals.
    """
    for weights in vae.parameters():
        weights.copy_(weights.half())


def _alone(vae: VAE, ready: Songs, modality: str) -> tuple[Array, int]:
    """The tracks as one modality sees them, nan where a track does not have it; and how many units it makes active."""
    seen = embed(vae, ready, only=modality)
    has = ready.has_lyrics if modality == "lyrics" else torch.ones_like(ready.has_lyrics)
    active = active_units(replace(seen, mean=seen.mean[has])) if has.sum() > 1 else 0
    seen.mean[~has] = torch.nan
    return seen.mean.cpu().numpy(), active
