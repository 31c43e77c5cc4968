"""Two tables of score functions, which evaluate, the report and the tests loop over. What is undefined is None."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from pipeline.params import Count, Share
from pipeline.scoring.tiles import silhouette_sampled
from pipeline.store import Array

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Evaluate:
    """What is scored and shown."""

    labels: tuple[str, ...]  # columns of the tracks to compare with
    headline: str  # the clusterer of the headline scores
    factors: tuple[str, ...]  # columns that are known causes of the sound or the words, as in planted data
    mixing: str  # the column whose values should lie mixed: iLISI and kBET
    shuffles: Count  # of the labels, for the null of a score
    collapsed: Share  # a model with a smaller share of active units is flagged, and never first


NOISE = -1  # a track that a clusterer left out
ABSENT = -2  # a track that has no place in this representation, for example no lyrics


def purity(truth: Array, found: Labels) -> float:
    """The share of tracks that carry the commonest label of their cluster."""
    table = metrics.cluster.contingency_matrix(truth, found)
    return float(table.max(axis=0).sum() / table.sum())


def silhouette(points: Array, found: Labels) -> float:
    """Exact up to 100,000 tracks, of a sample of them beyond: stage evaluate says so."""
    return silhouette_sampled(points, found).value


AGREEMENT: Mapping[str, Callable[[Array, Labels], float]] = {
    "ami": metrics.adjusted_mutual_info_score,
    "ari": metrics.adjusted_rand_score,
    "nmi": metrics.normalized_mutual_info_score,
    "v_measure": metrics.v_measure_score,
    "purity": purity,
}

SHAPE: Mapping[str, Callable[[Array, Labels], float]] = {
    "silhouette": silhouette,
    "calinski_harabasz": metrics.calinski_harabasz_score,
    "davies_bouldin": metrics.davies_bouldin_score,
}


def agreement(name: str, truth: Array, found: Labels) -> float | None:
    """How well clusters and labels agree, noise being a cluster of its own; None without two tracks or two labels."""
    here = (found != ABSENT) & (truth != "")
    if here.sum() < 2 or len(np.unique(truth[here])) < 2:
        return None
    return float(AGREEMENT[name](truth[here], found[here]))


def shape(name: str, points: Array, found: Labels) -> float | None:
    """How compact and apart the clusters are in the space of `points`, noise left out; None if there are not two."""
    here = found >= 0
    clusters = len(np.unique(found[here]))
    if clusters < 2 or clusters >= here.sum():
        return None
    return float(SHAPE[name](points[here], found[here]))


def coverage(found: Labels) -> float | None:
    """The share of the tracks that are in some cluster, out of those that have a place in the representation."""
    here = found != ABSENT
    return float((found[here] != NOISE).mean()) if here.any() else None


def clusters(found: Labels) -> int:
    return len(np.unique(found[found >= 0]))
