"""A card for each cluster: which tracks are in it, how it sounds, its tags and typical words, and what to play."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipeline.core import store
from pipeline.core.store import Array
from pipeline.draw.run import Run
from pipeline.draw.words import read_words, typical

EXEMPLARS = 4
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


def read_sound(run: Run) -> Descriptors:
    """The descriptors of all tracks, in standard deviations, 0 for their mean."""
    audio = store.read_rows(store.BUILD / "audio", "stats", "valid").at(run.ids)
    valid = audio["valid"].astype(np.float64)[:, :, None]
    stats = (audio["stats"] * valid).sum(axis=1) / np.maximum(valid.sum(axis=1), 1)
    values = descriptors(stats, store.read_json(store.BUILD / "audio" / "stats_names.json"))
    return {words: (value - value.mean()) / max(float(value.std()), 1e-9) for words, value in values.items()}


def cards(run: Run, names: Sequence[str]) -> dict[str, list[Card]]:
    """The clusters of each representation, from the largest to the smallest; noise has no card."""
    sound, words = read_sound(run), read_words(run)
    sheets: dict[str, list[Card]] = {}
    for name in names:
        clusters = run.clusters(name)
        points = run.places(name)[:, 0]
        numbers = sorted(set(clusters[clusters >= 0].tolist()), key=lambda c: (-int((clusters == c).sum()), c))
        sheets[name] = []
        for number in numbers:
            members = clusters == number
            described = {"sound": _sound(sound, members), "terms": typical(words, members)}
            sheets[name].append({"cluster": str(number), **_card(run, members, points), **described})
    return sheets


def exemplars(sheets: Mapping[str, Sequence[Card]]) -> list[str]:
    """The ids of the tracks that the cards play."""
    return list(dict.fromkeys(id_ for sheet in sheets.values() for card in sheet for id_ in card["exemplars"]))


def _card(run: Run, members: Array, points: Array) -> Card:
    rows = np.flatnonzero(members)
    return {
        "size": len(rows),
        "labels": {column: _counts(run, column, rows) for column in run.columns},
        "tags": run.tags.of_cluster(members) if run.tags else [],
        "exemplars": [run.ids[row] for row in _middle(run, rows, points)],
    }


def _middle(run: Run, rows: Array, points: Array) -> list[int]:
    """The tracks nearest to the centre, one per artist; where there are too few artists, the next nearest beside."""
    off = np.linalg.norm(points[rows] - points[rows].mean(axis=0), axis=1)
    nearest = [int(row) for row in rows[np.argsort(off, kind="stable")]]
    artists = run.values("artist") if "artist" in run.tracks else [""] * len(run.ids)
    first = set({artists[row] or run.ids[row]: row for row in reversed(nearest)}.values())
    return sorted(nearest, key=lambda row: row not in first)[:EXEMPLARS]


def _counts(run: Run, column: str, rows: Array) -> list[tuple[str, int]]:
    values = run.values(column)
    counts = Counter(values[row] or "unknown" for row in rows)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _sound(sound: Descriptors, members: Array) -> list[tuple[str, float]]:
    """How the cluster differs from all tracks, the clearest first, each with its mean in standard deviations."""
    means = [(words, float(value[members].mean())) for words, value in sound.items()]
    clear = sorted((m for m in means if abs(m[1]) >= AUDIBLE), key=lambda m: -abs(m[1]))
    return [(words[mean > 0], round(mean, 2)) for words, mean in clear]
