"""MIG, DCI and SAP: whether each planted factor has a latent unit of its own. Only for data whose factors are known.

A factor of text, or of at most ten different numbers, is categorical, every other is continuous; rows where it is ""
are left out. All three are 1 for latents that are the factors, and do not change when units change places or signs.
Few tracks make noise look disentangled, the more so the fewer units there are: each score has its null, which is that
of the first seed when the factors of whole artists change hands.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from statistics import fmean

import numpy as np
import scipy.linalg

from pipeline.core.store import Array
from pipeline.score.contingency import coded
from pipeline.score.permutation import Null, block_shuffles

BINS = 10  # of equal width, for latents and continuous factors; the usual 20 want thousands of tracks
CATEGORIES = 10
STEPS = 5  # parts of a unit's range that hold equally many tracks
RIDGE = 5.0  # tracks' worth of "no effect" in each step of the regression of DCI
NULLS = 20  # orders of the factors


@dataclass(frozen=True)
class Dci:
    """Disentanglement (a unit encodes one factor), completeness (one unit encodes a factor), informativeness."""

    disentanglement: float | None
    completeness: float | None
    informativeness: float | None


@dataclass(frozen=True)
class _Factor:
    """The latents and values of the rows where a factor is known: codes if it is categorical, numbers otherwise."""

    latents: Array
    values: Array
    categorical: bool


def mig(latents: Array, factors: Mapping[str, Array]) -> float | None:
    """Mutual information gap: between the best and the second unit of each factor, as a share of its entropy."""
    gaps = []
    for factor in _known(latents, factors):
        codes = factor.values if factor.categorical else _binned(factor.values)
        entropy = _entropy(codes)
        gaps.append(_gap(entropy - _entropy(codes, given=_binned(unit)) for unit in factor.latents.T) / entropy)
    return fmean(gaps) if gaps else None


def sap(latents: Array, factors: Mapping[str, Array]) -> float | None:
    """Separated attribute predictability: the gap between the best and the second unit that predicts a factor.

    A unit predicts a number as well as its squared correlation, and a category as well as the nearest mean does, that
    is, a line with equal slopes: by balanced accuracy, 0 at chance (the original fits a line by steps, and leaves
    chance in, so that a perfect score would depend on the categories).
    """
    gaps = []
    for factor in _known(latents, factors):
        predicts = _predict_category if factor.categorical else _predict_number
        gaps.append(_gap(predicts(factor.latents, factor.values)))
    return fmean(gaps) if gaps else None


def _gap(scores: Iterable[float]) -> float:
    """How far the best unit is above the second; above 0 where there is no second."""
    *_, second, best = 0.0, *sorted(scores)
    return best - second


def dci(latents: Array, factors: Mapping[str, Array]) -> Dci:
    """By what each unit adds to a prediction of the factor, and how well a track is predicted by all others."""
    told = [_told(factor) for factor in _known(latents, factors)]
    if not told:
        return Dci(None, None, None)
    importance = np.stack([weights for weights, _ in told], axis=1)  # [unit, factor]
    units, known = importance.shape
    concentrated = (1 - _spread(importance), importance.sum(axis=1))
    return Dci(
        float(np.average(concentrated[0], weights=concentrated[1])) if known > 1 and importance.any() else None,
        float((1 - _spread(importance.T)).mean()) if units > 1 else None,
        fmean(score for _, score in told),
    )


def factor_scores(
    seeds: Sequence[Array], factors: Mapping[str, Array], group: Array
) -> dict[str, tuple[list[float | None], Null | None]]:
    """Every score: its values, one per seed, and its null."""
    orders = block_shuffles(np.arange(len(group)), group, np.random.default_rng(0), NULLS)
    shuffled = [{name: column[order] for name, column in factors.items()} for order in orders]
    single: Mapping[str, Callable[[Array, Mapping[str, Array]], float | None]] = {"mig": mig, "sap": sap}
    scores = {
        name: ([score(points, factors) for points in seeds], _null([score(seeds[0], each) for each in shuffled]))
        for name, score in single.items()
    }
    measured = [dci(points, factors) for points in seeds]
    nulls = [dci(seeds[0], each) for each in shuffled]
    for part in fields(Dci):
        values, null = ([getattr(each, part.name) for each in parts] for parts in (measured, nulls))
        scores[f"dci_{part.name}"] = (values, _null(null))
    return scores


def _null(values: Sequence[float | None]) -> Null | None:
    defined = [value for value in values if value is not None]
    return Null(fmean(defined), float(np.quantile(defined, 0.95))) if defined else None


def _known(latents: Array, factors: Mapping[str, Array]) -> list[_Factor]:
    """The factors that have two values at least."""
    known = []
    for column in factors.values():
        codes, number = coded(column)
        if number > 1:
            mask = codes >= 0
            categorical = column.dtype.kind not in "iuf" or number <= CATEGORIES
            values = codes if categorical else column
            known.append(_Factor(np.asarray(latents[mask], dtype=np.float64), values[mask], categorical))
    return known


def _binned(values: Array) -> Array:
    """Which tenth of its range a value is in."""
    values = np.asarray(values, dtype=np.float64)
    width = max(np.ptp(values) / BINS, 1e-12)
    return np.asarray(np.minimum((values - values.min()) // width, BINS - 1), dtype=np.int64)


def _entropy(codes: Array, given: Array | None = None) -> float:
    """The entropy of the codes in nats, given another column, after Miller and Madow: few tracks make it look small."""
    table = np.zeros((BINS, codes.max() + 1))
    np.add.at(table, (np.zeros_like(codes) if given is None else given, codes), 1)
    rows = table.sum(axis=1, keepdims=True)
    share = np.divide(table, rows, out=np.ones_like(table), where=table > 0)
    missed = (np.count_nonzero(table) - np.count_nonzero(rows)) / 2
    return float((missed - (table * np.log(share)).sum()) / table.sum())


def _predict_number(units: Array, values: Array) -> Array:
    """How well each unit predicts the numbers."""
    values = values.astype(np.float64) - values.astype(np.float64).mean()
    centred = units - units.mean(axis=0)
    scale = np.linalg.norm(centred, axis=0) * np.linalg.norm(values)
    return np.asarray(np.where(_varies(units), (values @ centred) / np.maximum(scale, 1e-300), 0.0) ** 2)


def _predict_category(units: Array, codes: Array) -> Array:
    """How well each unit predicts the codes, above chance."""
    names = np.unique(codes)
    means = np.stack([units[codes == code].mean(axis=0) for code in names])  # [code, unit]
    nearest = np.abs(units - means[:, None]).argmin(axis=0)  # [row, unit]
    recalls = [(nearest[codes == code] == place).mean(axis=0) for place, code in enumerate(names)]
    chance = 1 / len(names)
    return np.asarray(np.where(_varies(units), np.maximum(np.mean(recalls, axis=0) - chance, 0) / (1 - chance), 0.0))


def _varies(units: Array) -> Array:
    return np.asarray(units.std(axis=0) > 1e-12)


def _told(factor: _Factor) -> tuple[Array, float]:
    """How much each unit adds to what is told of the factor, and how well each track is told by all others.

    By an additive ridge regression: each unit gives a line and a step for every fifth of the tracks. It stands where
    the original has forests or a lasso: it has no chance in it, and on 180 tracks takes a thirtieth of their time.
    """
    design, targets = _steps(factor.latents), _targets(factor)
    flat = design.reshape(len(design), -1)
    inverse = scipy.linalg.inv(flat.T @ flat + RIDGE * np.eye(flat.shape[1]), check_finite=False)
    effects = inverse @ (flat.T @ targets)
    leverage = ((flat @ inverse) * flat).sum(axis=1) + 1 / len(flat)
    by_others = targets - (targets - flat @ effects) / np.maximum(1 - leverage, 1e-6)[:, None]
    added = design.swapaxes(0, 1) @ effects.reshape(design.shape[1], design.shape[2], -1)  # [unit, track, column]
    score = _recall(targets, by_others) if factor.categorical else float(1 - (targets - by_others).var())
    return np.asarray(np.sqrt(added.var(axis=1).sum(axis=1))), max(0.0, score)


def _recall(targets: Array, told: Array) -> float:
    """The balanced accuracy of the categories that are told, 0 at chance and 1 at best."""
    true, named = targets.argmax(axis=1), told.argmax(axis=1)
    chance = 1 / targets.shape[1]
    return float((np.mean([(named[true == each] == each).mean() for each in np.unique(true)]) - chance) / (1 - chance))


def _steps(units: Array) -> Array:
    """[track, unit, column] of mean 0: the unit's line, and in which part of its range a track lies."""
    edges = np.quantile(units, np.arange(1, STEPS) / STEPS, axis=0)
    part = (units > edges[:, None]).sum(axis=0)
    line = units / np.maximum(units.std(axis=0), 1e-12)
    columns = np.concatenate([line[..., None], part[..., None] == np.arange(STEPS)], axis=2)
    return np.asarray((columns - columns.mean(axis=0)) * _varies(units)[:, None])


def _targets(factor: _Factor) -> Array:
    """[track, column] of mean 0 and variance 1: the number, or a column per category."""
    columns = factor.values[:, None] == np.unique(factor.values) if factor.categorical else factor.values[:, None]
    columns = columns.astype(np.float64)
    return np.asarray((columns - columns.mean(axis=0)) / columns.std(axis=0))


def _spread(weights: Array) -> Array:
    """The entropy of each row as a share of the most it could be; 1 for a row of zeros."""
    total = weights.sum(axis=1, keepdims=True)
    share = np.divide(weights, total, out=np.full_like(weights, 1 / weights.shape[1]), where=total > 0)
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    return np.asarray(-(share * logs).sum(axis=1) / np.log(max(weights.shape[1], 2)))
