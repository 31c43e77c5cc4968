"""The order of a playlist: neighbours follow each other, and an artist never follows itself where that can be avoided.

A greedy path over the nearest songs, then 2-opt: a stretch of the list is turned round as long as that shortens it.
"""

import itertools

import numpy as np

from pipeline.core.store import Array
from pipeline.library.distances import distances

AGAIN = 1e6  # times the largest distance: what it costs that an artist follows itself
SHORT = 200  # songs of a list that is tried from several starts
MOST = 800  # songs that are put in order at once
ROUNDS = 30  # of 2-opt; a list of fifty songs needs about five


def ordered(points: Array, artists: Array, first: int | None = None) -> list[int]:
    """The places of the songs in the order of the list, which starts with `first`, or anywhere."""
    if len(points) < 2:
        return list(range(len(points)))
    if len(points) > MOST:
        return _in_stretches(points, artists, first)
    costs = _costs(points, artists)
    several = first is None and len(points) <= SHORT
    starts = range(0, len(points), max(1, len(points) // 10)) if several else [first or 0]
    paths = [_turned(_greedy(costs, start), costs, fixed=first is not None) for start in starts]
    shortest = min(paths, key=lambda path: _length(path, costs))
    return [int(place) for place in shortest]


def _in_stretches(points: Array, artists: Array, first: int | None) -> list[int]:
    """A list of thousands, whose costs would fill the memory: stretches along the direction in which the songs differ.

    With a first song, from that on outwards.
    """
    if first is None:
        centred = np.asarray(points, np.float64) - points.mean(axis=0)
        along = centred @ np.linalg.eigh(centred.T @ centred)[1][:, -1]
    else:
        along = distances(points[first][None], points)[0]
        along[first] = -1
    rows = np.argsort(along, kind="stable")
    parts = [rows[start : start + MOST] for start in range(0, len(rows), MOST)]
    starts = [0 if first is not None and number == 0 else None for number in range(len(parts))]
    return [
        int(part[place])
        for part, start in zip(parts, starts, strict=True)
        for place in ordered(points[part], artists[part], start)
    ]


def repeats(order: list[int], artists: Array) -> int:
    """How often an artist follows itself."""
    named = [artists[place] for place in order]
    return sum(before == after != "" for before, after in itertools.pairwise(named))


def _costs(points: Array, artists: Array) -> Array:
    costs = distances(points, points)
    same = (artists[:, None] == artists) & (artists != "")[:, None]
    costs[same] += AGAIN * max(float(costs.max()), 1e-9)
    return costs


def _greedy(costs: Array, start: int) -> Array:
    """The nearest song that is left, again and again."""
    left = np.ones(len(costs), dtype=np.bool_)
    path = [start]
    left[start] = False
    while left.any():
        rows = np.flatnonzero(left)
        nearest = int(rows[np.argmin(costs[path[-1], rows])])
        path.append(nearest)
        left[nearest] = False
    return np.array(path)


def _turned(path: Array, costs: Array, *, fixed: bool) -> Array:
    """2-opt: both ends of the list are free, but for a first song that is asked for."""
    path, songs = path.copy(), len(path)
    for _ in range(ROUNDS):
        better = False
        for start in range(1 if fixed else 0, songs - 1):
            ends = np.arange(start + 1, songs)  # the last song of the stretch from `start` on
            before = path[start - 1] if start else None
            following = path[np.minimum(ends + 1, songs - 1)]
            gain = np.zeros(len(ends))
            if before is not None:
                gain += costs[before, path[start]] - costs[before, path[ends]]
            inner = ends + 1 < songs
            gain += np.where(inner, costs[path[ends], following] - costs[path[start], following], 0)
            best = int(np.argmax(gain))
            if gain[best] > 1e-9:
                end = int(ends[best])
                path[start : end + 1] = path[start : end + 1][::-1].copy()
                better = True
        if not better:
            break
    return path


def _length(path: Array, costs: Array) -> float:
    return float(costs[path[:-1], path[1:]].sum())
