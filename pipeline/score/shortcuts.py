"""Whether a shortcut predicts a label: something that is neither music nor words, such as a file's rate.

A shortcut is judged by what it predicts for artists that it was not fitted to: each track gets the label that is most
over-represented among the tracks of other artists with the same text, or with the nearest numbers.
Chance is the label with the artists shuffled. Many shortcuts are tried, so a weak one must pass Holm's correction over
all pairs of shortcut and label. That takes small p: shuffles go on until enough of them predict as well (the sequential
test of Besag and Clifford), or until they are many enough for the smallest p that counts.
"""

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.spatial.distance import cdist

from pipeline.core.store import Array
from pipeline.score.permutation import block_shuffles
from pipeline.score.verdicts import holm

SHUFFLES = 200  # of a label at a time
ENOUGH = 10  # shuffles that predict as well: p is known then
LEVEL = 0.05
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
    holm: float = 1.0  # p after Holm over all pairs of shortcut and label

    @property
    def skill(self) -> float:
        """0 is chance, 1 always right."""
        return (self.score - self.chance) / (1 - self.chance)

    @property
    def verdict(self) -> Literal["strong", "weak", "none"]:
        always = self.score > 1 - 1e-6  # of a dozen tracks even a shortcut that is never wrong has no small p
        if always or (self.skill >= STRONG_SKILL and self.p <= LEVEL):
            return "strong"
        return "weak" if self.skill > 0 and self.holm <= LEVEL else "none"


@dataclass(frozen=True)
class Shuffles:
    """A label and shuffles of it: the first of `values` [track, shuffle] is the label itself."""

    one_hot: Array  # [track, shuffle, value]
    outside: Array  # [track, shuffle, value]: how many tracks of other artists have the value


@dataclass(frozen=True)
class ShuffledLabel:
    """A label and as many shuffles of it as are asked for."""

    name: str
    known: Array  # which tracks have it
    group: Array  # of those
    codes: Array  # of those
    seed: int

    def batch(self, number: int) -> Shuffles:
        """The label itself, then the shuffles with this number."""
        return self._first if number == 0 else self._drawn(number)

    @cached_property
    def _first(self) -> Shuffles:  # kept, as every shortcut needs them
        return self._drawn(0)

    def _drawn(self, number: int) -> Shuffles:
        rng = np.random.default_rng([self.seed, number])
        columns = np.vstack([self.codes, block_shuffles(self.codes, self.group, rng, SHUFFLES)]).T
        one_hot = (columns[:, :, None] == np.arange(self.codes.max() + 1)).astype(np.float32)
        return Shuffles(one_hot, _counted(self.group[:, None] != self.group, one_hot))


def shuffled(name: str, label: Sequence[str], group: Array, seed: int) -> ShuffledLabel | None:
    """The label of all tracks that have one, and its shuffles; None where it has a single value."""
    texts = np.asarray(label, dtype=str)
    known = texts != ""
    values, codes = np.unique(texts[known], return_inverse=True)
    if len(values) < 2:
        return None
    return ShuffledLabel(name, known, group[known], codes, seed)


def predicts(shortcut: Shortcut, label: ShuffledLabel, pairs: int = 1) -> Prediction:
    """How well `shortcut` predicts `label`, as one of so many pairs."""
    alike = _alike(shortcut.values[label.known]) & (label.group[:, None] != label.group)
    most = max(1, math.ceil(2 * pairs / LEVEL / SHUFFLES))  # the best of the pairs may be beaten once
    null, p = list[float](), 1.0
    for number in range(most):
        score, *more = _scores(alike, label.batch(number))
        null += more
        as_good = np.flatnonzero(np.array(null) >= score - 1e-6)
        p = (1 + len(as_good)) / (1 + len(null))
        if len(as_good) >= ENOUGH:
            p = ENOUGH / (1 + int(as_good[ENOUGH - 1]))
            break
    high = float(np.quantile(null[:SHUFFLES], 0.95))
    return Prediction(shortcut.name, label.name, len(alike), score, 1 / (int(label.codes.max()) + 1), high, p, p)


def adjusted(predictions: Sequence[Prediction]) -> list[Prediction]:
    """The same with their p after Holm over all of them."""
    ps = holm([each.p for each in predictions])
    return [replace(each, holm=p) for each, p in zip(predictions, ps, strict=True)]


def _scores(alike: Array, label: Shuffles) -> list[float]:
    """The score of the label, and of each shuffle."""
    votes = _counted(alike, label.one_hot)
    shares = np.divide(votes, label.outside, out=np.zeros_like(votes), where=label.outside > 0)
    right = np.take_along_axis(label.one_hot, shares.argmax(axis=2)[:, :, None], axis=2)
    scores = (right * label.one_hot).sum(axis=0) / label.one_hot.sum(axis=0)
    return [float(score) for score in scores.mean(axis=1)]


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
