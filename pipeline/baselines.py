"""Stage `baselines`: what a VAE has to beat: raw statistics, PCA, spectral embedding, an autoencoder, and text alone.

Writes build/baselines: an embedding each. KMeans on `spectral` is spectral clustering.
"""

import logging
from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import SpectralEmbedding

from models.families import joined
from pipeline import params, stage, store, training
from pipeline.params import Count, Layers, Seeds
from pipeline.stage import Problem
from pipeline.store import Array
from pipeline.training import Device, Model, Source, Train

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Baselines:
    latent: Count
    spectral: Count
    hidden: Layers
    epochs: Count


@dataclass(frozen=True)
class Params:
    seeds: Seeds
    device: Device
    train: Train
    baselines: Baselines


def raw(stats: Array, valid: Array) -> Array:
    """The standardised mean over the real segments of each track."""
    mean = np.where(valid[..., None], stats, 0).sum(1) / valid.sum(1, keepdims=True)
    standard: Array = (mean - mean.mean(0)) / np.maximum(mean.std(0), 1e-6)
    return standard


def pca(points: Array, dims: int, seed: int) -> Array:
    found: Array = PCA(min(dims, *points.shape), svd_solver="full", random_state=seed).fit_transform(points)
    return found


def spectral(points: Array, dims: int, seed: int) -> Array:
    """Coordinates from the graph of similarities, a Gaussian of the distance: every track is connected.

    One scale for all of them: the first eigenvectors carry the clusters, and each to its own scale would raise noise.
    """
    found: Array = SpectralEmbedding(min(dims, len(points) - 2), affinity="rbf", random_state=seed).fit_transform(
        points
    )
    scaled: Array = found / np.maximum(found.std(), 1e-12)
    return scaled


def text(reduced: Array, there: Array, dims: int) -> Array:
    """The `dims` strongest directions of the lyrics; nan for a track without lyrics."""
    return np.where(there[:, None], reduced[:, :dims], np.nan)


def main() -> None:
    p = params.load(Params)
    own, seed, folder = p.baselines, p.seeds[0], store.emptied(store.BUILD / "baselines")
    ids = store.read_rows(store.BUILD / "audio").ids
    if len(ids) < 3:
        raise Problem(
            f"{len(ids)} tracks can be used, and clusters need at least 3: add songs to data/ and `dvc repro`"
        )
    autoencoder = Model(
        folder,
        "ae",
        "autoencoder",
        Source("stats"),
        partial(joined, hidden=own.hidden, latent=own.latent),
        own.epochs,
        beta=0.0,
    )
    training.learn(autoencoder, p.seeds, p.train, p.device)
    heard = store.read_rows(store.BUILD / "audio", "stats", "valid")
    said = store.read_rows(store.BUILD / "lyrics", "tfidf_svd", "there").at(heard.ids)
    points = raw(heard["stats"], heard["valid"])
    plain = {
        "raw": (points, "raw statistics"),
        "pca": (pca(points, own.latent, seed), "PCA"),
        "spectral": (spectral(points, own.spectral, seed), "spectral embedding"),
        "text": (text(said["tfidf_svd"], said["there"], own.latent), "TF-IDF, reduced by SVD"),
    }
    store.write_rows(
        folder, heard.ids, **{name: values[:, None].astype(np.float32) for name, (values, _) in plain.items()}
    )
    for name, (_, family) in plain.items():
        store.write_json(folder / f"{name}.json", {"family": family, "input": "lyrics" if name == "text" else "stats"})
    log.info("baselines: %s", ", ".join([*plain, "ae"]))


if __name__ == "__main__":
    stage.run(main, __doc__, Params)
