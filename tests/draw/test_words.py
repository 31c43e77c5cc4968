"""Typical words: of several songs and artists, and not those that only hold sentences together."""

from collections.abc import Mapping

import numpy as np
import pytest

from pipeline.draw import words
from pipeline.draw.words import Words, typical

MEMBERS = np.arange(12) < 6
WORDS = ["rain", "nicht", "river", "love"]


def lyrics(says: Mapping[str, list[int]], artists: list[str] | None = None, stopwords: tuple[str, ...] = ()) -> Words:
    """Twelve lyrics in German; `says` has the tracks that say each word."""
    tfidf = np.zeros((12, len(WORDS)))
    for word, tracks in says.items():
        tfidf[tracks, WORDS.index(word)] = 1
    known = np.array([word in stopwords for word in WORDS])
    names = np.array(artists or [f"artist {n}" for n in range(12)])
    return Words(WORDS, tfidf, np.ones(12, dtype=bool), known, np.array(["de"] * 12), names)


def test_words_of_the_cluster_that_other_songs_of_its_language_say_less() -> None:
    said = lyrics({"rain": [0, 1, 2, 3], "river": [0, 1, 2, 6, 7, 8, 9], "nicht": list(range(12))})
    assert typical(said, MEMBERS) == {"de": ["rain"]}


def test_a_word_that_holds_sentences_together_is_not_typical() -> None:
    assert typical(lyrics({"rain": [0, 1, 2], "nicht": [0, 1, 2, 3, 4]}, stopwords=("nicht",)), MEMBERS) == {
        "de": ["rain"]
    }


@pytest.mark.parametrize(("tracks", "shown"), [([0], []), ([0, 1], ["rain"]), ([0, 1, 2], ["rain"])])
def test_a_word_of_one_song_is_not_typical(tracks: list[int], shown: list[str]) -> None:
    assert typical(lyrics({"rain": tracks}), MEMBERS) == {"de": shown}


def test_two_songs_are_few_in_a_large_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "SHARE", 0.5)
    assert typical(lyrics({"rain": [0, 1]}), MEMBERS) == {"de": []}


def test_the_refrain_of_one_artist_is_not_typical_beside_other_artists() -> None:
    said = {"rain": [0, 1, 2, 3], "love": [3, 4, 5]}
    assert typical(lyrics(said, ["one"] * 4 + ["two"] * 8), MEMBERS) == {"de": ["love"]}
    assert typical(lyrics(said, ["one"] * 6 + ["two"] * 6), MEMBERS) == {"de": ["rain", "love"]}  # nobody else is there
