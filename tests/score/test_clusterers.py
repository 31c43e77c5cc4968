"""The clusterers: planted groups come back, and DBSCAN never drops everything without saying so."""

from typing import get_args

import numpy as np
import pytest

from pipeline.core.store import Array
from pipeline.score.agreement import agreement
from pipeline.score.clusterers import (
    CLUSTERERS,
    Cluster,
    Name,
    assigned,
    clustered,
    curve,
    dbscan,
    k_distances,
    knee,
    smallness,
)
from pipeline.score.labels import ABSENT, NOISE, clusters, coverage

P = Cluster(k=3, neighbours=5, curve=6, clusterers=tuple(get_args(Name)))
PLANTED = np.repeat(["a", "b", "c"], 40).astype(object)


@pytest.fixture
def blobs(rng: np.random.Generator) -> Array:
    """Three groups of 40 in six dimensions."""
    centres = 8 * np.eye(6)[:3]
    return np.asarray(np.repeat(centres, 40, axis=0) + 0.5 * rng.standard_normal((120, 6)))


def test_the_table_and_the_parameter_name_the_same() -> None:
    assert set(CLUSTERERS) == set(get_args(Name))


@pytest.mark.parametrize(
    ("tracks", "sentence"),
    [
        (3, "3 songs are too few for 5 neighbours, so nothing is clustered: add songs, or"),
        (12, "3 clusters of 12 songs hold about 4 each, so their scores mean little: add songs, or lower cluster.k."),
        (15, ""),
    ],
)
def test_a_corpus_that_is_too_small_is_named(tracks: int, sentence: str) -> None:
    said = smallness(tracks, P)
    assert said.startswith(sentence)
    assert bool(said) == bool(sentence)


@pytest.mark.parametrize("name", CLUSTERERS)
def test_planted_groups_come_back(name: str, blobs: Array) -> None:
    labels, note = clustered(blobs, name, P, 0)
    inside = labels >= 0
    assert clusters(labels) == 3
    assert inside.mean() > 0.9
    assert agreement("purity", PLANTED[inside], labels[inside]) == 1.0
    assert note


@pytest.mark.parametrize("name", CLUSTERERS)
def test_the_scale_of_the_space_changes_nothing(name: str, blobs: Array) -> None:
    plain, _ = clustered(blobs, name, P, 0)
    larger, _ = clustered(blobs * 50, name, P, 0)
    assert agreement("purity", plain, larger) == agreement("purity", larger, plain) == 1.0


@pytest.mark.parametrize("name", ["kmeans", "agglomerative", "gmm"])
@pytest.mark.parametrize("k", [2, 5])
def test_as_many_clusters_as_were_asked_for(name: str, k: int, rng: np.random.Generator) -> None:
    labels, note = clustered(rng.standard_normal((60, 4)), name, Cluster(k, 5, 6, ()), 0)
    assert clusters(labels) == k
    assert f"k {k}" in note


@pytest.mark.parametrize("name", CLUSTERERS)
def test_the_same_seed_gives_the_same_labels(name: str, rng: np.random.Generator) -> None:
    points = rng.standard_normal((60, 4))
    np.testing.assert_array_equal(clustered(points, name, P, 3)[0], clustered(points.copy(), name, P, 3)[0])


@pytest.mark.parametrize("name", ["kmeans", "gmm"])
def test_the_seed_is_used(name: str, rng: np.random.Generator) -> None:
    points = rng.standard_normal((60, 4))
    found = {clustered(points, name, Cluster(8, 5, 6, ()), seed)[0].tobytes() for seed in range(4)}
    assert len(found) > 1


@pytest.mark.parametrize("name", CLUSTERERS)
@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_tracks_without_a_place_are_absent_and_move_nobody(name: str, hole: float, blobs: Array) -> None:
    rows = np.insert(blobs, [0, 50, 120], hole, axis=0)
    holes = ~np.isfinite(rows).all(axis=1)
    labels, _ = clustered(rows, name, P, 0)
    assert holes.sum() == 3
    assert (labels[holes] == ABSENT).all()
    np.testing.assert_array_equal(labels[~holes], clustered(blobs, name, P, 0)[0])


@pytest.mark.parametrize("name", CLUSTERERS)
@pytest.mark.parametrize("tracks", [0, 1, 5])
def test_too_few_tracks_are_told(name: str, tracks: int, blobs: Array) -> None:
    rows = np.full((9, 6), np.nan)
    rows[:tracks] = blobs[:tracks]
    labels, note = clustered(rows, name, P, 0)
    assert (labels == ABSENT).all()
    assert note == f"only {tracks} tracks: not clustered"


@pytest.mark.parametrize("name", CLUSTERERS)
@pytest.mark.parametrize("kind", ["half of them equal", "all equal", "two places"])
def test_equal_tracks_are_no_accident(name: str, kind: str, rng: np.random.Generator) -> None:
    """Copies of one song, or a collapsed model, for which all tracks lie in one place."""
    points = rng.standard_normal((40, 3))
    if kind == "half of them equal":
        points[:20] = points[0]
    else:
        points[:] = points[0]
        points[20:] += kind == "two places"
    labels, note = clustered(points, name, P, 0)
    assert labels.shape == (40,)
    assert clusters(labels) >= 1 or name == "hdbscan"  # which may call it all noise, and does
    assert note


# --- DBSCAN -----------------------------------------------------------------------------------------------------------


def scattered(kind: str, rng: np.random.Generator) -> Array:
    if kind == "very different scales":
        return np.concatenate([rng.normal(at, spread, (40, 4)) for at, spread in ((0, 0.01), (10, 1), (200, 30))])
    if kind == "dense noise":
        return np.concatenate([rng.normal(0, 0.2, (30, 4)), rng.normal(3, 0.2, (30, 4)), rng.uniform(-3, 6, (120, 4))])
    if kind == "one cloud":
        return rng.standard_normal((100, 16))
    if kind == "heavy tails":
        return rng.standard_t(1, (100, 8))
    return rng.uniform(0, 1, (80, 16))  # nothing at all


@pytest.mark.parametrize("kind", ["very different scales", "dense noise", "one cloud", "heavy tails", "nothing"])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_dbscan_never_drops_everything(kind: str, scale: float, rng: np.random.Generator) -> None:
    labels, note = dbscan(scale * scattered(kind, rng), P, 0)
    assert clusters(labels) >= 1
    assert f"{clusters(labels)} clusters, coverage {coverage(labels):.2f}" in note


def test_dbscan_finds_groups_that_the_knee_would_join(rng: np.random.Generator) -> None:
    """Two tight groups within a lattice, and some far tracks, which put the knee beyond the lattice's spacing."""
    lattice = np.stack(np.meshgrid(np.arange(10.0), np.arange(10.0)), axis=-1).reshape(-1, 2)
    far = [[60, 0], [0, 90], [-80, -80], [120, 120], [-100, 40]]
    points = np.concatenate([rng.normal(4.35, 0.01, (12, 2)), rng.normal(4.65, 0.01, (12, 2)), lattice, far])
    labels, note = dbscan(points, P, 0)
    assert labels[:12].tolist() == [labels[0]] * 12
    assert labels[12:24].tolist() == [labels[12]] * 12
    assert (labels[24:] == NOISE).all()
    assert clusters(labels) == 2
    assert "the knee gave one or none" in note


def test_dbscan_calls_far_tracks_noise(blobs: Array) -> None:
    labels, note = dbscan(np.concatenate([blobs, [[100.0] * 6, [-100.0] * 6]]), P, 0)
    assert labels[-2:].tolist() == [NOISE, NOISE]
    assert clusters(labels) == 3
    assert "at the knee" in note


@pytest.mark.parametrize(
    ("neighbours", "expected"),
    [(2, [1.0, 1.0, 2.0, 4.0]), (3, [2.0, 3.0, 3.0, 6.0]), (4, [4.0, 6.0, 7.0, 7.0]), (9, [4.0, 6.0, 7.0, 7.0])],
)
def test_k_distances_by_hand(neighbours: int, expected: list[float]) -> None:
    points = np.array([[3.0], [0.0], [7.0], [1.0]])  # a point is its own first neighbour
    assert k_distances(points, neighbours).tolist() == expected


@pytest.mark.parametrize(
    ("curve", "place"),
    [
        ([0, 0, 0, 0, 10], 3),
        ([0, 1, 2, 3, 10, 20], 3),
        ([0, 1, 9, 10], 1),
        ([5, 5, 5], 0),
        ([0, 10, 11, 12], 0),
        ([2], 0),
    ],
)
def test_the_knee_by_hand(curve: list[float], place: int) -> None:
    assert knee(np.array(curve, dtype=float)) == place


def test_the_curve_has_every_k_and_finds_the_planted_one(blobs: Array) -> None:
    blobs[7] = np.nan
    found = curve(blobs, P, 0)
    assert list(found) == [2, 3, 4, 5, 6]
    assert {k: clusters(labels) for k, labels in found.items()} == {k: k for k in found}
    inside = found[3] >= 0
    assert agreement("purity", PLANTED[inside], found[3][inside]) == 1.0
    assert all(labels[7] == ABSENT for labels in found.values())


@pytest.mark.parametrize("seed", range(3))
def test_the_curve_starts_as_often_as_the_clusterer(seed: int, rng: np.random.Generator) -> None:
    """Fault 15. The rows named oracle are read off the curve, and stand beside those of the clusterer."""
    points = rng.standard_normal((120, 6))
    np.testing.assert_array_equal(curve(points, P, seed)[P.k], clustered(points, "kmeans", P, seed)[0])


def test_the_curve_ends_where_the_tracks_end(rng: np.random.Generator) -> None:
    assert list(curve(rng.standard_normal((4, 2)), P, 0)) == [2, 3]


def test_noise_goes_to_the_cluster_of_its_nearest_neighbour() -> None:
    points = np.array([[0.0], [1.0], [10.0], [11.0], [4.0], [7.0], [99.0]])
    found = np.array([0, 0, 1, 1, NOISE, NOISE, ABSENT])
    assert assigned(points, found).tolist() == [0, 0, 1, 1, 0, 1, ABSENT]


def test_where_all_is_noise_there_is_nothing_to_join() -> None:
    found = np.array([NOISE, NOISE])
    assert assigned(np.zeros((2, 1)), found).tolist() == [NOISE, NOISE]
