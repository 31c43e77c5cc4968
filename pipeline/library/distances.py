"""Distances between songs, in blocks that fit into memory."""

import numpy as np

from pipeline.core.store import Array

BLOCK = 8_000_000  # distances held at once


def distances(queries: Array, points: Array) -> Array:
    """[query, point]"""
    queries, points = np.asarray(queries, np.float64), np.asarray(points, np.float64)
    middle = points.mean(axis=0)  # far from the origin the squares would cancel
    queries, points = queries - middle, points - middle
    squared = (queries**2).sum(axis=1)[:, None] + (points**2).sum(axis=1) - 2 * queries @ points.T
    apart: Array = np.sqrt(np.maximum(squared, 0))
    return apart


def kth_distances(
    queries: Array, points: Array, k: int, group: Array | None = None, groups: Array | None = None
) -> Array:
    """The distance of each query to its k-th nearest point, those of its own group left out; inf where there is none.

    A song that is itself among the points is left out by a group of its own.
    """
    nearest = np.full(len(queries), np.inf)
    k = min(k, len(points))
    step = max(1, BLOCK // max(1, len(points)))
    for start in range(0, len(queries) if k else 0, step):
        block = slice(start, start + step)
        apart = distances(queries[block], points)
        if group is not None and groups is not None:
            apart[group[block, None] == groups] = np.inf
        nearest[block] = np.partition(apart, k - 1, axis=1)[:, k - 1]
    return nearest
