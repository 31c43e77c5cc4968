"""Clusters of two facets at once: what each says of a track, multiplied.

One clustering cannot follow two properties that have nothing to do with each other: with few clusters it follows one
of them, or neither. Here each facet has a mixture of Gaussians, of as many as its BIC asks for, and a track is in the
pair whose responsibilities have the largest product. It has limits: pairs are many, so each holds few tracks; and if
the facets are not independent, most pairs are empty.
"""

from collections.abc import Sequence

import numpy as np
from sklearn.mixture import GaussianMixture

from pipeline.core.store import Array
from pipeline.score.labels import ABSENT, Labels

MOST = 12  # components of a mixture
SMALLEST = 5  # tracks a component, at the least


def product(facets: Sequence[Array], seed: int) -> tuple[Labels, str]:
    """The pair of each track, numbered, and a note: how many there are. ABSENT without a place in either facet.

    A track without a place in one facet is placed there as the tracks are that the other facet has beside it.
    """
    first, second = (_responsibilities(points, seed) for points in facets)
    first, second = _filled(first, second), _filled(second, first)
    labels = np.full(len(first), ABSENT, dtype=np.int64)
    known = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    joint = first[known][:, :, None] * second[known][:, None, :]
    _, labels[known] = np.unique(joint.reshape(len(joint), -1).argmax(axis=1), return_inverse=True)
    pairs = len(np.unique(labels[known]))
    return labels, f"{pairs} of {first.shape[1]} x {second.shape[1]} pairs, as many components as BIC asks for"


def _responsibilities(points: Array, seed: int) -> Array:
    """[track, component]; nan for a track without a place."""
    known = np.isfinite(points).all(axis=1)
    values = np.asarray(points[known], dtype=np.float64)
    most = max(1, min(MOST, len(values) // SMALLEST))
    fits = [
        GaussianMixture(k, covariance_type="diag", n_init=3, random_state=seed).fit(values) for k in range(1, most + 1)
    ]
    best = min(fits, key=lambda fit: fit.bic(values))
    shares = np.full((len(points), best.n_components), np.nan)
    shares[known] = best.predict_proba(values)
    return shares


def _filled(shares: Array, beside: Array) -> Array:
    """With the shares that a track most likely has, given its shares in the other facet, where it has none."""
    both = np.isfinite(shares).all(axis=1) & np.isfinite(beside).all(axis=1)
    missing = ~np.isfinite(shares).all(axis=1) & np.isfinite(beside).all(axis=1)
    together = beside[both].T @ shares[both]
    filled = np.array(shares)
    filled[missing] = beside[missing] @ (together / np.maximum(together.sum(axis=1, keepdims=True), 1e-12))
    return filled
