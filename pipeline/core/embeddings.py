"""The embeddings that the model stages wrote: one interface to all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from pipeline.core.command import Problem
from pipeline.core.store import BUILD, Array, _array, read_json, read_rows


@dataclass(frozen=True)
class Representation:
    """One way to see the tracks: an embedding, and what its stage wrote about it."""

    folder: Path
    name: str
    about: Mapping[str, Any]
    cut: tuple[str, int] | None = None  # made of the first dimensions of another one

    def values(self, ids: Sequence[str]) -> Array:
        """[track, seed, dimension] in the order of `ids`; nan where a track has no place in it."""
        name, dims = self.cut or (self.name, None)
        return np.asarray(read_rows(self.folder, name).at(ids)[name][..., :dims])

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
        """Its latent units that carry something, a mean over the seeds; None where that has no meaning."""
        units = self.about.get("active_units")
        return fmean(units) if units else None


def seed_embedding(values: Array, number: int) -> Array:
    """The embedding of the seed with this number; one without chance in it has a single one, which serves them all."""
    found: Array = values[:, min(number, values.shape[1] - 1)]
    return found


def representations() -> list[Representation]:
    """All embeddings that the model stages wrote, baselines first."""
    found = []
    for name in ("baselines", "easy", "medium", "hard", "crossview"):
        for file in sorted((BUILD / name).glob("*.npy")):
            described = file.with_suffix(".json")
            if described.exists():
                found.append(Representation(BUILD / name, file.stem, read_json(described)))
    if not found:
        raise Problem(f"no embedding under {BUILD}/: run `dvc repro`")
    return [*found, *_pca_m(found)]


def _pca_m(found: Sequence[Representation]) -> list[Representation]:
    """PCA with as few dimensions as a model has active units: what it gained must not be the smaller number alone."""
    whole = next((kind for kind in found if kind.name == "pca"), None)
    if whole is None:
        return []
    most = _array(whole.folder / "pca.npy").shape[-1]
    units = sorted({round(kind.active) for kind in found if kind.active} & set(range(1, most)))
    return [
        Representation(whole.folder, f"pca_{m}", {**whole.about, "family": f"PCA, {m} dimensions"}, ("pca", m))
        for m in units
    ]
