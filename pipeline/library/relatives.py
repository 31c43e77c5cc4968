"""The nearest songs of a song, without those that are near to everything.

In a space of many numbers a few songs are neighbours of nearly all (hubs). Local scaling (Zelnik-Manor and Perona,
2004) divides the squared distance of two songs by how far each is from its own k-th neighbour: a song in a crowd must
be nearer than a lonely one to count as near. Where the neighbours have to be of another language, the k-th neighbour
of a candidate is counted among songs of the asking song's language, as the comparison crosses languages.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.core.store import Array
from pipeline.library.distances import distances, kth_distances

SCALE = 10  # the neighbour whose distance is the scale of a song
CANDIDATES = 400  # by plain distance, that are ranked anew; all where there are fewer


@dataclass(frozen=True)
class Relatives:
    """Rows of the nearest songs, the nearest first."""

    rows: Array
    distances: Array  # in the space
    scaled: Array  # distance over the scales of both songs: below 1 is nearer than their usual neighbours


def relatives(
    point: Array, points: Array, allowed: Array, reference: Array, many: int, row: int | None = None
) -> Relatives:
    """Those of the `allowed` songs that are nearest to a point, by distances scaled among the `reference` songs.

    `row` is the asking song, if it is one of the songs: it is no neighbour of itself, nor does it set a scale.
    """
    allowed, reference = np.array(allowed), np.array(reference)
    if row is not None:
        allowed[row] = False
        reference[row] = False
    rows = np.flatnonzero(allowed)
    apart = distances(point[None], points[rows])[0]
    first = np.argsort(apart, kind="stable")[: max(CANDIDATES, 10 * many)]
    rows, apart = rows[first], apart[first]
    places = np.flatnonzero(reference)
    scale = max(1, min(SCALE, len(places) // 4))  # in a small library the tenth neighbour is anyone
    scales = kth_distances(points[rows], points[places], scale, rows, places)
    if not np.isfinite(scales).all():  # too few songs for a scale
        scales = np.ones(len(rows))
    mine = float(apart[min(scale, len(apart)) - 1]) if len(apart) else 1.0
    scaled = apart / np.sqrt(np.maximum(scales * mine, 1e-12))
    order = np.argsort(scaled, kind="stable")[:many]
    return Relatives(rows[order], apart[order], scaled[order])
