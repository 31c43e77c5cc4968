"""Which of two representations is better, with intervals over artists and seeds, and verdicts that survive many looks.

Artists are left out one group at a time (a jackknife), not drawn with replacement: a track that is drawn twice agrees
with itself, which lifts every chance-adjusted score. Student's t serves the few artists of a small corpus: in
simulations with 20 artists 0 to 4 % of true zeros were called a difference, and the 95 % intervals held 96 to 100 %.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Verdict = Literal["better", "worse", "not shown"]

LEVEL = 0.05
GROUPS = 40  # of artists, at most, where no parameter says: each is left out once for an interval
POWER = 0.8  # the chance with which the smallest effect that is told of would have been seen


@dataclass(frozen=True)
class Scores:
    """One representation's score for each seed: on all tracks, and with each group of tracks left out."""

    whole: Floats  # [seed]
    without: Floats  # [seed, group]


@dataclass(frozen=True)
class Interval:
    """A mean over the seeds, and between what ends it lies in 95 of 100 such corpora."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference(Interval):
    """One representation above another, with the p of a true difference of 0."""

    p: float
    smallest: float  # the least true difference that would have been seen in 80 of 100 corpora, at the family's level


def groups(artists: Sequence[str], most: int, seed: int) -> Ints:
    """A group number a track: an artist is never split, a track without one stands alone, at most `most` groups."""
    names = [f"artist {artist}" if artist else f"track {row}" for row, artist in enumerate(artists)]
    _, number = np.unique(names, return_inverse=True)
    many = int(number.max()) + 1
    lot = np.random.default_rng(seed).permutation(many) % most  # even shares of the artists where they are too many
    return (lot[number] if many > most else number).astype(np.int64)


def interval(scores: Scores) -> Interval:
    """A single representation's mean score."""
    mean, error, freedom = _spread(scores)
    reach = float(stats.t.ppf(1 - LEVEL / 2, freedom)) * error
    return Interval(mean, mean - reach, mean + reach)


def paired(one: Scores, other: Scores, family: int = 1) -> Difference:
    """How far `one` is above `other` on the same tracks, groups and seeds, as one of `family` comparisons."""
    gap = Scores(one.whole - other.whole, one.without - other.without)
    mean, error, freedom = _spread(gap)
    ends = interval(gap)
    p = float(2 * stats.t.sf(abs(mean) / error, freedom)) if error > 0 else float(mean == 0)
    factor = stats.t.ppf(1 - LEVEL / family / 2, freedom) + stats.t.ppf(POWER, freedom)
    return Difference(mean, ends.low, ends.high, p, float(factor) * error)


def _spread(scores: Scores) -> tuple[float, float, float]:
    """The mean over the seeds, its standard error from tracks and seeds, and the degrees of freedom (Satterthwaite)."""
    seeds, many = scores.without.shape
    if many < 2:
        raise ValueError("an interval needs at least two artists, or tracks without one")
    left = scores.without.mean(axis=0)
    corpus = float((many - 1) / many * ((left - left.mean()) ** 2).sum())
    chance = float(scores.whole.var(ddof=1)) / seeds if seeds > 1 else 0.0
    parts = corpus**2 / (many - 1) + (chance**2 / (seeds - 1) if seeds > 1 else 0.0)
    freedom = (corpus + chance) ** 2 / parts if parts > 0 else many - 1.0
    return float(scores.whole.mean()), float(np.sqrt(corpus + chance)), freedom


def holm(ps: Sequence[float]) -> list[float]:
    """Each p as if it were the only one: adjusted for all of them, in their order."""
    order = np.argsort(ps, kind="stable")
    steps = np.array(ps, dtype=float)[order] * (len(ps) - np.arange(len(ps)))
    adjusted = np.empty(len(ps))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(p) for p in adjusted]


def verdict(difference: Difference, adjusted: float) -> Verdict:
    if adjusted > LEVEL or difference.mean == 0:
        return "not shown"
    return "better" if difference.mean > 0 else "worse"


def joint(seen: Mapping[str, Verdict]) -> tuple[Verdict, str]:
    """The verdict that all clusterers share; else `not shown`, and which of them saw what."""
    said = set(seen.values())
    if len(said) == 1:
        return said.pop(), ""
    parts = [f"{one} under {name}" for name, one in seen.items() if one != "not shown"]
    return "not shown", f"{' and '.join(parts)} only"
