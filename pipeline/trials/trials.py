"""A trial: one way to see the tracks, over many seeds, with its clusters under every clusterer that a claim needs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.core import workers
from pipeline.core.command import Problem, progress
from pipeline.core.store import Array
from pipeline.learn.plan import TrainingJob
from pipeline.learn.training import learn_seed
from pipeline.score.agreement import Labels
from pipeline.score.clusterers import Cluster, Name, clustered
from pipeline.score.stability import subsampled

CLUSTERERS: tuple[Name, ...] = ("kmeans", "consensus")  # a win under one alone is none
RESAMPLED = 5  # subsamples of the tracks, for the stability of one seed's clusters


@dataclass(frozen=True)
class Trial:
    """What is known of one way to see the tracks; lists have one entry a seed."""

    name: str
    values: Sequence[Array]
    labels: Mapping[str, list[Labels]]  # by clusterer
    subsamples: Mapping[str, list[float]]  # by clusterer: ARI of the clusters of all tracks with those of 80 % of them
    active: float | None = None  # units, a mean over the seeds
    errors: Sequence[float] = ()  # squared errors of the sound, in standardised units; none where nothing was decoded


@dataclass(frozen=True)
class Seen:
    """One seed of a trial."""

    points: Array
    labels: Mapping[str, Labels]
    subsampled: Mapping[str, float]
    active: int | None
    error: float | None  # of the sound


@dataclass(frozen=True)
class Asked:
    """One seed of a trial that is still to be run: a training, or points that are there already."""

    trial: str
    cluster: Cluster
    seed: int
    job: TrainingJob | None = None
    points: Array | None = None
    resampled: bool = False  # whether its stability is asked for, which takes most of the time


def trials(asked: Sequence[Asked]) -> dict[str, Trial]:
    """All trials by name; the seeds of all of them share the cores."""
    found: dict[str, list[Seen]] = {}
    for one, seen in zip(asked, _all_seen(asked), strict=True):
        found.setdefault(one.trial, []).append(seen)
    return {name: _trial(name, seeds) for name, seeds in found.items()}


def _all_seen(asked: Sequence[Asked]) -> Iterator[Seen]:
    on_gpu = any(one.job is not None and one.job.device.type == "cuda" for one in asked)
    processes = 1 if on_gpu else workers.cores()
    yield from progress(workers.in_order(see, asked, processes, _died), "questions", len(asked))


def _died(one: Asked) -> Seen:
    raise Problem(f"{one.trial} seed {one.seed}: the process was ended, most likely for memory")


def see(one: Asked) -> Seen:
    """Trains if need be, and clusters."""
    points, active, error = one.points, None, None
    if one.job is not None:
        learnt = learn_seed(one.job)
        points, active, error = learnt.means[one.job.model.name], learnt.active, learnt.curve[-1]["mse_audio"]
    assert points is not None
    labels: dict[str, Labels] = {name: clustered(points, name, one.cluster, one.seed)[0] for name in CLUSTERERS}
    stable: dict[str, float] = {
        name: _resampled(one, points, name, labels[name]) for name in CLUSTERERS if one.resampled
    }
    return Seen(points, labels, stable, active, error)


def _resampled(one: Asked, points: Array, clusterer: Name, labels: Labels) -> float:
    """How the clusters come back from 80 % of the tracks; nan where that is undefined."""
    here = np.isfinite(points).all(axis=1)

    def again(some: Array, seed: int) -> Labels:
        return clustered(some, clusterer, one.cluster, seed)[0]

    found = subsampled(points[here], again, times=RESAMPLED, seed=one.seed, whole=labels[here])
    return found.ari if found else float("nan")


def _trial(name: str, seeds: list[Seen]) -> Trial:
    units = [seed.active for seed in seeds if seed.active is not None]
    return Trial(
        name,
        [seed.points for seed in seeds],
        {clusterer: [seed.labels[clusterer] for seed in seeds] for clusterer in CLUSTERERS},
        {name: [seed.subsampled[name] for seed in seeds] for name in seeds[0].subsampled},
        float(np.mean(units)) if units else None,
        [seed.error for seed in seeds if seed.error is not None],
    )
