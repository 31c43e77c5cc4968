"""A score with each group of artists left out: what the intervals are made of."""

from collections.abc import Callable, Sequence

import numpy as np

from pipeline.core.store import Array
from pipeline.score.agreement import Labels
from pipeline.score.contingency import MANY, OF_TABLES, Tables, coded, coded_clusters
from pipeline.score.verdicts import Interval, Scores, interval


def agreement_scores(name: str, truth: Array, labelings: Sequence[Labels], group: Array) -> Scores | None:
    """An agreement score for each seed, on all tracks and without each group; None where some of it is undefined.

    The tables of the groups are counted once: what is left without one is then a subtraction.
    """
    label, labels = coded(truth)
    whole, without = [], []
    for found in labelings:
        cluster, clusters = coded_clusters(found)
        here = (label >= 0) & (cluster >= 0)
        shape = (int(group.max()) + 1, max(labels, 1), max(clusters, 1))
        counts = np.zeros(shape, dtype=np.int64)
        np.add.at(counts, (group[here], label[here], cluster[here]), 1)
        if not counts.any():
            return None
        every = counts.sum(axis=0, keepdims=True)
        whole.append(OF_TABLES[name](_of(every))[0])
        without.append(OF_TABLES[name](_of(every - counts[counts.any(axis=(1, 2))])))
    scores = Scores(np.array(whole), np.array(without))
    return scores if scores.without.shape[1] > 1 and np.isfinite(scores.without).all() else None


def agreements(name: str, truth: Array, labelings: Sequence[Labels]) -> list[float | None]:
    """An agreement score of each clustering; None where it is undefined: `scores.agreement`, quickly."""
    every = np.arange(len(truth))[None]
    values = [float(MANY[name](truth, found, every)[0]) for found in labelings]
    return [None if np.isnan(value) else value for value in values]


def _of(cells: Array) -> Tables:
    return Tables(cells, cells.sum(axis=2), cells.sum(axis=1), cells.sum(axis=(1, 2)))


def ends(scores: Scores | None) -> tuple[float | None, float | None]:
    """The 95 % interval of the mean over the seeds; None where it is undefined."""
    if scores is None:
        return None, None
    found: Interval = interval(scores)
    return found.low, found.high


def of_tracks(
    score: Callable[[Array, Array], float | None], embeddings: Sequence[Array], group: Array
) -> tuple[list[float | None], Scores | None]:
    """A score of (embedding, which tracks) for each seed; and without each group, on the first embedding alone.

    What the artists add to the interval is much the same for every seed, and a probe takes its time.
    """
    every = np.ones(len(group), dtype=bool)
    whole = [score(points, every) for points in embeddings]
    without = [score(embeddings[0], group != one) for one in np.unique(group)]
    if len(without) < 2 or any(value is None for value in (*whole, *without)):
        return whole, None
    return whole, Scores(np.array(whole, dtype=float), np.tile(np.array(without, dtype=float), (len(whole), 1)))


def stability_scores(labelings: Sequence[Labels], group: Array) -> Scores | None:
    """How much the clusterings of the seeds are alike: for each seed its mean ARI with all others.

    A seed is in the pairs of all others too, so what one seed adds to the spread of the mean counts twice (the
    jackknife of a mean over pairs); the distances from the mean are doubled for it. None where some of it is undefined.
    """
    whole, without = [], []
    for number, found in enumerate(labelings):
        others = [labels for other, labels in enumerate(labelings) if other != number]
        scores = agreement_scores("ari", found, others, group)
        if scores is None:
            return None
        whole.append(scores.whole.mean())
        without.append(scores.without.mean(axis=0))
    mean = np.mean(whole)
    return Scores(mean + 2 * (np.array(whole) - mean), np.array(without))
