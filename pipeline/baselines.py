"""Stage `baselines`: what a VAE has to beat: linear methods on each input, spectral embedding, two simple networks.

Writes build/baselines: one embedding each, with NAME_heldout.npy [track, fold, dimension] by the fits without the
artists of a fold, and the networks as models/ae and models/contrastive. KMeans on `spectral` is spectral clustering.
"""

import itertools
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Final, Literal

import numpy as np
import torch

from pipeline.core import command, params, store, workers
from pipeline.core.command import Problem
from pipeline.core.device import choose_device
from pipeline.core.params import Count, Layers, NonEmpty, Number, Seeds, Share, Within
from pipeline.core.settings import Device
from pipeline.core.store import Array
from pipeline.learn import keep, ladder, linear, segments, training
from pipeline.learn.keep import Kept, Trained, TrainedSeed
from pipeline.learn.ladder import Heard, Rung, Sung
from pipeline.learn.length import Length, best_length
from pipeline.learn.plan import Model, Train
from pipeline.learn.segments import Views, ViewTraining
from pipeline.learn.songs import Source
from pipeline.learn.weights import half_weights
from pipeline.nets.crossview import confusion, fit_contrast
from pipeline.nets.families import Contrast, contrast, joined
from pipeline.nets.loop import Epoch, Recipe
from pipeline.nets.objective import Objective
from pipeline.nets.views import Segments
from pipeline.sound.frames import frames_of
from pipeline.sound.settings import Audio

log = logging.getLogger(__name__)


NAME = "contrastive"
EARS = store.BUILD / "ears"
FRAMES: Final[tuple[Literal["mfcc", "logmel"], ...]] = ("mfcc", "logmel")


@dataclass(frozen=True)
class Contrastive(ViewTraining):
    temperature: Annotated[Number, Within(0.01, 100)]


@dataclass(frozen=True)
class Baselines:
    latent: Count
    power: Share
    weights: Annotated[tuple[Share, ...], NonEmpty()]
    spectral: Count
    hidden: Layers
    epochs: Count
    contrastive: Contrastive


@dataclass(frozen=True)
class Params:
    seeds: Seeds
    folds: Count
    device: Device
    train: Train
    audio: Audio
    baselines: Baselines


@dataclass(frozen=True)
class ContrastJob:
    """The contrastive network to train from one seed."""

    seed: int
    views: Views
    recipe: Recipe
    network: Mapping[str, int]  # its hidden layer and its latent units
    temperature: float
    device: torch.device
    keep: bool

    def __str__(self) -> str:
        return f"{NAME} seed {self.seed}" + (f" without {self.views.hidden}" if self.views.hidden else "")


def learn_contrast(job: ContrastJob) -> TrainedSeed:
    """Trains one seed on the tracks that it may see, and embeds all."""
    views, net, curve = _fitted_contrast(job)
    with torch.no_grad():
        points = net(views.whole()).cpu().numpy()
    net.scales["audio"] = segments.projection(job.views.metric)
    return TrainedSeed({NAME: points}, curve, kept=Kept(half_weights(net)) if job.keep else None)


def _fitted_contrast(job: ContrastJob) -> tuple[Segments, Contrast, list[Epoch]]:
    views = job.views.all().to(job.device)
    training.begin(job.seed, job.device)
    return views, *fit_contrast(job.views.seen(views), job.recipe, **job.network, temperature=job.temperature)


def _unseen_confusion(job: ContrastJob) -> float:
    """How badly halves of the tracks that were left out are distinguished."""
    views, net, _ = _fitted_contrast(job)
    halves = views.of(~job.views.learnt().to(job.device)).halves()
    with torch.no_grad():
        return float(confusion(net(torch.cat(halves)), job.temperature))


def from_sound(sound: Array, valid: Array, p: Params) -> Iterator[Rung]:
    """From what the models are given of the sound."""
    seed, size = p.seeds[0], p.baselines.spectral
    yield from Heard(sound, valid).rungs(p.baselines.latent, p.baselines.power, seed)
    points = linear.raw(sound, valid)
    yield Rung(
        "spectral", "spectral embedding", "sound", lambda _, __: linear.spectral(points, size, seed), is_linear=False
    )


def from_parts_of_sound(valid: Array, p: Params) -> Iterator[Rung]:
    """PCA of our statistics, and of the encoder's numbers, where the models are given something else."""
    hears, size = store.read_json(EARS / "about.json"), (p.baselines.latent, p.seeds[0])
    if hears["hears"] in ("encoder", "both"):
        stats = Heard(store.read_rows(store.BUILD / "audio", "stats")["stats"], valid)
        yield Rung("pca_stats", "PCA of the statistics", "stats", stats.pca(*size))
    if hears["hears"] in ("stats", "both") and hears["encoder"] != "none":
        vectors = _encoded() if hears["hears"] == "both" else store.read_rows(EARS, "vectors")["vectors"]
        heard = Heard(vectors, valid)
        yield Rung("pca_ears", f"PCA of {hears['encoder']}", "ears", heard.pca(*size))


def _encoded() -> Array:
    """The encoder's numbers, which are the last where the models are given both."""
    statistics = len(store.read_json(store.BUILD / "audio" / "stats_names.json"))
    vectors: Array = store.read_rows(EARS, "sound")["sound"][..., statistics:]
    return vectors


def from_frames(ids: tuple[str, ...], valid: Array, p: Params) -> Iterator[Rung]:
    """PCA of what the convolutions read; there is none of features that came from elsewhere."""
    for kind in FRAMES if p.audio.external == "none" else ():
        frames = frames_of(kind, f"pca_{kind}", p.audio)
        assert frames is not None
        means = frames.segments(ids, valid).mean(axis=2, dtype=np.float64)
        by_segment = np.zeros((*valid.shape, means.shape[1]))
        by_segment[valid] = means
        yield ladder.of_frames(kind, linear.track_means(by_segment, valid), p.baselines.latent, p.seeds[0])


def from_lyrics(ids: tuple[str, ...], sound: Array, valid: Array, p: Params) -> Iterator[Rung]:
    """The lyrics alone, and beside the sound."""
    has_lyrics = np.array(store.read_rows(store.BUILD / "lyrics", "has_lyrics").at(ids)["has_lyrics"])
    about = store.read_json(store.BUILD / "lyrics" / "about.json")
    if not has_lyrics.any():
        log.info("baselines: no track has lyrics, so there is none of lyrics alone")
        return
    sung = Sung(ids, has_lyrics, p.baselines.latent, p.seeds[0])
    yield from sung.rungs(about["encoder"], "kept" if about["language"] == "keep" else "removed")
    if has_lyrics.sum() > 1:
        yield from sung.beside(Heard(sound, valid).pca(sung.dims, sung.seed), p.baselines.weights)


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
    training.learn(model, p.seeds, p.folds, p.train, p.device)


def learn_contrastive(folder: Path, rows: store.Rows, p: Params) -> None:
    sound, valid = rows["sound"], np.array(rows["valid"])
    if not segments.can_be_learnt(valid):
        keep.write_untrained(NAME, segments.too_few(valid))
        return
    settings = p.baselines.contrastive
    network = {"hidden": p.baselines.hidden[0], "latent": p.baselines.latent}
    views, recipe = segments.views(sound, valid, 0.0), settings.recipe(Objective(0.0))
    device, _ = choose_device(p.device)
    first = ContrastJob(p.seeds[0], views, recipe, network, settings.temperature, device, keep=False)
    length = _contrast_length(first, rows, p)
    recipe = replace(recipe, epochs=length.epochs)
    jobs = [
        ContrastJob(seed, views, recipe, network, settings.temperature, device, keep=not place)
        for place, seed in enumerate(p.seeds)
    ]
    refits = [
        replace(jobs[fold % len(jobs)], views=part, keep=False) if part else None
        for fold, part in enumerate(segments.views_without_folds(rows, 0.0, p.folds))
    ]
    results, parts = training.learn_with_folds(learn_contrast, jobs, refits, NAME, p.train)
    about = {"role": "baseline", "family": "contrastive network", "input": "sound"} | length.about()
    shapes = {"audio": sound.shape[2:]}
    build = partial(contrast, hidden=network["hidden"], latent=network["latent"])
    keep.write_model(Trained(folder, NAME, rows.ids, about, build, shapes, (), recipe, p.seeds, results, parts))


def _contrast_length(job: ContrastJob, rows: store.Rows, p: Params) -> Length:
    hidden = segments.unseen_views(rows.ids, rows["valid"])

    def errors(recipes: list[Recipe]) -> Sequence[float | None]:
        assert hidden
        views = segments.views_without(rows, 0.0, hidden)
        jobs = [replace(job, views=views, recipe=each) for each in recipes]
        return training.learn_all(_unseen_confusion, jobs, f"{NAME} (length)", p.train)

    return best_length(NAME, job.recipe, p.train.lengths, errors if hidden else None)


def main() -> None:
    p = params.load(Params)
    workers.one_thread()  # small matrices, many times: several threads would mostly wait for each other
    folder = store.fresh_folder(store.BUILD / "baselines")
    rows = store.read_rows(EARS, "sound", "valid")
    if len(rows.ids) < 3:
        raise Problem(
            f"{len(rows.ids)} tracks can be used, and clusters need at least 3: add songs to data/ and `dvc repro`"
        )
    sound, valid = rows["sound"], np.array(rows["valid"])
    learn_autoencoder(folder, p)
    learn_contrastive(folder, rows, p)
    parts = from_sound(sound, valid, p), from_parts_of_sound(valid, p), from_frames(rows.ids, valid, p)
    for rung in itertools.chain(*parts, from_lyrics(rows.ids, sound, valid, p)):
        rung.write(folder, rows.ids, p.folds)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
