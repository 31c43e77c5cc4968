"""A score with each group of artists left out: what the intervals are made of."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.core.store import Array
from pipeline.score.agreement import AGREEMENT
from pipeline.score.contingency import Contingency, coded, coded_clusters
from pipeline.score.labels import Labels
from pipeline.score.verdicts import Scores, interval, share_interval

LEAST_K = 5  # of the mean over k: with fewer clusters most labels have values that must share one


def agreement_scores(name: str, truth: Array, labelings: Sequence[Labels], group: Array) -> Scores | None:
    """An agreement score for each seed, on all tracks and without each group; None where any of it is undefined.

    The tables of the groups are counted once: what is left without one is then a subtraction.
    """
    value, values = coded(truth)
    whole, without = [], []
    for labels in labelings:
        cluster, clusters = coded_clusters(labels)
        present = (value >= 0) & (cluster >= 0)
        counts = np.zeros((int(group.max()) + 1, max(values, 1), max(clusters, 1)), dtype=np.int64)
        np.add.at(counts, (group[present], value[present], cluster[present]), 1)
        if not counts.any():
            return None
        total = counts.sum(axis=0, keepdims=True)
        whole.append(AGREEMENT[name](Contingency(total))[0])
        without.append(AGREEMENT[name](Contingency(total - counts[counts.any(axis=(1, 2))])))
    scores = Scores(np.array(whole), np.array(without))
    return scores if scores.without.shape[1] > 1 and np.isfinite(scores.without).all() else None


def ends(scores: Scores | None) -> tuple[float | None, float | None]:
    """The 95 % interval of the mean over the seeds; None where it is undefined."""
    if scores is None:
        return None, None
    mean = interval(scores)
    return mean.low, mean.high


def share_ends(scores: Scores | None) -> tuple[float | None, float | None]:
    """The same for a share: the ends are shares too."""
    if scores is None:
        return None, None
    mean = share_interval(scores)
    return mean.low, mean.high


def group_count(scores: Scores | None) -> int | None:
    """From how many groups of artists an interval was made."""
    return None if scores is None else int(scores.without.shape[1])


def curve_scores(truth: Array, by_k: Mapping[int, Sequence[Labels]], group: Array) -> Scores | None:
    """The mean AMI over the numbers of clusters from `LEAST_K` on, which no choice of k decides; None as above."""
    scores = [agreement_scores("ami", truth, labelings, group) for k, labelings in sorted(by_k.items()) if k >= LEAST_K]
    defined = [each for each in scores if each is not None]
    if not defined or len(defined) < len(scores):
        return None
    whole, without = ([getattr(each, part) for each in defined] for part in ("whole", "without"))
    return Scores(np.mean(whole, axis=0), np.mean(without, axis=0))


def stability_scores(labelings: Sequence[Labels], group: Array) -> Scores | None:
    """How much the clusterings of the seeds are alike: for each seed its mean ARI with all others.

    A seed is in the pairs of all others too: leaving one of n out moves the mean of the pairs by 2 / (n - 2) of how far
    the seed's mean with the others is off. The distances are stretched by 2 (n - 1) / (n - 2), so that their spread is
    that of this jackknife. None where any of it is undefined, and for two seeds, whose single pair has no spread.
    """
    seeds = len(labelings)
    if seeds < 3:
        return None
    whole, without = [], []
    for number, labels in enumerate(labelings):
        rest = [*labelings[:number], *labelings[number + 1 :]]
        scores = agreement_scores("ari", labels, rest, group)
        if scores is None:
            return None
        whole.append(scores.whole.mean())
        without.append(scores.without.mean(axis=0))
    mean = np.mean(whole)
    return Scores(mean + 2 * (seeds - 1) / (seeds - 2) * (np.array(whole) - mean), np.array(without))
