"""The order of a list: a short way through the songs, and no artist twice in a row where it can be avoided."""

import itertools

import numpy as np
import pytest

from pipeline.library import running_order
from pipeline.library.running_order import ordered, repeats

NOBODY = np.array([""] * 8, dtype=object)


def length(points: np.ndarray, order: list[int]) -> float:
    return float(np.linalg.norm(np.diff(points[order], axis=0), axis=1).sum())


def test_the_way_is_nearly_as_short_as_the_shortest(rng: np.random.Generator) -> None:
    for _ in range(5):
        points = rng.standard_normal((8, 2))
        best = min(length(points, list(way)) for way in itertools.permutations(range(8)))
        assert length(points, ordered(points, NOBODY)) <= 1.1 * best


def test_a_first_song_stays_first(rng: np.random.Generator) -> None:
    points = rng.standard_normal((8, 2))
    for first in range(8):
        order = ordered(points, NOBODY, first)
        assert order[0] == first
        assert sorted(order) == list(range(8))


def test_an_artist_follows_itself_only_where_nothing_else_is_left() -> None:
    points = np.arange(8.0)[:, None]  # the shortest way keeps the artists together
    pairs = np.array(list("AAAABBBB"), dtype=object)
    assert repeats(ordered(points, pairs), pairs) == 0
    many = np.array(list("AAAAAABB"), dtype=object)
    assert repeats(ordered(points, many), many) == 3
    assert repeats([0, 1, 2], NOBODY) == 0


def test_lists_of_none_and_of_a_single_song() -> None:
    assert ordered(np.zeros((0, 2)), NOBODY[:0]) == []
    assert ordered(np.zeros((1, 2)), NOBODY[:1]) == [0]


def test_a_long_list_holds_each_song_once(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running_order, "MOST", 20)
    points, nobody = rng.standard_normal((70, 3)), np.array([""] * 70, dtype=object)
    assert sorted(ordered(points, nobody)) == list(range(70))
    order = ordered(points, nobody, 33)
    assert order[0] == 33
    assert sorted(order) == list(range(70))
