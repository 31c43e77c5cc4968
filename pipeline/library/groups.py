"""The clusters of a space, and how sure it is in which of them a song lies."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.core.command import Problem
from pipeline.core.store import Array
from pipeline.library.distances import distances
from pipeline.library.settings import Cluster
from pipeline.library.spaces import Space
from pipeline.score.labels import ABSENT, Labels
from pipeline.score.runs import read_runs

FEW = 5  # songs for each cluster, at the least
WIDER = 2  # times the variance within clusters
ROUNDS = 100  # of K-means, at most
LEAST = 12  # songs: with fewer there is nothing to group
KMEANS = "kmeans"


@dataclass(frozen=True)
class Groups:
    """K-means clusters of the songs of a space."""

    labels: Labels  # of each song; ABSENT without a place
    centres: Array  # [cluster, number]
    variance: float  # of a number within the clusters

    def of_songs(self, stay: Array, more: Array) -> "Groups":
        """The same clusters of those songs that stay, and of more, each of which is put where the centre is nearest."""
        labels = np.full(len(more), ABSENT, dtype=np.int64)
        placed = np.isfinite(more).all(axis=1)
        labels[placed] = distances(more[placed], self.centres).argmin(axis=1)
        return replace(self, labels=np.concatenate([self.labels[stay], labels]))

    def probabilities(self, points: Array) -> Array:
        """[song, cluster]: how likely each cluster is, given the place of a song.

        K-means is a mixture of equally frequent, round Gaussians of one variance, so the share of a cluster c is
        exp(-|x - c|^2 / 2v) over the sum of these. The nearest centre has the largest share, so that it never
        contradicts the clustering. v is twice the variance of a number within the clusters, as the centres are not
        certain either: of the sample's songs by artists whom the clusters had not met, .98 by sound, .76 by words and
        .73 by both were in the cluster that they have among all songs, and the shares said .96, .81 and .68 (with
        the plain variance .98, .92 and .84; tests/bench/bench_lasting.py).
        """
        exponent = -(distances(points, self.centres) ** 2) / (2 * max(WIDER * self.variance, 1e-12))
        shares = np.exp(exponent - exponent.max(axis=1, keepdims=True))
        normalised: Array = shares / shares.sum(axis=1, keepdims=True)
        return normalised


def number_of_clusters(songs: int, wanted: int) -> int:
    """What cluster.k asks for, or fewer: each cluster should hold a few songs."""
    return max(2, min(wanted, songs // FEW))


def sizes(songs: int, p: Cluster) -> str:
    """A line that says what a small library changes; "" where it changes nothing."""
    k = number_of_clusters(songs, p.k)
    return "" if k == p.k else f"{songs} songs: {k} clusters in place of cluster.k = {p.k}, {FEW} songs each or more"


def grouped(space: Space, p: Cluster, seed: int) -> Groups:
    """The clusters of stage cluster where it made as many, else new ones."""
    songs = int(space.present.sum())
    if songs < LEAST:
        raise Problem(f"{songs} songs have a place by {space.facet}, and groups need {LEAST}: add songs")
    k = number_of_clusters(songs, p.k)
    return of_labels(space, _stored(space, k, seed) if k == p.k else _new(space, k, seed))


def of_labels(space: Space, labels: Labels) -> Groups:
    """Centres and variance of these clusters, numbered from 0."""
    inside = labels >= 0
    numbers, place = np.unique(labels[inside], return_inverse=True)
    points = np.asarray(space.points[inside], np.float64)
    centres = np.stack([points[place == number].mean(axis=0) for number in range(len(numbers))])
    renumbered = np.full(len(labels), ABSENT, dtype=np.int64)
    renumbered[inside] = place
    return Groups(renumbered, centres, float(((points - centres[place]) ** 2).mean()))


def continued(space: Space, members: Sequence[Sequence[str]]) -> Groups:
    """The clusters of an earlier time, given by the ids of their songs, moved to where the songs lie now.

    K-means from where they were, in place of a new start: on the words of the sample a new start from four fifths of
    the songs agrees with the clusters of all at an ARI of .5, since many clusterings are nearly as good as the best.
    """
    row_of = {id_: row for row, id_ in enumerate(space.ids) if space.present[row]}
    rows = [[row_of[id_] for id_ in ids if id_ in row_of] for ids in members]
    points = np.asarray(space.points[space.present], np.float64)
    centres = np.stack([np.asarray(space.points[each], np.float64).mean(axis=0) for each in rows if each])
    nearest = distances(points, centres).argmin(axis=1)
    for _ in range(ROUNDS):
        kept = np.unique(nearest)
        centres = np.stack([points[nearest == number].mean(axis=0) for number in kept])
        moved = distances(points, centres).argmin(axis=1)
        if len(kept) == len(np.unique(moved)) and (moved == np.searchsorted(kept, nearest)).all():
            break
        nearest = moved
    labels = np.full(len(space.ids), ABSENT, dtype=np.int64)
    labels[space.present] = nearest
    return of_labels(space, labels)


def _stored(space: Space, k: int, seed: int) -> Labels:
    try:
        labels = read_runs(space.ids).labels(space.embedding, KMEANS, seed=seed)
    except Problem:  # stage cluster ran without it, or on other songs
        return _new(space, k, seed)
    whole = bool((labels[space.present] >= 0).all())
    return labels if whole else _new(space, k, seed)


def _new(space: Space, k: int, seed: int) -> Labels:
    from pipeline.score.kmeans import kmeans  # scikit-learn takes a second to import, and mostly is not needed

    labels = np.full(len(space.ids), ABSENT, dtype=np.int64)
    labels[space.present] = kmeans(np.asarray(space.points[space.present], np.float64), k, seed)
    return labels
