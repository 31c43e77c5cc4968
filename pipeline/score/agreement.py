"""Two tables of score functions, which evaluate, the report and the tests loop over. What is undefined is None."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from pipeline.core.store import Array

Labels = NDArray[np.int64]


NOISE = -1  # a track that a clusterer left out
ABSENT = -2  # a track that has no place in this representation, for example no lyrics


def purity(truth: Array, found: Labels) -> float:
    """The share of tracks that carry the commonest label of their cluster."""
    table = metrics.cluster.contingency_matrix(truth, found)
    return float(table.max(axis=0).sum() / table.sum())


AGREEMENT: Mapping[str, Callable[[Array, Labels], float]] = {
    "ami": metrics.adjusted_mutual_info_score,
    "ari": metrics.adjusted_rand_score,
    "nmi": metrics.normalized_mutual_info_score,
    "v_measure": metrics.v_measure_score,
    "purity": purity,
}


def agreement(name: str, truth: Array, found: Labels) -> float | None:
    """How well clusters and labels agree, noise being a cluster of its own; None without two tracks or two labels."""
    here = (found != ABSENT) & (truth != "")
    if here.sum() < 2 or len(np.unique(truth[here])) < 2:
        return None
    return float(AGREEMENT[name](truth[here], found[here]))


def coverage(found: Labels) -> float | None:
    """The share of the tracks that are in some cluster, out of those that have a place in the representation."""
    here = found != ABSENT
    return float((found[here] != NOISE).mean()) if here.any() else None


def clusters(found: Labels) -> int:
    return len(np.unique(found[found >= 0]))
