"""Typical words of a cluster: what its lyrics say more than other lyrics of the same language do."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.core import languages, store
from pipeline.core.store import Array
from pipeline.draw.run import Run

LYRICS = store.BUILD / "lyrics"
WORDS = 6  # of a language
MIN_TRACKS = 3  # with lyrics of a language, below which a cluster has no typical words in it
TRACKS, SHARE = 3, 0.2  # that say a word: so many, or two that are this share of the cluster's lyrics of the language


@dataclass(frozen=True)
class Words:
    """What the lyrics of the tracks say."""

    vocabulary: list[str]
    tfidf: Array  # [track, word]
    has_lyrics: Array
    stopwords: Array  # per word of the vocabulary: whether it only holds sentences together
    languages: Array  # per track: a code; "" where it is unknown
    artists: Array  # per track; one without an artist is the only one of its own


def read_words(run: Run) -> Words:
    rows = store.read_rows(LYRICS, "tfidf", "has_lyrics").at(run.ids)
    vocabulary = [str(word) for word in store.read_json(LYRICS / "vocabulary.json")]
    stopwords = set(store.read_json(LYRICS / "stopwords.json"))
    artists = run.values("artist") if "artist" in run.tracks else [""] * len(run.ids)
    return Words(
        vocabulary,
        rows["tfidf"],
        np.asarray(rows["has_lyrics"], dtype=bool),
        np.array([word in stopwords for word in vocabulary], dtype=bool),
        np.array(track_languages(run)),
        np.array([artist or f"track {id_}" for artist, id_ in zip(artists, run.ids, strict=True)]),
    )


def track_languages(run: Run) -> list[str]:
    """The language of each track: that of the table, else the one of most lines of its lyrics."""
    lines: dict[str, tuple[float, str]] = {}
    for row in store.read_table(LYRICS / "languages.csv").to_dict("records"):
        if row["language"] != languages.UNSURE:
            lines[row["id"]] = max(lines.get(row["id"], (0.0, "")), (float(row["share"]), row["language"]))
    named = run.values("language") if "language" in run.tracks else [""] * len(run.ids)
    return [
        languages.code(name) or name or lines.get(id_, (0.0, ""))[1] for name, id_ in zip(named, run.ids, strict=True)
    ]


def typical(words: Words, members: Array) -> Mapping[str, list[str]]:
    """For each language, the words that weigh more in the cluster than in the other lyrics of that language."""
    by_language = {}
    for language in sorted(set(words.languages.tolist()) - {""}):
        inside, outside = (words.has_lyrics & (words.languages == language) & part for part in (members, ~members))
        if inside.sum() < MIN_TRACKS or outside.sum() < MIN_TRACKS:
            continue
        more = words.tfidf[inside].mean(axis=0) - words.tfidf[outside].mean(axis=0)
        more = np.where(_shared(words, inside) & ~words.stopwords, more, 0)
        best = np.argsort(-more, kind="stable")[:WORDS]
        by_language[language] = [words.vocabulary[place] for place in best if more[place] > 0]
    return by_language


def _shared(words: Words, rows: Array) -> Array:
    """Which words are said by several of these tracks, and not in the songs of one artist alone."""
    says = words.tfidf[rows] > 0
    tracks = says.sum(axis=0)
    enough = (tracks >= TRACKS) | ((tracks >= 2) & (tracks >= SHARE * len(says)))
    artists = words.artists[rows]
    by_artist = np.stack([says[artists == artist].any(axis=0) for artist in np.unique(artists)])
    shared: Array = enough & (by_artist.sum(axis=0) >= min(2, len(by_artist)))
    return shared
