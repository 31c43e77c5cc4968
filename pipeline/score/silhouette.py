"""The exact silhouette by tiles of the distance table: at 10,000 points five times scikit-learn's speed and more.

Rows are sorted by cluster, so that each tile is summed over few runs of columns; a tile gives the sums of its rows and,
distances being symmetric, those of its columns. Squared distances are one matrix product in double precision (they are
small differences of large numbers), their roots are single (a third of the time, and sums are right to about 1e-7).
"""

import numpy as np

from pipeline.core.store import Array

EXACT = 100_000  # points; above, a sample
SAMPLE = 20_000


def silhouette(points: Array, labels: Array, tile: tuple[int, int] = (512, 2048)) -> float:
    """The mean silhouette, noise (negative labels) left out; a point alone in its cluster has 0, as is usual."""
    points, cluster, sizes = _sorted(points, labels)
    if len(sizes) < 2 or len(sizes) >= len(points):
        raise ValueError(f"a silhouette of {len(points)} points in {len(sizes)} clusters is undefined")
    rows = np.arange(len(points))
    sums = _sums(points, cluster, len(sizes), tile)
    inner = sums[rows, cluster] / np.maximum(sizes[cluster] - 1, 1)
    outer = sums / sizes
    outer[rows, cluster] = np.inf
    nearest = outer.min(axis=1)
    larger = np.maximum(inner, nearest)
    apart = np.where(larger > 0, (nearest - inner) / np.where(larger > 0, larger, 1), 0)
    return float(np.where(sizes[cluster] > 1, apart, 0).mean())


def sampled_silhouette(points: Array, labels: Array, exact: int = EXACT, sample: int = SAMPLE, seed: int = 0) -> float:
    """The silhouette of up to `exact` points; of more than these, that of a random `sample`."""
    inside = np.flatnonzero(labels >= 0)
    if len(inside) > exact:
        inside = np.sort(np.random.default_rng(seed).choice(inside, sample, replace=False))
    return silhouette(points[inside], labels[inside])


def _sorted(points: Array, labels: Array) -> tuple[Array, Array, Array]:
    """The points about their centre, cluster after cluster; the cluster of each, counted from 0; their sizes."""
    inside = labels >= 0
    points, labels = np.asarray(points, dtype=np.float64)[inside], labels[inside]
    order = np.argsort(labels, kind="stable")
    _, cluster, sizes = np.unique(labels[order], return_inverse=True, return_counts=True)
    points = points[order] - points.mean(axis=0, keepdims=True) if len(points) else points
    largest = np.abs(points).max(initial=0.0)  # the score knows no unit, single precision has an end
    return points / largest if largest > 0 else points, cluster, sizes


def _sums(points: Array, cluster: Array, clusters: int, tile: tuple[int, int]) -> Array:
    """The sum of the distances of each point to each cluster [point, cluster]."""
    count, (height, width) = len(points), tile
    norms, ones = (points**2).sum(axis=1, keepdims=True), np.ones((count, 1))
    left = np.hstack([points, norms, ones])  # left @ right.T is |x|^2 + |y|^2 - 2 xy
    right = np.hstack([-2 * points, ones, norms])
    right = np.ascontiguousarray(right.T)
    sums, memory = np.zeros((count, clusters)), TileMemory(height * max(height, width))
    for top in range(0, count, height):
        rows = slice(top, min(top + height, count))
        square = memory.distances(left[rows], right[:, rows])
        np.fill_diagonal(square, 0)  # rounding leaves a trifle, whose root is not one
        _add_rows(sums[rows], square, cluster[rows])
        for start in range(rows.stop, count, width):
            columns = slice(start, min(start + width, count))
            distances = memory.distances(left[rows], right[:, columns])
            _add_rows(sums[rows], distances, cluster[columns])
            _add_columns(sums[columns], distances, cluster[rows])
    return sums


class TileMemory:
    """The memory of one tile, used again and again: asking for new pages takes as long as the product."""

    def __init__(self, numbers: int) -> None:
        self.double, self.single = np.empty(numbers), np.empty(numbers, dtype=np.float32)

    def distances(self, left: Array, right: Array) -> Array:
        shape = len(left), right.shape[1]
        squared, tile = (buffer[: shape[0] * shape[1]].reshape(shape) for buffer in (self.double, self.single))
        np.matmul(left, right, out=squared)
        if squared.min() < 0:  # rounding of points that are equal
            np.maximum(squared, 0, out=squared)
        np.copyto(tile, squared, casting="same_kind")
        return np.sqrt(tile, out=tile)


def _add_rows(sums: Array, distances: Array, cluster: Array) -> None:
    """Adds to each row's `sums` its distances to the columns, whose clusters come in runs."""
    starts = np.flatnonzero(np.diff(cluster, prepend=-1))
    sums[:, cluster[starts]] += np.add.reduceat(distances, starts, axis=1)


def _add_columns(sums: Array, distances: Array, cluster: Array) -> None:
    """Adds to each column's `sums` its distances to the rows; by runs, as reduceat is slow and coarse on this axis."""
    ones = np.ones(len(cluster), dtype=distances.dtype)
    starts = np.flatnonzero(np.diff(cluster, prepend=-1))
    for start, stop in zip(starts, [*starts[1:], len(cluster)], strict=True):
        sums[:, cluster[start]] += ones[start:stop] @ distances[start:stop]
