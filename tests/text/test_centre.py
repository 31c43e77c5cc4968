"""Language out of vectors: the means meet, the shapes meet, what is sung stays, and few tracks are trusted little."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.text.centre import Way, freed, leading, means, table

F64 = NDArray[np.float64]


def songs(rng: np.random.Generator, many: int = 200, numbers: int = 24) -> tuple[F64, F64, NDArray[np.int64]]:
    """Vectors of two languages that lie apart and have other shapes, their shares, and what each song is about."""
    theme = rng.integers(4, size=many)
    language = rng.integers(2, size=many)
    about = np.eye(numbers)[2 + theme] * 4 + rng.standard_normal((many, numbers)) * 0.7
    turned, _ = np.linalg.qr(rng.standard_normal((numbers, numbers)))
    stretched = about * np.where(language == 1, 1.6, 1.0)[:, None]
    stretched[language == 1] += 0.4 * rng.standard_normal((int(language.sum()), 1)) * turned[0]
    return stretched + np.outer(language, 9 * turned[1]), np.eye(2)[language], theme


def test_keep_changes_nothing(rng: np.random.Generator) -> None:
    points, shares, _ = songs(rng)
    np.testing.assert_array_equal(freed(points, shares, "keep"), points.astype(np.float32))


@pytest.mark.parametrize("way", ["mean", "cov"])
def test_the_languages_have_one_mean_and_the_themes_stay(rng: np.random.Generator, way: Way) -> None:
    points, shares, theme = songs(rng)
    made = freed(points, shares, way).astype(np.float64)
    before = np.linalg.norm(points[shares[:, 0] == 1].mean(0) - points[shares[:, 1] == 1].mean(0))
    after = np.linalg.norm(made[shares[:, 0] == 1].mean(0) - made[shares[:, 1] == 1].mean(0))
    assert after < 0.04 * before  # 100 songs of each, so that their means are shrunk by a little
    centres = np.stack([made[theme == label].mean(0) for label in range(4)])
    nearest = np.square(made[:, None] - centres).sum(2).argmin(1)
    assert (nearest == theme).mean() > 0.95


def test_cov_gives_the_languages_one_shape(rng: np.random.Generator) -> None:
    points, shares, _ = songs(rng, 2000, 12)

    def apart(made: NDArray[np.floating]) -> float:
        first, second = (np.cov(made[shares[:, n] == 1].T) for n in (0, 1))
        return float(np.linalg.norm(first - second) / np.linalg.norm(first + second))

    assert apart(freed(points, shares, "cov")) < 0.03 < 0.15 < apart(freed(points, shares, "mean"))


def test_a_song_of_two_languages_loses_a_mixture_of_their_means(rng: np.random.Generator) -> None:
    points, shares, _ = songs(rng)
    first, second = (points[shares[:, n] == 1].mean(0) for n in (0, 1))
    mixed = np.vstack([points, (first + second) / 2, 0.25 * first + 0.75 * second])
    made = freed(mixed, np.vstack([shares, [0.5, 0.5], [0.25, 0.75]]), "mean")
    assert np.linalg.norm(made[-2:], axis=1).max() < 0.05 * np.linalg.norm(first - second)


def test_songs_of_no_known_language_lose_the_mean_of_all(rng: np.random.Generator) -> None:
    points, shares, _ = songs(rng)
    shares[:7] = 0
    np.testing.assert_allclose(freed(points, shares, "mean")[:7], (points - points.mean(0))[:7], rtol=1e-5, atol=1e-5)


def test_a_language_of_few_tracks_is_shrunk_towards_all(rng: np.random.Generator) -> None:
    """Where languages hardly differ, three tracks prove little; where they lie far apart, three are enough."""
    for apart, least, most in ((0.3, 0.0, 0.5), (50.0, 0.8, 1.0)):
        language = np.array([0] * 300 + [1] * 300 + [2] * 3)
        points = rng.standard_normal((603, 20)) + apart * rng.standard_normal((3, 20))[language]
        shares = np.eye(3)[language]
        made = means(points, shares)
        plain = points[language == 2].mean(0) - points.mean(0)
        assert least <= np.linalg.norm(made[2]) / np.linalg.norm(plain) <= most
        large = points[language == 0].mean(0) - points.mean(0)
        assert np.linalg.norm(made[0] - large) < 0.2 * np.linalg.norm(large)


def test_languages_that_do_not_differ_cost_nothing(rng: np.random.Generator) -> None:
    points = rng.standard_normal((400, 10))
    shares = np.eye(2)[rng.integers(2, size=400)]
    np.testing.assert_allclose(freed(points, shares, "mean"), points - points.mean(0), atol=0.1)


@given(
    many=st.integers(0, 30), numbers=st.integers(1, 8), languages=st.integers(1, 4),
    seed=st.integers(0, 2**31), way=st.sampled_from(get_args(Way)),
)  # fmt: skip
def test_any_corpus_gives_finite_vectors(many: int, numbers: int, languages: int, seed: int, way: Way) -> None:
    chance = np.random.default_rng(seed)
    points = chance.standard_normal((many, numbers)) * chance.choice([0, 1e-6, 1, 1e6])
    shares = chance.dirichlet(np.ones(languages), many) * chance.choice([0.0, 0.5, 1.0], (many, 1))
    made = freed(points, shares, way)
    assert made.shape == points.shape
    assert made.dtype == np.float32
    assert np.isfinite(made).all()


@given(seed=st.integers(0, 2**31), shift=st.floats(-100, 100), factor=st.floats(0.01, 100))
def test_place_size_and_turn_of_the_corpus_do_not_matter(seed: int, shift: float, factor: float) -> None:
    chance = np.random.default_rng(seed)
    points, shares, _ = songs(chance, 60, 6)
    made = freed(points, shares, "cov")
    turn, _ = np.linalg.qr(chance.standard_normal((6, 6)))
    np.testing.assert_allclose(
        freed(points * factor + shift, shares, "cov"), made * factor, rtol=1e-3, atol=1e-2 * factor
    )
    np.testing.assert_allclose(freed(points @ turn, shares, "cov"), made @ turn, rtol=1e-3, atol=1e-2)


def test_the_order_of_languages_and_one_that_nobody_sings_do_not_matter(rng: np.random.Generator) -> None:
    points, shares, _ = songs(rng)
    made = freed(points, shares, "cov")
    np.testing.assert_allclose(freed(points, shares[:, ::-1], "cov"), made, atol=1e-4)
    np.testing.assert_allclose(freed(points, np.hstack([shares, np.zeros((200, 3))]), "cov"), made, atol=1e-4)


def test_one_language_is_only_moved(rng: np.random.Generator) -> None:
    points, _, _ = songs(rng)
    ways: tuple[Way, ...] = ("mean", "cov")
    for way in ways:
        made = freed(points, np.ones((200, 1)), way)
        np.testing.assert_allclose(made, points - points.mean(0), atol=1e-4)


def test_leading_dimensions_follow_the_second_language() -> None:
    def shares(*many: int) -> F64:
        return np.hstack([np.eye(len(many))[np.repeat(range(len(many)), many)], np.zeros((sum(many), 1))])

    assert leading(shares(500, 500), 384) == 64
    assert leading(shares(500, 83), 384) == 20
    assert leading(shares(500, 2), 384) == 16
    assert leading(shares(500, 500), 10) == 10


def test_tracks_become_rows_of_shares() -> None:
    codes, shares = table([{"de": 1.0}, {}, {"en": 0.5, "de": 0.25, "unsure": 0.25}, {"unsure": 1.0}])
    assert codes == ["de", "en"]
    np.testing.assert_array_equal(shares, [[1, 0], [0, 0], [0.25, 0.5], [0, 0]])
    assert table([])[1].shape == (0, 0)
    assert freed(np.ones((2, 3)), table([{}, {}])[1], "cov").shape == (2, 3)


def test_what_is_wrong_is_said(rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match="'none' is none of keep, mean, cov"):
        freed(rng.random((2, 3)), np.ones((2, 1)), "none")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="2 vectors and 3 rows of shares"):
        freed(rng.random((2, 3)), np.ones((3, 1)), "mean")
    with pytest.raises(ValueError, match="negative or not a number"):
        freed(rng.random((2, 3)), -np.ones((2, 1)), "mean")


@pytest.mark.parametrize("way", get_args(Way))
def test_unseen_texts_lose_what_the_seen_ones_of_their_language_have_in_common(
    rng: np.random.Generator, way: Way
) -> None:
    points, shares, _ = songs(rng)
    seen = np.arange(200) < 150
    made = freed(points, shares, way, seen)
    np.testing.assert_allclose(made[seen], freed(points[seen], shares[seen], way), atol=1e-5)
    changed = points.copy()
    changed[~seen] += 5 * rng.standard_normal((50, 24))
    np.testing.assert_array_equal(freed(changed, shares, way, seen)[seen], made[seen])
    if way != "keep":
        first, second = (~seen & (shares[:, language] == 1) for language in (0, 1))
        before, after = (np.linalg.norm(vectors[first].mean(0) - vectors[second].mean(0)) for vectors in (points, made))
        assert after < 0.3 * before


@pytest.mark.parametrize("way", ["mean", "cov"])
def test_a_language_that_no_seen_text_has_is_an_unknown_one(rng: np.random.Generator, way: Way) -> None:
    points, shares, _ = songs(rng)
    seen = shares[:, 0] == 1
    made = freed(points, shares, way, seen)
    np.testing.assert_allclose(made, points - points[seen].mean(0), atol=1e-4)
