"""Linear algebra on the segments of tracks: without labels, and (but for a sign) without chance.

Each method is fitted on some of the tracks, `seen`, and applied to all.
"""

from dataclasses import dataclass

import numpy as np
import scipy.linalg
from sklearn.decomposition import PCA
from sklearn.manifold import SpectralEmbedding

from pipeline.core.store import Array
from pipeline.learn.heldout import ALL, Rows

CONSTANT = 1e-6  # standard deviation of a number that never changes, but for rounding
RIDGE = 0.01  # share of the mean within-track variance that is added to every direction: few segments, many numbers


def raw(stats: Array, valid: Array, seen: Rows = ALL) -> Array:
    """The standardised mean over the real segments of each track."""
    return standardised(track_means(stats, valid), seen)


def standardised(points: Array, seen: Rows = ALL) -> Array:
    standard: Array = (points - points[seen].mean(0)) / deviation(points[seen])
    return standard


def deviation(values: Array) -> Array:
    """The standard deviation of each number; 1 where it never changes: else an unseen track would lie far out."""
    std = values.std(0)
    return np.where(std > CONSTANT, std, 1)


def pca(points: Array, dims: int, seed: int, seen: Rows = ALL, *, whiten: bool = False) -> Array:
    """As many principal components as there are, `dims` at most; whitened, each has a variance of 1."""
    learnt = points[seen]
    fitted = PCA(min(dims, *learnt.shape), svd_solver="full", whiten=whiten, random_state=seed)
    with np.errstate(invalid="ignore"):  # equal tracks have no variance
        reduced: Array = fitted.fit_transform(points) if seen is ALL else fitted.fit(learnt).transform(points)
    return reduced


@dataclass(frozen=True)
class Components:
    """Principal components of standardised segments."""

    values: Array  # [track, dimension]: each track at the mean of its segments' scores
    variances: Array  # of the segments along them
    noise: float  # mean variance along all that are dropped


def segment_components(stats: Array, valid: Array, dims: int, seen: Rows = ALL) -> Components:
    """PCA of single segments, which weighs also what changes within a track."""
    learnt = np.asarray(stats[seen][valid[seen]], dtype=np.float64)
    mean, std = learnt.mean(0), deviation(learnt)
    fitted = PCA(svd_solver="full").fit((learnt - mean) / std)
    scores = fitted.transform((track_means(np.asarray(stats, dtype=np.float64), valid) - mean) / std)
    variances, dropped = fitted.explained_variance_[:dims], fitted.explained_variance_[dims:]
    nothing = learnt.shape[1] - dims - len(dropped)  # fewer segments than numbers: no variance along these
    noise = float(dropped.sum() / (len(dropped) + max(nothing, 0))) if len(dropped) else 0.0
    return Components(scores[:, :dims], variances, noise)


def probabilistic(components: Components) -> Array:
    """Probabilistic PCA at maximum likelihood, in closed form: what a VAE of linear networks tends to.

    A segment is W z + noise of one variance in every direction, z being standard normal. Along a direction of variance
    v the posterior mean is the score times sqrt(v - noise) / v; it is linear, so that the mean over the segments of a
    track is that of their mean. (Tipping and Bishop, 1999)
    """
    variances = np.maximum(components.variances, 1e-12)
    shrunk: Array = components.values * np.sqrt(np.maximum(variances - components.noise, 0)) / variances
    return shrunk


def spectral(points: Array, dims: int, seed: int) -> Array:
    """Coordinates from the graph of similarities, a Gaussian of the distance: every track is connected.

    They share one scale: the first eigenvectors carry the clusters, and a scale for each would raise noise.
    """
    embedding = SpectralEmbedding(min(dims, len(points) - 2), affinity="rbf", random_state=seed)
    coordinates: Array = embedding.fit_transform(points)
    scaled: Array = coordinates / np.maximum(coordinates.std(), 1e-12)
    return scaled


def track_lda(stats: Array, valid: Array, dims: int, seen: Rows = ALL) -> Array:
    """The directions in which tracks differ most, relative to the segments within them: LDA, each track a class.

    It uses no label. The segments of one track vary equally in all directions of the result.
    """
    return pca_in_metric(stats, valid, dims, 1.0, seen)


def pca_in_metric(stats: Array, valid: Array, dims: int, power: float, seen: Rows = ALL) -> Array:
    """PCA of track means in the metric of `suppression`."""
    means = track_means(suppression(stats[seen], valid[seen], power)(stats), valid)
    return pca(means, dims, 0, seen)  # a full SVD: the seed changes nothing


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
    mean, std = segments.mean(0), deviation(segments)
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
