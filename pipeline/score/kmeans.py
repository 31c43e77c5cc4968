"""K-means, the one place that calls it."""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from pipeline.core.store import Array


def kmeans(points: Array, k: int, seed: int, starts: int = 10) -> NDArray[np.int64]:
    """The best of `starts` runs; fewer than k clusters where there are fewer distinct points than clusters."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # said of such points, as of copies of one song
        labels = KMeans(k, n_init=starts, random_state=seed).fit_predict(points)
    return np.asarray(labels, dtype=np.int64)
