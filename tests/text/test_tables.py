"""Texts as rows: TF-IDF, its short form, and Word2Vec, each the same for the same texts."""

import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from pipeline.text import tfidf, word2vec
from pipeline.text.clean import clean
from pipeline.text.tfidf import TfidfParams
from pipeline.text.word2vec import Word2VecParams

ALL = TfidfParams(vocabulary=5000, min_tracks=1, reduced=2)
SMALL = Word2VecParams(size=8, window=3, min_count=1, epochs=3)


def test_rows_have_unit_length_and_rare_words_are_left_out() -> None:
    p = TfidfParams(vocabulary=5000, min_tracks=2, reduced=2)
    vectors, words = tfidf.vectors(["rain song", "rain bird", "rain song"], p)
    assert words == ["rain", "song"]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-6)
    assert vectors[1].tolist() == [1.0, 0.0]


def test_the_vocabulary_has_a_limit() -> None:
    _, words = tfidf.vectors(["a b c d", "a b c", "a b"], TfidfParams(vocabulary=2, min_tracks=1, reduced=2))
    assert words == ["a", "b"]


@pytest.mark.parametrize("letter", ["\u09dc", "\u09dd", "\u09df"], ids=["rra", "rha", "yya"])
def test_bangla_words_are_columns_however_typed(letter: str) -> None:
    vectors, words = tfidf.vectors(
        [clean(f"বৃষ্টি প{letter}ে"), clean(unicodedata.normalize("NFD", f"বৃষ্টি প{letter}ে"))], ALL
    )
    assert words == sorted([clean("বৃষ্টি"), clean(f"প{letter}ে")])
    np.testing.assert_array_equal(vectors[0], vectors[1])


@pytest.mark.parametrize("texts", [["!", "?"], ["one", "two"]], ids=["no word", "no common word"])
def test_texts_without_a_word_to_keep_are_rows_of_zeros(texts: list[str]) -> None:
    vectors, words = tfidf.vectors(texts, TfidfParams(vocabulary=10, min_tracks=2, reduced=2))
    assert words == [""]
    assert vectors.tolist() == [[0.0], [0.0]]


def test_reducing_keeps_who_is_like_whom() -> None:
    vectors, _ = tfidf.vectors(["rain river", "rain river", "star moon", "star night", "moon night"], ALL)
    few = tfidf.reduced(vectors, 4)
    np.testing.assert_allclose(few @ few.T, vectors @ vectors.T, atol=1e-5)
    assert tfidf.reduced(vectors, 2).shape == (5, 2)


@pytest.mark.parametrize("texts", [["rain"], ["rain", "rain"], ["rain river"] * 3], ids=len)
def test_reducing_a_few_equal_texts_is_no_accident(texts: list[str]) -> None:
    few = tfidf.reduced(tfidf.vectors(texts, ALL)[0], 32)
    assert len(few) == len(texts)
    assert np.isfinite(few).all()


def test_a_text_is_the_mean_of_its_words_and_rare_ones_count_more() -> None:
    texts = ["rain", "bird", "rain bird", "rain rain bird", "rain song"]
    table = word2vec.vectors(texts, SMALL)
    rain, bird = table[0], table[1]
    less, more = np.log(6 / 5) + 1, np.log(6 / 4) + 1  # idf of rain (in 4 of 5 texts) and bird (in 3)
    np.testing.assert_allclose(table[2], (less * rain + more * bird) / (less + more), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(table[3], (2 * less * rain + more * bird) / (2 * less + more), rtol=1e-5, atol=1e-7)
    assert more > less


def test_words_sung_together_lie_together(rng: np.random.Generator) -> None:
    worlds = [["rain", "river", "cloud", "boat", "water"], ["drum", "dance", "light", "lamp", "fair"]]
    texts = [" ".join(rng.choice(worlds[number % 2], 12)) for number in range(60)]
    table = word2vec.vectors(texts, Word2VecParams(size=8, window=5, min_count=1, epochs=20))
    table -= table.mean(0)
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    alike = table @ table.T
    same = (np.arange(60)[:, None] - np.arange(60)) % 2 == 0
    assert alike[same].mean() > 0.5
    assert alike[~same].mean() < -0.5


@pytest.mark.parametrize("texts", [["!"], ["rain", "bird"]], ids=["no word", "no common word"])
def test_words_too_rare_give_zeros(texts: list[str]) -> None:
    p = Word2VecParams(size=4, window=2, min_count=2, epochs=1)
    assert word2vec.vectors(texts, p).tolist() == [[0.0] * 4] * len(texts)


def test_no_word_of_a_long_text_is_cut_off() -> None:
    late = "rain " * 20_000 + "bird"  # gensim itself reads the first 10,000 words of a text
    table = word2vec.vectors([late, "bird", "rain"], SMALL)
    assert table.any(1).all()


def test_the_same_numbers_in_another_process(tmp_path: Path) -> None:
    code = (
        "import sys, numpy as np; from pipeline.text.word2vec import Word2VecParams, vectors;"
        "np.save(sys.argv[1], vectors(['rain song bird', 'rain bird', 'বৃষ্টি গান'], Word2VecParams(8, 3, 1, 3)))"
    )
    env = os.environ | {"PYTHONHASHSEED": "77", "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "other.npy")], check=True, env=env)
    mine = word2vec.vectors(["rain song bird", "rain bird", "বৃষ্টি গান"], SMALL)
    np.testing.assert_array_equal(mine, np.load(tmp_path / "other.npy"))


def test_directions_and_words_are_those_of_the_seen_texts() -> None:
    texts = ["rain river", "rain river bird", "star moon", "star night", "moon night", "rain night"]
    seen = np.array([True, True, True, True, True, False])
    counts, _ = tfidf.vectors(texts, ALL)
    alone, all_of_them = tfidf.reduced(counts[seen], 2), tfidf.reduced(counts, 2, seen)
    np.testing.assert_allclose(all_of_them[seen], alone, atol=1e-5)
    vectors = word2vec.vectors(texts, SMALL, seen)
    np.testing.assert_array_equal(vectors[seen], word2vec.vectors(texts[:5], SMALL))
    assert vectors[5].any()
