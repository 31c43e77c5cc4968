"""How clusters lie in a space: a table of score functions. What is undefined is None."""

from collections.abc import Callable, Mapping

import numpy as np
from sklearn import metrics

from pipeline.core.store import Array
from pipeline.score.agreement import Labels
from pipeline.score.silhouette import silhouette_sampled


def silhouette(points: Array, found: Labels) -> float:
    """Exact up to 100,000 tracks, of a sample of them beyond: stage evaluate says so."""
    return silhouette_sampled(points, found).value


SHAPE: Mapping[str, Callable[[Array, Labels], float]] = {
    "silhouette": silhouette,
    "calinski_harabasz": metrics.calinski_harabasz_score,
    "davies_bouldin": metrics.davies_bouldin_score,
}


def shape(name: str, points: Array, found: Labels) -> float | None:
    """How compact and apart the clusters are in the space of `points`, noise left out; None if there are not two."""
    here = found >= 0
    clusters = len(np.unique(found[here]))
    if clusters < 2 or clusters >= here.sum():
        return None
    return float(SHAPE[name](points[here], found[here]))
