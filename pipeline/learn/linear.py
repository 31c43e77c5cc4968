"""Baselines of linear algebra, from the segments of tracks: without labels, and (but for a sign) without chance."""

from dataclasses import dataclass

import numpy as np
import scipy.linalg
from sklearn.decomposition import PCA
from sklearn.manifold import SpectralEmbedding

from pipeline.core.store import Array

RIDGE = 0.01  # share of the mean within-track variance that is added to every direction: few segments, many numbers


def raw(stats: Array, valid: Array) -> Array:
    """The standardised mean over the real segments of each track."""
    mean = track_means(stats, valid)
    standard: Array = (mean - mean.mean(0)) / np.maximum(mean.std(0), 1e-6)
    return standard


def pca(points: Array, dims: int, seed: int) -> Array:
    reduced: Array = PCA(min(dims, *points.shape), svd_solver="full", random_state=seed).fit_transform(points)
    return reduced


def spectral(points: Array, dims: int, seed: int) -> Array:
    """Coordinates from the graph of similarities, a Gaussian of the distance: every track is connected.

    They share one scale: the first eigenvectors carry the clusters, and a scale for each would raise noise.
    """
    embedding = SpectralEmbedding(min(dims, len(points) - 2), affinity="rbf", random_state=seed)
    coordinates: Array = embedding.fit_transform(points)
    scaled: Array = coordinates / np.maximum(coordinates.std(), 1e-12)
    return scaled


def track_lda(stats: Array, valid: Array, dims: int) -> Array:
    """The directions in which tracks differ most, relative to the segments within them: LDA, each track a class.

    It uses no label. The segments of one track vary equally in all directions of the result.
    """
    means = track_means(suppression(stats, valid, power=1.0)(stats), valid)
    return pca(means, dims, seed=0)  # a full SVD: the seed changes nothing


@dataclass(frozen=True)
class Metric:
    """A linear map of segments after which the plain distance is the one that is meant."""

    mean: Array  # [number]
    matrix: Array  # [number, direction]

    def __call__(self, values: Array) -> Array:
        mapped: Array = (values - self.mean) @ self.matrix
        return mapped


def suppression(stats: Array, valid: Array, power: float) -> Metric:
    """The metric (Sw + ridge)^-power, Sw being the covariance of standardised segments within their tracks.

    It reduces what changes from segment to segment of one song: power 0 leaves it, 1 is the metric of track-LDA.
    The directions share one scale, so that the segments have unit variance in the mean over them.
    """
    segments = np.asarray(stats[valid], dtype=np.float64)
    mean, std = segments.mean(0), np.maximum(segments.std(0), 1e-6)
    within = _within((np.asarray(stats, dtype=np.float64) - mean) / std, valid)
    ridge = max(RIDGE * np.trace(within) / len(within), 1e-9)
    sizes, directions = scipy.linalg.eigh(within + ridge * np.eye(len(within)))
    root = directions * np.maximum(sizes, 1e-12) ** (-power / 2) @ directions.T
    matrix = root / std[:, None]
    spread = ((segments - mean) @ matrix).std()
    return Metric(mean, matrix / max(float(spread), 1e-12))


def _within(values: Array, valid: Array) -> Array:
    """The covariance of the segments about the mean of their track, over the tracks that have at least two."""
    residuals = np.where(valid[..., None], values - track_means(values, valid)[:, None], 0)
    free = int((valid.sum(1) - 1).clip(min=0).sum())
    flat = residuals.reshape(-1, values.shape[-1])
    covariance: Array = flat.T @ flat / max(free, 1)
    return covariance


def track_means(values: Array, valid: Array) -> Array:
    """The mean over the real segments of each track."""
    means: Array = np.where(valid[..., None], values, 0).sum(1) / valid.sum(1, keepdims=True)
    return means


def halvable(valid: Array) -> Array:
    """Which tracks have two segments or more, so that one half can be compared with the other."""
    mask: Array = valid.sum(1) >= 2
    return mask
