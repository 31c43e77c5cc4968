"""The clusterers: each takes points and a seed, and gives labels and a note of what was chosen."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from sklearn.cluster import DBSCAN, HDBSCAN, AgglomerativeClustering
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestNeighbors

from pipeline.core.params import NonEmpty, Within
from pipeline.core.store import Array
from pipeline.score.consensus import MAX_TRACKS, consensus
from pipeline.score.kmeans import kmeans
from pipeline.score.labels import ABSENT, NOISE, Labels, clusters, coverage

FEW = 5  # songs for each cluster, below which a corpus is too small

Name = Literal["kmeans", "agglomerative", "dbscan", "gmm", "hdbscan", "consensus"]


@dataclass(frozen=True)
class Cluster:
    k: Annotated[int, Within(2)]
    neighbours: Annotated[int, Within(2)]
    curve: Annotated[int, Within(2)]
    clusterers: Annotated[tuple[Name, ...], NonEmpty()]


Clustering = tuple[Labels, str]  # and a note of what was chosen


def _kmeans(points: Array, p: Cluster, seed: int) -> Clustering:
    return kmeans(points, p.k, seed), f"k {p.k}"


def _agglomerative(points: Array, p: Cluster, seed: int) -> Clustering:  # noqa: ARG001  # Ward has no chance in it
    return AgglomerativeClustering(p.k).fit_predict(points), f"Ward, k {p.k}"


def _gmm(points: Array, p: Cluster, seed: int) -> Clustering:
    mixture = GaussianMixture(p.k, covariance_type="diag", reg_covar=1e-3, n_init=3, max_iter=300, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # said in the note instead
        labels = mixture.fit_predict(points)
    return labels, f"diagonal, k {p.k}" + ("" if mixture.converged_ else ", not converged")


def _hdbscan(points: Array, p: Cluster, seed: int) -> Clustering:  # noqa: ARG001
    labels = HDBSCAN(min_cluster_size=p.neighbours, copy=True).fit_predict(points)
    note = f"{clusters(labels)} clusters" if clusters(labels) else "no cluster: the density has no gaps"
    return labels, f"{note}, coverage {coverage(labels):.2f}, smallest cluster {p.neighbours}"


def dbscan(points: Array, p: Cluster, seed: int) -> Clustering:  # noqa: ARG001
    """DBSCAN with eps at the knee of the k-distance curve; elsewhere on it where that leaves less than two clusters."""
    distances = np.maximum(k_distances(points, p.neighbours), 1e-9)  # equal tracks are 0 apart, which DBSCAN refuses
    labels = DBSCAN(eps=distances[knee(distances)], min_samples=p.neighbours).fit_predict(points)
    where = "the knee"
    if clusters(labels) < 2:
        tries = np.unique(distances[np.linspace(0, len(distances) - 1, 40).astype(int)])
        options = [DBSCAN(eps=eps, min_samples=p.neighbours).fit_predict(points) for eps in tries]
        best = max(options, key=lambda option: (clusters(option), coverage(option)), default=labels)
        if clusters(best) > clusters(labels):
            labels, where = best, "the most clusters on the curve (the knee gave one or none)"
    covered = coverage(labels) or 0.0
    return labels, f"{clusters(labels)} clusters, coverage {covered:.2f}, eps at {where}"


def k_distances(points: Array, neighbours: int) -> Array:
    """The distance of each track to its k-th neighbour, from near to far."""
    near = NearestNeighbors(n_neighbors=min(neighbours, len(points))).fit(points)
    distances: Array = np.sort(near.kneighbors(points)[0][:, -1])  # a point is its own first neighbour, as in DBSCAN
    return distances


def knee(curve: Array) -> int:
    """Where a rising curve bends most: the place farthest below the line between its ends."""
    line = np.linspace(curve[0], curve[-1], len(curve))
    return int(np.argmax(line - curve))


def _consensus(points: Array, p: Cluster, seed: int) -> Clustering:
    """What many K-means agree on; nothing for more tracks than it can take."""
    if len(points) > MAX_TRACKS:
        return np.full(len(points), ABSENT, dtype=np.int64), f"more than {MAX_TRACKS} tracks: not clustered"
    return consensus(points, p.k, seed), f"30 KMeans on 80 % subsamples, then spectral, k {p.k}"


CLUSTERERS: Mapping[str, Callable[[Array, Cluster, int], Clustering]] = {
    "kmeans": _kmeans,
    "agglomerative": _agglomerative,
    "dbscan": dbscan,
    "gmm": _gmm,
    "hdbscan": _hdbscan,
    "consensus": _consensus,
}
CHOOSES_K = frozenset({"dbscan", "hdbscan"})  # clusterers that find the number of clusters by themselves


def smallness(tracks: int, p: Cluster) -> str:
    """A sentence where there are too few tracks for the clusters that are asked for; "" where there are enough."""
    if tracks <= max(p.k, p.neighbours):
        most = f"{p.k} clusters" if p.k >= p.neighbours else f"{p.neighbours} neighbours"
        cure = "add songs, or lower cluster.k and cluster.neighbours"
        return f"{tracks} songs are too few for {most}, so nothing is clustered: {cure}."
    if tracks < FEW * p.k:
        each = f"{p.k} clusters of {tracks} songs hold about {tracks / p.k:.0f} each"
        return f"{each}, so their scores mean little: add songs, or lower cluster.k."
    return ""


def clustered(points: Array, name: str, p: Cluster, seed: int) -> Clustering:
    """Labels of all tracks: those without a place in the representation (nan) are ABSENT."""
    present = np.isfinite(points).all(axis=1)
    labels = np.full(len(points), ABSENT, dtype=np.int64)
    if present.sum() <= max(p.k, p.neighbours):
        return labels, f"only {present.sum()} tracks: not clustered"
    labels[present], note = CLUSTERERS[name](np.asarray(points[present], dtype=np.float64), p, seed)
    return labels, note


def curve(points: Array, p: Cluster, seed: int) -> dict[int, Labels]:
    """K-means labels for each k from 2 to `p.curve`: what another choice of k would have given."""
    present = np.isfinite(points).all(axis=1)
    values = np.asarray(points[present], dtype=np.float64)
    by_k = {}
    for k in range(2, min(p.curve, len(values) - 1) + 1):
        by_k[k] = np.full(len(points), ABSENT, dtype=np.int64)
        by_k[k][present] = kmeans(values, k, seed)
    return by_k


def assigned(points: Array, labels: Labels) -> Labels:
    """The same clusters, with each track that was left out in that of its nearest neighbour."""
    inside, noise = labels >= 0, labels == NOISE
    if not inside.any() or not noise.any():
        return labels
    near = NearestNeighbors(n_neighbors=1).fit(points[inside]).kneighbors(points[noise], return_distance=False)[:, 0]
    full = labels.copy()
    full[noise] = labels[inside][near]
    return full
