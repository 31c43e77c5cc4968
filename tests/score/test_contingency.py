"""Agreement of many resamples at once, and its null: scikit-learn is the second source, one resample at a time."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from pipeline.core.store import Array
from pipeline.score import contingency, permutation
from pipeline.score.agreement import ABSENT, AGREEMENT, NOISE, Labels, agreement
from pipeline.score.contingency import MANY
from pipeline.score.permutation import permutation_null


@pytest.fixture
def truth(rng: np.random.Generator) -> Array:
    return np.array(["bn", "en", "hi", "fr", "", "ta"], dtype=object)[rng.integers(0, 6, 180)]


@pytest.fixture
def found(rng: np.random.Generator, truth: Array) -> Labels:
    """Seven clusters that know something of the truth, some noise and some tracks without a place."""
    known = np.unique(truth, return_inverse=True)[1]
    return np.where(rng.random(180) < 0.4, known, rng.integers(ABSENT, 7, 180)).astype(np.int64)


@pytest.fixture
def picks(rng: np.random.Generator) -> Array:
    return rng.integers(0, 180, (30, 180))


def one_by_one(name: str, truth: Array, found: Labels, picks: Array) -> Array:
    return np.array([agreement(name, truth[rows], found[rows]) for rows in picks], dtype=np.float64)


def test_the_tables_have_the_same_names() -> None:
    assert set(MANY) == set(AGREEMENT)


@pytest.mark.parametrize("name", MANY)
def test_many_equal_one_by_one(name: str, truth: Array, found: Labels, picks: Array) -> None:
    many = MANY[name](truth, found, picks)
    assert many.shape == (30,)
    np.testing.assert_allclose(many, one_by_one(name, truth, found, picks), atol=1e-10)


@pytest.mark.parametrize("name", MANY)
@given(
    pairs=st.lists(st.tuples(st.sampled_from(["", "a", "b", "c"]), st.integers(ABSENT, 4)), min_size=1, max_size=25),
    seed=st.integers(0, 99),
)
def test_many_equal_one_by_one_for_any_labels(name: str, pairs: list[tuple[str, int]], seed: int) -> None:
    truth = np.array([label for label, _ in pairs], dtype=object)
    found = np.array([cluster for _, cluster in pairs], dtype=np.int64)
    picks = np.random.default_rng(seed).integers(0, len(pairs), (4, len(pairs)))
    np.testing.assert_allclose(
        MANY[name](truth, found, picks), one_by_one(name, truth, found, picks), atol=1e-10, equal_nan=True
    )


@pytest.mark.parametrize("name", MANY)
def test_batches_are_only_a_matter_of_memory(
    name: str, truth: Array, found: Labels, picks: Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = MANY[name](truth, found, picks)
    null = permutation_null(name, truth, found, shuffles=40)
    monkeypatch.setattr(contingency, "BATCH", 500)
    np.testing.assert_allclose(MANY[name](truth, found, picks), whole, atol=1e-14)
    again = permutation_null(name, truth, found, shuffles=40)
    assert null is not None
    assert again is not None
    assert again.mean == pytest.approx(null.mean, abs=1e-14)


@pytest.mark.parametrize("name", ["ami", "ari"])
def test_many_tracks_equal_too(name: str, rng: np.random.Generator) -> None:
    """Where the expectation leaves out counts that cannot happen by chance."""
    truth = np.array(list("abcde"), dtype=object)[rng.choice(5, 40_000, p=[0.6, 0.2, 0.1, 0.09, 0.01])]
    found = np.where(rng.random(40_000) < 0.02, truth == "a", rng.integers(0, 6, 40_000)).astype(np.int64)
    rows = np.arange(40_000)[None]
    assert MANY[name](truth, found, rows)[0] == pytest.approx(AGREEMENT[name](truth, found), abs=1e-10)


@pytest.mark.parametrize("name", MANY)
def test_tables_too_wide_to_hold_are_scored_one_by_one(
    name: str, truth: Array, found: Labels, picks: Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    many, null = MANY[name](truth, found, picks[:5]), permutation_null(name, truth, found)
    for module in (contingency, permutation):
        monkeypatch.setattr(module, "WIDEST", 10)
    np.testing.assert_allclose(MANY[name](truth, found, picks[:5]), many, atol=1e-10)
    again = permutation_null(name, truth, found)
    assert null is not None
    assert again is not None
    assert again.mean == pytest.approx(null.mean, abs=1e-10)
    assert again.high == pytest.approx(null.high, abs=1e-10)


@pytest.mark.parametrize("name", MANY)
def test_no_resample_gives_no_score(name: str, truth: Array, found: Labels) -> None:
    assert len(MANY[name](truth, found, np.empty((0, 5), dtype=np.int64))) == 0


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


@pytest.mark.parametrize("name", MANY)
@pytest.mark.parametrize("change", PROPERTIES)
def test_what_changes_nothing(name: str, change: str, truth: Array, found: Labels) -> None:
    changed = PROPERTIES[change](truth, found)
    plain, other = (
        MANY[name](labels, clusters, np.arange(len(labels))[None])
        for labels, clusters in ((truth, found), (np.asarray(changed[0]), changed[1]))
    )
    assert other[0] == pytest.approx(plain[0], abs=1e-12)


@pytest.mark.parametrize("name", MANY)
def test_perfect_agreement_is_one(name: str, truth: Array) -> None:
    exact = np.unique(truth, return_inverse=True)[1].astype(np.int64)
    assert MANY[name](truth, exact, np.arange(180)[None])[0] == pytest.approx(1)


@pytest.mark.parametrize("name", MANY)
def test_null_is_the_score_of_shuffled_labels(name: str, truth: Array, found: Labels) -> None:
    null = permutation_null(name, truth, found)
    assert null is not None
    rng = np.random.default_rng(77)
    here = (truth != "") & (found != ABSENT)
    slow = [AGREEMENT[name](rng.permutation(truth[here]), found[here]) for _ in range(200)]
    assert null.mean == pytest.approx(np.mean(slow), abs=5 * float(np.std(slow)) / 10)
    assert null.high == pytest.approx(np.quantile(slow, 0.95), abs=float(np.std(slow)))
    assert null.high > null.mean


@pytest.mark.parametrize("name", MANY)
def test_five_of_a_hundred_random_clusterings_pass_their_null(
    name: str, truth: Array, rng: np.random.Generator
) -> None:
    passed = 0
    for _ in range(100):
        found = rng.integers(NOISE, 5, len(truth))
        null = permutation_null(name, truth, found, shuffles=100)
        assert null is not None
        passed += MANY[name](truth, found, np.arange(len(truth))[None])[0] > null.high
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


@pytest.mark.parametrize("name", MANY)
def test_null_depends_on_the_seed_alone(name: str, truth: Array, found: Labels) -> None:
    assert permutation_null(name, truth, found, seed=3) == permutation_null(name, truth, found, seed=3)
    assert permutation_null(name, truth, found, seed=3) != permutation_null(name, truth, found, seed=4)


@pytest.mark.parametrize("name", MANY)
@pytest.mark.parametrize(
    ("truth", "found"), [("a", [0]), ("aa", [0, 1]), ("ab", [ABSENT, 0]), ("", []), (["", "a", "a"], [0, 1, 1])]
)
def test_undefined_null_is_none(name: str, truth: str, found: list[int]) -> None:
    assert permutation_null(name, np.array(list(truth), dtype=object), np.array(found, dtype=np.int64)) is None


def test_v_measure_is_nmi(truth: Array, found: Labels) -> None:
    here = (truth != "") & (found != ABSENT)
    rows = np.flatnonzero(here)[None]
    expected = metrics.v_measure_score(truth[here], found[here])
    assert MANY["v_measure"](truth, found, rows)[0] == pytest.approx(expected, abs=1e-12)
