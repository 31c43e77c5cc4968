"""A trial: one way to represent the tracks, fitted to all of them and without each fold, and the clusters it gives."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from pipeline.core import workers
from pipeline.core.command import progress
from pipeline.core.store import Array
from pipeline.learn.plan import TrainingJob
from pipeline.learn.training import learn_seed
from pipeline.score.clusterers import Cluster, clustered
from pipeline.score.jackknife import LEAST_K
from pipeline.score.labels import Labels
from pipeline.trials.designs import Condition

K = TypeVar("K")
EVERY = 3  # k of the curve, for whose mean that is enough: 5, 8, ... 20 in place of 16 numbers of clusters


@dataclass(frozen=True)
class Trial:
    """The results of one condition."""

    condition: Condition
    heldout: Array  # [track, fold, dimension]: all tracks by the fit without each fold; nan where there is none
    labels: Mapping[str, Sequence[Labels]] = field(default_factory=dict)  # by clusterer, of the fits to all tracks
    curves: Mapping[int, Sequence[Labels]] = field(default_factory=dict)  # by k, of the same fits by K-means
    refits: Mapping[str, Sequence[Labels]] = field(default_factory=dict)  # by clusterer, of the fits without a fold
    active: float | None = None  # units, a mean over the fits
    errors: Sequence[float] = ()  # squared errors of the sound, in standardised units; empty where nothing was decoded

    @property
    def name(self) -> str:
        return self.condition.name


@dataclass(frozen=True)
class TrialFit:
    """The result of one fit."""

    points: Array
    labels: Mapping[str, Labels]
    curve: Mapping[int, Labels]
    active: int | None
    error: float | None  # of the sound


@dataclass(frozen=True)
class TrialJob:
    """One fit of a trial: a training, or points that need only be clustered."""

    condition: Condition
    cluster: Cluster
    clusterers: tuple[str, ...]
    number: int  # the seed, of the clusterers too
    fold: int | None = None  # that is held out
    held: Array | None = None  # [track] which tracks that are
    training: TrainingJob | None = None
    points: Array | None = None

    def __str__(self) -> str:
        return f"{self.condition.name} seed {self.number}" + ("" if self.fold is None else f" without fold {self.fold}")


def trials(jobs: Sequence[TrialJob], folds: int, processes: int | None = None) -> dict[str, Trial]:
    """All trials by name; the fits of all of them share the cores."""
    fits: dict[Condition, list[tuple[int | None, TrialFit]]] = {}
    for job, result in zip(jobs, _results(jobs, processes), strict=True):
        fits.setdefault(job.condition, []).append((job.fold, result))
    return {condition.name: _trial(condition, results, folds) for condition, results in fits.items()}


def _results(jobs: Sequence[TrialJob], processes: int | None) -> Iterator[TrialFit]:
    on_gpu = any(job.training is not None and job.training.device.type == "cuda" for job in jobs)
    many = workers.processes(len(jobs), cuda=on_gpu) if processes is None else processes
    yield from progress(workers.in_order(run, jobs, many), "questions", len(jobs))


def run(job: TrialJob) -> TrialFit:
    """Trains if need be, and clusters what a question asks of these clusters."""
    points, active, error = job.points, None, None
    if job.training is not None:
        trained = learn_seed(job.training)
        points, active = trained.means[job.training.model.name], trained.active
        error = trained.curve[-1]["mse_audio"]
    assert points is not None
    whole, condition = job.fold is None, job.condition
    seen = points if job.held is None else np.where(job.held[:, None], np.nan, points)
    names = job.clusterers if whole or condition.is_refitted else ()
    labels = {name: clustered(seen, name, job.cluster, job.number)[0] for name in names}
    by_k = _curve(seen, job) if whole and condition.has_curve else {}
    return TrialFit(points, labels, by_k, active, error)


def _curve(points: Array, job: TrialJob) -> dict[int, Labels]:
    """K-means labels for some of the numbers of clusters over which a score is averaged."""
    most = min(job.cluster.curve, int(np.isfinite(points).all(axis=1).sum()) - 1)
    return {
        k: clustered(points, "kmeans", replace(job.cluster, k=k), job.number)[0]
        for k in range(LEAST_K, most + 1, EVERY)
    }


def _trial(condition: Condition, results: Sequence[tuple[int | None, TrialFit]], folds: int) -> Trial:
    fits = [fit for _, fit in results]
    whole = [fit for fold, fit in results if fold is None]
    parts = [fit for fold, fit in results if fold is not None and fit.labels]
    units = [fit.active for fit in fits if fit.active is not None]
    return Trial(
        condition,
        _heldout({fold: fit.points for fold, fit in results if fold is not None}, folds),
        _by_name([fit.labels for fit in whole]),
        _by_name([fit.curve for fit in whole]),
        _by_name([fit.labels for fit in parts]),
        float(np.mean(units)) if units else None,
        [fit.error for fit in fits if fit.error is not None],
    )


def _heldout(by_fold: Mapping[int, Array], folds: int) -> Array:
    """[track, fold, dimension], nan for a fold without a fit; a fit to fewer tracks may have fewer dimensions."""
    dims = max((points.shape[1] for points in by_fold.values()), default=0)
    tracks = max((len(points) for points in by_fold.values()), default=0)
    values = np.full((tracks, folds, dims), np.nan, dtype=np.float32)
    for fold, points in by_fold.items():
        values[:, fold] = np.pad(points, ((0, 0), (0, dims - points.shape[1])))
    return values


def _by_name(labelings: Sequence[Mapping[K, Labels]]) -> dict[K, list[Labels]]:
    """The labels of all fits under each clusterer, or each k."""
    return {name: [each[name] for each in labelings] for name in labelings[0]} if labelings else {}
