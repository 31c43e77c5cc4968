"""How a model stage gets its songs, trains a model on every seed, and writes what was learnt.

Shared by easy, medium, hard and the autoencoder baseline. A model NAME leaves in build/<stage>/:
NAME.npy [track, seed, latent], NAME.safetensors and NAME.json (weights of the first seed, and what it is),
NAME_curve.csv, and NAME_input.npy / NAME_output.npy (a few reconstructions).
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import torch
from safetensors.torch import save_file

from models import device as devices
from models.families import Shape
from models.fit import Epoch, Recipe, Songs, active_units, embed, fit, standardised
from models.vae import VAE, Scale
from pipeline import store
from pipeline.params import Count, Share, Within
from pipeline.stage import Problem, progress
from pipeline.store import Array

log = logging.getLogger(__name__)

EXAMPLES = 4  # reconstructions that are kept to be looked at
Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True)
class Train:
    batch: Count
    rate: Annotated[float, Within(1e-7, 1)]
    warmup: Share
    precision: Literal["auto", "fp32", "bf16"]


@dataclass(frozen=True)
class Corpus:
    """The songs as tensors, whose they are, and what the networks need to know of their form."""

    ids: tuple[str, ...]
    songs: Songs
    scales: Mapping[str, Scale]
    shapes: Mapping[str, Shape]
    labels: tuple[str, ...]  # the values of the condition, in the order of its columns


def corpus(audio: str | None, lyrics: str | None = None, condition: str = "none", *, flat: bool = False) -> Corpus:
    """The tracks with an array of stage audio, one of stage lyrics, and a column of the tracks as the condition."""
    heard = store.read_rows(store.BUILD / "audio", *([audio] if audio else []), "valid")
    ids = heard.ids
    if not ids:
        raise Problem("no track has audio features: run `dvc repro audio` and read what it says")
    track, segment = np.nonzero(heard["valid"])
    scales: dict[str, Scale] = {}
    values = words = None
    if audio:
        values = torch.from_numpy(np.ascontiguousarray(heard[audio][track, segment]))
        scales["audio"] = _scale(values)
        if flat and values.dim() > 2:
            scales["audio"] = _scale(values := values.flatten(1))
    there = torch.zeros(len(ids), dtype=torch.bool)
    if lyrics:
        rows = store.read_rows(store.BUILD / "lyrics", lyrics, "there").at(ids)
        words, there = torch.from_numpy(np.array(rows[lyrics])), torch.from_numpy(np.array(rows["there"]))
        scales["lyrics"] = _text_scale(words, there)
    told, labels = _condition(ids, condition)
    shapes = {name: tuple(v.shape[1:]) for name, v in (("audio", values), ("lyrics", words)) if v is not None}
    return Corpus(ids, Songs(values, torch.from_numpy(track), words, there, told), scales, shapes, labels)


def _scale(values: torch.Tensor) -> Scale:
    """Zero mean and unit variance: per number for vectors, per row (coefficient, mel) for pictures."""
    over = (0,) if values.dim() == 2 else (0, 2)
    return Scale(values.mean(over, keepdim=True)[0], values.std(over, keepdim=True)[0].clamp(min=1e-6))


def _text_scale(words: torch.Tensor, there: torch.Tensor) -> Scale:
    """One divisor for all words: dividing each by its own would make the rarest word the loudest."""
    known = words[there] if there.any() else words
    return Scale(known.mean(0), known.std(0).square().mean().sqrt().clamp(min=1e-6))


def _condition(ids: tuple[str, ...], column: str) -> tuple[torch.Tensor, tuple[str, ...]]:
    """One-hot rows of a column of the tracks; a track without a value gets zeros."""
    if column == "none":
        return torch.zeros(len(ids), 0), ()
    tracks = store.usable_tracks()
    if column not in tracks:
        columns = ", ".join(tracks.columns)
        raise Problem(f"hard.condition is {column!r}, which is no column of data/tracks.csv; it has {columns}")
    values = [str(value) for value in tracks[column].loc[list(ids)]]
    labels = tuple(sorted(set(values) - {""}))
    return torch.tensor([[float(value == label) for label in labels] for value in values]), labels


@dataclass(frozen=True)
class Setup:
    """What all models of a run share."""

    seeds: tuple[int, ...]
    train: Train
    device: Device

    def recipe(self, epochs: int, beta: float) -> Recipe:
        return Recipe(epochs=epochs, batch=self.train.batch, rate=self.train.rate, warmup=self.train.warmup, beta=beta)


def learn(
    folder: Path,
    name: str,
    made: Corpus,
    build: Callable[[], VAE],
    recipe: Recipe,
    setup: Setup,
    about: Mapping[str, Any],
    alone: tuple[str, ...] = (),
) -> None:
    """Trains `build()` once a seed and writes model `name`; also its view by each modality of `alone`."""
    if not setup.seeds:
        raise Problem("seeds is an empty list in params.yaml; it must name at least one seed")
    try:
        device, why = devices.choose(setup.device)
    except ValueError as error:
        raise Problem(f"{error}: set device to auto or cpu") from None
    convolves = any(len(shape) > 1 for shape in made.shapes.values())
    autocast, precision = devices.bf16(setup.train.precision, device, convolves=convolves)
    size = f"{len(made.songs.track)} segments of {len(made.ids)} tracks, {len(setup.seeds)} seeds"
    log.info("%s: %s; %s; %s", name, size, why, precision)
    moved = made.songs.to(device)
    means: dict[str, list[Array]] = {name: [], **{f"{name}_{modality}": [] for modality in alone}}
    kls, active, curves = [], [], []
    ticks = iter(progress(range(len(setup.seeds) * recipe.epochs), name))
    for seed in setup.seeds:
        torch.manual_seed(seed)
        vae = build().to(device)
        ready = standardised(vae, moved)
        curves += _curve(name, seed, fit(vae, ready, recipe, bf16=autocast, tick=lambda: next(ticks, None)))
        vae = vae.half().float()  # what is embedded is exactly what the weights on disk say
        seen = embed(vae, ready)
        means[name].append(seen.mean.cpu().numpy())
        for modality in alone:
            means[f"{name}_{modality}"].append(_alone(vae, ready, modality))
        kls.append([round(value, 5) for value in seen.kl.tolist()])
        active.append(active_units(seen))
        if seed == setup.seeds[0]:
            _keep(folder, name, vae, made, ready)
    next(ticks, None)
    store.write_rows(folder, made.ids, **{key: np.stack(rows, axis=1) for key, rows in means.items()})
    store.write_table(folder / f"{name}_curve.csv", pd.DataFrame(curves))
    shapes = {key: list(shape) for key, shape in made.shapes.items()}
    known = {"seeds": list(setup.seeds), "beta": recipe.beta, "shapes": shapes, "labels": list(made.labels)}
    store.write_json(folder / f"{name}.json", {**about, **known, "active_units": active, "kl_per_unit": kls})
    for modality in alone:
        seen_by = {"family": f"{about['family']}, {modality} alone", "condition": about.get("condition", "none")}
        store.write_json(folder / f"{name}_{modality}.json", seen_by)
    log.info("%s: %s of %d units active", name, ", ".join(map(str, active)), len(kls[0]))


def _alone(vae: VAE, ready: Songs, modality: str) -> Array:
    """The tracks as one modality sees them; nan where a track does not have it."""
    mean = embed(vae, ready, only=modality).mean
    if modality == "lyrics":
        mean[~ready.has_lyrics] = torch.nan
    values: Array = mean.cpu().numpy()
    return values


def _curve(name: str, seed: int, epochs: list[Epoch]) -> list[dict[str, object]]:
    return [
        {"model": name, "seed": seed, "epoch": number, "loss": round(epoch.loss, 4), "kl": round(epoch.kl, 5)}
        | {f"mse_{key}": round(value, 6) for key, value in epoch.mse.items()}
        for number, epoch in enumerate(epochs, start=1)
    ]


@torch.no_grad()
def _keep(folder: Path, name: str, vae: VAE, made: Corpus, ready: Songs) -> None:
    """Writes the weights in half precision, and what the model makes of the first segment of a few tracks."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {key: value.half().contiguous().cpu() for key, value in vae.state_dict().items()}
    save_file(weights, folder / f"{name}.safetensors")
    chosen = np.linspace(0, len(made.ids) - 1, min(EXAMPLES, len(made.ids))).astype(int)
    rows = torch.tensor([int((ready.track == track).nonzero()[0]) for track in chosen], device=ready.track.device)
    batch = ready.batch(rows)
    outputs = vae.decode(vae.embed(batch), batch.condition)
    view = "audio" if "audio" in outputs else next(iter(outputs))
    scale = vae.scales[view]
    assert isinstance(scale, Scale)
    np.save(folder / f"{name}_input.npy", scale.back(batch.views[view]).cpu().numpy())
    np.save(folder / f"{name}_output.npy", scale.back(outputs[view]).cpu().numpy())
    store.write_json(folder / f"{name}_examples.json", [made.ids[track] for track in chosen])
