"""How well batches (languages) are mixed among the nearest neighbours of each track: iLISI and kBET.

They are those of scib-metrics 0.5, with exact neighbours; a track counts among its own k, as it does there. The number
of neighbours is smaller than its default of 90, which of 180 tracks is half: a space from which a probe read the
language at .87, and neighbours at .64, scored .91 there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from pipeline.core.store import Array
from pipeline.score.contingency import batches as slices
from pipeline.score.contingency import coded
from pipeline.score.neighbours import nearest_others
from pipeline.score.verdicts import Scores

ILISI_K = 20  # a ninth of 180 tracks
KBET_K = 25  # about 5 of each batch are expected where there are five, which chi-squared needs
SHARE = 4  # of the tracks at most one in so many is a neighbour: all of them together are always mixed
ALPHA = 0.05  # kBET: a neighbourhood is refused below this p value, as in the reference
SHUFFLES = 200  # of the batches


@dataclass(frozen=True)
class Space:
    """Where all tracks lie [track, dim], and which of them are asked for their neighbours."""

    points: Array
    asked: Array


@dataclass(frozen=True)
class Mixed:
    """A score for each seed, its parts without each group of artists, and what shuffled batches would score.

    Single tracks are shuffled, not artists: the null is how mixed a space can be at most, whoever sings in what. The
    interval of iLISI is rough, as a median moves by jumps when artists are left out.
    """

    values: list[float]
    scores: Scores | None
    low: float  # 5 of 100 shuffles are below: a lower score is less mixed than chance
    mean: float
    high: float  # 95 of 100 shuffles are below


def ilisi(points: Array, batches: Array, k: int = ILISI_K) -> float | None:
    """How many batches a neighbourhood holds, 0 one and 1 all of them alike: (median LISI - 1) / (batches - 1).

    Neighbours weigh as in t-SNE, at a perplexity of a third of `k`, the track itself being one of the k. Fewer tracks
    than k: all of them. None without two batches. With few neighbours it is far below 1 even by chance (about .6 of two
    batches and 20 neighbours), so it is read against its null.
    """
    return _plain("ilisi", points, batches, k)


def kbet(points: Array, batches: Array, k: int = KBET_K) -> float | None:
    """The share of tracks whose k nearest (itself among them) hold the batches as all tracks do: chi-squared, 5 %."""
    return _plain("kbet", points, batches, k)


def _plain(name: str, points: Array, batches: Array, k: int) -> float | None:
    batch, number = coded(batches)
    known = batch >= 0
    k = min(k, int(known.sum()))
    if number < 2 or k < LEAST_K[name]:
        return None
    everywhere = np.ones(int(known.sum()), dtype=bool)
    by_track = BY_TRACK[name](Space(points[known], everywhere), batch[known][None], k)
    return float(SUMMARY[name](by_track, number)[0])


def mixed(name: str, seeds: Sequence[Sequence[Space]], batches: Array, group: Array) -> Mixed | None:
    """iLISI or kBET of the spaces of each seed, which together ask each track once; None without two batches.

    Each track keeps its neighbours when artists are left out for the interval: they are left out of the mean alone.
    """
    batch, number = coded(batches)
    known = batch >= 0
    batch, group = batch[known], group[known]
    k = min({"ilisi": ILISI_K, "kbet": KBET_K}[name], len(batch) // SHARE)
    if number < 2 or k < LEAST_K[name]:
        return None
    rng = np.random.default_rng(0)
    rows = np.stack([batch, *(rng.permutation(batch) for _ in range(SHUFFLES))])
    summarise, names = SUMMARY[name], np.unique(group)
    wholes, withouts = [], []
    for spaces in seeds:
        known_spaces = [Space(space.points[known], space.asked[known]) for space in spaces]
        by_track = np.concatenate([BY_TRACK[name](space, rows, k) for space in known_spaces], axis=1)
        asked = np.concatenate([group[space.asked] for space in known_spaces])
        wholes.append(summarise(by_track, number))
        withouts.append([summarise(by_track[:1, asked != left], number)[0] for left in names if len(names) > 1])
    whole, nulls = np.array(wholes)[:, 0], np.array(wholes)[:, 1:]
    low, high = np.quantile(nulls, [0.05, 0.95], axis=1).mean(axis=1)
    scores = Scores(whole, np.array(withouts)) if len(names) > 1 else None
    return Mixed(whole.tolist(), scores, float(low), float(nulls.mean()), float(high))


def _lisi(space: Space, batch: Array, k: int) -> Array:
    """How many batches are among the neighbours of each asked track, for each row of batches [row, track]."""
    near, squared = nearest_others(space.points, k)
    near, weights = near[space.asked], _at_perplexity(np.sqrt(squared[space.asked]), k // 3)

    def lisi(rows: Array) -> Array:
        around = rows[:, near]
        shares = [(weights * (around == code)).sum(axis=2) for code in np.unique(batch)]
        return np.asarray(1 / np.square(shares).sum(axis=0))

    return _by_rows(lisi, batch, near.size)


def _accepted(space: Space, batch: Array, k: int) -> Array:
    """Whether the neighbourhood of each asked track holds the batches as all tracks do, for each row of batches."""
    near, _ = nearest_others(space.points, k)
    near, number = near[space.asked], int(batch.max()) + 1
    expected = k * np.bincount(batch[0], minlength=number) / batch.shape[1]

    def accepted(rows: Array) -> Array:
        around, mine, chi_squared = rows[:, near], rows[:, space.asked], np.zeros((len(rows), len(near)))
        for code in range(number):
            counts = (around == code).sum(axis=2) + (mine == code)
            chi_squared += (counts - expected[code]) ** 2 / expected[code]
        return np.asarray(chdtrc(number - 1, chi_squared) >= ALPHA)

    return _by_rows(accepted, batch, near.size)


def _by_rows(score: Callable[[Array], Array], batch: Array, width: int) -> Array:
    """The score of all rows of batches, of as many at a time as memory should hold."""
    return np.concatenate([score(batch[rows]) for rows in slices(len(batch), width)])


def _median_lisi(by_track: Array, number: int) -> Array:
    return np.asarray((np.median(by_track, axis=1) - 1) / (number - 1))


def _mean(by_track: Array, number: int) -> Array:  # noqa: ARG001
    return np.asarray(by_track.mean(axis=1))


BY_TRACK: Mapping[str, Callable[[Space, Array, int], Array]] = {"ilisi": _lisi, "kbet": _accepted}
SUMMARY: Mapping[str, Callable[[Array, int], Array]] = {"ilisi": _median_lisi, "kbet": _mean}
LEAST_K = {"ilisi": 6, "kbet": 2}  # below, the perplexity of iLISI would be that of one neighbour


def _at_perplexity(distances: Array, perplexity: int) -> Array:
    """Weights exp(-beta d) that sum to 1 in each row, beta being such that their entropy is log perplexity."""
    scaled = distances - distances.min(axis=1, keepdims=True)
    scaled = scaled / np.maximum(scaled.mean(axis=1, keepdims=True), 1e-300)
    low, high = np.zeros(len(scaled)), np.full(len(scaled), np.inf)
    beta = np.ones(len(scaled))
    for _ in range(60):
        weights = np.exp(-scaled * beta[:, None])
        total = weights.sum(axis=1)
        entropy = np.log(total) + beta * (scaled * weights).sum(axis=1) / total
        wide = entropy > np.log(perplexity)
        low, high = np.where(wide, beta, low), np.where(wide, high, beta)
        if np.abs(entropy - np.log(perplexity)).max() < 1e-6:
            break
        beta = np.where(np.isinf(high), low * 2, (low + high) / 2)
    return np.asarray(weights / total[:, None])
