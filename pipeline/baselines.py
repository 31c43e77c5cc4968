"""Stage `baselines`: what a VAE has to beat: PCA, spectral embedding, track-LDA, two simple networks, text alone.

Writes build/baselines: an embedding each. KMeans on `spectral` is spectral clustering.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from pipeline.core import command, params, store
from pipeline.core.command import Problem
from pipeline.core.params import Count, Layers, Seeds
from pipeline.core.settings import Device
from pipeline.core.store import Array
from pipeline.learn import linear, segments, training
from pipeline.learn.linear import Metric
from pipeline.learn.plan import Model, Train
from pipeline.learn.songs import Source
from pipeline.nets import crossview
from pipeline.nets.families import joined

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Baselines:
    latent: Count
    spectral: Count
    hidden: Layers
    epochs: Count
    contrast_epochs: Count


@dataclass(frozen=True)
class Params:
    seeds: Seeds
    device: Device
    train: Train
    baselines: Baselines


def strongest(rows: Array, there: Array, dims: int) -> Array:
    """The first `dims` numbers of rows that are sorted by what they say; nan for a track without lyrics."""
    return np.where(there[:, None], rows[:, :dims], np.nan)


def reduced(rows: Array, there: Array, dims: int, seed: int) -> Array:
    """The rows centred and in their `dims` strongest directions at most; nan for a track without lyrics.

    Word and sentence vectors share a large common part, and their hundreds of numbers vary along few directions: the
    rest is noise to every distance. And what is compared with a model of `dims` numbers gets no more.
    """
    found = np.zeros((len(rows), min(dims, rows.shape[1])))
    if there.sum() > 1:
        points = linear.pca(np.asarray(rows[there], dtype=np.float64), dims, seed)
        found[there, : points.shape[1]] = points
    return strongest(found, there, dims)


@dataclass(frozen=True)
class Contrasted:
    """The contrastive network to train from one seed."""

    seed: int
    metric: Metric
    own: Baselines
    device: torch.device

    def __str__(self) -> str:
        return f"seed {self.seed}"


def contrasted(job: Contrasted) -> Array:
    """Where the contrastive network of this seed sees the tracks."""
    if job.device.type == "cpu":
        torch.set_num_threads(1)  # as the other models: the seeds share the cores
    views = segments.segments(job.metric).to(job.device)
    torch.manual_seed(job.seed)
    own = job.own
    net = crossview.contrast(views, hidden=own.hidden[0], latent=own.latent, epochs=own.contrast_epochs)
    found: Array = crossview.embed(net, views.whole()).cpu().numpy()
    return found


@dataclass(frozen=True)
class Found:
    name: str
    values: Array  # [track, seed, dimension]
    about: Mapping[str, object]


def plain(name: str, family: str, source: str, values: Array) -> Found:
    """One without chance in it: a single seed serves them all."""
    return Found(name, values[:, None], {"family": family, "input": source})


def heard(ids: tuple[str, ...], p: Params) -> Iterator[Found]:
    """What is made of the sound."""
    rows = store.read_rows(store.BUILD / "audio", "stats", "valid").at(ids)
    stats, valid, own = rows["stats"], np.array(rows["valid"]), p.baselines
    points = linear.raw(stats, valid)
    yield plain("raw", "raw statistics", "stats", points)
    yield plain("pca", "PCA", "stats", linear.pca(points, own.latent, p.seeds[0]))
    yield plain("spectral", "spectral embedding", "stats", linear.spectral(points, own.spectral, p.seeds[0]))
    if (able := int(linear.halvable(valid).sum())) < 3:
        log.warning("baselines: %d tracks have two segments or more: no track_lda, no contrastive", able)
        return
    yield plain("track_lda", "track-LDA", "stats", linear.track_lda(stats, valid, own.latent))
    device, _ = segments.chosen_device(p.device)
    metric = linear.suppression(stats, valid, power=0.0)
    jobs = [Contrasted(seed, metric, own, device) for seed in p.seeds]
    learnt = np.stack(segments.learnt("contrastive", contrasted, jobs, p.train, device), axis=1)
    yield Found("contrastive", learnt, {"family": "contrastive network", "input": "stats", "seeds": list(p.seeds)})


def said(ids: tuple[str, ...], p: Params) -> Iterator[Found]:
    """What is made of the lyrics alone."""
    rows = store.read_rows(store.BUILD / "lyrics", "has_lyrics", "tfidf_svd", "word2vec", "bert").at(ids)
    there, dims = np.array(rows["has_lyrics"]), p.baselines.latent
    yield plain("tfidf", "lyrics: TF-IDF", "lyrics", strongest(rows["tfidf_svd"], there, dims))
    for name, family in (("word2vec", "lyrics: Word2Vec"), ("bert", "lyrics: BERT")):
        yield plain(name, family, "lyrics", reduced(rows[name], there, dims, p.seeds[0]))


def main() -> None:
    p = params.load(Params)
    own, folder = p.baselines, store.fresh_folder(store.BUILD / "baselines")
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
    for found in (*heard(ids, p), *said(ids, p)):
        store.write_rows(folder, ids, **{found.name: found.values.astype(np.float32)})
        store.write_json(folder / f"{found.name}.json", dict(found.about))


if __name__ == "__main__":
    command.run(main, __doc__, Params)
