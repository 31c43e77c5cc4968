"""What the nearest neighbours of a track share with it: label, artist; and how well batches (languages) are mixed.

iLISI and kBET are those of scib-metrics 0.5, with exact neighbours; a track counts among its own k, as it does there.
"""

import numpy as np
from scipy.special import chdtrc

from pipeline.core.store import Array
from pipeline.score.contingency import coded

BLOCK = 4_000_000  # distances held at once
ALPHA = 0.05  # kBET: a neighbourhood is refused below this p value, as in the reference


def knn_accuracy(points: Array, truth: Array, artists: Array | None, k: int = 10) -> float | None:
    """Balanced accuracy of the majority among the k nearest tracks of other artists; of a tie, the nearest counts.

    A track whose artist is unknown is taken for an artist of its own. None without two labels that can be judged.
    """
    label, labels = coded(truth)
    known = label >= 0
    if labels < 2:
        return None
    label = label[known]
    near, exists = nearest(points[known], k, artist_numbers(artists, len(truth))[known])
    judged = exists.any(axis=1)
    right = majority(label, labels, near, exists) == label
    recalls = [right[judged & (label == code)].mean() for code in np.unique(label[judged])]
    return float(np.mean(recalls)) if len(recalls) > 1 else None


def artist_hit(points: Array, artists: Array, k: int = 5) -> float | None:
    """The share of tracks with a track of their artist among the k nearest.

    Tracks of an unknown artist are left out; those that are the only one of their artist are neighbours only.
    None where no artist has two tracks, or where all other tracks are among the k nearest: each is a hit then.
    """
    artist, number = coded(artists)
    points, artist = points[artist >= 0], artist[artist >= 0]
    several = np.bincount(artist, minlength=number)[artist] > 1
    if not several.any() or len(points) <= k + 1:
        return None
    near, exists = nearest(points, k, np.arange(len(points)))
    hits = ((artist[near] == artist[:, None]) & exists).any(axis=1)
    return float(hits[several].mean())


def ilisi(points: Array, batches: Array, k: int = 90) -> float | None:
    """How many batches a neighbourhood holds, 0 one and 1 all of them alike: (median LISI - 1) / (batches - 1).

    Neighbours weigh as in t-SNE, at a perplexity of a third of `k`, the track itself being one of the k (default of
    the reference: 90, so 30). Fewer tracks than k: all of them. None without two batches.
    """
    batch, number = coded(batches)
    known = batch >= 0
    k = min(k, int(known.sum()))
    if number < 2 or k < 6:  # below, the perplexity would be that of one neighbour
        return None
    batch = batch[known]
    near, squared = _others(points[known], k)
    weights = _at_perplexity(np.sqrt(squared), k // 3)
    shares = np.stack([(weights * (batch[near] == code)).sum(axis=1) for code in range(number)], axis=1)
    lisi = 1 / (shares**2).sum(axis=1)
    return float((np.median(lisi) - 1) / (number - 1))


def kbet(points: Array, batches: Array, k: int = 50) -> float | None:
    """The share of tracks whose k nearest (itself among them) hold the batches as all tracks do: chi-squared, 5 %."""
    batch, number = coded(batches)
    known = batch >= 0
    k = min(k, int(known.sum()))
    if number < 2 or k < 2:
        return None
    batch = batch[known]
    near, _ = _others(points[known], k)
    counts = np.stack([(batch[near] == code).sum(axis=1) + (batch == code) for code in range(number)], axis=1)
    expected = k * np.bincount(batch) / len(batch)
    chi_squared = ((counts - expected) ** 2 / expected).sum(axis=1)
    return float((chdtrc(number - 1, chi_squared) >= ALPHA).mean())


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
    return near[many:], exists[many:]


def _others(points: Array, k: int) -> tuple[Array, Array]:
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


def _at_perplexity(distances: Array, perplexity: int) -> Array:
    """Weights exp(-beta d) that sum to 1 in each row, beta being such that their entropy is log perplexity."""
    scaled = distances - distances.min(axis=1, keepdims=True)
    scaled = scaled / np.maximum(scaled.mean(axis=1, keepdims=True), 1e-300)
    low, high = np.zeros(len(scaled)), np.full(len(scaled), np.inf)
    beta = np.ones(len(scaled))
    for _ in range(60):
        weights = np.exp(-scaled * beta[:, None])
        total = weights.sum(axis=1)
        entropy = np.log(total) + beta * (scaled * weights).sum(axis=1) / total
        wide = entropy > np.log(perplexity)
        low, high = np.where(wide, beta, low), np.where(wide, high, beta)
        if np.abs(entropy - np.log(perplexity)).max() < 1e-6:
            break
        beta = np.where(np.isinf(high), low * 2, (low + high) / 2)
    return np.asarray(weights / total[:, None])
