"""Stage `baselines`: what a VAE has to beat: raw statistics, PCA, spectral embedding, an autoencoder, and text alone.

Writes build/baselines: an embedding each. KMeans on `spectral` is spectral clustering.
"""

import logging
from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.manifold import SpectralEmbedding

from models.families import joined
from pipeline import params, stage, store, training
from pipeline.params import Count
from pipeline.store import Array
from pipeline.training import Device, Setup, Train

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Baselines:
    latent: Count
    hidden: tuple[Count, ...]
    epochs: Count


@dataclass(frozen=True)
class Params:
    seeds: tuple[int, ...]
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
    """Coordinates from the graph of similarities, a Gaussian of the distance: every track is connected."""
    dims = min(dims, len(points) - 2)
    found: Array = SpectralEmbedding(dims, affinity="rbf", random_state=seed).fit_transform(points)
    scaled: Array = found / np.maximum(found.std(0), 1e-12)
    return scaled


def text(tfidf: Array, there: Array, dims: int, seed: int) -> Array:
    """TF-IDF reduced to `dims` numbers; nan for a track without lyrics."""
    dims = min(dims, tfidf.shape[1] - 1, int(there.sum()) - 1)
    if dims < 1:
        return np.full((len(there), 1), np.nan)
    found = np.full((len(there), dims), np.nan)
    found[there] = TruncatedSVD(dims, random_state=seed).fit_transform(tfidf[there])
    return found


def main() -> None:
    p = params.load(Params)
    own, seed, folder = p.baselines, p.seeds[0], store.BUILD / "baselines"
    made = training.corpus("stats")
    setup = Setup(p.seeds, p.train, p.device)
    training.learn(
        folder,
        "ae",
        made,
        lambda: joined(made.shapes, made.scales, hidden=own.hidden, latent=own.latent),
        setup.recipe(own.epochs, beta=0.0),
        setup,
        {"family": "autoencoder", "input": "stats"},
    )
    heard = store.read_rows(store.BUILD / "audio", "stats", "valid")
    said = store.read_rows(store.BUILD / "lyrics", "tfidf", "there").at(heard.ids)
    points = raw(heard["stats"], heard["valid"])
    plain = {
        "raw": (points, "raw statistics"),
        "pca": (pca(points, own.latent, seed), "PCA"),
        "spectral": (spectral(points, own.latent, seed), "spectral embedding"),
        "text": (text(said["tfidf"], said["there"], own.latent, seed), "TF-IDF, reduced by SVD"),
    }
    store.write_rows(
        folder, heard.ids, **{name: values[:, None].astype(np.float32) for name, (values, _) in plain.items()}
    )
    for name, (_, family) in plain.items():
        store.write_json(folder / f"{name}.json", {"family": family, "input": "lyrics" if name == "text" else "stats"})
    log.info("baselines: %s", ", ".join([*plain, "ae"]))


if __name__ == "__main__":
    stage.run(main, __doc__, Params)
