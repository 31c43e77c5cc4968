"""The linear probe: what it must find, what it must not, and that no artist is on both sides."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pipeline.core.store import Array
from pipeline.score import probes
from pipeline.score.probes import probe_correct


def names(codes: Array) -> Array:
    return np.asarray(codes.astype(str).astype(object))


def value(score: float | None) -> float:
    assert score is not None
    return score


@pytest.fixture
def label(rng: np.random.Generator) -> Array:
    return rng.integers(0, 3, 180)


@pytest.fixture
def points(rng: np.random.Generator, label: Array) -> Array:
    return np.asarray(rng.standard_normal((180, 8)) + 1.5 * np.eye(8)[label])


def probe(points: Array, truth: Array, artists: Array | None, folds: int = 5, seed: int = 0) -> float | None:
    """The mean over the labels of the share of their tracks that are named."""
    correct = probe_correct(points, truth, artists, folds, seed)
    judged = np.isfinite(correct)
    recalls = [correct[judged & (truth == label)].mean() for label in set(truth[judged])]
    return float(np.mean(recalls)) if recalls else None


def test_a_label_of_one_artist_is_not_asked_about(rng: np.random.Generator) -> None:
    truth = np.array(["a", "a", "b", "b", "c", "c", ""], dtype=object)
    artists = np.array(["x", "y", "x", "y", "z", "z", "x"], dtype=object)
    points = rng.standard_normal((7, 2))
    assert np.isfinite(probe_correct(points, truth, artists)).tolist() == [True] * 4 + [False] * 3
    assert np.isfinite(probe_correct(points, truth, None)).tolist() == [True] * 6 + [False]


def test_a_plain_probe_is_a_cross_validated_line(points: Array, label: Array) -> None:
    line = make_pipeline(StandardScaler(), LogisticRegression())
    told = cross_val_predict(line, points, label, cv=StratifiedKFold(5, shuffle=True, random_state=0))
    recalls = [(told[label == one] == one).mean() for one in range(3)]
    assert probe(points, names(label), None) == pytest.approx(np.mean(recalls), abs=1e-9)


def test_planted_labels_are_found_and_random_ones_are_not(rng: np.random.Generator, label: Array) -> None:
    points, artist = rng.standard_normal((180, 8)), names(rng.integers(0, 60, 180))
    assert value(probe(points + 10 * np.eye(8)[label], names(label), artist)) > 0.98
    assert abs(value(probe(points, names(label), artist)) - 1 / 3) < 0.12


def test_knowing_the_artist_is_not_knowing_the_label(rng: np.random.Generator) -> None:
    """Every artist has a place of its own and one label, and the places tell nothing of other artists."""
    artist = np.arange(180) // 6
    points = (20 * rng.standard_normal((30, 40)))[artist] + rng.standard_normal((180, 40))
    label = names(rng.integers(0, 2, 30)[artist])
    assert value(probe(points, label, None)) > 0.9
    assert value(probe(points, label, names(artist))) < 0.7


def test_no_artist_is_on_both_sides(rng: np.random.Generator, label: Array) -> None:
    artist = rng.integers(0, 40, 180)
    folds = probes._folds(tuple(label.tolist()), tuple(artist.tolist()), 5, 0)
    assert sorted(np.concatenate(folds)) == list(range(180))
    sides = [set(artist[fold]) for fold in folds]
    assert sum(len(side) for side in sides) == len(set(artist))


def test_units_of_the_numbers_do_not_matter(points: Array, label: Array) -> None:
    plain = value(probe(points, names(label), None))
    assert probe(points * 10.0 ** np.arange(-4, 4) + 100, names(label), None) == pytest.approx(plain, abs=0.02)


def test_constant_columns_and_equal_tracks_are_no_error(label: Array) -> None:
    assert probe(np.full((180, 4), 0.1), names(label), None) == pytest.approx(1 / 3)


def test_unknown_labels_and_labels_of_one_artist_are_left_out(points: Array, label: Array) -> None:
    plain = value(probe(points, names(label), None))
    more = np.concatenate([points, points[:5] + 3])
    truth = np.concatenate([names(label), np.array(["", "", "", "", "alone"], dtype=object)])
    assert probe(more, truth, None) == pytest.approx(plain)


def test_a_rare_label_does_not_cost_the_others_their_folds(points: Array, label: Array) -> None:
    truth = names(label)
    truth[:2] = "rare"
    assert value(probe(points, truth, None)) > 0.5


@pytest.mark.parametrize("truth", ["", "a", "aaaa", "  ", "ab", "aab"])
def test_undefined_is_none(truth: str, rng: np.random.Generator) -> None:
    letters = np.array([letter.strip() for letter in truth], dtype=object)
    assert probe(rng.standard_normal((len(truth), 2)), letters, None) is None


def test_two_artists_are_two_folds(rng: np.random.Generator) -> None:
    label = np.tile([0, 1], 20)
    points = rng.standard_normal((40, 2)) + 20 * label[:, None]
    assert probe(points, names(label), names(np.arange(40) // 20)) == 1
    assert probe(points, names(label), names(np.zeros(40, dtype=int))) is None


def test_the_same_seed_gives_the_same(points: Array, label: Array, rng: np.random.Generator) -> None:
    noisy, artist = points + rng.standard_normal(points.shape), names(rng.integers(0, 50, 180))
    first = probe(noisy, names(label), artist, seed=1)
    probes._folds.cache_clear()
    assert probe(noisy, names(label), artist, seed=1) == first
