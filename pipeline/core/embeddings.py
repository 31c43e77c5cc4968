"""The embeddings of all model stages behind one interface."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from pipeline.core.command import Problem
from pipeline.core.store import BUILD, Array, read_array, read_json, read_rows


@dataclass(frozen=True)
class Representation:
    """An embedding of the tracks, and what its stage wrote about it."""

    folder: Path
    name: str
    about: Mapping[str, Any]
    cut: tuple[str, int] | None = None  # the embedding and the number of its first dimensions to use

    def values(self, ids: Sequence[str]) -> Array:
        """[track, seed, dimension] in the order of `ids`; nan for a track without an embedding."""
        name, dims = self.cut or (self.name, None)
        return np.asarray(read_rows(self.folder, name).at(ids)[name][..., :dims])

    def heldout(self, ids: Sequence[str]) -> Array | None:
        """[track, fold, dimension]: all tracks by the fit without each fold; None where there is none."""
        name, dims = self.cut or (self.name, None)
        file = f"{name}_heldout"
        if not (self.folder / f"{file}.npy").exists():
            return None
        return np.asarray(read_rows(self.folder, file).at(ids)[file][..., :dims], dtype=np.float32)

    @property
    def role(self) -> str:
        """`model`, or `baseline`: what a model has to beat. NAME.json says it."""
        return str(self.about.get("role", "baseline" if self.folder.name == "baselines" else "model"))

    @property
    def is_model(self) -> bool:
        return self.role == "model"

    @property
    def is_trained(self) -> bool:
        """Whether it is a latent space with a training curve: that of every VAE, and of the autoencoder baseline."""
        return "kl_per_unit" in self.about

    @property
    def is_autoencoder(self) -> bool:
        """Whether it was trained without a KL term, so that active units and KL have no meaning."""
        return self.is_trained and not self.about["beta"]

    @property
    def active(self) -> float | None:
        """Active latent units, a mean over seeds; None where that has no meaning."""
        units = self.about.get("active_units")
        return fmean(units) if units else None


@dataclass(frozen=True)
class Pretrained:
    """What is known of the pretrained encoders that the embeddings may rest on: about.json of ears and of lyrics."""

    ears: Mapping[str, Any]
    lyrics: Mapping[str, Any]

    def read_by(self, about: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Those whose numbers are in the input of an embedding."""
        given, text = about.get("input"), str(about.get("lyrics", "none"))
        heard = given == "ears" or (given == "sound" and self.ears["hears"] in ("encoder", "both"))
        return [self.ears] * heard + [self.lyrics] * text.startswith("bert")


def pretrained() -> Pretrained:
    return Pretrained(read_json(BUILD / "ears" / "about.json"), read_json(BUILD / "lyrics" / "about.json"))


def seed_embedding(values: Array, number: int) -> Array:
    """The embedding of the seed with this number; a deterministic method has one embedding for all seeds."""
    return np.asarray(values[:, min(number, values.shape[1] - 1)])


def representations() -> list[Representation]:
    """All embeddings that the model stages wrote, baselines first."""
    embeddings = []
    for name in ("baselines", "easy", "medium", "hard", "crossview"):
        for file in sorted((BUILD / name).glob("*.npy")):
            about = file.with_suffix(".json")
            if about.exists():
                embeddings.append(Representation(BUILD / name, file.stem, read_json(about)))
    if not embeddings:
        raise Problem(f"no embedding under {BUILD}/: run `dvc repro`")
    return [*embeddings, *_pca_m(embeddings)]


def _pca_m(embeddings: Sequence[Representation]) -> list[Representation]:
    """PCA with as many dimensions as a model has active units, so that the model's gain is not due to their number."""
    pca = next((embedding for embedding in embeddings if embedding.name == "pca"), None)
    if pca is None:
        return []
    dimensions = range(1, read_array(pca.folder / "pca.npy").shape[-1])
    units = sorted({round(embedding.active) for embedding in embeddings if embedding.active} & set(dimensions))
    return [
        Representation(pca.folder, f"pca_{m}", {**pca.about, "family": f"PCA, {m} dimensions"}, ("pca", m))
        for m in units
    ]
