"""Consensus clustering: many K-means on subsamples, then spectral clustering of how often two tracks fell together."""

import numpy as np
from sklearn.cluster import SpectralClustering

from pipeline.core.store import Array
from pipeline.score.kmeans import kmeans
from pipeline.score.labels import Labels

MAX_TRACKS = 4_000  # the square tables of pairs take 600 MB there, and the whole some 10 s


def consensus(points: Array, k: int, seed: int, times: int = 30, share: float = 0.8) -> Labels:
    """k clusters of tracks that K-means with k to 4k clusters keeps together on random subsamples."""
    if len(points) > MAX_TRACKS:
        raise ValueError(f"consensus of {len(points)} tracks: it counts pairs, so it takes at most {MAX_TRACKS}")
    if len(points) <= k:
        raise ValueError(f"consensus of {len(points)} tracks in {k} clusters: it needs more tracks")
    rng = np.random.default_rng(seed)
    affinity = _together(np.asarray(points, dtype=np.float64), k, rng, times, share)
    spectral = SpectralClustering(k, affinity="precomputed", random_state=seed)
    return np.asarray(spectral.fit_predict(affinity), dtype=np.int64)


def _together(points: Array, k: int, rng: np.random.Generator, times: int, share: float) -> Array:
    """The share of the clusterings with both tracks that put them together [track, track]."""
    tracks = len(points)
    together, drawn = np.zeros((2, tracks, tracks), dtype=np.float32)
    size = max(k, round(share * tracks))
    for _ in range(times):
        subset = np.sort(rng.choice(tracks, size, replace=False))
        number = int(rng.integers(k, min(4 * k, size) + 1))
        labels = kmeans(points[subset], number, int(rng.integers(2**31)), starts=1)
        pairs = np.ix_(subset, subset)
        together[pairs] += labels[:, None] == labels
        drawn[pairs] += 1
    affinity: Array = together / np.maximum(drawn, 1) + 1e-3  # a trifle for all: groups never mixed stay one graph
    return affinity
