"""Whether a shortcut predicts a label: something that is neither music nor words, such as a file's rate.

A shortcut is judged by what it predicts for artists that it was not fitted to: each track gets the label that is most
over-represented among the tracks of other artists with the same text, or with the nearest numbers.
"""

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.spatial.distance import cdist

from pipeline.core.store import Array

SHUFFLES = 200
STRONG_P = 0.05
WEAK_P = 0.01  # there are many shortcuts, and at .05 several would seem to predict a label by chance
STRONG_SKILL = 0.5


@dataclass(frozen=True)
class Shortcut:
    """One text per track, or numbers [track, number] with nan where they are unknown."""

    name: str
    values: Array


@dataclass(frozen=True)
class Prediction:
    """How well a shortcut predicts a label: the mean over its values of the share of tracks that are predicted."""

    shortcut: str
    label: str
    tracks: int
    score: float
    chance: float
    null_high: float  # 95 of 100 shuffles of the label stay below
    p: float

    @property
    def skill(self) -> float:
        """0 is chance, 1 always right."""
        return (self.score - self.chance) / (1 - self.chance)

    @property
    def verdict(self) -> Literal["strong", "weak", "none"]:
        always = self.score > 1 - 1e-6  # of a dozen tracks even a shortcut that is never wrong has no small p
        if always or (self.skill >= STRONG_SKILL and self.p <= STRONG_P):
            return "strong"
        return "weak" if self.skill > 0 and self.p <= WEAK_P else "none"


@dataclass(frozen=True)
class ShuffledLabel:
    """A label and what chance would make of it: the first of `values` [track, shuffle] is the label itself."""

    name: str
    known: Array  # which tracks have it
    group: Array  # of those
    one_hot: Array  # [track, shuffle, value]
    outside: Array  # [track, shuffle, value]: how many tracks of other artists have the value


def shuffled(name: str, label: Sequence[str], group: Array, seed: int) -> ShuffledLabel | None:
    """The label of all tracks that have one, and its shuffles; None where it has a single value."""
    texts = np.asarray(label, dtype=str)
    known = texts != ""
    values, codes = np.unique(texts[known], return_inverse=True)
    if len(values) < 2:
        return None
    rng, artist = np.random.default_rng(seed), group[known]
    columns = np.stack([codes, *(_shuffle(codes, artist, rng) for _ in range(SHUFFLES))], axis=1)
    one_hot = (columns[:, :, None] == np.arange(len(values))).astype(np.float32)
    return ShuffledLabel(name, known, artist, one_hot, _counted(artist[:, None] != artist, one_hot))


def _shuffle(codes: Array, group: Array, rng: np.random.Generator) -> Array:
    """The labels in another order that keeps those of one artist together: a label may well depend on the artist."""
    chance = rng.random(len(codes))
    target = np.lexsort((chance, group))
    source = np.lexsort((chance, rng.permutation(group.max() + 1)[group]))
    out = np.empty_like(codes)
    out[target] = codes[source]
    return out


def predicts(shortcut: Shortcut, label: ShuffledLabel) -> Prediction:
    """How well `shortcut` predicts `label`."""
    alike = _alike(shortcut.values[label.known]) & (label.group[:, None] != label.group)
    votes = _counted(alike, label.one_hot)
    shares = np.divide(votes, label.outside, out=np.zeros_like(votes), where=label.outside > 0)
    right = np.take_along_axis(label.one_hot, shares.argmax(axis=2)[:, :, None], axis=2)
    scores = (right * label.one_hot).sum(axis=0) / label.one_hot.sum(axis=0)
    score, *null = scores.mean(axis=1).tolist()
    p = (1 + sum(chance >= score - 1e-6 for chance in null)) / (1 + len(null))
    high = float(np.quantile(null, 0.95))
    return Prediction(shortcut.name, label.name, len(alike), score, 1 / scores.shape[1], high, p)


def _counted(which: Array, one_hot: Array) -> Array:
    """[track, shuffle, value]: how many of the tracks of the mask `which` [track, track] have each value."""
    counts: Array = (which.astype(np.float32) @ one_hot.reshape(len(one_hot), -1)).reshape(one_hot.shape)
    return counts


def _alike(values: Array) -> Array:
    """[track, track]: the same text, or as near by the numbers as the nearest few; ties are all near."""
    if values.ndim == 1:
        return np.asarray(values[:, None] == values)
    known = np.isfinite(values)
    mean = np.where(known, values, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    away = np.where(known, values - mean, 0)
    places = np.hstack([away / np.maximum(away.std(axis=0), 1e-12), 3.0 * ~known])  # unknown lies far from known
    apart = cdist(places, places)
    few = min(len(apart) - 1, max(1, round(math.sqrt(len(apart)))))
    return np.asarray(apart <= np.partition(apart, few, axis=1)[:, [few]] + 1e-9)  # a track is its own nearest


def column_shortcut(name: str, column: Iterable[str]) -> Shortcut:
    """A column of a table: numbers where all its values are numbers, else texts."""
    texts = [str(value).strip() for value in column]
    try:
        numbers = [float(text) if text else math.nan for text in texts]
    except ValueError:
        return Shortcut(name, np.array(texts))
    if any(map(math.isinf, numbers)) or all(map(math.isnan, numbers)):
        return Shortcut(name, np.array(texts))
    return Shortcut(name, np.array(numbers)[:, None])


def script(text: str) -> str:
    """The alphabet of most letters of a text, by its Unicode name, such as BENGALI; "" without letters."""
    counts = Counter(unicodedata.name(letter, "?").split()[0] for letter in text if letter.isalpha())
    return counts.most_common(1)[0][0] if counts else ""


def same(keys: Sequence[object], ids: Sequence[str]) -> list[list[str]]:
    """The ids that share a key, where more than one does; "" is no key."""
    by_key: dict[object, list[str]] = {}
    for key, id_ in zip(keys, ids, strict=True):
        if key:
            by_key.setdefault(key, []).append(id_)
    return [alike for alike in by_key.values() if len(alike) > 1]
