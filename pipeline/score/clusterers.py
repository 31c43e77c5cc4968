"""The clusterers: each takes points and a seed, and gives labels and a note of what was chosen."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from sklearn.cluster import DBSCAN, HDBSCAN, AgglomerativeClustering, KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestNeighbors

from pipeline.core.params import NonEmpty, Within
from pipeline.core.store import Array
from pipeline.score.agreement import ABSENT, NOISE, Labels, clusters, coverage
from pipeline.score.consensus import consensus

CONSENSUS_MOST = 4000  # tracks: its table of pairs grows with the square
CURVE_STARTS = 4  # of KMeans, for the many k of the curve

Name = Literal["kmeans", "agglomerative", "dbscan", "gmm", "hdbscan", "consensus"]


@dataclass(frozen=True)
class Cluster:
    k: Annotated[int, Within(2)]
    neighbours: Annotated[int, Within(2)]
    curve: Annotated[int, Within(2)]
    clusterers: Annotated[tuple[Name, ...], NonEmpty()]


Found = tuple[Labels, str]  # a label a track, and what was chosen


def kmeans(points: Array, p: Cluster, seed: int) -> Found:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # tracks that are equal: less places than clusters
        return KMeans(p.k, n_init=10, random_state=seed).fit_predict(points), f"k {p.k}"


def agglomerative(points: Array, p: Cluster, seed: int) -> Found:  # noqa: ARG001  # Ward has no chance in it
    return AgglomerativeClustering(p.k).fit_predict(points), f"Ward, k {p.k}"


def gmm(points: Array, p: Cluster, seed: int) -> Found:
    mixture = GaussianMixture(p.k, covariance_type="diag", reg_covar=1e-3, n_init=3, max_iter=300, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # said in the note instead
        found = mixture.fit_predict(points)
    return found, f"diagonal, k {p.k}" + ("" if mixture.converged_ else ", not converged")


def hdbscan(points: Array, p: Cluster, seed: int) -> Found:  # noqa: ARG001
    found = HDBSCAN(min_cluster_size=p.neighbours, copy=True).fit_predict(points)
    note = f"{clusters(found)} clusters" if clusters(found) else "no cluster: the density has no gaps"
    return found, f"{note}, coverage {coverage(found):.2f}, smallest cluster {p.neighbours}"


def dbscan(points: Array, p: Cluster, seed: int) -> Found:  # noqa: ARG001
    """DBSCAN with eps at the knee of the k-distance curve; elsewhere on it where that leaves less than two clusters."""
    curve = np.maximum(k_distances(points, p.neighbours), 1e-9)  # equal tracks are 0 apart, which DBSCAN refuses
    place = knee(curve)
    found = DBSCAN(eps=curve[place], min_samples=p.neighbours).fit_predict(points)
    where = "the knee"
    if clusters(found) < 2:
        tries = np.unique(curve[np.linspace(0, len(curve) - 1, 40).astype(int)])
        options = [DBSCAN(eps=eps, min_samples=p.neighbours).fit_predict(points) for eps in tries]
        best = max(options, key=lambda labels: (clusters(labels), coverage(labels)), default=found)
        if clusters(best) > clusters(found):
            found, where = best, "the most clusters on the curve (the knee gave one or none)"
    covered = coverage(found) or 0.0
    return found, f"{clusters(found)} clusters, coverage {covered:.2f}, eps at {where}"


def k_distances(points: Array, neighbours: int) -> Array:
    """The distance of each track to its k-th neighbour, from near to far."""
    near = NearestNeighbors(n_neighbors=min(neighbours, len(points))).fit(points)
    distances: Array = np.sort(near.kneighbors(points)[0][:, -1])  # a point is its own first neighbour, as in DBSCAN
    return distances


def knee(curve: Array) -> int:
    """Where a rising curve bends most: the place farthest below the line between its ends."""
    line = np.linspace(curve[0], curve[-1], len(curve))
    return int(np.argmax(line - curve))


def consensual(points: Array, p: Cluster, seed: int) -> Found:
    """What many KMeans agree on: the second clusterer of every claim, since a win under one alone is none."""
    if len(points) > CONSENSUS_MOST:
        return np.full(len(points), ABSENT, dtype=np.int64), f"more than {CONSENSUS_MOST} tracks: not clustered"
    return consensus(points, p.k, seed), f"30 KMeans on 80 % subsamples, then spectral, k {p.k}"


CLUSTERERS: Mapping[str, Callable[[Array, Cluster, int], Found]] = {
    "kmeans": kmeans,
    "agglomerative": agglomerative,
    "dbscan": dbscan,
    "gmm": gmm,
    "hdbscan": hdbscan,
    "consensus": consensual,
}
CHOOSES_K = frozenset({"dbscan", "hdbscan"})  # clusterers that find the number of clusters by themselves


def clustered(points: Array, name: str, p: Cluster, seed: int) -> Found:
    """Labels of all tracks: those without a place in the representation (nan) are ABSENT."""
    here = np.isfinite(points).all(axis=1)
    labels = np.full(len(points), ABSENT, dtype=np.int64)
    if here.sum() <= max(p.k, p.neighbours):
        return labels, f"only {here.sum()} tracks: not clustered"
    labels[here], note = CLUSTERERS[name](np.asarray(points[here], dtype=np.float64), p, seed)
    return labels, note


def curve(points: Array, p: Cluster, seed: int) -> dict[int, Labels]:
    """KMeans labels for each k from 2 to `p.curve`: what another choice of k would have given."""
    here = np.isfinite(points).all(axis=1)
    values = np.asarray(points[here], dtype=np.float64)
    found = {}
    for k in range(2, min(p.curve, len(values) - 1) + 1):
        found[k] = np.full(len(points), ABSENT, dtype=np.int64)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            found[k][here] = KMeans(k, n_init=CURVE_STARTS, random_state=seed).fit_predict(values)
    return found


def assigned(points: Array, found: Labels) -> Labels:
    """The same clusters with each track that was left out in that of its nearest neighbour."""
    inside, left_out = found >= 0, found == NOISE
    if not inside.any() or not left_out.any():
        return found
    near = NearestNeighbors(n_neighbors=1).fit(points[inside]).kneighbors(points[left_out], return_distance=False)[:, 0]
    full = found.copy()
    full[left_out] = found[inside][near]
    return full
