"""Linear views of segments: what they keep, what they quieten, and that labels have no part in it."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import eigh
from sklearn.cluster import KMeans, SpectralClustering
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_mutual_info_score

from pipeline.core.store import Array
from pipeline.learn import linear
from pipeline.learn.heldout import ALL, Rows


def songs(rng: np.random.Generator, tracks: int = 40) -> tuple[Array, Array]:
    """Tracks differ in number 0 by 1 and in number 1 by .2; their segments differ in number 0 by 3 and hardly in 1."""
    between = rng.standard_normal((tracks, 1, 3)) * [1.0, 0.2, 0.0]
    within = rng.standard_normal((tracks, 8, 3)) * [3.0, 0.02, 1.0]
    return between + within, np.ones((tracks, 8), np.bool_)


def test_raw_is_the_standardised_mean_of_the_real_segments() -> None:
    stats = np.array([[[1.0], [3.0], [50.0]], [[4.0], [50.0], [50.0]], [[6.0], [6.0], [6.0]]])
    valid = np.array([[True, True, False], [True, False, False], [True, True, True]])
    mean = np.array([2.0, 4.0, 6.0])
    np.testing.assert_allclose(linear.raw(stats, valid)[:, 0], (mean - 4) / np.sqrt(8 / 3))


def test_pca_keeps_distances_when_it_keeps_all_dimensions(rng: np.random.Generator) -> None:
    points = rng.standard_normal((20, 4))
    found = linear.pca(points, 16, 0)
    assert found.shape == (20, 4)
    apart = np.linalg.norm(points[:, None] - points, axis=2)
    np.testing.assert_allclose(np.linalg.norm(found[:, None] - found, axis=2), apart, atol=1e-9)


def test_spectral_coordinates_part_two_groups(rng: np.random.Generator) -> None:
    points = np.concatenate([rng.normal(0, 0.1, (10, 3)), rng.normal(1, 0.1, (10, 3))])
    first = linear.spectral(points, 2, 0)[:, 0]
    assert len(set(np.sign(first[:10]))) == len(set(np.sign(first[10:]))) == 1
    assert np.sign(first[0]) != np.sign(first[10])


def test_kmeans_on_spectral_is_spectral_clustering(rng: np.random.Generator) -> None:
    """On groups that overlap: each eigenvector to a scale of its own gave noise the same say as the groups."""
    centres = rng.normal(0, 1.1, (4, 12))
    points = np.concatenate([centre + rng.normal(0, 1, (40, 12)) for centre in centres])
    truth = np.repeat(np.arange(4), 40)
    theirs = SpectralClustering(4, gamma=1 / 12, random_state=0).fit_predict(points)
    ours = KMeans(4, n_init=10, random_state=0).fit_predict(linear.spectral(points, 4, 0))
    assert adjusted_mutual_info_score(truth, ours) >= adjusted_mutual_info_score(truth, theirs) - 0.05


def test_track_lda_finds_what_tells_tracks_apart_and_pca_what_is_loud(rng: np.random.Generator) -> None:
    stats, valid = songs(rng)
    means = linear.track_means(stats, valid)

    def alike(points: Array, number: int) -> float:
        return abs(float(np.corrcoef(points[:, 0], means[:, number])[0, 1]))

    assert alike(linear.track_lda(stats, valid, 1), 1) > 0.99
    assert alike(linear.pca(means, 1, 0), 0) > 0.99


def test_track_lda_are_the_eigenvectors_of_between_against_within_covariance(rng: np.random.Generator) -> None:
    stats = rng.standard_normal((30, 1, 5)) + rng.standard_normal((30, 6, 5)) @ rng.standard_normal((5, 5))
    valid = np.ones((30, 6), np.bool_)
    means = linear.track_means(stats, valid)
    within = np.cov((stats - means[:, None]).reshape(-1, 5).T, bias=True) * 6 / 5
    scale = stats.reshape(-1, 5).std(0)
    ridge = linear.RIDGE * np.mean(np.diag(within) / scale**2)
    _, directions = eigh(np.cov(means.T), within + ridge * np.diag(scale**2))
    expected = (means - means.mean(0)) @ directions[:, ::-1]
    found = linear.track_lda(stats, valid, 5)
    together = np.abs(np.corrcoef(found.T, expected.T)[:5, 5:])
    np.testing.assert_allclose(np.diag(together), 1, atol=1e-8)


def test_power_0_only_standardises(rng: np.random.Generator) -> None:
    stats, valid = songs(rng)
    seen = linear.suppression(stats, valid, 0.0)(stats)
    np.testing.assert_allclose(seen, (stats - stats.mean((0, 1))) / stats.std((0, 1)), atol=1e-9)


def test_power_1_makes_segments_of_one_track_vary_alike_in_all_directions(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linear, "RIDGE", 0.0)
    stats, valid = songs(rng)
    seen = linear.suppression(stats, valid, 1.0)(stats)
    apart = (seen - seen.mean(1, keepdims=True)).reshape(-1, 3)
    covariance = apart.T @ apart
    np.testing.assert_allclose(covariance / covariance[0, 0], np.eye(3), atol=1e-6)


@given(power=st.floats(0, 1), seed=st.integers(0, 2**32 - 1), missing=st.integers(0, 7))
def test_the_metric_is_standardised_whatever_the_units_and_blind_to_what_is_not_there(
    power: float, seed: int, missing: int
) -> None:
    rng = np.random.default_rng(seed)
    stats, valid = songs(rng, tracks=6)
    valid[2, 8 - missing :] = False
    stats[~valid] = 1e6
    seen = linear.suppression(stats, valid, power)(stats)[valid]
    assert np.isclose(seen.std(), 1, atol=1e-6)
    np.testing.assert_allclose(seen.mean(0), 0, atol=1e-7)
    other = stats * [10.0, 0.1, 1.0] + [5.0, 0.0, -7.0]
    np.testing.assert_allclose(linear.suppression(other, valid, power)(other)[valid], seen, atol=1e-6)


@pytest.mark.parametrize(
    "view", [lambda s, v: linear.track_lda(s, v, 4), lambda s, v: linear.suppression(s, v, 0.3)(s)]
)
def test_a_number_that_never_changes_and_more_numbers_than_segments_do_no_harm(
    view: Callable[[Array, Array], Array], rng: np.random.Generator
) -> None:
    stats = rng.standard_normal((5, 2, 40))
    stats[..., 7] = 3.0
    valid = np.ones((5, 2), np.bool_)
    valid[0, 1] = False
    assert np.isfinite(view(stats, valid)).all()


def test_who_can_be_halved() -> None:
    valid = np.array([[True, False, False], [True, True, False], [True, True, True]])
    assert linear.halvable(valid).tolist() == [False, True, True]


def test_components_of_segments_are_those_of_standardised_segments(rng: np.random.Generator) -> None:
    stats = rng.standard_normal((30, 1, 6)) @ np.diag([3, 2, 1, 1, 1, 1]) + rng.standard_normal((30, 5, 6))
    valid = np.ones((30, 5), np.bool_)
    flat = stats.reshape(-1, 6)
    fitted = PCA(2).fit((flat - flat.mean(0)) / flat.std(0))
    scores = fitted.transform((flat - flat.mean(0)) / flat.std(0)).reshape(30, 5, 2).mean(1)
    made = linear.segment_components(stats, valid, 2)
    np.testing.assert_allclose(np.abs(made.values), np.abs(scores), atol=1e-9)
    np.testing.assert_allclose(made.variances, fitted.explained_variance_, atol=1e-9)
    assert made.noise == pytest.approx(fitted.noise_variance_)


def test_probabilistic_pca_is_the_posterior_mean_of_the_most_likely_linear_model(rng: np.random.Generator) -> None:
    """Expectation maximisation finds the same codes, up to a turn: the distances between tracks are equal."""
    values = rng.standard_normal((400, 3)) @ rng.standard_normal((3, 7)) + 0.5 * rng.standard_normal((400, 7))
    values = (values - values.mean(0)) / values.std(0)
    weights, noise = rng.standard_normal((7, 2)), 1.0
    covariance = values.T @ values / (len(values) - 1)
    for _ in range(3000):
        inner = np.linalg.inv(weights.T @ weights + noise * np.eye(2))
        spread = covariance @ weights
        moved = spread @ np.linalg.inv(noise * np.eye(2) + inner @ weights.T @ spread)
        noise = float(np.trace(covariance - spread @ inner @ moved.T)) / 7
        weights = moved
    codes = values @ weights @ np.linalg.inv(weights.T @ weights + noise * np.eye(2))
    components = linear.segment_components(values[:, None], np.ones((400, 1), np.bool_), 2)
    made = linear.probabilistic(components)
    assert components.noise == pytest.approx(noise, rel=1e-6)
    np.testing.assert_allclose(made @ made.T, codes @ codes.T, atol=1e-5)


@pytest.mark.parametrize("dims", [2, 16])
def test_few_segments_of_many_numbers_give_finite_codes(dims: int, rng: np.random.Generator) -> None:
    stats = rng.standard_normal((4, 2, 40))
    stats[..., 7] = 3.0
    components = linear.segment_components(stats, np.ones((4, 2), np.bool_), dims)
    assert np.isfinite(linear.probabilistic(components)).all()


@pytest.mark.parametrize("method", [
    lambda s, v, seen: linear.raw(s, v, seen),
    lambda s, v, seen: linear.pca(linear.raw(s, v, seen), 2, 0, seen),
    lambda s, v, seen: linear.pca(linear.raw(s, v, seen), 2, 0, seen, whiten=True),
    lambda s, v, seen: linear.segment_components(s, v, 2, seen).values,
    lambda s, v, seen: linear.probabilistic(linear.segment_components(s, v, 2, seen)),
    lambda s, v, seen: linear.pca_in_metric(s, v, 2, 0.3, seen),
    lambda s, v, seen: linear.track_lda(s, v, 2, seen),
])  # fmt: skip
def test_seen_tracks_alone_decide_and_all_are_placed(
    method: Callable[[Array, Array, Rows], Array], rng: np.random.Generator
) -> None:
    stats, valid = songs(rng, 20)
    seen = np.arange(20) < 14
    made = method(stats, valid, seen)
    assert made.shape[0] == 20
    np.testing.assert_allclose(np.abs(made[seen]), np.abs(method(stats[seen], valid[seen], ALL)), atol=1e-8)
    stats[~seen] *= 5
    again = method(stats, valid, seen)
    np.testing.assert_array_equal(made[seen], again[seen])
    assert not np.allclose(made[~seen], again[~seen])


def test_whitened_components_have_a_variance_of_one(rng: np.random.Generator) -> None:
    points = rng.standard_normal((50, 4)) * [9.0, 3.0, 1.0, 0.3]
    np.testing.assert_allclose(linear.pca(points, 3, 0, whiten=True).var(0, ddof=1), 1)


@pytest.mark.parametrize("stays", [0.0, 3.7e-8])
def test_what_never_changes_in_the_seen_tracks_does_not_blow_up_in_the_rest(
    stays: float, rng: np.random.Generator
) -> None:
    stats = rng.standard_normal((10, 4, 3))
    stats[..., 2] *= stays
    stats[8:, :, 2] = 5.0
    seen, valid = np.arange(10) < 8, np.ones((10, 4), np.bool_)
    for made in (linear.raw(stats, valid, seen), linear.suppression(stats[seen], valid[seen], 0.0)(stats)):
        assert np.abs(made).max() < 10
