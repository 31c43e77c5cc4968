"""Clusters that fit the size of a library, and how sure a place in them is."""

import numpy as np
import pytest

from pipeline.core.store import Array
from pipeline.library.groups import continued, number_of_clusters, of_labels, sizes
from pipeline.library.settings import Cluster
from pipeline.library.spaces import SOUND, Space

P = Cluster(6, 5, 20, ("kmeans",))


@pytest.fixture
def space(rng: np.random.Generator) -> Space:
    """Three heaps of ten songs."""
    points = np.repeat(np.eye(3) * 8, 10, axis=0) + rng.standard_normal((30, 3))
    ids = tuple(f"s{number}" for number in range(30))
    return Space(SOUND, "cross", "cross", ids, points, np.ones(30, dtype=np.bool_))


def test_a_small_library_gets_few_clusters_and_a_line_that_says_so() -> None:
    assert [number_of_clusters(songs, 6) for songs in (12, 20, 30, 1000)] == [2, 4, 6, 6]
    assert sizes(180, P) == ""
    assert "2 clusters in place of cluster.k = 6" in sizes(12, P)


def test_the_likeliest_cluster_is_that_of_the_nearest_centre(space: Space, rng: np.random.Generator) -> None:
    groups = of_labels(space, np.repeat([4, 9, 2], 10))
    points = rng.standard_normal((50, 3)) * 8
    shares = groups.probabilities(points)
    nearest = np.linalg.norm(points[:, None] - groups.centres, axis=2).argmin(axis=1)
    assert (shares.argmax(axis=1) == nearest).all()
    assert shares.sum(axis=1) == pytest.approx(1)
    middle = groups.centres[:2].mean(axis=0)
    assert groups.probabilities(middle[None])[0, :2] == pytest.approx([0.5, 0.5], abs=1e-3)


def test_clusters_go_on_when_songs_come_and_go(space: Space) -> None:
    before = [list(space.ids[:8]), list(space.ids[10:18]), ["gone", *space.ids[20:29]]]
    assert continued(space, before).labels.tolist() == np.repeat([0, 1, 2], 10).tolist()


def test_a_cluster_whose_songs_all_left_is_gone(space: Space) -> None:
    labels: Array = continued(space, [["gone"], list(space.ids[:12]), list(space.ids[20:])]).labels
    assert len(np.unique(labels)) == 2
