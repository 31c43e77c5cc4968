"""How a VAE of views is trained on tracks and kept: from statistics, from frames, or from sound and words.

As `learn` does for a VAE of single segments: once per seed on all tracks, and once without the artists of each fold.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.core import store
from pipeline.core.device import choose_device
from pipeline.core.settings import Device
from pipeline.core.store import Array
from pipeline.learn import heldout, keep, linear, segments, training
from pipeline.learn.examples import kept_frames, kept_means
from pipeline.learn.heldout import HeldOut, held_out
from pipeline.learn.keep import Kept, Trained, TrainedSeed, write_model
from pipeline.learn.length import best_length
from pipeline.learn.plan import Role, Train
from pipeline.learn.songs import Frames, Source, conditions, read_words, scale_of
from pipeline.nets import facets
from pipeline.nets.crossview import Means
from pipeline.nets.families import Shape
from pipeline.nets.fit import Embedding, active_units
from pipeline.nets.frame_views import FrameViews, fit_picture
from pipeline.nets.loop import Epoch, Recipe, round_to_half
from pipeline.nets.vae import VAE, Projection, Scale
from pipeline.nets.views import Segments, Viewer, embed_views, fit_views, unseen_error

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ViewSource:
    """What a model of views reads."""

    power: float  # of the metric of the segments, which is that of the target too
    noise: float
    frames: Frames | None = None  # that the encoder reads in place of the segments
    crop: int = 0  # frames of a segment that a training shows at a time
    lyrics: str | None = None  # an array of stage lyrics
    share: float = 0.5  # of the variance that the lyrics have beside the sound
    condition: str = "none"


@dataclass(frozen=True)
class ViewModel:
    """A VAE of views: where it goes, what it reads, how it is built and trained."""

    folder: Path
    name: str
    about: Mapping[str, Any]  # family, input and more
    source: ViewSource
    build: partial[VAE]  # of shapes, scales and labels
    recipe: Recipe
    facets: tuple[str, ...] = ()  # of the code, in their order; none: it has no parts
    role: Role = "model"

    def parts(self, shapes: Mapping[str, Any]) -> dict[str, slice]:
        """Embedding -> its units. The joint facet has the model's name, or the only one."""
        latent = self.build.keywords["latent"]
        if not self.facets:
            return {self.name: slice(0, latent)}
        present = facets.present(self.facets, shapes)
        names = [self.name if len(present) == 1 or each == facets.JOINT else f"{self.name}_{each}" for each in present]
        return {name: slice(place * latent, (place + 1) * latent) for place, name in enumerate(names)}


@dataclass(frozen=True)
class ViewJob:
    """A model to train from one seed."""

    model: ViewModel
    seed: int
    device: torch.device
    keep: bool = False
    hidden: HeldOut | None = None

    def __str__(self) -> str:
        return f"{self.model.name} seed {self.seed}" + (f" without {self.hidden}" if self.hidden else "")


@dataclass(frozen=True)
class Seen:
    """The tracks as a network of views reads them; nothing in it is fitted on the tracks that are hidden."""

    ids: tuple[str, ...]
    viewer: Viewer
    learnt: Tensor  # [track]
    shapes: Mapping[str, tuple[int, ...]]
    scales: Mapping[str, Scale | Projection]
    has_lyrics: Array  # [track]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sound:
    """The statistics of the segments in their metric, which the tracks that are learnt from give."""

    ids: tuple[str, ...]
    valid: Array  # [track, segment]
    learnt: Array  # [track]
    statistics: Segments
    scale: Projection

    @property
    def no_lyrics(self) -> Array:
        """Which tracks have lyrics that are read: none."""
        return np.zeros(len(self.ids), bool)


def seen(source: ViewSource, hidden: HeldOut | None, device: torch.device) -> Seen:
    """The tracks of stage ears, with all that `source` names."""
    sound = _sound(source.power, hidden, device)
    if source.frames:
        return _with_frames(sound, source.frames, source.crop, device)
    if source.lyrics or source.condition != "none":
        return _with_words(sound, source, hidden, device)
    viewer, shapes = Means(sound.statistics, source.noise), {"audio": _numbers(sound.statistics)}
    return Seen(sound.ids, viewer, torch.from_numpy(sound.learnt), shapes, {"audio": sound.scale}, sound.no_lyrics)


def _sound(power: float, hidden: HeldOut | None, device: torch.device) -> Sound:
    rows = store.read_rows(store.BUILD / "ears", "sound", "valid")
    valid, learnt = np.array(rows["valid"]), heldout.rest(rows.ids, hidden)
    metric = linear.suppression(rows["sound"][learnt], valid[learnt], power)
    values = np.where(valid[..., None], metric(rows["sound"]), 0).astype(np.float32)
    statistics = Segments(torch.from_numpy(values), torch.from_numpy(valid)).to(device)
    return Sound(rows.ids, valid, learnt, statistics, segments.projection(metric))


def _numbers(statistics: Segments) -> Shape:
    return tuple(statistics.values.shape[2:])


def _with_frames(sound: Sound, source: Frames, crop: int, device: torch.device) -> Seen:
    """Frames to read, statistics to predict."""
    frames = _remembered(source, Path.cwd())
    scale = scale_of(torch.from_numpy(frames[sound.valid & sound.learnt[:, None]].astype(np.float32)))
    scaled = torch.stack([scale(torch.from_numpy(track).float()).half() for track in frames])
    viewer = FrameViews(scaled.to(device), scale.to(device), sound.statistics, crop)
    shapes = {"audio": frames.shape[2:], "target": _numbers(sound.statistics)}
    return Seen(sound.ids, viewer, torch.from_numpy(sound.learnt), shapes, {"audio": scale}, sound.no_lyrics)


def _with_words(sound: Sound, source: ViewSource, hidden: HeldOut | None, device: torch.device) -> Seen:
    """Statistics and lyrics, each to read and to predict; and a condition that may be none."""
    learnt = torch.from_numpy(sound.learnt)
    words, has_lyrics, scale_of_words = read_words(Source(lyrics=source.lyrics), sound.ids, sound.learnt, hidden)
    condition, labels = conditions(sound.ids, source.condition, sound.learnt)
    shapes: dict[str, Shape] = {"audio": _numbers(sound.statistics)}
    scales: dict[str, Scale | Projection] = {"audio": sound.scale}
    weight = 1.0
    if scale_of_words is not None and words is not None:
        weight = loudness(source.share, sound.statistics.whole()[learnt], words.shape[1])
        shapes["lyrics"], scales["lyrics"] = tuple(words.shape[1:]), scale_of_words.louder(weight)
        words = scales["lyrics"](words).to(device)
    viewer = facets.Songs(
        sound.statistics, words, torch.from_numpy(has_lyrics).to(device), condition.to(device), source.noise, weight
    )
    return Seen(sound.ids, viewer, learnt, shapes, scales, has_lyrics, labels)


def loudness(share: float, sound: Tensor, numbers: int) -> float:
    """What unit-variance numbers of the lyrics are multiplied by, so that they have this share of the variance."""
    return math.sqrt(share / (1 - share) * float(sound.var(0).sum()) / numbers)


@lru_cache(maxsize=1)
def _remembered(frames: Frames, _folder: Path) -> Array:
    """[track, segment, row, column] of this working folder in half precision, for the jobs of one process."""
    rows = store.read_rows(store.BUILD / "ears", "valid")
    valid = np.array(rows["valid"])
    values = frames.segments(rows.ids, valid)
    padded = np.zeros((*valid.shape, *values.shape[1:]), np.float16)
    padded[valid] = values
    return padded


def learn_view_seed(job: ViewJob) -> TrainedSeed:
    """Trains one seed on the tracks that it may see, and embeds all."""
    model = job.model
    vae, tracks, curve = _fitted(job)
    whole, parts = embed_views(vae, tracks.viewer), model.parts(tracks.shapes)
    embeddings = {name: whole.part(units) for name, units in parts.items()}
    if model.facets and len(parts) > 1:
        alone = {modality: embed_views(vae, tracks.viewer, only=modality) for modality in tracks.shapes}
        embeddings |= {f"{model.name}_{name}": each.part(parts[model.name]) for name, each in alone.items()}
    result = training.seed_result(model.name, embeddings[model.name], curve)
    units = {name: active_units(each) for name, each in embeddings.items() if name != model.name}
    active = None if model.recipe.objective.is_autoencoder else result.active
    means = {name: each.mean.cpu().numpy() for name, each in embeddings.items()}
    for name in {f"{model.name}_words", f"{model.name}_lyrics"} & set(means):
        means[name][~tracks.has_lyrics] = np.nan  # without words there is no place among them
    vae.scales = nn.ModuleDict(dict(tracks.scales))
    kept = _kept(vae, tracks, whole) if job.keep else None
    return replace(result, means=means, active=active, active_alone=units, kept=kept)


def _fitted(job: ViewJob) -> tuple[VAE, Seen, list[Epoch]]:
    training.begin(job.seed, job.device)
    tracks = seen(job.model.source, job.hidden, job.device)
    vae = job.model.build(tracks.shapes, {}, labels=len(tracks.labels)).to(job.device)
    return vae, tracks, fit_views(vae, tracks.viewer, job.model.recipe, tracks.learnt.to(job.device))


def _kept(vae: VAE, tracks: Seen, whole: Embedding) -> Kept:
    if isinstance(tracks.viewer, FrameViews):
        fit_picture(vae, tracks.viewer, tracks.learnt.to(whole.mean.device))
        round_to_half(vae.picture)
        return kept_frames(vae, tracks.viewer, tracks.ids, whole)
    return kept_means(vae, tracks.viewer, tracks.ids, whole)


def learn_views(model: ViewModel, seeds: tuple[int, ...], folds: int, train: Train, device: Device) -> None:
    """Trains `model` once per seed and once without each fold, and writes it."""
    where, why = choose_device(device)
    rows = store.read_rows(store.BUILD / "ears", "valid")
    ids, valid = rows.ids, np.array(rows["valid"])
    if not segments.can_be_learnt(valid):
        keep.write_untrained(model.name, segments.too_few(valid))
        return
    _remembered.cache_clear()  # the sound may have changed since
    tracks = seen(model.source, None, torch.device("cpu"))  # also fills the cache of frames, before the processes start
    shapes, labels = tracks.shapes, tracks.labels
    model = _of_best_length(model, ids, valid, seeds[0], where, train)
    jobs = [ViewJob(model, seed, where, keep=seed == seeds[0]) for seed in seeds]
    refits = [
        replace(jobs[number % len(jobs)], keep=False, hidden=part)
        if segments.can_be_learnt(valid, heldout.rest(ids, part))
        else None
        for number, part in enumerate(held_out(ids, folds))
    ]
    many = f"{len(seeds)} seeds and {sum(job is not None for job in refits)} folds"
    log.info("%s: %d tracks, %s; %s", model.name, linear.halvable(valid).sum(), many, why)
    results, parts = training.learn_with_folds(learn_view_seed, jobs, refits, model.name, train)
    about = {"role": model.role, **model.about}
    if len(parts_of := model.parts(shapes)) > 1:
        about["facets"] = [name for name in parts_of if name != model.name]
    write_model(
        Trained(
            model.folder, model.name, ids, about, model.build, shapes, labels, model.recipe, seeds, results, parts
        )
    )  # fmt: skip
    _describe_parts(model, results)


def _of_best_length(
    model: ViewModel, ids: Sequence[str], valid: Array, seed: int, device: torch.device, train: Train
) -> ViewModel:
    hidden = segments.unseen_views(ids, valid)

    def errors(recipes: list[Recipe]) -> Sequence[float | None]:
        jobs = [ViewJob(replace(model, recipe=each), seed, device, hidden=hidden) for each in recipes]
        return training.learn_all(_unseen_error, jobs, f"{model.name} (length)", train)

    length = best_length(model.name, model.recipe, train.lengths, errors if hidden else None)
    recipe = replace(model.recipe, epochs=length.epochs)
    return replace(model, recipe=recipe, about={**model.about, **length.about()})


def _unseen_error(job: ViewJob) -> float:
    """How badly the model predicts the songs that were left out."""
    vae, tracks, _ = _fitted(job)
    return unseen_error(vae, tracks.viewer, ~tracks.learnt.to(job.device))


def _describe_parts(model: ViewModel, results: Sequence[TrainedSeed]) -> None:
    """NAME_<part>.json of each embedding beside the model's own: a facet, or the joint facet by one modality."""
    reads = {"sound": {"input": model.about["input"], "lyrics": "none"}, "words": {"lyrics": model.about["lyrics"]}}
    reads |= {modality: reads[facet] for facet, modality in facets.OWN.items()}
    for name in sorted(results[0].active_alone):
        part = name.removeprefix(f"{model.name}_")
        about = {"role": model.role, "condition": model.about["condition"], "beta": model.about["beta"]}
        about |= reads[part]
        about["family"] = f"{model.about['family']}: {part}" if part in facets.OWN else f"joint facet, {part} alone"
        # The joint facet was fitted to both of the same songs: by one it holds what it remembers of the other.
        about |= {} if part in facets.OWN else {"remembers": True}
        if not model.recipe.objective.is_autoencoder:
            about |= {"latent": results[0].means[name].shape[1]}
            about |= {"active_units": [seed.active_alone[name] for seed in results]}
        store.write_json(model.folder / f"{name}.json", about)
