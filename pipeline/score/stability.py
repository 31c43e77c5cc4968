"""Whether a clustering comes back: over seeds, and when a fifth of the tracks is left out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from pipeline.core.store import Array
from pipeline.score.agreement import ABSENT, Labels
from pipeline.score.contingency import ari, coded_clusters, tabled


@dataclass(frozen=True)
class Stability:
    """`ari` of the full clustering with those of subsamples; for each of its clusters Hennig's mean best Jaccard.

    Hennig reads a Jaccard above .85 as a very stable cluster, below .6 as one not to be trusted.
    """

    ari: float
    jaccard: dict[int, float]


def over_seeds(labelings: Sequence[Labels]) -> float | None:
    """The mean ARI of all pairs of clusterings, noise being a cluster; None if there is no pair."""
    scores = [score for one, other in combinations(labelings, 2) if (score := _ari(one, other)) is not None]
    return float(np.mean(scores)) if scores else None


def subsampled(
    points: Array,
    cluster: Callable[[Array, int], Labels],
    share: float = 0.8,
    times: int = 10,
    seed: int = 0,
    whole: Labels | None = None,
) -> Stability | None:
    """How the clustering of all `points` comes back in `times` subsamples of them, on the tracks that both have.

    `cluster` gives labels of points for a seed. Only the tracks change: the seed of the clusterer stays `seed`. Where
    the labels of all points are there already, `whole` spares making them again. None if there are too few tracks to
    leave one out, or no cluster at all.
    """
    size = round(share * len(points))
    if size < 2 or size >= len(points):
        return None
    rng = np.random.default_rng(seed)
    whole = cluster(points, seed) if whole is None else whole
    scores: list[float | None] = []
    best: dict[int, list[float]] = {int(one): [] for one in np.unique(whole[whole >= 0])}
    for _ in range(times):
        some = np.sort(rng.choice(len(points), size, replace=False))
        part, again = whole[some], cluster(points[some], seed)
        scores.append(_ari(part, again))
        for one, jaccard in _best_jaccards(part, again).items():
            best[one].append(jaccard)
    known = [score for score in scores if score is not None]
    if not best or not known:
        return None
    return Stability(float(np.mean(known)), {one: float(np.mean(values)) for one, values in best.items() if values})


def _ari(one: Labels, other: Labels) -> float | None:
    """The adjusted Rand index on the tracks in both; None where both are in one piece, which proves nothing."""
    here = (one != ABSENT) & (other != ABSENT)
    one, other = one[here], other[here]
    if len(np.unique(one)) < 2:
        one, other = other, one  # the index is the same, and defined where the first has two clusters
    (first, firsts), (second, seconds) = coded_clusters(one), coded_clusters(other)
    score = float(ari(tabled(first[None], second[None], firsts, seconds))[0])
    return None if np.isnan(score) else score


def _best_jaccards(part: Labels, again: Labels) -> dict[int, float]:
    """For each cluster of `part` its overlap with the cluster of `again` that is most like it; noise is none."""
    clusters, others = (np.unique(labels[labels >= 0]) for labels in (part, again))
    inside, inside_again = part == clusters[:, None], again == others[:, None]
    both = inside.astype(np.float64) @ inside_again.T.astype(np.float64)
    either = inside.sum(axis=1)[:, None] + inside_again.sum(axis=1) - both
    best = (both / either).max(axis=1, initial=0.0)
    return {int(one): float(overlap) for one, overlap in zip(clusters, best, strict=True)}
