"""The nearest songs: of another language, and without those that are near to everything."""

import numpy as np
import pytest

from pipeline.core.command import Problem
from pipeline.core.store import Array
from pipeline.library.distances import kth_distances
from pipeline.library.neighbours import wanted
from pipeline.library.relatives import relatives

MANY = 200
EVERYONE = np.ones(MANY, dtype=np.bool_)


@pytest.fixture
def points(rng: np.random.Generator) -> Array:
    """Songs in so many dimensions that those near the middle are near to all."""
    return rng.standard_normal((MANY, 50))


def listed(lists: list[Array]) -> Array:
    """In how many lists each song is, the most often listed first."""
    return np.sort(np.bincount(np.concatenate(lists), minlength=MANY))[::-1]


def test_few_songs_are_no_longer_everyones_neighbours(points: Array) -> None:
    apart = np.linalg.norm(points[:, None] - points, axis=2)
    np.fill_diagonal(apart, np.inf)
    plain = listed([np.argsort(row)[:5] for row in apart])
    scaled = listed([relatives(points[row], points, EVERYONE, EVERYONE, 5, row).rows for row in range(MANY)])
    assert scaled[0] <= 0.5 * plain[0]
    assert (scaled == 0).sum() <= 0.5 * (plain == 0).sum()


def test_a_song_is_no_neighbour_of_itself_and_only_allowed_songs_are(points: Array) -> None:
    allowed = np.arange(MANY) >= MANY - 20
    near = relatives(points[190], points, allowed, EVERYONE, 40, 190)
    assert sorted(near.rows) == [row for row in range(180, 200) if row != 190]
    assert (np.diff(near.scaled) >= 0).all()


def test_three_songs_are_enough() -> None:
    points = np.array([[0.0], [1.0], [5.0]])
    everyone = np.ones(3, dtype=np.bool_)
    assert relatives(points[0], points, everyone, everyone, 10, 0).rows.tolist() == [1, 2]


def test_the_kth_distance_leaves_the_own_group_out() -> None:
    points, group = np.array([[0.0], [1.0], [3.0]]), np.array([0, 0, 1])
    assert kth_distances(points, points, 1, group, group).tolist() == [3.0, 2.0, 2.0]
    assert kth_distances(points[:1], points, 3, group[:1], group).tolist() == [np.inf]


def test_a_language_is_asked_for_by_code_or_by_name() -> None:
    spoken = np.array(["bn", "en", "de", ""], dtype=object)
    assert wanted(spoken, "German", "bn").tolist() == [False, False, True, False]
    assert wanted(spoken, "other", "bn").tolist() == [False, True, True, False]
    assert wanted(spoken, "any", "bn").all()
    assert wanted(spoken, "other", "").all()
    with pytest.raises(Problem, match="no song is in French; known are bn, de, en"):
        wanted(spoken, "fr", "bn")
