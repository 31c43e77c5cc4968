"""Labels of the tracks: those that a clusterer gives, and the columns of the table to score them against."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.core.store import Array

Labels = NDArray[np.int64]  # the cluster of each track

NOISE = -1  # a track that a clusterer left out
ABSENT = -2  # a track that has no place in this representation, for example no lyrics


def clusters(labels: Labels) -> int:
    """The number of clusters, without noise."""
    return len(np.unique(labels[labels >= 0]))


def coverage(labels: Labels) -> float | None:
    """The share of tracks that are in a cluster, out of those that have a place in the representation."""
    present = labels != ABSENT
    return float((labels[present] != NOISE).mean()) if present.any() else None


def sizeable(truth: Array, smallest: int) -> Array:
    """The column with "" for every value that fewer tracks have: a mean over the values would rest on chance."""
    values, place, count = np.unique(truth.astype(str), return_inverse=True, return_counts=True)
    return np.where((count >= smallest)[place], values[place], "").astype(object)


def usable(tracks: pd.DataFrame, columns: Iterable[str]) -> dict[str, Array]:
    """Those of the columns that the tracks have, with two values at least ("" is unknown); one value per track."""
    return {
        column: tracks[column].to_numpy(dtype=object)
        for column in columns
        if column in tracks and tracks[column].replace("", None).nunique() > 1
    }
