"""How clusters lie in a space: a table of score functions. What is undefined is None."""

from collections.abc import Callable, Mapping

from sklearn import metrics

from pipeline.core.store import Array
from pipeline.score.labels import Labels, clusters
from pipeline.score.silhouette import sampled_silhouette

SHAPE: Mapping[str, Callable[[Array, Labels], float]] = {
    "silhouette": sampled_silhouette,
    "calinski_harabasz": metrics.calinski_harabasz_score,
    "davies_bouldin": metrics.davies_bouldin_score,
}


def shape(name: str, points: Array, labels: Labels) -> float | None:
    """How compact and apart the clusters are in the space of `points`, noise left out; None if there are not two."""
    inside = labels >= 0
    if not 2 <= clusters(labels) < inside.sum():
        return None
    return float(SHAPE[name](points[inside], labels[inside]))
