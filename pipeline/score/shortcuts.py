"""Whether a label can be told by a side door: by something that is neither music nor words, such as a file's rate.

A door is judged by what it says about artists that it has not seen: each track gets the label that is most over-
represented among the tracks of other artists with the same text, or with the nearest numbers.
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
CHANCE = 0.05
WEAK = 0.01  # the p of a door that tells little: there are many doors, and at .05 several would seem to, by chance
HALF = 0.5  # of the way from chance to always right


@dataclass(frozen=True)
class Shortcut:
    """A way to tell a label: a text a track, or numbers [track, number] with nan where they are unknown."""

    name: str
    values: Array


@dataclass(frozen=True)
class Found:
    """How well a door tells a label: the mean over its values of the share of tracks that are told rightly."""

    door: str
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
    def verdict(self) -> Literal["tells", "weak", "no"]:
        always = self.score > 1 - 1e-6  # of a dozen tracks even a door that is never wrong has no small p
        if always or (self.skill >= HALF and self.p <= CHANCE):
            return "tells"
        return "weak" if self.skill > 0 and self.p <= WEAK else "no"


@dataclass(frozen=True)
class Shuffled:
    """A label and what chance would make of it: the first of `values` [track, shuffle] is the label itself."""

    name: str
    here: Array  # which tracks have it
    group: Array  # of those
    one_hot: Array  # [track, shuffle, value]
    outside: Array  # [track, shuffle, value]: how many tracks of other artists have the value


def shuffled(name: str, label: Sequence[str], group: Array, seed: int) -> Shuffled | None:
    """The label of all tracks that have one, and its shuffles; None where there is nothing to tell."""
    texts = np.asarray(label, dtype=str)
    here = texts != ""
    values, codes = np.unique(texts[here], return_inverse=True)
    if len(values) < 2:
        return None
    rng, own = np.random.default_rng(seed), group[here]
    columns = np.stack([codes, *(_shuffle(codes, own, rng) for _ in range(SHUFFLES))], axis=1)
    one_hot = (columns[:, :, None] == np.arange(len(values))).astype(np.float32)
    return Shuffled(name, here, own, one_hot, _counted(own[:, None] != own, one_hot))


def _shuffle(codes: Array, group: Array, rng: np.random.Generator) -> Array:
    """The labels in another order that keeps neighbours of one artist together: a label may well hang on the artist."""
    chance = rng.random(len(codes))
    target = np.lexsort((chance, group))
    source = np.lexsort((chance, rng.permutation(group.max() + 1)[group]))
    out = np.empty_like(codes)
    out[target] = codes[source]
    return out


def told(door: Shortcut, label: Shuffled) -> Found:
    """How well `door` tells `label`."""
    alike = _alike(door.values[label.here]) & (label.group[:, None] != label.group)
    votes = _counted(alike, label.one_hot)
    shares = np.divide(votes, label.outside, out=np.zeros_like(votes), where=label.outside > 0)
    right = np.take_along_axis(label.one_hot, shares.argmax(axis=2)[:, :, None], axis=2)
    scores = (right * label.one_hot).sum(axis=0) / label.one_hot.sum(axis=0)
    score, *null = scores.mean(axis=1).tolist()
    p = (1 + sum(chance >= score - 1e-6 for chance in null)) / (1 + len(null))
    high = float(np.quantile(null, 0.95))
    return Found(door.name, label.name, len(alike), score, 1 / scores.shape[1], high, p)


def _counted(which: Array, one_hot: Array) -> Array:
    """[track, shuffle, value]: how many of the tracks that `which` [track, track] names have each value."""
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


def shortcut(name: str, column: Iterable[str]) -> Shortcut:
    """A column of a table: numbers where all that is written in it are numbers, else texts."""
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
    """The ids that share a key, where more than one does; a key of "" is none."""
    by_key: dict[object, list[str]] = {}
    for key, id_ in zip(keys, ids, strict=True):
        if key:
            by_key.setdefault(key, []).append(id_)
    return [alike for alike in by_key.values() if len(alike) > 1]
