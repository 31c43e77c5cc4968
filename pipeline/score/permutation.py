"""What an agreement score would be by chance: its mean and 95th percentile over shuffled labels."""

from dataclasses import dataclass

import numpy as np

from pipeline.core.store import Array
from pipeline.score.agreement import AGREEMENT
from pipeline.score.contingency import batches, coded, coded_clusters, tables
from pipeline.score.labels import Labels


@dataclass(frozen=True)
class Null:
    mean: float
    high: float  # 95 of 100 shuffles stay below


def permutation_null(name: str, truth: Array, labels: Labels, shuffles: int = 200, seed: int = 0) -> Null | None:
    """The score of shuffled values against the same clusters; None where the score itself is undefined."""
    value, values = coded(truth)
    cluster, clusters = coded_clusters(labels)
    present = (value >= 0) & (cluster >= 0)
    value, cluster = value[present], cluster[present]
    if len(value) < 2 or len(np.unique(value)) < 2:
        return None
    rng = np.random.default_rng(seed)
    scores = []
    for batch in batches(shuffles, max(len(value), values * clusters)):
        order = np.stack([rng.permutation(len(value)) for _ in range(shuffles)[batch]])
        shuffled = tables(value[order], values, np.broadcast_to(cluster, order.shape), clusters)
        scores.append(AGREEMENT[name](shuffled))
    null = np.concatenate(scores)
    return Null(float(null.mean()), float(np.quantile(null, 0.95)))
