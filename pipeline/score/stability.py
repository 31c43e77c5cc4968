"""Whether a clustering is reproduced: over seeds, and when a fifth of the tracks is left out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from pipeline.core.store import Array
from pipeline.score.contingency import ari, coded_clusters, tables
from pipeline.score.labels import ABSENT, Labels


@dataclass(frozen=True)
class Stability:
    """`ari` of the full clustering with those of subsamples; for each of its clusters Hennig's mean best Jaccard.

    Hennig reads a Jaccard above .85 as a very stable cluster, below .6 as one not to be trusted.
    """

    ari: float
    jaccard: dict[int, float]


def over_seeds(labelings: Sequence[Labels]) -> float | None:
    """The mean ARI of all pairs of clusterings, noise being a cluster; None if there is no pair."""
    scores = [score for pair in combinations(labelings, 2) if (score := _ari(*pair)) is not None]
    return float(np.mean(scores)) if scores else None


def subsampled(
    points: Array,
    cluster: Callable[[Array, int], Labels],
    whole: Labels,
    share: float = 0.8,
    times: int = 10,
    seed: int = 0,
) -> Stability | None:
    """How the clustering `whole` of all `points` is reproduced in `times` subsamples, on the tracks that both have.

    `cluster` gives labels of points for a seed. Only the tracks change: the seed of the clusterer stays `seed`. None if
    there are too few tracks to leave one out, or no cluster at all.
    """
    size = round(share * len(points))
    if size < 2 or size >= len(points):
        return None
    rng = np.random.default_rng(seed)
    scores: list[float | None] = []
    best: dict[int, list[float]] = {int(number): [] for number in np.unique(whole[whole >= 0])}
    for _ in range(times):
        subset = np.sort(rng.choice(len(points), size, replace=False))
        part, again = whole[subset], cluster(points[subset], seed)
        scores.append(_ari(part, again))
        for number, jaccard in _best_jaccards(part, again).items():
            best[number].append(jaccard)
    defined = [score for score in scores if score is not None]
    if not best or not defined:
        return None
    return Stability(float(np.mean(defined)), {number: float(np.mean(each)) for number, each in best.items() if each})


def _ari(left: Labels, right: Labels) -> float | None:
    """The adjusted Rand index on the tracks in both; None where both are in one piece, which proves nothing."""
    present = (left != ABSENT) & (right != ABSENT)
    left, right = left[present], right[present]
    if len(np.unique(left)) < 2:
        left, right = right, left  # the index is the same, and defined where the first has two clusters
    score = float(ari(tables(*coded_clusters(left), *coded_clusters(right)))[0])
    return None if np.isnan(score) else score


def _best_jaccards(part: Labels, again: Labels) -> dict[int, float]:
    """For each cluster of `part` its overlap with the most similar cluster of `again`, noise left out."""
    numbers, numbers_again = (np.unique(labels[labels >= 0]) for labels in (part, again))
    inside, inside_again = part == numbers[:, None], again == numbers_again[:, None]
    both = inside.astype(np.float64) @ inside_again.T.astype(np.float64)
    either = inside.sum(axis=1)[:, None] + inside_again.sum(axis=1) - both
    best = (both / either).max(axis=1, initial=0.0)
    return {int(number): float(overlap) for number, overlap in zip(numbers, best, strict=True)}
