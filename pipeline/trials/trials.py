"""A trial: one way to represent the tracks, over many seeds, with its clusters under every clusterer of a claim."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.core import workers
from pipeline.core.command import progress
from pipeline.core.store import Array
from pipeline.learn.plan import TrainingJob
from pipeline.learn.training import learn_seed
from pipeline.score.clusterers import Cluster, clustered
from pipeline.score.labels import Labels
from pipeline.score.stability import subsampled
from pipeline.trials.designs import Condition

SUBSAMPLES = 5  # of the tracks, for the stability of one seed's clusters


@dataclass(frozen=True)
class Trial:
    """The results of one condition; sequences have one entry per seed."""

    condition: Condition
    values: Sequence[Array]
    labels: Mapping[str, list[Labels]]  # by clusterer
    subsamples: Mapping[str, list[float]]  # by clusterer: ARI of the clusters of all tracks with those of 80 % of them
    active: float | None = None  # units, a mean over the seeds
    errors: Sequence[float] = ()  # squared errors of the sound, in standardised units; empty where nothing was decoded

    @property
    def name(self) -> str:
        return self.condition.name


@dataclass(frozen=True)
class TrialSeed:
    """The result of one seed of a trial."""

    points: Array
    labels: Mapping[str, Labels]
    subsampled: Mapping[str, float]
    active: int | None
    error: float | None  # of the sound


@dataclass(frozen=True)
class TrialJob:
    """One seed of a trial to run: a training, or points that need only be clustered."""

    condition: Condition
    cluster: Cluster
    clusterers: tuple[str, ...]
    seed: int
    training: TrainingJob | None = None
    points: Array | None = None

    def __str__(self) -> str:
        return f"{self.condition.name} seed {self.seed}"


def trials(jobs: Sequence[TrialJob]) -> dict[str, Trial]:
    """All trials by name; the seeds of all of them share the cores."""
    seeds: dict[Condition, list[TrialSeed]] = {}
    for job, result in zip(jobs, _results(jobs), strict=True):
        seeds.setdefault(job.condition, []).append(result)
    return {condition.name: _trial(condition, results) for condition, results in seeds.items()}


def _results(jobs: Sequence[TrialJob]) -> Iterator[TrialSeed]:
    on_gpu = any(job.training is not None and job.training.device.type == "cuda" for job in jobs)
    processes = workers.processes(len(jobs), cuda=on_gpu)
    yield from progress(workers.in_order(run, jobs, processes), "questions", len(jobs))


def run(job: TrialJob) -> TrialSeed:
    """Trains if need be, and clusters."""
    points, active, error = job.points, None, None
    if job.training is not None:
        trained = learn_seed(job.training)
        points, active = trained.means[job.training.model.name], trained.active
        error = trained.curve[-1]["mse_audio"]
    assert points is not None
    labels = {name: clustered(points, name, job.cluster, job.seed)[0] for name in job.clusterers}
    resampled = job.clusterers if job.condition.is_resampled else ()  # which takes most of the time
    return TrialSeed(
        points, labels, {name: _subsampled(job, points, name, labels[name]) for name in resampled}, active, error
    )


def _subsampled(job: TrialJob, points: Array, clusterer: str, labels: Labels) -> float:
    """How well 80 % of the tracks reproduce the clusters; nan where that is undefined."""
    present = np.isfinite(points).all(axis=1)

    def cluster(subset: Array, seed: int) -> Labels:
        return clustered(subset, clusterer, job.cluster, seed)[0]

    stability = subsampled(points[present], cluster, labels[present], times=SUBSAMPLES, seed=job.seed)
    return stability.ari if stability else float("nan")


def _trial(condition: Condition, seeds: list[TrialSeed]) -> Trial:
    units = [seed.active for seed in seeds if seed.active is not None]
    return Trial(
        condition,
        [seed.points for seed in seeds],
        {name: [seed.labels[name] for seed in seeds] for name in seeds[0].labels},
        {name: [seed.subsampled[name] for seed in seeds] for name in seeds[0].subsampled},
        float(np.mean(units)) if units else None,
        [seed.error for seed in seeds if seed.error is not None],
    )
