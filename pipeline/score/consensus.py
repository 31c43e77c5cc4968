"""Consensus clustering: many KMeans on subsamples, then spectral clustering of how often two tracks fell together."""

import warnings

import numpy as np
from sklearn.cluster import KMeans, SpectralClustering
from sklearn.exceptions import ConvergenceWarning

from pipeline.core.store import Array
from pipeline.score.agreement import Labels

MOST = 4_000  # tracks; the square tables of pairs take 600 MB there, and the whole some 10 s


def consensus(points: Array, k: int, seed: int, times: int = 30, share: float = 0.8) -> Labels:
    """k clusters of tracks that KMeans with k to 4k clusters keeps together on random subsamples."""
    if len(points) > MOST:
        raise ValueError(f"consensus of {len(points)} tracks: pairs are counted, so at most {MOST}")
    if len(points) <= k:
        raise ValueError(f"consensus of {len(points)} tracks in {k} clusters: more tracks are needed")
    rng = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # tracks that are equal: less places than clusters
        affinity = _together(np.asarray(points, dtype=np.float64), k, rng, times, share)
        spectral = SpectralClustering(k, affinity="precomputed", random_state=seed)
        return np.asarray(spectral.fit_predict(affinity), dtype=np.int64)


def _together(points: Array, k: int, rng: np.random.Generator, times: int, share: float) -> Array:
    """The share of the clusterings with both tracks that put them together [track, track]."""
    tracks = len(points)
    together, seen = np.zeros((2, tracks, tracks), dtype=np.float32)
    size = max(k, round(share * tracks))
    for _ in range(times):
        some = np.sort(rng.choice(tracks, size, replace=False))
        number = int(rng.integers(k, min(4 * k, size) + 1))
        found = KMeans(number, n_init=1, random_state=int(rng.integers(2**31))).fit_predict(points[some])
        pairs = np.ix_(some, some)
        together[pairs] += found[:, None] == found
        seen[pairs] += 1
    affinity: Array = together / np.maximum(seen, 1) + 1e-3  # a trifle for all: groups never mixed stay one graph
    return affinity
