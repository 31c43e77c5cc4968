"""Stage `baselines`: what a VAE has to beat: PCA, spectral embedding, track-LDA, two simple networks, text alone.

Writes build/baselines: one embedding each, and the networks as models/ae and models/contrastive. KMeans on `spectral`
is spectral clustering.
"""

import itertools
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import torch

from pipeline.core import command, params, store
from pipeline.core.command import Problem
from pipeline.core.device import choose_device
from pipeline.core.params import Count, Layers, Number, Seeds, Within
from pipeline.core.settings import Device
from pipeline.core.store import Array
from pipeline.learn import keep, linear, segments, training
from pipeline.learn.keep import Kept, Trained, TrainedSeed
from pipeline.learn.linear import Metric
from pipeline.learn.plan import Model, Train
from pipeline.learn.segments import MIN_HALVABLE, ViewTraining
from pipeline.learn.songs import Source
from pipeline.nets.crossview import fit_contrast
from pipeline.nets.families import contrast, joined
from pipeline.nets.loop import Recipe
from pipeline.nets.objective import Objective

log = logging.getLogger(__name__)


NAME = "contrastive"
EARS = store.BUILD / "ears"


@dataclass(frozen=True)
class Contrastive(ViewTraining):
    temperature: Annotated[Number, Within(0.01, 100)]


@dataclass(frozen=True)
class Baselines:
    latent: Count
    spectral: Count
    hidden: Layers
    epochs: Count
    contrastive: Contrastive


@dataclass(frozen=True)
class Params:
    seeds: Seeds
    device: Device
    train: Train
    baselines: Baselines


def strongest(rows: Array, has_lyrics: Array, dims: int) -> Array:
    """The first `dims` numbers of rows whose numbers are sorted by importance; nan for a track without lyrics."""
    return np.where(has_lyrics[:, None], rows[:, :dims], np.nan)


def reduced(rows: Array, has_lyrics: Array, dims: int, seed: int) -> Array:
    """The rows centred and in their `dims` strongest directions at most; nan for a track without lyrics.

    Word and sentence vectors share a large common part, and their hundreds of numbers vary along few directions: the
    rest is noise to every distance. A model of `dims` numbers is compared with no more numbers than that.
    """
    coordinates = np.zeros((len(rows), min(dims, rows.shape[1])))
    if has_lyrics.sum() > 1:
        points = linear.pca(np.asarray(rows[has_lyrics], dtype=np.float64), dims, seed)
        coordinates[has_lyrics, : points.shape[1]] = points
    return strongest(coordinates, has_lyrics, dims)


@dataclass(frozen=True)
class ContrastJob:
    """The contrastive network to train from one seed."""

    seed: int
    metric: Metric
    recipe: Recipe
    network: Mapping[str, int]  # its hidden layer and its latent units
    temperature: float
    device: torch.device
    keep: bool

    def __str__(self) -> str:
        return f"{NAME} seed {self.seed}"


def learn_contrast(job: ContrastJob) -> TrainedSeed:
    """Trains and embeds one seed."""
    views = segments.read_segments(job.metric).to(job.device)
    training.begin(job.seed, job.device)
    net, curve = fit_contrast(views, job.recipe, **job.network, temperature=job.temperature)
    with torch.no_grad():
        points = net(views.whole()).cpu().numpy()
    net.scales["audio"] = segments.projection(job.metric)
    return TrainedSeed({NAME: points}, curve, kept=Kept(keep.half_weights(net)) if job.keep else None)


@dataclass(frozen=True)
class Plain:
    """A baseline that is no network. There is no chance in it: a single seed serves them all."""

    name: str
    family: str
    source: str
    values: Array  # [track, dimension]
    lyrics: str = "none"  # the array of stage lyrics that it reads

    def write(self, folder: Path, ids: tuple[str, ...]) -> None:
        store.write_rows(folder, ids, **{self.name: self.values[:, None].astype(np.float32)})
        about = {"role": "baseline", "family": self.family, "input": self.source, "lyrics": self.lyrics}
        store.write_json(folder / f"{self.name}.json", about)


def from_sound(sound: Array, valid: Array, p: Params) -> Iterator[Plain]:
    """From what the models are given of the sound."""
    points = linear.raw(sound, valid)
    yield Plain("raw", "raw numbers of the sound", "sound", points)
    yield Plain("pca", "PCA", "sound", linear.pca(points, p.baselines.latent, p.seeds[0]))
    yield Plain("spectral", "spectral embedding", "sound", linear.spectral(points, p.baselines.spectral, p.seeds[0]))
    if linear.halvable(valid).sum() >= MIN_HALVABLE:
        yield Plain("track_lda", "track-LDA", "sound", linear.track_lda(sound, valid, p.baselines.latent))


def from_parts_of_sound(valid: Array, p: Params) -> Iterator[Plain]:
    """PCA of our statistics, and of the encoder's numbers, where the models are given something else."""
    hears = store.read_json(EARS / "about.json")
    if hears["hears"] in ("encoder", "both"):
        stats = store.read_rows(store.BUILD / "audio", "stats")["stats"]
        points = linear.pca(linear.raw(stats, valid), p.baselines.latent, p.seeds[0])
        yield Plain("pca_stats", "PCA of the statistics", "stats", points)
    if hears["hears"] in ("stats", "both") and hears["encoder"] != "none":
        vectors = _encoded() if hears["hears"] == "both" else store.read_rows(EARS, "vectors")["vectors"]
        points = linear.pca(linear.raw(vectors, valid), p.baselines.latent, p.seeds[0])
        yield Plain("pca_ears", f"PCA of {hears['encoder']}", "ears", points)


def _encoded() -> Array:
    """The encoder's numbers, which are the last where the models are given both."""
    statistics = len(store.read_json(store.BUILD / "audio" / "stats_names.json"))
    vectors: Array = store.read_rows(EARS, "sound")["sound"][..., statistics:]
    return vectors


def from_both(ids: tuple[str, ...], sound: Array, valid: Array, p: Params) -> Iterator[Plain]:
    """PCA of the sound beside PCA of the lyrics without their language, each with half of the variance."""
    rows = store.read_rows(store.BUILD / "lyrics", "has_lyrics", "bert_free").at(ids)
    has_lyrics = np.array(rows["has_lyrics"])
    if has_lyrics.sum() > 1:
        points = linear.pca(linear.raw(sound, valid), p.baselines.latent, p.seeds[0])
        words = reduced(rows["bert_free"], has_lyrics, p.baselines.latent, p.seeds[0])
        halves = [part / max(float(np.sqrt(np.nanvar(part, axis=0).sum())), 1e-12) for part in (points, words)]
        yield Plain("pca_both", "PCA of sound and lyrics", "sound", np.hstack(halves), lyrics="bert_free")


def from_lyrics(ids: tuple[str, ...], p: Params) -> Iterator[Plain]:
    rows = store.read_rows(store.BUILD / "lyrics", "has_lyrics", "tfidf_svd", "word2vec", "bert", "bert_free").at(ids)
    about = store.read_json(store.BUILD / "lyrics" / "about.json")
    encoder, language = about["encoder"], "kept" if about["language"] == "keep" else "removed"
    has_lyrics, dims = np.array(rows["has_lyrics"]), p.baselines.latent
    if not has_lyrics.any():
        log.info("baselines: no track has lyrics, so there is none of lyrics alone")
        return
    strong = strongest(rows["tfidf_svd"], has_lyrics, dims)
    yield Plain("tfidf", "lyrics: TF-IDF", "lyrics", strong, lyrics="tfidf_svd")
    families = {"word2vec": "Word2Vec", "bert": encoder, "bert_free": f"{encoder}, language {language}"}
    for name, family in families.items():
        points = reduced(rows[name], has_lyrics, dims, p.seeds[0])
        yield Plain(name, f"lyrics: {family}", "lyrics", points, lyrics=name)


def learn_autoencoder(folder: Path, p: Params) -> None:
    baselines = p.baselines
    model = Model(
        folder,
        "ae",
        "autoencoder",
        Source("sound"),
        partial(joined, hidden=baselines.hidden, latent=baselines.latent),
        baselines.epochs,
        beta=0.0,
        role="baseline",
    )
    training.learn(model, p.seeds, p.train, p.device)


def learn_contrastive(folder: Path, ids: tuple[str, ...], sound: Array, valid: Array, p: Params) -> None:
    if (tracks := int(linear.halvable(valid).sum())) < MIN_HALVABLE:
        log.warning("baselines: %d tracks have two segments or more: no track_lda, no contrastive", tracks)
        keep.write_untrained(NAME, f"it needs {MIN_HALVABLE} tracks of two segments or more, and there are {tracks}")
        return
    settings = p.baselines.contrastive
    network = {"hidden": p.baselines.hidden[0], "latent": p.baselines.latent}
    metric, recipe = linear.suppression(sound, valid, power=0.0), settings.recipe(Objective(0.0))
    device, _ = choose_device(p.device)
    jobs = [
        ContrastJob(seed, metric, recipe, network, settings.temperature, device, keep=not place)
        for place, seed in enumerate(p.seeds)
    ]
    results = training.learn_all(learn_contrast, jobs, NAME, p.train)
    about = {"role": "baseline", "family": "contrastive network", "input": "sound"}
    shapes = {"audio": sound.shape[2:]}
    build = partial(contrast, hidden=network["hidden"], latent=network["latent"])
    keep.write_model(Trained(folder, NAME, ids, about, build, shapes, (), recipe, p.seeds, results))


def main() -> None:
    p = params.load(Params)
    folder = store.fresh_folder(store.BUILD / "baselines")
    rows = store.read_rows(EARS, "sound", "valid")
    if len(rows.ids) < 3:
        raise Problem(
            f"{len(rows.ids)} tracks can be used, and clusters need at least 3: add songs to data/ and `dvc repro`"
        )
    sound, valid = rows["sound"], np.array(rows["valid"])
    learn_autoencoder(folder, p)
    learn_contrastive(folder, rows.ids, sound, valid, p)
    parts = from_sound(sound, valid, p), from_parts_of_sound(valid, p), from_lyrics(rows.ids, p)
    for baseline in itertools.chain(*parts, from_both(rows.ids, sound, valid, p)):
        baseline.write(folder, rows.ids)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
