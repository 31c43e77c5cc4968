"""What is measured of a trial: each score under every clusterer, or under "" where it needs none."""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

import numpy as np

from pipeline.core.store import Array
from pipeline.score import heldout
from pipeline.score.agreement import AGREEMENT
from pipeline.score.contingency import Contingency, coded, coded_clusters
from pipeline.score.jackknife import agreement_scores, curve_scores
from pipeline.score.labels import Labels
from pipeline.score.verdicts import Scores
from pipeline.trials.trials import Trial

ByClusterer = Mapping[str, Scores | None]  # None where it is undefined
Measure = Callable[[Trial], ByClusterer]


def ami(trial: Trial, truth: Array, group: Array) -> ByClusterer:
    """Agreement of the clusters of all tracks with a column."""
    return {name: agreement_scores("ami", truth, labels, group) for name, labels in trial.labels.items()}


def ami_curve(trial: Trial, truth: Array, group: Array) -> ByClusterer:
    """Its mean over the numbers of clusters."""
    return {"kmeans": curve_scores(truth, {k: list(each) for k, each in trial.curves.items()}, group)}


def knn(trial: Trial, truth: Array, fold: Array, group: Array) -> ByClusterer:
    """How often most of the nearest tracks share a track's value, by the fit that never met its artist."""
    return {"": heldout.balanced(heldout.knn_heldout(trial.heldout, fold, truth), truth, group)}


def probe(trial: Trial, truth: Array, fold: Array, group: Array) -> ByClusterer:
    """How often a linear probe names a track's value, by the fit and the probe that never met its artist."""
    return {"": heldout.balanced(heldout.probe_heldout(trial.heldout, fold, truth), truth, group)}


def artist_hit(trial: Trial, artists: Array, fold: Array, group: Array) -> ByClusterer:
    """How often a track of the same artist is among the nearest, by the fit that never met it."""
    return {"": heldout.share(heldout.hits_heldout(trial.heldout, fold, artists), group)}


def refit_agreement(trial: Trial, truth: Array, group: Array) -> ByClusterer:
    """Agreement with a column of the clusters of the fits without a fold, on the tracks that each has seen."""
    value, _ = coded(truth)
    return {name: _fits(value, labels, group) for name, labels in trial.refits.items()}


def refits(trial: Trial, group: Array) -> ByClusterer:
    """How alike the clusters are of fits that saw other artists, on the tracks that both have seen."""
    return {name: refit_scores(labels, group) for name, labels in trial.refits.items()}


def squared_error(trial: Trial) -> ByClusterer:
    """What a model misses of the sound: shown with stability, since a model that encodes little is stable."""
    errors = np.array(trial.errors)
    return {"": Scores(errors, np.tile(errors[:, None], (1, 2))) if len(errors) else None}


def refit_scores(labelings: Sequence[Labels], group: Array) -> Scores | None:
    """For each fit its mean ARI with all others; None with fewer than three fits, or where any of it is undefined.

    What a fit adds to the spread of the mean over pairs is that of the jackknife over the fits: each is in the pairs
    of all others too, so its distance from the mean counts 2 (n - 1) / (n - 2) times.
    """
    fits = len(labelings)
    if fits < 3:
        return None
    whole, without = np.zeros((fits, fits)), np.zeros((fits, fits, int(group.max()) + 1))
    for left, right in combinations(range(fits), 2):
        scores = _without_each("ari", coded_clusters(labelings[left])[0], labelings[right], group)
        for pair in ((left, right), (right, left)):
            whole[pair], without[pair] = scores
    if not (np.isfinite(whole).all() and np.isfinite(without).all()):
        return None
    alike = whole.sum(axis=1) / (fits - 1)
    spread = 2 * (fits - 1) / (fits - 2) * (alike - alike.mean())
    return Scores(alike.mean() + spread, without.sum(axis=1) / (fits - 1))


def _fits(value: Array, labelings: Sequence[Labels], group: Array) -> Scores | None:
    each = [_without_each("ami", value, labels, group) for labels in labelings]
    scores = Scores(np.array([whole for whole, _ in each]), np.array([without for _, without in each]))
    return scores if each and np.isfinite(scores.whole).all() and np.isfinite(scores.without).all() else None


def _without_each(name: str, value: Array, labels: Labels, group: Array) -> tuple[float, Array]:
    """An agreement score on the tracks that have both, and without each group; one that has none changes nothing."""
    cluster, clusters = coded_clusters(labels)
    present = (value >= 0) & (cluster >= 0)
    counts = np.zeros((int(group.max()) + 1, max(int(value.max()) + 1, 1), max(clusters, 1)), dtype=np.int64)
    np.add.at(counts, (group[present], value[present], cluster[present]), 1)
    total = counts.sum(axis=0, keepdims=True)
    scores = AGREEMENT[name](Contingency(np.concatenate([total, total - counts])))
    return float(scores[0]), np.asarray(scores[1:])
