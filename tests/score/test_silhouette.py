"""The tiled silhouette: scikit-learn's, whatever the tiles, and a sample that says so."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import silhouette_score

from pipeline.core.store import Array
from pipeline.score.silhouette import sampled_silhouette, silhouette


@pytest.fixture
def labels(rng: np.random.Generator) -> Array:
    return rng.choice(7, 700, p=[0.4, 0.2, 0.2, 0.1, 0.05, 0.04, 0.01])


@pytest.fixture
def points(rng: np.random.Generator, labels: Array) -> Array:
    return np.asarray(rng.standard_normal((700, 6)) + 2 * rng.standard_normal((7, 6))[labels])


@pytest.mark.parametrize("tile", [(512, 2048), (100, 300), (300, 100), (1, 700), (64, 64)])
def test_tiles_do_not_matter(tile: tuple[int, int], points: Array, labels: Array) -> None:
    assert silhouette(points, labels, tile) == pytest.approx(silhouette_score(points, labels), abs=1e-7)


@pytest.mark.parametrize("move", [0.0, 1e3, 1e6])
@pytest.mark.parametrize("scale", [1e-25, 1e-3, 1.0, 1e25])
def test_far_and_large_points(move: float, scale: float, points: Array, labels: Array) -> None:
    expected = silhouette_score(points, labels)  # of what is near: scikit-learn does not centre
    assert silhouette((points + move) * scale, labels) == pytest.approx(expected, abs=1e-6)


def test_groups_very_far_apart_keep_their_inner_distances(rng: np.random.Generator) -> None:
    labels = np.arange(200) % 4
    points = rng.standard_normal((200, 3)) + 3e5 * np.eye(3)[labels // 2] + 3 * (labels % 2)[:, None]
    assert silhouette(points, labels) == pytest.approx(silhouette_score(points, labels), abs=1e-6)


def test_equal_distances_add_up() -> None:
    """Where every rounding goes the same way: the corners of a simplex."""
    labels = np.arange(900) % 2
    assert silhouette(np.eye(900), labels) == pytest.approx(silhouette_score(np.eye(900), labels), abs=1e-6)


def test_order_and_names_do_not_matter(points: Array, labels: Array, rng: np.random.Generator) -> None:
    order = rng.permutation(700)
    assert silhouette(points[order], 50 - labels[order]) == pytest.approx(silhouette(points, labels), abs=1e-7)


def test_noise_is_left_out(points: Array, labels: Array) -> None:
    more, longer = np.concatenate([points, np.full((9, 6), 1e3)]), np.concatenate([labels, np.full(9, -1)])
    assert silhouette(more, longer) == pytest.approx(silhouette(points, labels), abs=1e-9)


def test_points_that_are_equal(rng: np.random.Generator) -> None:
    assert silhouette(np.ones((40, 3)), np.arange(40) % 2) == 0
    points, labels = np.repeat(rng.standard_normal((20, 3)), 5, axis=0), np.repeat(np.arange(20), 5)
    assert silhouette(points, labels) == pytest.approx(1)


@given(labels=st.lists(st.integers(0, 5), min_size=3, max_size=20), seed=st.integers(0, 50))
def test_any_labels(labels: list[int], seed: int) -> None:
    found, points = np.array(labels), np.random.default_rng(seed).standard_normal((len(labels), 2))
    if 1 < len(set(labels)) < len(labels):
        assert silhouette(points, found, (4, 3)) == pytest.approx(silhouette_score(points, found), abs=1e-6)
    else:
        with pytest.raises(ValueError, match="undefined"):
            silhouette(points, found)


def test_many_points_are_sampled(points: Array, labels: Array) -> None:
    whole = silhouette(points, labels)
    assert sampled_silhouette(points, labels) == whole
    sampled = sampled_silhouette(points, labels, exact=600, sample=400)
    assert sampled == pytest.approx(whole, abs=0.05)
    assert sampled != whole
    assert sampled == sampled_silhouette(points, labels, exact=600, sample=400)
