"""What a trained model leaves on the disk, and the way back: `load_model`.

In build/<stage>/: NAME.npy [track, seed, latent], NAME_heldout.npy [track, fold, latent] (all tracks by the training
without the artists of a fold) and NAME.json (what it is), NAME_curve.csv, NAME_input.npy / NAME_output.npy (a few
reconstructions), NAME_traversal.npy (what moving a unit does); with a mixture as prior also NAME_assignments.npy
[track, seed, k]. In models/NAME/: the weights of the first seed, config.json and a model card.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from pipeline.core import store
from pipeline.core.store import Array
from pipeline.learn import heldout
from pipeline.learn.card import card, untrained_card
from pipeline.learn.weights import read_weights, write_weights
from pipeline.nets.families import Contrast, Shape, contrast, cross_view, experts, in_facets, joined, of_frames
from pipeline.nets.loop import Epoch, Recipe
from pipeline.nets.prior import Mixture
from pipeline.nets.vae import VAE, Projection, Scale

log = logging.getLogger(__name__)

MODELS = Path("models")
BUILDERS: dict[str, Callable[..., VAE | Contrast]] = {
    "joined": joined,
    "experts": experts,
    "cross_view": cross_view,
    "of_frames": of_frames,
    "in_facets": in_facets,
    "contrast": contrast,
}
DECIMALS = {"loss": 4, "kl": 5}  # of a curve; squared errors have 6


@dataclass(frozen=True)
class Kept:
    """What one seed leaves beside its embeddings."""

    weights: Mapping[str, Array]
    arrays: Mapping[str, Array] = field(default_factory=dict)  # for figures, as NAME_<key>.npy
    lists: Mapping[str, list[Any]] = field(default_factory=dict)  # for figures, as NAME_<key>.json


@dataclass(frozen=True)
class TrainedSeed:
    """What one seed gives."""

    means: Mapping[str, Array]  # embedding name -> [track, latent]
    curve: list[Epoch]
    kl: list[float] = field(default_factory=list)  # nats per segment, per unit
    active: int | None = None  # units; undefined without a KL term, where any scale of a unit is as good
    active_alone: Mapping[str, int] = field(default_factory=dict)  # modality -> units that it makes active by itself
    assignments: Array | None = None  # [track, component]
    kept: Kept | None = None


@dataclass(frozen=True)
class Trained:
    """A trained model: what it is, and what its seeds and folds gave. The first seed's weights are kept."""

    folder: Path
    name: str
    ids: tuple[str, ...]
    about: Mapping[str, Any]  # role, family, input and more
    build: partial[Any]
    shapes: Mapping[str, Shape]
    labels: tuple[str, ...]  # the values of the condition
    recipe: Recipe
    seeds: tuple[int, ...]
    results: Sequence[TrainedSeed]
    without: Sequence[TrainedSeed | None] = ()  # each fold; None: too few tracks were left to train on


def write_model(trained: Trained) -> None:
    """Writes build/<stage>/NAME.* and models/NAME/."""
    folder, name, results = trained.folder, trained.name, trained.results
    arrays = {key: np.stack([seed.means[key] for seed in results], axis=1) for key in results[0].means}
    if trained.without:
        arrays |= {f"{key}_heldout": _heldout(trained, key) for key in results[0].means}
    if shares := [seed.assignments for seed in results if seed.assignments is not None]:
        arrays[f"{name}_assignments"] = np.stack(shares, axis=1)  # without a .json it is no embedding
    store.write_rows(folder, trained.ids, **arrays)
    about = _about(trained)
    store.write_json(folder / f"{name}.json", about)
    if results[0].kl:
        store.write_table(folder / f"{name}_curve.csv", pd.DataFrame(_curve_rows(trained)))
    kept = results[0].kept
    assert kept is not None
    for key, array in kept.arrays.items():
        np.save(folder / f"{name}_{key}.npy", array)
    for key, values in kept.lists.items():
        store.write_json(folder / f"{name}_{key}.json", values)
    target, config = store.fresh_folder(MODELS / name), _config(trained, about)
    write_weights(target, kept.weights)
    store.write_json(target / "config.json", config)
    (target / "README.md").write_text(card(name, config), encoding="utf-8")


def _heldout(trained: Trained, key: str) -> Array:
    """[track, fold, latent]; nan for a fold without a training, or one whose songs to learn from had no words."""
    nothing = np.full_like(trained.results[0].means[key], np.nan)
    folds = [seed.means.get(key, nothing) if seed else nothing for seed in trained.without]
    return heldout.kept(np.stack(folds, axis=1))


def write_untrained(name: str, reason: str) -> None:
    """Leaves models/NAME/ with a README alone, since dvc wants every output to exist."""
    log.warning("%s: %s: no model", name, reason)
    target = store.fresh_folder(MODELS / name)
    (target / "README.md").write_text(untrained_card(name, reason), encoding="utf-8")


def _about(trained: Trained) -> dict[str, Any]:
    results = trained.results
    about = {**trained.about, "seeds": list(trained.seeds), "labels": list(trained.labels)}
    about["shapes"] = {key: list(shape) for key, shape in trained.shapes.items()}
    if results[0].kl:
        about |= {"latent": len(results[0].kl), "kl_per_unit": [seed.kl for seed in results]}
    if results[0].active is not None:
        about["active_units"] = [seed.active for seed in results]
        units = ", ".join(str(seed.active) for seed in results)
        log.info("%s: %s of %d units active", trained.name, units, about["latent"])
    return about


def _config(trained: Trained, about: Mapping[str, Any]) -> dict[str, Any]:
    """What is needed to build the network again, and where it comes from."""
    return {
        **{key: value for key, value in about.items() if key != "kl_per_unit"},
        "weights_of_seed": trained.seeds[0],
        "tracks": len(trained.ids),
        "builder": trained.build.func.__name__,
        "arguments": trained.build.keywords,
        "recipe": asdict(trained.recipe),
    }


def _curve_rows(trained: Trained) -> list[dict[str, object]]:
    return [
        {"model": trained.name, "seed": number, "epoch": epoch}
        | {key: round(value, DECIMALS.get(key, 6)) for key, value in parts.items()}
        for number, seed in zip(trained.seeds, trained.results, strict=True)
        for epoch, parts in enumerate(seed.curve, start=1)
    ]


def load_model(folder: Path) -> VAE | Contrast:
    """The network of models/NAME, ready to embed: `embed(net, standardised(net, songs))` for a VAE."""
    config = store.read_json(folder / "config.json")
    weights = {key: torch.from_numpy(values).float() for key, values in read_weights(folder).items()}
    scales = {
        name: _loaded_scale(weights, f"scales.{name}") for name in config["shapes"] if f"scales.{name}.mean" in weights
    }
    arguments = {key: tuple(value) if isinstance(value, list) else value for key, value in config["arguments"].items()}
    shapes = {name: tuple(shape) for name, shape in config["shapes"].items()}
    net = BUILDERS[config["builder"]](shapes, scales, labels=len(config["labels"]), **arguments)
    if isinstance(net, VAE) and "prior.logits" in weights:
        units = torch.zeros_like(weights["prior.means"])
        net.prior = Mixture(torch.ones(len(units)), units, units + 1)
    net.load_state_dict(weights)
    net.eval()
    return net


def _loaded_scale(weights: Mapping[str, torch.Tensor], name: str) -> Scale | Projection:
    if f"{name}.matrix" in weights:
        return Projection(weights[f"{name}.mean"], weights[f"{name}.matrix"])
    return Scale(weights[f"{name}.mean"], weights[f"{name}.std"])
