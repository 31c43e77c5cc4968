"""Held-out predictions: no fit has met the artist it is judged by, and the score of fixed predictions by hand."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from pipeline.core.store import Array
from pipeline.score.heldout import balanced, hits, hits_heldout, knn_correct, knn_heldout, probe_heldout, share

TRACKS, FOLDS = 60, 3
ARTISTS = np.array([f"artist {track // 3}" for track in range(TRACKS)], dtype=object)
FOLD = np.arange(TRACKS) // 3 % FOLDS
TRUTH = np.array(["a", "b"], dtype=object)[np.arange(TRACKS) // 3 // FOLDS % 2]


def memorised(rng: np.random.Generator) -> Array:
    """By each fit, the tracks that it saw lie by their label, and those that it did not see anywhere."""
    values = rng.standard_normal((TRACKS, FOLDS, 4))
    for number in range(FOLDS):
        values[:, number, 0] += 9 * ((TRUTH == "a") & (number != FOLD))
    return np.asarray(values)


def score(correct: Array) -> float:
    scores = balanced(correct, TRUTH, np.arange(TRACKS) // 3)
    assert scores is not None
    return float(scores.whole.mean())


def test_what_a_fit_memorised_is_no_merit(rng: np.random.Generator) -> None:
    """Fault 1: on songs that the fit saw both scores are about 1."""
    values = memorised(rng)
    assert abs(score(knn_heldout(values, FOLD, TRUTH)) - 0.5) < 0.15
    assert abs(score(probe_heldout(values, FOLD, TRUTH)) - 0.5) < 0.15
    seen = np.where((TRUTH == "a")[:, None], values[:, 0] * 0 + 9, values[:, 0] * 0)
    seen = seen + rng.standard_normal(seen.shape)
    assert score(knn_correct(seen, TRUTH, ARTISTS)) == 1


def test_what_every_fit_places_by_its_label_is_read(rng: np.random.Generator) -> None:
    values = rng.standard_normal((TRACKS, FOLDS, 4)) + 9 * (TRUTH == "a")[:, None, None]
    values[:, 1] *= -100  # the spaces of two folds have nothing to do with each other
    assert score(knn_heldout(values, FOLD, TRUTH)) == 1
    assert score(probe_heldout(values, FOLD, TRUTH)) == 1


def test_artists_are_retrieved_in_the_space_of_the_fit_that_never_met_them(rng: np.random.Generator) -> None:
    points = rng.standard_normal((TRACKS, 4)) + 3 * rng.standard_normal((20, 4))[np.arange(TRACKS) // 3]
    values = np.repeat(points[:, None], FOLDS, axis=1)
    np.testing.assert_array_equal(hits_heldout(values, FOLD, ARTISTS), hits(points, ARTISTS))
    for number in range(FOLDS):
        rows = np.flatnonzero(number == FOLD)
        values[rows, number] = rng.standard_normal((len(rows), 4))
    assert np.mean(hits_heldout(values, FOLD, ARTISTS)) < np.mean(hits(points, ARTISTS))


def test_a_share_without_each_group_by_hand() -> None:
    scores = share(np.array([1, 0, 1, 1, np.nan]), np.array([0, 0, 1, 2, 3]))
    assert scores is not None
    assert scores.whole.tolist() == [0.75]
    assert scores.without[0].tolist() == pytest.approx([1, 2 / 3, 2 / 3])
    assert share(np.ones(4), np.zeros(4)) is None


@pytest.mark.parametrize("judge", [knn_heldout, probe_heldout])
def test_a_value_that_no_other_fold_has_is_not_judged(judge: type, rng: np.random.Generator) -> None:
    truth = TRUTH.copy()
    truth[:3], truth[3] = "alone", ""
    values = rng.standard_normal((TRACKS, FOLDS, 4))
    values[4] = np.nan
    correct = judge(values, FOLD, truth)
    assert np.isnan(correct[:5]).all()
    assert np.isin(correct[5:], [0, 1]).all()
    plain = knn_correct(values[:, 0], truth, ARTISTS)
    assert np.isnan(plain[:5]).all()
    assert np.isin(plain[5:], [0, 1]).all()


def test_hits_are_asked_of_artists_with_two_tracks_in_the_fold_that_did_not_meet_them() -> None:
    """By hand: one track is near its artist in the fit that met it, far from it in the one that did not."""
    artists = np.array(list("xxyyzzw"), dtype=object)
    fold = np.array([0, 0, 1, 1, 1, 1, 0])
    places = np.array([[0.0, 0], [1, 90], [50, 1], [51, 2], [80, 40], [81, 55], [30, 41]])
    correct = hits_heldout(places[:, :, None], fold, artists, k=1)
    np.testing.assert_array_equal(correct, [1, 1, 1, 1, 0, 0, np.nan])
    assert np.isnan(hits_heldout(places[:, :, None], fold, artists, k=6)).all()


def test_balanced_accuracy_is_that_of_scikit_learn_on_each_rest(rng: np.random.Generator) -> None:
    truth = rng.choice(["a", "b", "c"], TRACKS)
    named = np.where(rng.random((2, TRACKS)) < 0.6, truth, rng.choice(["a", "b", "c"], (2, TRACKS)))
    group = np.arange(TRACKS) // 6
    scores = balanced((named == truth).astype(float), truth, group)
    assert scores is not None
    assert scores.without.shape == (2, 10)
    for seed in range(2):
        assert scores.whole[seed] == pytest.approx(balanced_accuracy_score(truth, named[seed]))
        rest = group != 4
        expected = balanced_accuracy_score(truth[rest], named[seed][rest])
        assert scores.without[seed, 4] == pytest.approx(expected)


def test_tracks_that_a_seed_does_not_judge_enter_no_seed() -> None:
    truth, group = np.array(list("aabbab"), dtype=object), np.array([0, 1, 0, 1, 2, 2])
    scores = balanced(np.array([[1, 0, 1, 1, np.nan, 1], [1, 1, 0, 1, 1, 1]]), truth, group)
    assert scores is not None
    assert scores.whole.tolist() == pytest.approx([(1 / 2 + 1) / 2, (1 + 2 / 3) / 2])


@pytest.mark.parametrize(
    ("truth", "group"),
    [("aaaa", [0, 1, 2, 3]), ("abab", [0, 0, 0, 0]), ("aaab", [0, 0, 1, 1]), ("    ", [0, 1, 2, 3]), ("", [])],
    ids=["one value", "one group", "one value is left", "none is known", "no track"],
)
def test_undefined_is_none(truth: str, group: list[int]) -> None:
    letters = np.array([letter.strip() for letter in truth], dtype=object)
    assert balanced(np.ones(len(truth)), letters, np.array(group, dtype=np.int64)) is None


def test_the_interval_is_of_the_mean_of_the_seeds_from_fixed_predictions(rng: np.random.Generator) -> None:
    """Fault 10: the parts of the seeds differ, and what is left without an artist is a subtraction."""
    correct = (rng.random((3, TRACKS)) < 0.7).astype(float)
    scores = balanced(correct, TRUTH, np.arange(TRACKS) // 3)
    mean = balanced(correct.mean(axis=0), TRUTH, np.arange(TRACKS) // 3)
    assert scores is not None
    assert mean is not None
    np.testing.assert_allclose(scores.without.mean(axis=0), mean.without[0])


def test_a_fit_to_fewer_tracks_than_neighbours_is_judged_by_all_of_them() -> None:
    fold = np.array([0] * 4 + [1] * 8)
    truth = np.array(["a", "b"] * 6, dtype=object)
    places = np.repeat((np.arange(12) % 2).astype(float)[:, None, None], 2, axis=1)
    judged = knn_heldout(places, fold, truth)  # the fold of 8 has 4 others, and 10 neighbours are asked for
    assert set(judged.tolist()) <= {0.0, 1.0}
