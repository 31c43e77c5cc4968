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
    def is_linear(self) -> bool:
        """Whether it is a linear function of its input: what a model of that input has to beat."""
        return bool(self.about.get("linear", False))

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
    """PCA as wide as a model, so that the model's gain is not due to the number and evenness of its dimensions."""
    pca = next((embedding for embedding in embeddings if embedding.name == "pca"), None)
    if pca is None:
        return []
    all_of_them = read_array(pca.folder / "pca.npy").shape[-1]
    controls = {pca_control(embedding, pca) for embedding in embeddings if embedding.active} - {all_of_them}
    return [
        Representation(pca.folder, f"pca_{m}", {**pca.about, "family": f"PCA, {m} dimensions"}, ("pca", m))
        for m in sorted(controls)
    ]


def pca_control(model: Representation, pca: Representation) -> int:
    """The dimensions of PCA that spread the tracks over as many directions as the model does.

    The number of dimensions does not say it: those of PCA are uneven, so that 13 of them weigh like 5.5 in the sample.
    If it is that of all dimensions, the control is PCA itself.
    """
    wanted = fmean(participation(points) for points in _all_seeds(model))
    (points,) = _all_seeds(pca)
    return min(range(1, points.shape[1] + 1), key=lambda m: abs(participation(points[:, :m]) - wanted))


def _all_seeds(embedding: Representation) -> list[Array]:
    return list(np.moveaxis(np.asarray(read_array(embedding.folder / f"{embedding.name}.npy")), 1, 0))


def participation(points: Array) -> float:
    """Over how many directions the tracks spread: 1 for a line, the number of dimensions for a ball.

    The participation ratio of the covariance: (sum of variances)^2 / sum of their squares, along principal axes.
    """
    present = np.asarray(points[np.isfinite(points).all(axis=1)], dtype=np.float64)
    if len(present) < 2:
        return 0.0
    covariance = np.atleast_2d(np.cov(present.T))
    squares = float(np.square(covariance).sum())  # the sum of the squared eigenvalues
    return float(np.trace(covariance)) ** 2 / squares if squares else 0.0


def rungs(model: Representation, representations: Sequence[Representation]) -> list[Representation]:
    """The linear methods that read what the model reads: the ladder that it has to climb."""
    return [
        each
        for each in representations
        if each.is_linear and each.cut is None and not each.is_model and _given(each) == _given(model)
    ]


def _given(embedding: Representation) -> tuple[str, bool]:
    """The input, and for the sound whether lyrics stand beside it."""
    source = str(embedding.about.get("input", "lyrics"))
    return source, source == "sound" and embedding.about.get("lyrics", "none") != "none"
