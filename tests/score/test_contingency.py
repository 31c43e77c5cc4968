"""Agreement from contingency tables, and its null: scikit-learn is the second source."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics
from sklearn.metrics.cluster import contingency_matrix

from pipeline.core.store import Array
from pipeline.score import contingency
from pipeline.score.agreement import AGREEMENT, agreement
from pipeline.score.contingency import coded, coded_clusters, tables
from pipeline.score.labels import ABSENT, NOISE, Labels
from pipeline.score.permutation import Null, block_shuffles, permutation_nulls, permutation_p


def permutation_null(name: str, truth: Array, found: Labels, shuffles: int = 200) -> Null | None:
    """Of tracks that are all of different artists."""
    return permutation_nulls(truth, found, np.arange(len(truth)), shuffles).get(name)


@pytest.fixture
def truth(rng: np.random.Generator) -> Array:
    return np.array(["bn", "en", "hi", "fr", "", "ta"], dtype=object)[rng.integers(0, 6, 180)]


@pytest.fixture
def found(rng: np.random.Generator, truth: Array) -> Labels:
    """Seven clusters that know something of the truth, some noise and some tracks without a place."""
    known = np.unique(truth, return_inverse=True)[1]
    return np.where(rng.random(180) < 0.4, known, rng.integers(ABSENT, 7, 180)).astype(np.int64)


SECOND_SOURCE: dict[str, Callable[[Array, Labels], float]] = {
    "ami": metrics.adjusted_mutual_info_score,
    "ari": metrics.adjusted_rand_score,
    "nmi": metrics.v_measure_score,
    "purity": lambda truth, labels: contingency_matrix(truth, labels).max(axis=0).sum() / len(truth),
}


def expected(name: str, truth: Array, labels: Labels) -> float | None:
    known = (labels != ABSENT) & (truth != "")
    if known.sum() < 2 or len(np.unique(truth[known])) < 2:
        return None
    return float(SECOND_SOURCE[name](truth[known], labels[known]))


def test_every_score_has_a_second_source() -> None:
    assert set(SECOND_SOURCE) == set(AGREEMENT)


@pytest.mark.parametrize("name", AGREEMENT)
def test_scores_equal_those_of_scikit_learn(name: str, truth: Array, found: Labels) -> None:
    assert agreement(name, truth, found) == pytest.approx(expected(name, truth, found), abs=1e-10)


@pytest.mark.parametrize("name", AGREEMENT)
@given(
    pairs=st.lists(st.tuples(st.sampled_from(["", "a", "b", "c"]), st.integers(ABSENT, 4)), min_size=1, max_size=25),
)
def test_scores_equal_for_any_labels(name: str, pairs: list[tuple[str, int]]) -> None:
    truth = np.array([label for label, _ in pairs], dtype=object)
    labels = np.array([cluster for _, cluster in pairs], dtype=np.int64)
    assert agreement(name, truth, labels) == pytest.approx(expected(name, truth, labels), abs=1e-10)


@pytest.mark.parametrize("name", AGREEMENT)
def test_many_tables_at_once_equal_one_at_a_time(
    name: str, truth: Array, found: Labels, rng: np.random.Generator
) -> None:
    value, values = coded(truth)
    cluster, clusters = coded_clusters(found)
    order = np.stack([rng.permutation(180) for _ in range(30)])
    many = AGREEMENT[name](tables(value[order], values, np.broadcast_to(cluster, order.shape), clusters))
    single = [agreement(name, truth[rows], found) for rows in order]
    assert many.tolist() == pytest.approx(single, abs=1e-12)


@pytest.mark.parametrize("name", AGREEMENT)
def test_batches_are_only_a_matter_of_memory(
    name: str, truth: Array, found: Labels, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = agreement(name, truth, found)
    null = permutation_null(name, truth, found, shuffles=40)
    monkeypatch.setattr(contingency, "BATCH", 500)
    assert agreement(name, truth, found) == pytest.approx(whole, abs=1e-14)
    again = permutation_null(name, truth, found, shuffles=40)
    assert null is not None
    assert again is not None
    assert again.mean == pytest.approx(null.mean, abs=1e-14)


@pytest.mark.parametrize("name", ["ami", "ari"])
def test_many_tracks_equal_too(name: str, rng: np.random.Generator) -> None:
    """Where the expectation leaves out counts that cannot happen by chance."""
    truth = np.array(list("abcde"), dtype=object)[rng.choice(5, 40_000, p=[0.6, 0.2, 0.1, 0.09, 0.01])]
    found = np.where(rng.random(40_000) < 0.02, truth == "a", rng.integers(0, 6, 40_000)).astype(np.int64)
    assert agreement(name, truth, found) == pytest.approx(SECOND_SOURCE[name](truth, found), abs=1e-10)


PROPERTIES: dict[str, Callable[[Array, Labels], tuple[Array, Labels]]] = {
    "renamed clusters": lambda truth, found: (truth, np.where(found == ABSENT, ABSENT, 90 - found)),
    "renamed labels": lambda truth, found: (
        np.array(["" if label == "" else "x" + label[::-1] for label in truth], dtype=object),
        found,
    ),
    "tracks without label or place": lambda truth, found: (
        np.concatenate([truth, np.array(["bn", ""], dtype=object)]),
        np.concatenate([found, [ABSENT, 3]]),
    ),
}


@pytest.mark.parametrize("name", AGREEMENT)
@pytest.mark.parametrize("change", PROPERTIES)
def test_what_changes_nothing(name: str, change: str, truth: Array, found: Labels) -> None:
    changed = PROPERTIES[change](truth, found)
    assert agreement(name, *changed) == pytest.approx(agreement(name, truth, found), abs=1e-12)


@pytest.mark.parametrize("name", AGREEMENT)
def test_perfect_agreement_is_one(name: str, truth: Array) -> None:
    exact = np.unique(truth, return_inverse=True)[1].astype(np.int64)
    assert agreement(name, truth, exact) == pytest.approx(1)


@pytest.mark.parametrize("name", AGREEMENT)
def test_null_is_the_score_of_shuffled_labels(name: str, truth: Array, found: Labels) -> None:
    null = permutation_null(name, truth, found)
    assert null is not None
    rng = np.random.default_rng(77)
    known = (truth != "") & (found != ABSENT)
    slow = [SECOND_SOURCE[name](rng.permutation(truth[known]), found[known]) for _ in range(200)]
    assert null.mean == pytest.approx(np.mean(slow), abs=5 * float(np.std(slow)) / 10)
    assert null.high == pytest.approx(np.quantile(slow, 0.95), abs=float(np.std(slow)))
    assert null.high > null.mean


@pytest.mark.parametrize("name", AGREEMENT)
def test_five_of_a_hundred_random_clusterings_pass_their_null(
    name: str, truth: Array, rng: np.random.Generator
) -> None:
    passed = 0
    for _ in range(100):
        found = rng.integers(NOISE, 5, len(truth))
        null = permutation_null(name, truth, found, shuffles=100)
        assert null is not None
        score = agreement(name, truth, found)
        passed += score is not None and score > null.high
    assert passed <= 13  # of 100 at .05: more than 13 happen once in 2,000 times


@pytest.mark.parametrize("name", ["ami", "ari"])
def test_adjusted_scores_have_a_null_of_zero(name: str, truth: Array, found: Labels) -> None:
    null = permutation_null(name, truth, found)
    assert null is not None
    assert abs(null.mean) < 0.01


def test_purity_has_a_null_far_from_zero(rng: np.random.Generator) -> None:
    truth = np.where(rng.random(200) < 0.8, "common", "rare").astype(object)
    null = permutation_null("purity", truth, rng.integers(0, 3, 200))
    assert null is not None
    assert null.mean >= 0.79


def test_a_null_is_the_same_each_time(truth: Array, found: Labels) -> None:
    group = np.arange(len(truth))
    assert permutation_nulls(truth, found, group) == permutation_nulls(truth, found, group)


@pytest.mark.parametrize("name", AGREEMENT)
@pytest.mark.parametrize(
    ("truth", "found"), [("a", [0]), ("aa", [0, 1]), ("ab", [ABSENT, 0]), ("", []), (["", "a", "a"], [0, 1, 1])]
)
def test_undefined_null_is_none(name: str, truth: str, found: list[int]) -> None:
    assert permutation_null(name, np.array(list(truth), dtype=object), np.array(found, dtype=np.int64)) is None
    assert permutation_p(name, np.array(list(truth), dtype=object), [np.array(found)], np.arange(len(truth))) == 1


ARTISTS = np.repeat(np.arange(20), 6)


def test_labels_that_depend_on_the_artist_agree_with_clusters_that_do_so_too(rng: np.random.Generator) -> None:
    """Fault 15. Each artist has one genre and one cluster, with nothing in common: most pass track shuffles."""
    passed, passed_before = 0, 0
    for _ in range(100):
        truth = np.array(list("abcd"), dtype=object)[rng.integers(0, 4, 20)][ARTISTS]
        found = rng.integers(0, 4, 20)[ARTISTS]
        score = agreement("ami", truth, found) or 0.0
        passed += score > permutation_nulls(truth, found, ARTISTS, 100)["ami"].high
        passed_before += score > permutation_nulls(truth, found, np.arange(120), 100)["ami"].high
    assert passed <= 13 < 50 < passed_before


def test_the_p_of_chance_is_even_and_that_of_agreement_small(rng: np.random.Generator) -> None:
    """Over two seeds, against 0, where the t-test of a jackknife took the score for symmetric."""
    ps = []
    for _ in range(60):
        truth = np.array(list("abcd"), dtype=object)[rng.integers(0, 4, 20)][ARTISTS]
        found = rng.integers(0, 4, 20)[ARTISTS]
        seeds = [np.where(rng.random(120) < 0.1, 0, found) for _ in range(2)]
        ps.append(permutation_p("ami", truth, seeds, ARTISTS, 99))
    assert 0.3 < np.mean(ps) < 0.7
    assert sum(p <= 0.05 for p in ps) <= 8
    assert permutation_p("ami", truth, [np.unique(truth, return_inverse=True)[1]], ARTISTS, 999) < 0.002


def test_a_shuffle_gives_an_artist_the_labels_of_another() -> None:
    """Of four artists with three tracks each, whose labels name them."""
    group = np.repeat(np.arange(4), 3)
    shuffled = block_shuffles(group * 10, group, np.random.default_rng(0), 50)
    assert all(len(set(row[group == artist].tolist())) == 1 for row in shuffled for artist in range(4))
    assert len({tuple(row) for row in shuffled.tolist()}) > 15
    assert {tuple(sorted(row)) for row in shuffled.tolist()} == {tuple(group * 10)}


def test_meaningless_labels_of_artists_of_unequal_sizes_have_even_ps() -> None:
    """Songs of an artist sound alike and have a favourite label: that alone must not look like agreement."""
    ps = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        artist = np.repeat(np.arange(22), rng.integers(3, 15, 22))
        labels, clusters = (
            np.where(rng.random(len(artist)) < 0.8, rng.integers(5, size=22)[artist], rng.integers(5, size=len(artist)))
            for _ in range(2)
        )
        ps.append(permutation_p("ami", labels.astype(str).astype(object), [clusters], artist, 99))
    assert np.mean(np.array(ps) <= 0.1) <= 0.2
    assert np.mean(ps) > 0.42
