"""A card for each cluster: which tracks are in it, how it sounds, its typical words, and what to play."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.core import store
from pipeline.core.store import Array
from pipeline.draw.run import Run

EXEMPLARS = 4
TERMS = 6
MIN_TRACKS = 3  # with lyrics of a language, below which a cluster has no typical words
AUDIBLE = 0.4  # standard deviations of the tracks; a smaller difference is not put in words

Card = dict[str, Any]
Descriptors = Mapping[tuple[str, str], Array]  # words for little and much of it -> one value per track


def descriptors(stats: Array, names: list[str]) -> Descriptors:
    """What an ear would call little and much of it, and how much of it each track has."""

    def columns(start: str, end: str = "") -> Array:
        chosen: Array = stats[:, [n for n, name in enumerate(names) if name.startswith(start) and name.endswith(end)]]
        return chosen

    pulse = columns("pulse")
    shares = np.clip(columns("chroma"), 1e-9, None)
    quick = pulse.shape[1] // 2
    values = {
        ("quieter", "louder"): columns("mfcc00", "_mean"),
        ("brighter", "darker"): columns("mfcc01", "_mean"),
        ("purer tone", "noisier"): columns("flatness", "_mean"),
        ("hazier notes", "clearer notes"): columns("contrast", "_mean"),
        ("steadier colour", "changing colour"): columns("mfcc", "_delta_std"),
        ("weaker pulse", "stronger pulse"): pulse.max(axis=1, keepdims=True) if quick else pulse,
        ("slower pulse", "quicker pulse"): pulse[:, :quick] - pulse[:, -quick:] if quick else pulse,
        ("fewer notes", "more notes"): -(shares * np.log(shares)).sum(axis=1, keepdims=True),
    }
    return {words: value.mean(axis=1) for words, value in values.items() if value.shape[1]}


@dataclass(frozen=True)
class Words:
    """What sound and lyrics of all tracks are described by."""

    sound: Descriptors  # in standard deviations of the tracks, 0 for their mean
    vocabulary: list[str]
    tfidf: Array  # [track, word]; nan for a track without lyrics
    languages: Array  # per track; empty where it is unknown


def read_words(run: Run) -> Words:
    audio = store.read_rows(store.BUILD / "audio", "stats", "valid").at(run.ids)
    valid = audio["valid"].astype(np.float64)[:, :, None]
    stats = (audio["stats"] * valid).sum(axis=1) / np.maximum(valid.sum(axis=1), 1)
    values = descriptors(stats, store.read_json(store.BUILD / "audio" / "stats_names.json"))
    sound = {words: (value - value.mean()) / max(float(value.std()), 1e-9) for words, value in values.items()}
    lyrics = store.read_rows(store.BUILD / "lyrics", "tfidf", "has_lyrics").at(run.ids)
    tfidf = np.where(np.asarray(lyrics["has_lyrics"], dtype=bool)[:, None], lyrics["tfidf"], np.nan)
    languages = run.values("language") if "language" in run.tracks else [""] * len(run.ids)
    vocabulary = store.read_json(store.BUILD / "lyrics" / "vocabulary.json")
    return Words(sound, vocabulary, tfidf, np.array(languages))


def cards(run: Run, names: Sequence[str]) -> dict[str, list[Card]]:
    """The clusters of each representation, from the largest to the smallest; noise has no card."""
    words = read_words(run)
    sheets = {}
    for name in names:
        clusters = run.clusters(name)
        points = run.places(name)[:, 0]
        numbers = sorted(set(clusters[clusters >= 0].tolist()), key=lambda c: (-int((clusters == c).sum()), c))
        sheets[name] = [_card(run, number, clusters == number, points, words) for number in numbers]
    return sheets


def exemplars(sheets: Mapping[str, Sequence[Card]]) -> list[str]:
    """The ids of the tracks that the cards play."""
    return list(dict.fromkeys(id_ for sheet in sheets.values() for card in sheet for id_ in card["exemplars"]))


def _card(run: Run, number: int, members: Array, points: Array, words: Words) -> Card:
    rows = np.flatnonzero(members)
    off = np.linalg.norm(points[rows] - points[rows].mean(axis=0), axis=1)
    return {
        "cluster": str(number),
        "size": len(rows),
        "labels": {column: _counts(run, column, rows) for column in run.columns},
        "sound": _sound(words.sound, members),
        "terms": _terms(words, members),
        "exemplars": [run.ids[row] for row in rows[np.argsort(off, kind="stable")][:EXEMPLARS]],
    }


def _counts(run: Run, column: str, rows: Array) -> list[tuple[str, int]]:
    values = run.values(column)
    counts = Counter(values[row] or "unknown" for row in rows)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _sound(sound: Descriptors, members: Array) -> list[tuple[str, float]]:
    """How the cluster differs from all tracks, the clearest first, each with its mean in standard deviations."""
    means = [(words, float(value[members].mean())) for words, value in sound.items()]
    clear = sorted((m for m in means if abs(m[1]) >= AUDIBLE), key=lambda m: -abs(m[1]))
    return [(words[mean > 0], round(mean, 2)) for words, mean in clear]


def _terms(words: Words, members: Array) -> Mapping[str, list[str]]:
    """For each language, the words that weigh more in the cluster than in the other lyrics of that language."""
    has_lyrics = ~np.isnan(words.tfidf).any(axis=1)
    terms = {}
    for language in sorted(set(words.languages.tolist()) - {""}):
        inside, outside = (has_lyrics & (words.languages == language) & part for part in (members, ~members))
        if inside.sum() < MIN_TRACKS or outside.sum() < MIN_TRACKS:
            continue
        more = words.tfidf[inside].mean(axis=0) - words.tfidf[outside].mean(axis=0)
        best = np.argsort(-more, kind="stable")[:TERMS]
        terms[language] = [str(words.vocabulary[place]) for place in best if more[place] > 0]
    return terms
