"""How well clusters agree with a column: undefined is None, noise is a cluster, tracks without a place are left out."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from pipeline.core.store import Array
from pipeline.score import contingency
from pipeline.score.contingency import Contingency
from pipeline.score.labels import Labels

AGREEMENT: Mapping[str, Callable[[Contingency], Array]] = {
    "ami": contingency.ami,
    "ari": contingency.ari,
    "nmi": contingency.nmi,
    "purity": contingency.purity,
}


def agreement(name: str, truth: Array, labels: Labels) -> float | None:
    """One score of one clustering; None without two tracks or without two values."""
    value = float(AGREEMENT[name](contingency.table(truth, labels))[0])
    return None if np.isnan(value) else value


def agreements(name: str, truth: Array, labelings: Sequence[Labels]) -> list[float | None]:
    """One score of each clustering."""
    return [agreement(name, truth, labels) for labels in labelings]
