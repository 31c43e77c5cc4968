"""What a trained model leaves on the disk."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors.torch import save_file

from pipeline.core import store
from pipeline.core.store import Array
from pipeline.learn.plan import Model, Train
from pipeline.learn.songs import Corpus
from pipeline.nets.fit import Epoch, Songs, embed
from pipeline.nets.vae import VAE, Scale

log = logging.getLogger(__name__)

EXAMPLES = 4  # reconstructions that are kept to be looked at
UNITS, STEPS = 8, (-2.0, -1.0, 0.0, 1.0, 2.0)  # of a traversal; steps in standard deviations of the tracks


@dataclass(frozen=True)
class TrainedSeed:
    """What one seed gives."""

    means: Mapping[str, Array]  # embedding name -> [track, latent]
    kl: list[float]  # nats a segment, per unit
    active: int | None  # units; undefined without a KL term, where any scale of a unit is as good
    active_alone: Mapping[str, int]  # modality -> units that are active where it alone is seen
    mse: Mapping[str, float]  # per modality at the last epoch, in standardised units
    curve: list[dict[str, object]]
    assignments: Array | None  # [track, component]


def write_model(model: Model, train: Train, made: Corpus, seeds: tuple[int, ...], learnt: list[TrainedSeed]) -> None:
    folder, name = model.folder, model.name
    arrays = {key: np.stack([one.means[key] for one in learnt], axis=1) for key in learnt[0].means}
    if shares := [one.assignments for one in learnt if one.assignments is not None]:
        arrays[f"{name}_assignments"] = np.stack(shares, axis=1)  # without a .json it is no embedding
    store.write_rows(folder, made.ids, **arrays)
    store.write_table(folder / f"{name}_curve.csv", pd.DataFrame([row for one in learnt for row in one.curve]))
    source = model.source
    shown = {"input": source.audio, "lyrics": source.lyrics or "none", "condition": source.condition}
    about: dict[str, Any] = {"family": model.family, **shown, "beta": model.beta, "view": train.view}
    if model.beta:
        about |= {"objective": train.objective} | ({} if train.objective == "beta" else {"strength": train.strength})
    if model.clusters:
        about["clusters"] = model.clusters
    about |= {"seeds": list(seeds), "latent": len(learnt[0].kl)}
    about |= {"shapes": {key: list(shape) for key, shape in made.shapes.items()}, "labels": list(made.labels)}
    about["kl_per_unit"] = [one.kl for one in learnt]
    if model.beta:
        about["active_units"] = [one.active for one in learnt]
        log.info("%s: %s of %d units active", name, ", ".join(str(one.active) for one in learnt), len(learnt[0].kl))
    store.write_json(folder / f"{name}.json", about)
    for modality in model.alone:
        seen_by = {"family": f"{model.family}, {modality} alone", "condition": source.condition}
        units = {"latent": about["latent"], "active_units": [one.active_alone[modality] for one in learnt]}
        store.write_json(folder / f"{name}_{modality}.json", seen_by | (units if model.beta else {}))


def curve_rows(name: str, seed: int, epochs: list[Epoch]) -> list[dict[str, object]]:
    return [
        {"model": name, "seed": seed, "epoch": number, "loss": round(epoch.loss, 4), "kl": round(epoch.kl, 5)}
        | {f"mse_{key}": round(value, 6) for key, value in epoch.mse.items()}
        for number, epoch in enumerate(epochs, start=1)
    ]


@torch.no_grad()
def write_examples(folder: Path, name: str, vae: VAE, made: Corpus, ready: Songs) -> None:
    """Writes the weights in half precision, and what the model makes of the first segment of a few tracks."""
    folder.mkdir(parents=True, exist_ok=True)
    trained = {key for key, _ in vae.named_parameters()}
    state = vae.state_dict().items()
    weights = {key: (value.half() if key in trained else value).contiguous().cpu() for key, value in state}
    save_file(weights, folder / f"{name}.safetensors")
    chosen = np.linspace(0, len(made.ids) - 1, min(EXAMPLES, len(made.ids))).astype(int)
    rows = torch.tensor([int((ready.track == track).nonzero()[0]) for track in chosen], device=ready.track.device)
    batch = ready.batch(rows)
    outputs = vae.decode(vae.embed(batch), batch.condition)
    view = "audio" if "audio" in outputs else next(iter(outputs))
    scale = vae.scales[view]
    assert isinstance(scale, Scale)
    np.save(folder / f"{name}_input.npy", scale.back(batch.views[view]).half().cpu().numpy())
    np.save(folder / f"{name}_output.npy", scale.back(outputs[view]).half().cpu().numpy())
    store.write_json(folder / f"{name}_examples.json", [made.ids[track] for track in chosen])


@torch.no_grad()
def write_traversal(folder: Path, name: str, vae: VAE, ready: Songs) -> None:
    """Writes what the decoder makes of the sound when one latent unit moves: NAME_traversal.npy [unit, step, ...].

    Of pictures the mean over time: that is what is looked at, and it is small.
    """
    seen = embed(vae, ready)
    units = seen.kl.argsort(descending=True)[:UNITS]
    latent = seen.mean.mean(0).repeat(len(units), len(STEPS), 1)
    steps = torch.tensor(STEPS, device=latent.device)
    for row, unit in zip(latent, units.tolist(), strict=True):
        row[:, unit] += seen.mean[:, unit].std() * steps
    flat = latent.flatten(0, 1)
    outputs = vae.decode(flat, ready.condition.mean(0).expand(len(flat), -1))
    if "audio" not in outputs:
        return
    scale = vae.scales["audio"]
    assert isinstance(scale, Scale)
    made = scale.back(outputs["audio"])
    made = made.mean(-1, keepdim=True) if made.dim() == 3 else made
    np.save(folder / f"{name}_traversal.npy", made.unflatten(0, (len(units), len(STEPS))).half().cpu().numpy())
    store.write_json(folder / f"{name}_units.json", units.tolist())
