"""Composition: counts of tracks by cluster and label."""

import numpy as np

from pipeline.draw import composition
from pipeline.score.labels import ABSENT, NOISE


def test_clusters_are_counted_with_noise_apart() -> None:
    clusters_of = np.array([0, 0, 1, NOISE, ABSENT])
    names, clusters, table = composition.counted(clusters_of, ["a", "b", "a", "a", "b"])
    assert (names, clusters) == (["a", "b"], ["0", "1", "noise"])
    assert table.tolist() == [[1, 1, 1], [1, 0, 0]]
