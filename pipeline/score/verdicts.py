"""Which of two representations is better, with intervals over artists and seeds, and verdicts that survive many looks.

Artists are left out one group at a time (a jackknife), not drawn with replacement: a track that is drawn twice agrees
with itself, which lifts every chance-adjusted score. Clusterings and predictions stay as they are when an artist is
left out, so intervals and verdicts hold given these clusterings: what another corpus would do to the fit and to the
clusterer is no part of them. Corpora of other seeds show that part (pipeline.replicate).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Verdict = Literal["better", "worse", "equivalent", "undecided"]

LEVEL = 0.05
GROUPS = 40  # of artists, at most, where no parameter says: each is left out once for an interval
POWER = 0.8  # the chance that all clusterers show the smallest effect
# How much wider than the jackknife says the spread of predictions is. An artist who is left out of the mean is still a
# neighbour of the others. Chosen on made-up corpora (log, 2026-11-26); reports/calibration.csv is of others.
WIDER_ALONE, WIDER_DIFFERENCE = 1.35, 1.1


@dataclass(frozen=True)
class Scores:
    """One representation's score for each seed: on all tracks, and with each group of tracks left out."""

    whole: Floats  # [seed]
    without: Floats  # [seed, group]
    predicted: bool = False  # the share of tracks that are judged rightly


@dataclass(frozen=True)
class Interval:
    """A mean over the seeds with its 95 % confidence interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference(Interval):
    """One representation above another."""

    p: float  # of a true difference of 0
    apart: float  # of a true difference as large as the margin or larger (two one-sided tests); 1 without a margin
    error: float  # standard error
    freedom: float  # its degrees of freedom


@dataclass(frozen=True)
class Judgement:
    """What a comparison shows under all its clusterers, after Holm's correction over its family."""

    verdict: Verdict
    note: str = ""
    p: float | None = None  # the largest of the clusterers if they agree on the sign, else 1; None where undefined
    holm: float | None = None
    smallest: float | None = None  # the true difference that all clusterers together would show in 80 of 100 corpora


def groups(artists: Sequence[str], most: int, seed: int) -> Ints:
    """The group of each track, at most `most`: an artist is never split, a track without one stands alone."""
    names = [f"artist {artist}" if artist else f"track {row}" for row, artist in enumerate(artists)]
    _, number = np.unique(names, return_inverse=True)
    many = int(number.max()) + 1
    lot = np.random.default_rng(seed).permutation(many) % most  # even shares of the artists where they are too many
    return (lot[number] if many > most else number).astype(np.int64)


def interval(scores: Scores) -> Interval:
    """A single representation's mean score."""
    mean, error, freedom = _spread(scores, WIDER_DIFFERENCE)
    reach = float(stats.t.ppf(1 - LEVEL / 2, freedom)) * error
    return Interval(mean, mean - reach, mean + reach)


def share_interval(scores: Scores) -> Interval:
    """The same of a share, on the logit scale, so that the ends are shares too.

    A share of 0 or 1 has no logit and no spread; its interval is that of as many draws as there are groups.
    """
    mean, error, freedom = _spread(scores, WIDER_ALONE)
    if not 0 < mean < 1:
        reach = 1 - float((LEVEL / 2) ** (1 / scores.without.shape[1]))
        return Interval(mean, max(mean - reach, 0.0), min(mean + reach, 1.0))
    reach = float(stats.t.ppf(1 - LEVEL / 2, freedom)) * error / (mean * (1 - mean))
    logit = np.log(mean / (1 - mean))
    return Interval(mean, *(float(stats.logistic.cdf(logit + side * reach)) for side in (-1, 1)))


def paired(left: Scores, right: Scores, margin: float = 0.0) -> Difference:
    """How far `left` is above `right` on the same tracks, groups and seeds; below `margin` it would not matter."""
    gap = Scores(left.whole - right.whole, left.without - right.without, left.predicted or right.predicted)
    mean, error, freedom = _spread(gap, WIDER_DIFFERENCE)
    ends = interval(gap)
    if error > 0:
        p = float(2 * stats.t.sf(abs(mean) / error, freedom))
        apart = float(stats.t.sf((margin - abs(mean)) / error, freedom))
    else:
        many = gap.without.shape[1]
        p = 1.0 if mean == 0 else min(1.0, 2 * 0.5**many)  # that of as many tosses
        # Equal scores of clusters are the same clusters. Shares can be equal by chance, the more so the fewer songs.
        equal = (1 - margin) ** many if gap.predicted else 0.0
        apart = equal if abs(mean) < margin else 1.0
    return Difference(mean, ends.low, ends.high, p, apart if margin > 0 else 1.0, error, freedom)


def _spread(scores: Scores, wider: float) -> tuple[float, float, float]:
    """The mean over the seeds, its standard error from tracks and seeds, and the degrees of freedom (Satterthwaite).

    The part of the tracks is `wider` where predictions are judged.
    """
    seeds, many = scores.without.shape
    if many < 2:
        raise ValueError("an interval needs at least two artists, or tracks without one")
    left = scores.without.mean(axis=0)
    corpus = float((many - 1) / many * ((left - left.mean()) ** 2).sum()) * (wider**2 if scores.predicted else 1.0)
    chance = float(scores.whole.var(ddof=1)) / seeds if seeds > 1 else 0.0
    parts = corpus**2 / (many - 1) + (chance**2 / (seeds - 1) if seeds > 1 else 0.0)
    freedom = (corpus + chance) ** 2 / parts if parts > 0 else many - 1.0
    return float(scores.whole.mean()), float(np.sqrt(corpus + chance)), freedom


def holm(ps: Sequence[float]) -> list[float]:
    """Each p adjusted for all of them, in their order."""
    order = np.argsort(ps, kind="stable")
    steps = np.array(ps, dtype=float)[order] * (len(ps) - np.arange(len(ps)))
    adjusted = np.empty(len(ps))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(p) for p in adjusted]


def strongest(
    rivals: Mapping[str, Mapping[str, Difference | None]],
) -> tuple[str, dict[str, Difference | None]]:
    """The rival that a model is least above, a mean over the clusterers, and the differences to it.

    Their p allow for the choice. A model above every rival is better than the strongest if it is better than each, so
    its p is the largest. A model below the strongest could have lost to any, so its p counts once for each rival, as
    `apart` does. A rival that is undefined under a clusterer is left out; where all are, the first stands for them.
    """
    defined: dict[str, dict[str, Difference]] = {}
    for name, by_clusterer in rivals.items():
        if (differences := _all_defined(by_clusterer)) is not None:
            defined[name] = differences
    if not defined:
        first = next(iter(rivals))
        return first, dict.fromkeys(rivals[first])
    name = min(defined, key=lambda rival: float(np.mean([each.mean for each in defined[rival].values()])))
    return name, {
        clusterer: _chosen(difference, [rival[clusterer] for rival in defined.values()])
        for clusterer, difference in defined[name].items()
    }


def _chosen(difference: Difference, among: Sequence[Difference]) -> Difference:
    """The difference to the strongest of several rivals, with p that allow for the choice."""
    number = len(among)
    if all(each.mean > 0 for each in among):
        p = max(each.p for each in among)
    elif difference.mean > 0:  # above the strongest over all clusterers, but not above another under this one
        p = 1.0
    else:
        p = min(1.0, number * difference.p)
    return replace(difference, p=p, apart=min(1.0, number * difference.apart))


def judge(family: Sequence[Mapping[str, Difference | None]]) -> list[Judgement]:
    """The verdicts of one declared family of comparisons, each given by its difference under each clusterer.

    A comparison shows what all its clusterers show (intersection-union): its p is the largest of theirs if their signs
    agree, else 1. Holm then counts every comparison once. One that is undefined under a clusterer is not counted.
    """
    defined = [differences for each in family if (differences := _all_defined(each)) is not None]
    ps = [_joint(differences) for differences in defined]
    apart = holm([max(each.apart for each in differences.values()) for differences in defined])
    judged = iter(_judged(*parts, len(defined)) for parts in zip(defined, ps, holm(ps), apart, strict=True))
    return [Judgement("undecided") if _all_defined(each) is None else next(judged) for each in family]


def _all_defined(comparison: Mapping[str, Difference | None]) -> dict[str, Difference] | None:
    """The differences where all are defined; None otherwise."""
    defined = {name: difference for name, difference in comparison.items() if difference is not None}
    return defined if defined and len(defined) == len(comparison) else None


def _joint(differences: Mapping[str, Difference]) -> float:
    """The p of all clusterers together."""
    signs = {np.sign(each.mean) for each in differences.values()}
    return max(each.p for each in differences.values()) if len(signs) == 1 else 1.0


def _judged(differences: Mapping[str, Difference], p: float, adjusted: float, apart: float, family: int) -> Judgement:
    small, smallest = apart <= LEVEL, _smallest(differences, family)
    if adjusted <= LEVEL:
        verdict = _direction(next(iter(differences.values())))
        return Judgement(verdict, "by less than matters" if small else "", p, adjusted, smallest)
    if small:
        return Judgement("equivalent", "", p, adjusted, smallest)
    shown = [f"{_direction(each)} under {name}" for name, each in differences.items() if each.p <= LEVEL / family]
    return Judgement("undecided", f"{' and '.join(shown)} only" if shown else "", p, adjusted, smallest)


def _direction(difference: Difference) -> Literal["better", "worse"]:
    return "better" if difference.mean > 0 else "worse"


def _smallest(differences: Mapping[str, Difference], family: int) -> float | None:
    """The true difference that all clusterers together show with probability `POWER`; None where nothing spreads.

    Their powers are multiplied, as if they erred independently: where they err alike, together they show it more often.
    """
    errors = np.array([each.error for each in differences.values()])
    freedom = np.array([each.freedom for each in differences.values()])
    if not errors.any():
        return None
    critical = stats.t.ppf(1 - LEVEL / family / 2, freedom)
    high = float(np.max((critical + stats.t.ppf(POWER ** (1 / len(errors)), freedom)) * errors))
    errors = np.maximum(errors, 1e-9 * errors.max())

    def missing(effect: float) -> float:
        return float(np.prod(stats.t.cdf(effect / errors - critical, freedom))) - POWER

    return high if len(errors) == 1 else float(brentq(missing, 0.0, high * (1 + 1e-9)))
