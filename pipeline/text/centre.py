"""Takes the language out of vectors of texts: `mean` moves every language's mean to one place, `cov` its shape as well.

A multilingual encoder puts each language into a corner of its own, and there what the texts mean. Nothing is trained,
and no label but the language is read. A language of few tracks borrows from all. Means and shapes are fitted on `seen`
texts and applied to all; a language that is in none of these is treated as an unknown one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

F64 = NDArray[np.float64]
Rows = NDArray[np.bool_] | slice
ALL: Final = slice(None)
Way = Literal["keep", "mean", "cov"]

BORROWED: Final = (0.5, 1e9)  # tracks of the corpus that a language's mean borrows, the fewest and the most
LEADING: Final = (16, 64)  # dimensions within which shapes are made equal: the fewest and the most
PER_DIMENSION: Final = 4.0  # tracks of the second most sung language that a leading dimension asks for
TINY: Final = 1e-9  # of the largest variance: what is smaller is none


def freed(
    vectors: Float[NDArray[np.floating], "text number"],
    shares: Float[NDArray[np.floating], "text language"],
    way: Way,
    seen: Rows = ALL,
) -> Float[NDArray[np.float32], "text number"]:
    """The vectors without what their languages put in; `shares` says how much of each text is in which language.

    A text of two languages loses a mixture of both means. One whose language is unknown has shares of zero, and loses
    the mean of the corpus.
    """
    if way not in get_args(Way):
        raise ValueError(f"{way!r} is none of {', '.join(get_args(Way))}")
    points, weights = np.asarray(vectors, np.float64), _filled(np.asarray(shares, np.float64))
    if len(points) != len(weights):
        raise ValueError(f"{len(points)} vectors and {len(weights)} rows of shares")
    if way != "keep" and len(points):
        points = _centred(points, weights, seen)
        if way == "cov":
            points = _reshaped(points, weights, seen)
    return points.astype(np.float32)


def table(tracks: Sequence[Mapping[str, float]], unknown: str = "unsure") -> tuple[list[str], F64]:
    """The languages of tracks in order, and the share of each in each track; `unknown` is no language."""
    codes = sorted({language for track in tracks for language in track} - {unknown})
    shares = np.array([[track.get(language, 0.0) for language in codes] for track in tracks])
    return codes, shares.reshape(len(tracks), len(codes))


def _filled(shares: Float[F64, "text language"]) -> Float[F64, "text language and_unknown"]:
    """Rows that sum to 1, where a last column holds what is of no known language."""
    if (shares < 0).any() or not np.isfinite(shares).all():
        raise ValueError("a share is negative or not a number")
    sums = shares.sum(axis=1, keepdims=True)
    known = shares / np.where(sums > 1, sums, 1.0)
    return np.hstack([known, np.clip(1 - known.sum(axis=1, keepdims=True), 0, 1)])


def means(points: Float[F64, "text number"], weights: Float[F64, "text group"]) -> Float[F64, "group number"]:
    """The mean of each language less that of all, shrunk towards nothing where it is sung in few tracks.

    Each text is taken for a mixture of its languages' means (least squares), where some made-up tracks of each language
    lie at the mean of all: as many as texts of one language differ more than languages do (empirical Bayes).
    """
    centred = points - points.mean(axis=0)
    gram, sums = weights.T @ weights, weights.T @ centred
    plain = np.linalg.solve(gram + BORROWED[0] * np.eye(len(gram)), sums)
    within = float(np.square(centred - weights @ plain).sum()) / max(1, len(points) - len(gram))
    between = (float((plain * sums).sum()) - within * (len(gram) - 1)) / len(points)
    borrowed = np.clip(within / max(between, TINY * within, np.finfo(np.float64).tiny), *BORROWED)
    shrunk: F64 = np.linalg.solve(gram + borrowed * np.eye(len(gram)), sums)
    return shrunk


def _centred(
    points: Float[F64, "text number"], weights: Float[F64, "text group"], seen: Rows
) -> Float[F64, "text number"]:
    """Less the mean of each text's languages. The last group, of no known language, has the mean of all."""
    learnt = weights[seen]
    sung = np.flatnonzero(learnt[:, :-1].any(axis=0))
    centred: F64 = points - points[seen].mean(axis=0)
    if len(sung) == 0 or (len(sung) == 1 and not learnt[:, -1].any()):
        return centred
    return centred - weights[:, sung] @ means(points[seen], learnt[:, sung])


@dataclass(frozen=True)
class _Shape:
    """A covariance by its roots: what turns it to a sphere, and what makes it of one."""

    to_sphere: F64
    from_sphere: F64


def leading(weights: Float[F64, "text group"], numbers: int) -> int:
    """How many dimensions' shape can be measured: PER_DIMENSION tracks of the second most sung language for each."""
    sung = np.sort(weights[:, :-1].sum(axis=0))[::-1]
    second = float(sung[1]) if len(sung) > 1 else 0.0
    return min(numbers, int(np.clip(second / PER_DIMENSION, *LEADING)))


def _reshaped(
    points: Float[F64, "text number"], weights: Float[F64, "text group"], seen: Rows
) -> Float[F64, "text number"]:
    """With the covariance of all within languages in place of each language's own (CORAL), in the leading dimensions.

    Texts of several languages get the mixture of what they would be in each.
    """
    learnt = points[seen]
    centre = learnt.mean(axis=0)
    _, _, axes = np.linalg.svd(learnt - centre, full_matrices=False)
    axes = axes[: leading(weights[seen], min(learnt.shape))]
    inside = (points - centre) @ axes.T
    within = inside[seen]
    overall = within.T @ within / len(within)
    made = weights[:, -1:] * inside
    target = _shape(overall).from_sphere
    for group in range(weights.shape[1] - 1):
        share, known = weights[:, group], weights[seen, group]
        if not known.any():
            made += share[:, None] * inside
            continue
        covariance = (within * known[:, None]).T @ within
        shrunk = (covariance + len(axes) * overall) / (known.sum() + len(axes))  # a covariance borrows more than a mean
        made += share[:, None] * (inside @ _shape(shrunk).to_sphere @ target)
    reshaped: F64 = points + (made - inside) @ axes
    return reshaped


def _shape(covariance: Float[F64, "number number"]) -> _Shape:
    values, vectors = np.linalg.eigh(covariance)
    floor = max(TINY * float(values[-1]), np.finfo(np.float64).tiny)
    roots = np.sqrt(np.maximum(values, floor))
    return _Shape((vectors / roots) @ vectors.T, (vectors * roots) @ vectors.T)
