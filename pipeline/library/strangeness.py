"""How far a song is from everything in the library, on a scale that the library itself sets.

It is measured in what the model is shown, not in its code: a network folds whatever it has never met into the space
that it knows. The score of a song is the share of the library's songs that lie as far from their own k-th nearest song
as it does. These never count songs of the same artist, since a new song mostly comes from an artist that is not in the
library. So, if it is like the library, its score is at most LEVEL with a probability of about LEVEL (a conformal test),
whatever the library is; and a song at or below it is called unlike anything in it. Artists differ by more than chance
(of songs by a fifth of the sample's artists, left out, .056 had a score of .05 at most), so LEVEL is below the share
that is promised.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.core.store import Array
from pipeline.library.distances import kth_distances
from pipeline.score.neighbours import artist_numbers

PROMISED = 0.05  # the largest share of songs like those of the library that are called strange
LEVEL = 0.03
NEIGHBOUR = 5  # whose distance is taken
REFERENCE = 10_000  # songs of the library, at random, to which distances are measured
MEASURED = 1_500  # of them, that set the scale


@dataclass(frozen=True)
class Scale:
    """The distances that are usual in a library."""

    points: Array  # [song, number]
    usual: Array  # sorted: of songs of the library to their k-th neighbour by another artist
    neighbour: int

    @property
    def says(self) -> bool:
        """Whether there are enough songs to call any of them strange."""
        return 1 / (len(self.usual) + 1) <= LEVEL

    def score(self, point: Array) -> float:
        """The share of the library that lies as far out; the song itself counts, so that it is never 0."""
        distance = float(kth_distances(point[None], self.points, self.neighbour)[0])
        farther = len(self.usual) - int(np.searchsorted(self.usual, distance, side="left"))
        return (farther + 1) / (len(self.usual) + 1)

    def strange(self, point: Array) -> bool:
        return self.says and self.score(point) <= LEVEL


def scale(points: Array, artists: Array | None) -> Scale:
    """The scale of songs with these places; songs without one (nan) are left out."""
    lots, known = np.random.default_rng(0), np.flatnonzero(np.isfinite(points).all(axis=1))
    known = np.sort(lots.permutation(known)[:REFERENCE])
    inside = np.asarray(points[known], np.float64)
    named = None if artists is None else artists[known]
    group = artist_numbers(named, len(inside))
    if len(np.unique(group)) < 2:  # all by one artist: only the song itself is left out
        group = np.arange(len(inside))
    neighbour = max(1, min(NEIGHBOUR, len(inside) // 4))
    rows = lots.permutation(len(inside))[:MEASURED]
    usual = kth_distances(inside[rows], inside, neighbour, group[rows], group)
    return Scale(inside, np.sort(usual[np.isfinite(usual)]), neighbour)
