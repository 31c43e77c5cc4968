"""Planes: the points of an embedding laid out in two dimensions, for the printed map and the interactive one."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors

from pipeline.core.store import Array
from pipeline.draw.run import Run
from pipeline.draw.style import LeftOut

MIN_TRACKS = 5  # that make a map


@dataclass(frozen=True)
class Points:
    """The tracks that an embedding places on a map, and where it places them."""

    rows: Array  # of Run.ids
    values: Array  # [row, dimension]


def sample(tracks: int, most: int, seed: int) -> Array:
    """The rows of at most `most` tracks, drawn by lot."""
    if tracks <= most:
        return np.arange(tracks)
    return np.sort(np.random.default_rng(seed).choice(tracks, most, replace=False))


def points(run: Run, name: str, most: int, seed: int) -> Points:
    """The points of the first seed: enough of them, not all in one place, in two dimensions at least."""
    rows = sample(len(run.ids), most, seed)
    values = run.places(name)[rows, 0].astype(np.float32)
    placed = ~np.isnan(values.sum(axis=1))
    rows, values = rows[placed], values[placed]
    if len(values) < MIN_TRACKS:
        raise LeftOut(f"{len(values)} tracks have a place in it, a map needs {MIN_TRACKS}")
    if values.std(axis=0).max() < 1e-6:
        raise LeftOut("all tracks lie on one point")
    return Points(rows, np.hstack([values, np.zeros_like(values)]) if values.shape[1] == 1 else values)


def tsne(values: Array, seed: int) -> Array:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

    perplexity = min(30.0, (len(values) - 1) / 3)
    with threadpool_limits(1):  # more threads than idle cores wait for each other 7 times as long as they work
        plane: Array = TSNE(init="pca", perplexity=perplexity, random_state=seed, n_jobs=1).fit_transform(values)
    return plane


def umap(values: Array, seed: int) -> Array:
    """UMAP from exact neighbours: its own search for them compiles for longer than the rest of it."""
    count = min(15, len(values) - 1)
    near = NearestNeighbors(n_neighbors=count).fit(values).kneighbors(values, return_distance=False)
    distances = np.sqrt(np.square(values[:, None] - values[near]).sum(axis=2, dtype=np.float64))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it misses Tensorflow, which nothing in this project needs
        from umap import UMAP  # only where it is asked for, since the import and its first fit compile for about 10 s

        mapping = UMAP(n_neighbors=count, init="pca", random_state=seed, n_jobs=1,
                       precomputed_knn=(near, distances), force_approximation_algorithm=True)  # fmt: skip
        plane: Array = mapping.fit_transform(values)
    return plane


def pca(values: Array) -> Array:
    plane: Array = PCA(2).fit_transform(values)
    return plane


LABELS = {"umap": "UMAP", "tsne": "t-SNE", "pca": "PCA"}
PROJECTIONS: Mapping[str, Callable[[Array, int], Array]] = {"umap": umap, "tsne": tsne}  # of stage parameter `maps`
