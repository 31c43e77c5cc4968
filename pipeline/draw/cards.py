"""A card for each cluster: who is in it, what it sounds like, which words it favours, and what to play to hear it."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.core import store
from pipeline.core.store import Array
from pipeline.draw.run import Run

EXEMPLARS = 4
TERMS = 6
FEWEST = 3  # tracks with lyrics of a language, below which its words say nothing of the cluster
AUDIBLE = 0.4  # standard deviations of the tracks; a smaller difference is not put in words

Card = dict[str, Any]


def _named(stats: Array, names: list[str], start: str, end: str = "") -> Array:
    found: Array = stats[:, [n for n, name in enumerate(names) if name.startswith(start) and name.endswith(end)]]
    return found


def descriptors(stats: Array, names: list[str]) -> Mapping[tuple[str, str], Array]:
    """What an ear would call little and much of it, and how much of it each track has."""
    pulse = _named(stats, names, "pulse")
    shares = np.clip(_named(stats, names, "chroma"), 1e-9, None)
    quick = pulse.shape[1] // 2
    told = {
        ("quieter", "louder"): _named(stats, names, "mfcc00", "_mean"),
        ("brighter", "darker"): _named(stats, names, "mfcc01", "_mean"),
        ("purer tone", "noisier"): _named(stats, names, "flatness", "_mean"),
        ("hazier notes", "clearer notes"): _named(stats, names, "contrast", "_mean"),
        ("steadier colour", "changing colour"): _named(stats, names, "mfcc", "_delta_std"),
        ("weaker pulse", "stronger pulse"): pulse.max(axis=1, keepdims=True) if quick else pulse,
        ("slower pulse", "quicker pulse"): pulse[:, :quick] - pulse[:, -quick:] if quick else pulse,
        ("fewer notes", "more notes"): -(shares * np.log(shares)).sum(axis=1, keepdims=True),
    }
    return {words: values.mean(axis=1) for words, values in told.items() if values.shape[1]}


def cards(seen: Run, name: str) -> list[Card]:
    """The clusters of one representation, from the largest to the smallest; noise is none of them."""
    found = seen.clusters(name)
    points = seen.places(name)[:, 0]
    heard, read = _heard(seen), _read(seen)
    numbers = sorted(set(found[found >= 0].tolist()), key=lambda c: (-int((found == c).sum()), c))
    return [_card(seen, number, found == number, points, heard, read) for number in numbers]


def _card(
    seen: Run, number: int, here: Array, points: Array, heard: Mapping[tuple[str, str], Array], read: Array | None
) -> Card:
    rows = np.flatnonzero(here)
    off = np.linalg.norm(points[rows] - points[rows].mean(axis=0), axis=1)
    return {
        "cluster": str(number),
        "size": len(rows),
        "labels": {column: _counts(seen, column, rows) for column in seen.columns},
        "sound": _words(heard, here),
        "terms": _terms(seen, read, here),
        "exemplars": [_track(seen, row) for row in rows[np.argsort(off, kind="stable")][:EXEMPLARS]],
    }


def _track(seen: Run, row: int) -> Mapping[str, str]:
    cells = seen.tracks.iloc[row]
    return {"id": seen.ids[row]} | {name: str(cells.get(name, "")) for name in ("title", "artist", "language")}


def _counts(seen: Run, column: str, rows: Array) -> list[tuple[str, int]]:
    values = seen.values(column)
    counts = Counter(values[row] or "unknown" for row in rows)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _heard(seen: Run) -> Mapping[tuple[str, str], Array]:
    """Every descriptor in standard deviations of the tracks, 0 for their mean."""
    audio = store.read_rows(store.BUILD / "audio", "stats", "valid").at(seen.ids)
    valid = audio["valid"].astype(np.float64)[:, :, None]
    stats = (audio["stats"] * valid).sum(axis=1) / np.maximum(valid.sum(axis=1), 1)
    names = store.read_json(store.BUILD / "audio" / "stats_names.json")
    return {
        words: (value - value.mean()) / max(float(value.std()), 1e-9)
        for words, value in descriptors(stats, names).items()
    }


def _words(heard: Mapping[tuple[str, str], Array], here: Array) -> list[tuple[str, float]]:
    """What the cluster is more than the corpus, the clearest first, each with its mean in standard deviations."""
    means = [(words, float(value[here].mean())) for words, value in heard.items()]
    clear = sorted((m for m in means if abs(m[1]) >= AUDIBLE), key=lambda m: -abs(m[1]))
    return [(words[mean > 0], round(mean, 2)) for words, mean in clear]


def _read(seen: Run) -> Array | None:
    """[track, word]: TF-IDF, nan where there are no lyrics; None where no track has any."""
    lyrics = store.read_rows(store.BUILD / "lyrics", "tfidf", "has_lyrics").at(seen.ids)
    there = np.asarray(lyrics["has_lyrics"], dtype=bool)
    if not there.any():
        return None
    return np.where(there[:, None], lyrics["tfidf"], np.nan)


def _terms(seen: Run, read: Array | None, here: Array) -> Mapping[str, list[str]]:
    """For each language, the words that weigh more in the cluster than in the other lyrics of that language."""
    if read is None or "language" not in seen.tracks:
        return {}
    words = store.read_json(store.BUILD / "lyrics" / "vocabulary.json")
    languages = np.array(seen.values("language"))
    there = ~np.isnan(read[:, 0])
    found = {}
    for language in sorted(set(languages.tolist()) - {""}):
        inside, outside = (there & (languages == language) & part for part in (here, ~here))
        if inside.sum() < FEWEST or outside.sum() < FEWEST:
            continue
        more = read[inside].mean(axis=0) - read[outside].mean(axis=0)
        best = np.argsort(-more, kind="stable")[:TERMS]
        found[language] = [str(words[place]) for place in best if more[place] > 0]
    return found
