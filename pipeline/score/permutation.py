"""What an agreement score would be by chance: its mean and 95th percentile over shuffled labels."""

from dataclasses import dataclass

import numpy as np

from pipeline.core.store import Array
from pipeline.score.agreement import AGREEMENT, Labels
from pipeline.score.contingency import OF_TABLES, WIDEST, batches, coded, coded_clusters, tabled


@dataclass(frozen=True)
class Null:
    mean: float
    high: float  # 95 of 100 shuffles stay below


def permutation_null(name: str, truth: Array, found: Labels, shuffles: int = 200, seed: int = 0) -> Null | None:
    """The score of shuffled labels against the same clusters; None where the score itself is undefined."""
    label, labels = coded(truth)
    cluster, clusters = coded_clusters(found)
    here = (label >= 0) & (cluster >= 0)
    label, cluster = label[here], cluster[here]
    if len(label) < 2 or len(np.unique(label)) < 2:
        return None
    rng = np.random.default_rng(seed)
    if labels * clusters > WIDEST:
        return _null(np.array([AGREEMENT[name](rng.permutation(label), cluster) for _ in range(shuffles)]))
    values = []
    for some in batches(shuffles, max(len(label), labels * clusters)):
        order = np.stack([rng.permutation(len(label)) for _ in range(shuffles)[some]])
        same = np.broadcast_to(cluster, order.shape)
        values.append(OF_TABLES[name](tabled(label[order], same, labels, clusters)))
    return _null(np.concatenate(values))


def _null(scores: Array) -> Null:
    return Null(float(scores.mean()), float(np.quantile(scores, 0.95)))
