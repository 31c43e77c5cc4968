"""The nearest neighbours of each track, exactly, and the label of most of them."""

import numpy as np

from pipeline.core.store import Array
from pipeline.score.contingency import coded

BLOCK = 4_000_000  # distances held at once


def artist_numbers(artists: Array | None, tracks: int) -> Array:
    """A number for each artist, and one of its own for each track whose artist is unknown."""
    if artists is None:
        return np.arange(tracks)
    artist, number = coded(artists)
    return np.where(artist < 0, number + np.arange(tracks), artist)


def nearest(points: Array, k: int, group: Array) -> tuple[Array, Array]:
    """The k nearest rows of another group, the nearest first [row, k], and whether there are so many."""
    near, squared = _nearest(points, k, group)
    return near, np.isfinite(squared)


def nearest_among(rows: Array, points: Array, k: int) -> tuple[Array, Array]:
    """The k nearest of `rows` to each of `points`, the nearest first [point, k], and whether there are so many."""
    many = len(rows)
    both = np.concatenate([rows, points])
    near, exists = nearest(both, k, (np.arange(len(both)) >= many).astype(np.int64))
    return np.where(exists, near, 0)[many:], exists[many:]  # one that does not exist is none of the points either


def nearest_others(points: Array, k: int) -> tuple[Array, Array]:
    """The k - 1 nearest other rows, which make k with the row itself, and their squared distances."""
    return _nearest(points, k - 1, np.arange(len(points)))


def _nearest(points: Array, k: int, group: Array) -> tuple[Array, Array]:
    """Exact neighbours by blocks of rows; rows of the same group are infinitely far."""
    points = np.asarray(points, dtype=np.float64)
    points = points - points.mean(axis=0)  # far from the origin the squares would cancel
    norms = (points**2).sum(axis=1)
    rows, k = len(points), min(k, len(points))
    near, distances = np.empty((rows, k), dtype=np.int64), np.empty((rows, k))
    step = max(1, BLOCK // max(rows, 1))
    for start in range(0, rows, step):
        block = slice(start, start + step)
        squared = norms[block, None] + norms - 2 * points[block] @ points.T
        np.maximum(squared, 0, out=squared)
        squared[group[block, None] == group] = np.inf
        nearest_k = np.argpartition(squared, k - 1, axis=1)[:, :k]
        order = np.take_along_axis(squared, nearest_k, 1).argsort(axis=1, kind="stable")
        near[block] = np.take_along_axis(nearest_k, order, 1)
        distances[block] = np.take_along_axis(squared, near[block], 1)
    return near, distances


def majority(label: Array, labels: int, near: Array, exists: Array) -> Array:
    """The label of most neighbours of each row; a nearer one weighs a trifle more, for ties only."""
    weights = exists * (1 + 1e-6 * 0.5 ** np.arange(near.shape[1]))
    code = label[near] + labels * np.arange(len(near))[:, None]
    counted = np.bincount(code.ravel(), weights.ravel(), minlength=len(near) * labels)
    return np.asarray(counted.reshape(len(near), labels).argmax(axis=1))
