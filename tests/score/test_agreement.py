"""The two tables of scores, each score against each property that it must have."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import davies_bouldin_score

from pipeline.core.store import Array
from pipeline.score.agreement import AGREEMENT, agreement
from pipeline.score.labels import ABSENT, NOISE, Labels, clusters, coverage, sizeable
from pipeline.score.shape import SHAPE, shape

PERFECT = 1.0
LOW = {"ami": -1.0, "ari": -1.0, "nmi": 0.0, "purity": 0.0}


@pytest.fixture
def truth(rng: np.random.Generator) -> Array:
    return np.array(["bn", "en", "hi"], dtype=object)[rng.integers(0, 3, 90)]


@pytest.fixture
def found(rng: np.random.Generator, truth: Array) -> Labels:
    """Five clusters that know something of the truth, and some noise."""
    known = np.unique(truth, return_inverse=True)[1].astype(np.int64)
    return np.where(rng.random(90) < 0.5, known, rng.integers(-1, 5, 90)).astype(np.int64)


@pytest.fixture
def points(rng: np.random.Generator, found: Labels) -> Array:
    return np.asarray(rng.standard_normal((90, 4)) + found[:, None])


def value(score: float | None) -> float:
    assert score is not None
    return score


@pytest.mark.parametrize("name", AGREEMENT)
def test_renaming_clusters_changes_nothing(name: str, truth: Array, found: Labels) -> None:
    renamed = np.array([3, 9, 0, 7, 5, 100])[found + 1]  # also noise: it is a cluster of its own
    assert value(agreement(name, truth, renamed)) == pytest.approx(value(agreement(name, truth, found)), abs=1e-12)


@pytest.mark.parametrize("name", AGREEMENT)
def test_renaming_labels_changes_nothing(name: str, truth: Array, found: Labels) -> None:
    renamed = np.array([{"bn": "z", "en": "a", "hi": "m"}[label] for label in truth], dtype=object)
    assert value(agreement(name, renamed, found)) == pytest.approx(value(agreement(name, truth, found)), abs=1e-12)


@pytest.mark.parametrize("name", AGREEMENT)
def test_permuting_tracks_changes_no_agreement(
    name: str, truth: Array, found: Labels, rng: np.random.Generator
) -> None:
    order = rng.permutation(len(truth))
    assert value(agreement(name, truth[order], found[order])) == pytest.approx(value(agreement(name, truth, found)))


@pytest.mark.parametrize("name", AGREEMENT)
def test_only_the_pairing_of_tracks_counts(name: str, truth: Array, rng: np.random.Generator) -> None:
    exact = np.unique(truth, return_inverse=True)[1].astype(np.int64)
    assert value(agreement(name, truth, exact)) == pytest.approx(PERFECT)
    assert value(agreement(name, truth, rng.permutation(exact))) < 0.6


@pytest.mark.parametrize("name", ["ami", "ari"])
def test_chance_is_worth_nothing(name: str, rng: np.random.Generator) -> None:
    truth = np.array(list("abcd"), dtype=object)[rng.integers(0, 4, 3000)]
    assert abs(value(agreement(name, truth, rng.integers(0, 9, 3000)))) < 0.01


@pytest.mark.parametrize("name", ["ami", "ari", "nmi"])
def test_one_cluster_says_nothing(name: str, truth: Array) -> None:
    assert value(agreement(name, truth, np.zeros(90, np.int64))) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("name", AGREEMENT)
@given(pairs=st.lists(st.tuples(st.sampled_from("abc"), st.integers(-2, 4)), min_size=2, max_size=30))
def test_agreement_stays_within_its_bounds(name: str, pairs: list[tuple[str, int]]) -> None:
    truth = np.array([label for label, _ in pairs], dtype=object)
    found = np.array([cluster for _, cluster in pairs], dtype=np.int64)
    here = found != ABSENT
    score = agreement(name, truth, found)
    if len(set(truth[here])) < 2:
        assert score is None
    else:
        assert LOW[name] <= value(score) <= 1 + 1e-9


def test_the_tables_hold_what_the_report_promises() -> None:
    assert set(AGREEMENT) == {"ami", "ari", "nmi", "purity"}
    assert set(SHAPE) == {"silhouette", "calinski_harabasz", "davies_bouldin"}


# By hand. The tables are [label, cluster]; the first is not symmetric: with the axes swapped it would give 5/8.
@pytest.mark.parametrize(
    ("truth", "found", "expected"),
    [
        ("aaabbccc", [0, 0, 1, 2, 3, 4, 4, 5], 1.0),
        ("aaaabbcc", [0, 0, 0, 0, 0, 0, 1, 1], 6 / 8),
        ("aabbbbbb", [0, 1, 0, 0, 1, 1, 1, 2], (2 + 3 + 1) / 8),
        ("abcabc", [0, 0, 0, 1, 1, 1], 2 / 6),
        ("aab", [NOISE, 0, NOISE], 2 / 3),
    ],
)
def test_purity_by_hand(truth: str, found: list[int], expected: float) -> None:
    assert agreement("purity", np.array(list(truth), dtype=object), np.array(found)) == pytest.approx(expected)


def test_purity_is_about_clusters_not_about_labels() -> None:
    truth, found = np.array(list("aaaabb"), dtype=object), np.array([0, 1, 2, 3, 4, 5])
    assert agreement("purity", truth, found) == 1.0
    truth = np.array(list("abcdef"), dtype=object)
    assert agreement("purity", truth, np.array([0, 0, 0, 0, 1, 1])) == pytest.approx(2 / 6)


@pytest.mark.parametrize(("name", "expected"), [("ari", -0.5), ("nmi", 0.0), ("purity", 0.5)])
def test_crossed_pairs_by_hand(name: str, expected: float) -> None:
    crossed = agreement(name, np.array(list("aabb"), dtype=object), np.array([0, 1, 0, 1]))
    assert value(crossed) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", AGREEMENT)
def test_noise_is_a_cluster_of_its_own(name: str, truth: Array, found: Labels) -> None:
    assert (found == NOISE).any()
    counted = value(agreement(name, truth, found))
    assert counted == pytest.approx(value(agreement(name, truth, np.where(found == NOISE, 77, found))))
    dropped = found != NOISE
    assert counted != pytest.approx(value(agreement(name, truth[dropped], found[dropped])), abs=1e-6)


@pytest.mark.parametrize("name", AGREEMENT)
def test_absent_tracks_and_empty_labels_are_left_out(name: str, truth: Array, found: Labels) -> None:
    more = np.concatenate([truth, np.array(["bn", "en", "hi", "", ""], dtype=object)])
    longer = np.concatenate([found, [ABSENT, ABSENT, ABSENT, 0, 3]])
    assert value(agreement(name, more, longer)) == pytest.approx(value(agreement(name, truth, found)), abs=1e-12)


@pytest.mark.parametrize("name", AGREEMENT)
@pytest.mark.parametrize(
    ("truth", "found"),
    [
        ("a", [0]),
        ("aaaa", [0, 1, 0, 1]),
        ("ab", [ABSENT, 0]),
        ("ab", [ABSENT, ABSENT]),
        ("", []),
        ("aab", [0, 1, ABSENT]),
    ],
)
def test_undefined_agreement_is_none(name: str, truth: str, found: list[int]) -> None:
    assert agreement(name, np.array(list(truth), dtype=object), np.array(found, dtype=np.int64)) is None


@pytest.mark.parametrize("name", AGREEMENT)
def test_a_label_that_nobody_has_is_undefined(name: str) -> None:
    assert agreement(name, np.array(["", "", "bn"], dtype=object), np.array([0, 1, 0])) is None


@pytest.mark.parametrize("name", SHAPE)
def test_renaming_and_permuting_change_no_shape(
    name: str, points: Array, found: Labels, rng: np.random.Generator
) -> None:
    plain = value(shape(name, points, found))
    order = rng.permutation(len(found))
    renamed = np.where(found == NOISE, NOISE, np.array([0, 3, 9, 1, 7, 5])[found + 1])
    assert value(shape(name, points[order], found[order])) == pytest.approx(plain)
    assert value(shape(name, points, renamed)) == pytest.approx(plain)


@pytest.mark.parametrize("name", SHAPE)
def test_noise_and_absent_tracks_have_no_shape(name: str, points: Array, found: Labels) -> None:
    inside = found >= 0
    plain = value(shape(name, points[inside], found[inside]))
    far = np.where(inside[:, None], points, 1e6)
    assert value(shape(name, far, found)) == pytest.approx(plain)
    nowhere = np.where(inside[:, None], points, np.nan)
    assert value(shape(name, nowhere, np.where(inside, found, ABSENT))) == pytest.approx(plain)


@pytest.mark.parametrize(("name", "better"), [("silhouette", 1), ("calinski_harabasz", 1), ("davies_bouldin", -1)])
def test_clusters_far_apart_have_the_better_shape(name: str, better: int, rng: np.random.Generator) -> None:
    found = np.repeat([0, 1], 20)
    noise = rng.standard_normal((40, 2))
    near, far = (value(shape(name, noise + by * found[:, None], found)) for by in (2, 20))
    assert better * (far - near) > 0


@pytest.mark.parametrize("lonely", [False, True])
def test_davies_bouldin_is_that_of_scikit_learn(lonely: bool, rng: np.random.Generator) -> None:
    points, found = rng.standard_normal((60, 5)) + 100, rng.integers(0, 5, 60)
    found[0] = 9 if lonely else found[0]
    expected = davies_bouldin_score(points, found)
    assert value(shape("davies_bouldin", points, found)) == pytest.approx(expected, rel=1e-9)


def test_silhouette_by_hand() -> None:
    points = np.array([[0.0], [1.0], [10.0], [11.0]])
    outer, inner = 1 - 1 / 10.5, 1 - 1 / 9.5
    assert value(shape("silhouette", points, np.array([0, 0, 1, 1]))) == pytest.approx((outer + inner) / 2)


@pytest.mark.parametrize("name", SHAPE)
@pytest.mark.parametrize(
    "found",
    [[0, 0, 0, 0], [NOISE] * 4, [ABSENT] * 4, [0, 0, 0, NOISE], [0, 1, 2, 3], [0, NOISE, ABSENT, 1]],
    ids=["one", "noise", "absent", "one and noise", "each alone", "each alone or out"],
)
def test_undefined_shape_is_none(name: str, found: list[int], rng: np.random.Generator) -> None:
    assert shape(name, rng.standard_normal((4, 2)), np.array(found)) is None


@pytest.mark.parametrize("name", SHAPE)
def test_shape_of_equal_points_can_be_written_as_json(name: str) -> None:
    score = shape(name, np.zeros((6, 2)), np.array([0, 0, 0, 1, 1, 1]))
    assert score is None or np.isfinite(score)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([0, 1, 2, 0], 1.0),
        ([0, 0, 0, NOISE], 0.75),
        ([NOISE, NOISE], 0.0),
        ([0, NOISE, ABSENT, ABSENT], 0.5),
        ([ABSENT, ABSENT], None),
        ([], None),
    ],
)
def test_coverage_by_hand(found: list[int], expected: float | None) -> None:
    assert coverage(np.array(found, dtype=np.int64)) == expected


@pytest.mark.parametrize(
    ("found", "expected"), [([0, 4, 4, 2], 3), ([NOISE, ABSENT, 0], 1), ([NOISE, ABSENT], 0), ([], 0)]
)
def test_noise_is_not_counted_as_a_cluster(found: list[int], expected: int) -> None:
    assert clusters(np.array(found, dtype=np.int64)) == expected


def test_a_value_of_few_tracks_is_unknown() -> None:
    truth = np.array(["a", "b", "a", "", "c", "b", "b"], dtype=object)
    assert sizeable(truth, 2).tolist() == ["a", "b", "a", "", "", "b", "b"]
    assert sizeable(truth, 3).tolist() == ["", "b", "", "", "", "b", "b"]
    assert sizeable(truth, 4).tolist() == [""] * 7
    assert sizeable(truth[:0], 4).tolist() == []
