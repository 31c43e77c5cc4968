"""The one trainer: jobs on a pool of processes, one seed each. And how a VAE is trained on songs and kept.

A model is trained once per seed on all tracks, and once per fold without the artists of that fold. Shared by every
stage that trains. `learn` does all of it for a VAE; the stages of the networks of views bring a function for one seed
of their own, and use `learn_with_folds` and keep.write_model.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from sklearn.mixture import GaussianMixture

from pipeline.core import store, workers
from pipeline.core.command import Problem, progress
from pipeline.core.settings import Device
from pipeline.core.store import Array
from pipeline.learn import heldout, plan
from pipeline.learn.examples import kept_vae
from pipeline.learn.heldout import MIN_REST, HeldOut, held_out
from pipeline.learn.keep import Trained, TrainedSeed, write_model
from pipeline.learn.length import Length, best_length, unseen
from pipeline.learn.plan import Model, Train, TrainingJob
from pipeline.learn.songs import Corpus, Sound, Source, corpus, sound
from pipeline.nets.fit import Embedding, Songs, active_units, codes, embed, error_of, fit, per_track, standardised
from pipeline.nets.loop import Epoch, Recipe, round_to_half
from pipeline.nets.prior import Mixture
from pipeline.nets.vae import VAE

log = logging.getLogger(__name__)
PRETRAINED = 0.5  # share of the epochs after which a mixture takes the place of the standard normal prior


class Job(Protocol):
    """One seed to train; str(job) names it in errors."""

    @property
    def device(self) -> torch.device: ...


J = TypeVar("J", bound=Job)
R = TypeVar("R")


def learn_all(work: Callable[[J], R], jobs: Sequence[J], name: str, train: Train) -> list[R]:
    """`work(job)` for each job, in their order; on a CPU the jobs share the cores, one process each."""
    if not jobs:
        return []
    _remembered.cache_clear()  # the songs may have changed since
    results = workers.in_order(work, jobs, processes(jobs, train))
    return list(progress(results, name, len(jobs)))


def learn_with_folds(
    work: Callable[[J], R], jobs: Sequence[J], folds: Sequence[J | None], name: str, train: Train
) -> tuple[list[R], list[R | None]]:
    """The results of all jobs, and those of the folds: None for a fold without a job. One pool does them all."""
    results = iter(learn_all(work, [*jobs, *(job for job in folds if job)], name, train))
    return [next(results) for _ in jobs], [next(results) if job else None for job in folds]


def processes(jobs: Sequence[Job], train: Train) -> int:
    return workers.processes(len(jobs), train.workers, cuda=jobs[0].device.type == "cuda")


def begin(seed: int, device: torch.device) -> None:
    """Prepares this process to train a seed; afterwards chance is the seed's alone."""
    if device.type == "cpu":
        torch.set_num_threads(1)  # the seeds share the cores; and one keeps the sums' order on any number of them
    torch.manual_seed(seed)


@lru_cache(maxsize=1)
def _remembered(source: Source, _folder: Path) -> Sound:
    """The sound of this working folder, for the jobs that a process does one after another."""
    return sound(source)


def learn(model: Model, seeds: tuple[int, ...], folds: int, train: Train, device: Device) -> None:
    """Trains `model` once per seed and once without each fold, and writes it."""
    made = corpus(model.source)  # also fills the cache of frames, before the processes start
    model, length = _of_best_length(model, made, seeds[0], train, device)
    jobs = plan.jobs(model, seeds, train, device)
    refits = [without(part, jobs[number % len(jobs)], made) for number, part in enumerate(held_out(made.ids, folds))]
    jobs[0] = replace(jobs[0], keep=True)
    size = f"{len(made.songs.track)} segments of {len(made.ids)} tracks"
    why = plan.placed(train, device)[2]
    many = (
        f"{len(seeds)} seeds and {sum(job is not None for job in refits)} folds on {processes(jobs, train)} processes"
    )
    log.info("%s: %s, %s; %s", model.name, size, many, why)
    single = int((torch.bincount(made.songs.track) == 1).sum())
    if train.view == "cross" and single:
        log.info("%s: %d tracks have one segment only, which is its own other half", model.name, single)
    results, parts = learn_with_folds(learn_seed, jobs, refits, model.name, train)
    write_model(
        Trained(
            model.folder, model.name, made.ids, _about(model, train) | length.about(), model.build, made.shapes,
            made.labels, jobs[0].recipe, seeds, results, parts,
        )
    )  # fmt: skip
    _write_alone(model, results)


def _of_best_length(model: Model, made: Corpus, seed: int, train: Train, device: Device) -> tuple[Model, Length]:
    (job,) = plan.jobs(model, (seed,), train, device)
    hidden = without(unseen(made.ids), job, made)

    def errors(recipes: list[Recipe]) -> list[float | None]:
        assert hidden
        jobs = [replace(hidden, recipe=each) for each in recipes]
        return learn_all(_unseen_error, jobs, f"{model.name} (length)", train)

    length = best_length(model.name, job.recipe, train.lengths, errors if hidden else None)
    return replace(model, epochs=length.epochs), length


def _unseen_error(job: TrainingJob) -> float | None:
    """How badly the segments of the songs that were left out are predicted; None if no song was."""
    made, vae, ready = _begun(job)
    if bool(made.learnt.all()):
        return None
    _trained(vae, ready.of(made.learnt), job)
    return error_of(vae, ready.of(~made.learnt))


def without(hidden: HeldOut, job: TrainingJob, made: Corpus) -> TrainingJob | None:
    """The job without these tracks; None if too few are left."""
    left = torch.from_numpy(heldout.rest(made.ids, hidden))
    enough = left.sum() >= MIN_REST and left[made.songs.track].sum() >= job.model.clusters
    return replace(job, hidden=hidden) if enough else None


def learn_seed(job: TrainingJob) -> TrainedSeed:
    """Trains one seed of a VAE on the tracks that it may see, and embeds all."""
    model = job.model
    made, vae, ready = _begun(job)
    curve = _trained(vae, ready.of(made.learnt), job)
    round_to_half(vae)
    alone = {modality: _alone(vae, ready, modality) for modality in model.alone}
    result = seed_result(model.name, embed(vae, ready), curve)
    return replace(
        result,
        means={**result.means, **{f"{model.name}_{modality}": values for modality, (values, _) in alone.items()}},
        active=None if model.is_autoencoder else result.active,
        active_alone={modality: units for modality, (_, units) in alone.items()},
        assignments=_assignments(vae, ready),
        kept=kept_vae(vae, made, ready) if job.keep else None,
    )


def _begun(job: TrainingJob) -> tuple[Corpus, VAE, Songs]:
    """The songs, a network that knows nothing yet, and the songs in its units."""
    made = corpus(job.model.source, job.hidden, _remembered(job.model.source, Path.cwd()))
    begin(job.seed, job.device)
    vae = job.model.build(made.shapes, made.scales, labels=len(made.labels))
    vae = vae.to(job.device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs miss it
    return made, vae, standardised(vae, made.songs.to(job.device))


def seed_result(name: str, embedding: Embedding, curve: list[Epoch]) -> TrainedSeed:
    """What a seed of any VAE gives."""
    kl = [round(value, 5) for value in embedding.kl.tolist()]
    return TrainedSeed({name: embedding.mean.cpu().numpy()}, curve, kl, active_units(embedding))


def _about(model: Model, train: Train) -> dict[str, Any]:
    source = model.source
    about: dict[str, Any] = {"role": model.role, "family": model.family, "input": source.audio}
    about |= {"lyrics": source.lyrics or "none", "condition": source.condition, "beta": model.beta, "view": train.view}
    if not model.is_autoencoder:
        about |= {"objective": train.objective} | ({} if train.objective == "beta" else {"strength": train.strength})
    return about | ({"clusters": model.clusters} if model.clusters else {})


def _write_alone(model: Model, results: Sequence[TrainedSeed]) -> None:
    """NAME_<modality>.json: that these embeddings are the model's with one modality alone."""
    for modality in model.alone:
        about = {"role": model.role, "family": f"{model.family}, {modality} alone", "condition": model.source.condition}
        about |= {"input": model.source.audio} if modality == "audio" else {"lyrics": model.source.lyrics or "none"}
        units = {"latent": len(results[0].kl), "active_units": [seed.active_alone[modality] for seed in results]}
        store.write_json(
            model.folder / f"{model.name}_{modality}.json", about if model.is_autoencoder else about | units
        )


def _trained(vae: VAE, ready: Songs, job: TrainingJob) -> list[Epoch]:
    """The curve; with a mixture as prior of two trainings: its components start where the codes of the first lie."""
    whole, clusters = job.recipe, job.model.clusters
    if not clusters:
        return fit(vae, ready, whole, bf16=job.bf16)
    first = round(PRETRAINED * whole.epochs)
    warmup = min(1.0, whole.warmup * whole.epochs / max(1, first))
    curve = fit(vae, ready, replace(whole, epochs=first, warmup=warmup), bf16=job.bf16)
    vae.prior = _mixture(vae, ready, clusters, job.seed).to(job.device)
    return curve + fit(vae, ready, replace(whole, epochs=whole.epochs - first, warmup=0.0), bf16=job.bf16)


def _mixture(vae: VAE, ready: Songs, clusters: int, seed: int) -> Mixture:
    """A mixture fitted to the codes of all segments, its components widened by the mean posterior variance."""
    posterior = codes(vae, ready)
    if clusters > len(posterior.mean):
        raise Problem(f"easy.components is {clusters}, and there are {len(posterior.mean)} segments: lower it")
    fitted = GaussianMixture(clusters, covariance_type="diag", n_init=3, random_state=seed).fit(posterior.mean.cpu())
    weights, means, variances = map(torch.from_numpy, (fitted.weights_, fitted.means_, fitted.covariances_))
    return Mixture(weights, means, variances + posterior.log_var.exp().mean(0).cpu())


@torch.no_grad()
def _assignments(vae: VAE, ready: Songs) -> Array | None:
    """[track, component] of the segments' mean share; None without a mixture."""
    if not isinstance(vae.prior, Mixture):
        return None
    shares: Array = per_track(vae.prior.assign(codes(vae, ready)), ready.track, len(ready.condition)).cpu().numpy()
    return shares


def _alone(vae: VAE, ready: Songs, modality: str) -> tuple[Array, int]:
    """The tracks by one modality alone, nan where a track does not have it; and how many units it makes active."""
    embedding = embed(vae, ready, only=modality)
    has = ready.has_lyrics if modality == "lyrics" else torch.ones_like(ready.has_lyrics)
    active = active_units(embed(vae, ready.of(has), only=modality)) if has.any() else 0
    embedding.mean[~has] = torch.nan
    return embedding.mean.cpu().numpy(), active
