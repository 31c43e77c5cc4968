"""Few songs like those of the library are called strange, and whatever lies far out is."""

import numpy as np
import pytest

from pipeline.library.strangeness import LEVEL, PROMISED, scale


def test_songs_of_the_same_kind_are_rarely_strange_and_far_ones_always(rng: np.random.Generator) -> None:
    usual = scale(rng.standard_normal((300, 6)), None)
    new = rng.standard_normal((400, 6))
    assert np.mean([usual.strange(point) for point in new]) <= PROMISED
    assert usual.strange(np.full(6, 8.0))


def test_songs_of_the_same_artist_do_not_set_the_scale(rng: np.random.Generator) -> None:
    """Each artist has ten songs in one place; a new artist lies as far from them as they do from each other."""
    places = rng.standard_normal((31, 8)) * 10
    points = np.repeat(places[:30], 10, axis=0) + 0.1 * rng.standard_normal((300, 8))
    artists = np.repeat([f"artist {number}" for number in range(30)], 10).astype(object)
    assert not scale(points, artists).strange(places[30])
    assert scale(points, None).strange(places[30])


def test_a_library_of_a_single_artist_still_has_a_scale(rng: np.random.Generator) -> None:
    usual = scale(rng.standard_normal((60, 3)), np.array(["A"] * 60, dtype=object))
    assert len(usual.usual) == 60


def test_too_few_songs_call_nothing_strange(rng: np.random.Generator) -> None:
    few = scale(rng.standard_normal((12, 3)), None)
    assert not few.says
    assert not few.strange(np.full(3, 100.0))
    assert few.score(np.full(3, 100.0)) == pytest.approx(1 / 13)
    assert LEVEL < 1 / 13


def test_songs_without_a_place_are_left_out(rng: np.random.Generator) -> None:
    points = rng.standard_normal((50, 3))
    points[:10] = np.nan
    assert len(scale(points, None).usual) == 40
