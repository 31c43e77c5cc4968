"""Stability and consensus: planted groups come back, noise does not, and names of clusters mean nothing."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from pipeline.core.store import Array
from pipeline.score import consensus as consensus_module
from pipeline.score.consensus import _together, consensus
from pipeline.score.labels import ABSENT, NOISE, Labels
from pipeline.score.stability import Stability, over_seeds, subsampled


def kmeans(points: Array, seed: int) -> Labels:
    return np.asarray(KMeans(3, n_init=3, random_state=seed).fit_predict(points), dtype=np.int64)


@pytest.fixture
def group(rng: np.random.Generator) -> Labels:
    return np.asarray(rng.integers(0, 3, 120), dtype=np.int64)


@pytest.fixture
def planted(rng: np.random.Generator, group: Labels) -> Array:
    return np.asarray(rng.standard_normal((120, 4)) + 15 * np.eye(4)[group])


def reproduced(
    points: Array, cluster: Callable[[Array, int], Labels], share: float = 0.8, times: int = 10, seed: int = 0
) -> Stability | None:
    return subsampled(points, cluster, cluster(points, seed), share, times, seed)


def stable(found: Stability | None) -> Stability:
    assert found is not None
    return found


def test_over_seeds_is_the_mean_of_all_pairs(rng: np.random.Generator) -> None:
    labelings = [np.asarray(rng.integers(NOISE, 3, 50), dtype=np.int64) // (1 + seed % 2) for seed in range(4)]
    pairs = [adjusted_rand_score(labelings[i], labelings[j]) for i in range(4) for j in range(i)]
    assert over_seeds(labelings) == pytest.approx(np.mean(pairs))


def test_renaming_clusters_is_no_change(group: Labels) -> None:
    assert over_seeds([group, 7 - group, group + 40]) == pytest.approx(1)


def test_one_piece_is_not_called_stable() -> None:
    whole, halves = np.zeros(10, dtype=np.int64), np.arange(10) % 2
    assert over_seeds([whole, whole]) is None
    assert over_seeds([whole, halves]) == over_seeds([halves, whole]) == pytest.approx(0)
    assert over_seeds([halves]) is None
    assert over_seeds([]) is None
    assert over_seeds([np.full(10, ABSENT), halves]) is None


def test_tracks_without_a_place_are_left_out(group: Labels) -> None:
    longer = np.concatenate([group, [ABSENT, 1]])
    other = np.concatenate([group, [2, ABSENT]])
    assert over_seeds([longer, other]) == pytest.approx(1)


def test_planted_groups_come_back(planted: Array) -> None:
    found = stable(reproduced(planted, kmeans))
    assert found.ari == pytest.approx(1)
    assert found.jaccard == pytest.approx({0: 1.0, 1: 1.0, 2: 1.0})


def test_one_cloud_is_not_stable_under_a_fickle_clusterer(rng: np.random.Generator) -> None:
    points = rng.standard_normal((120, 4))

    def fickle(points: Array, seed: int) -> Labels:  # noqa: ARG001
        return np.asarray(rng.integers(0, 3, len(points)), dtype=np.int64)

    found = stable(reproduced(points, fickle))
    assert abs(found.ari) < 0.05
    assert max(found.jaccard.values()) < 0.4


def test_jaccard_tells_the_good_cluster_from_the_bad(rng: np.random.Generator) -> None:
    """A far group beside a cloud that is cut in two at random."""
    cloud = np.concatenate([rng.standard_normal((80, 2)), rng.standard_normal((40, 2)) + 100])

    def cut(points: Array, seed: int) -> Labels:  # noqa: ARG001
        return np.where(points[:, 0] > 50, 2, rng.integers(0, 2, len(points))).astype(np.int64)

    found = stable(reproduced(cloud, cut))
    assert found.jaccard[2] == pytest.approx(1)
    assert max(found.jaccard[0], found.jaccard[1]) < 0.6


def test_jaccard_by_hand() -> None:
    """The full clustering has 0..4 and 5..9; the others keep 0..6 together, so 5 and 6 change sides."""
    points = np.arange(10.0)[:, None]

    def moved(points: Array, seed: int) -> Labels:  # noqa: ARG001
        edge = 5 if len(points) == 10 else 7
        return np.asarray(points[:, 0] >= edge, dtype=np.int64)

    rng = np.random.default_rng(4)  # as subsampled draws
    some = np.sort(rng.choice(10, 8, replace=False))
    first, second = some[some < 5], some[some >= 5]
    expected = {0: len(first) / (some < 7).sum(), 1: (some >= 7).sum() / len(second)}
    assert stable(reproduced(points, moved, times=1, seed=4)).jaccard == pytest.approx(expected)


def test_noise_is_no_cluster_but_counts(planted: Array) -> None:
    def half(points: Array, seed: int) -> Labels:
        found = kmeans(points, seed)
        return np.where(found == 0, NOISE, found)

    found = stable(reproduced(planted, half))
    assert set(found.jaccard) == {1, 2}
    assert found.ari <= 1


def test_nothing_found_is_none(planted: Array) -> None:
    assert reproduced(planted, lambda points, seed: np.full(len(points), NOISE) - 0 * seed) is None
    assert subsampled(planted[:1], kmeans, np.zeros(1, dtype=np.int64)) is None
    assert reproduced(planted, kmeans, share=1.0) is None


def test_subsamples_depend_on_the_seed(rng: np.random.Generator) -> None:
    points = rng.standard_normal((60, 3))
    assert reproduced(points, kmeans, seed=1) == reproduced(points, kmeans, seed=1)
    assert reproduced(points, kmeans, seed=1) != reproduced(points, kmeans, seed=2)


def test_consensus_finds_planted_groups(planted: Array, group: Labels) -> None:
    found = consensus(planted, 3, 0)
    assert found.dtype == np.int64
    assert adjusted_rand_score(group, found) == 1


def test_only_clusterings_with_both_tracks_count(rng: np.random.Generator) -> None:
    """Two tracks at one place are always together, although a third of the clusterings lack one of them."""
    points = np.repeat(rng.standard_normal((20, 2)), 2, axis=0)
    share = _together(points, 2, np.random.default_rng(0), times=40, share=0.8)
    np.testing.assert_array_equal(share, share.T)
    assert share.diagonal() == pytest.approx(1, abs=0.01)
    assert share[::2, 1::2].diagonal() == pytest.approx(1, abs=0.01)
    assert share.min() < 0.05


def test_consensus_depends_on_the_seed_alone(rng: np.random.Generator) -> None:
    points = rng.standard_normal((60, 4))
    first = consensus(points, 4, 1)
    np.testing.assert_array_equal(first, consensus(points, 4, 1))
    assert adjusted_rand_score(first, consensus(points, 4, 2)) < 1


@pytest.mark.parametrize("points", [np.zeros((30, 2)), np.arange(4.0)[:, None], np.repeat(np.eye(3), 10, axis=0)])
def test_few_and_equal_points_are_no_error(points: Array) -> None:
    assert len(consensus(points, 3, 0, times=5)) == len(points)


def test_consensus_refuses_what_it_cannot_hold(planted: Array, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consensus_module, "MAX_TRACKS", 100)
    with pytest.raises(ValueError, match="120 tracks: it counts pairs, so it takes at most 100"):
        consensus(planted, 3, 0)
    with pytest.raises(ValueError, match="3 tracks in 3 clusters"):
        consensus(planted[:3], 3, 0)
