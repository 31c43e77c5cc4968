"""What is to be trained: a model, its recipe, and a job for each seed."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import torch

from pipeline.core import device as devices
from pipeline.core.params import Count, NonEmpty, NotNegative, Number, Share, Within
from pipeline.core.settings import Device
from pipeline.learn.heldout import HeldOut
from pipeline.learn.songs import Source
from pipeline.nets.loop import Recipe
from pipeline.nets.objective import Objective
from pipeline.nets.vae import VAE

Rate = Annotated[Number, Within(1e-7, 1)]
Role = Literal["model", "baseline"]


@dataclass(frozen=True)
class Train:
    batch: Count
    rate: Rate
    warmup: Share
    view: Literal["self", "cross"]
    objective: Literal["beta", "tc", "dip"]
    strength: NotNegative
    precision: Literal["auto", "fp32", "bf16"]
    workers: Annotated[int, Within(0)]
    lengths: Annotated[tuple[Annotated[Number, Within(0.01, 100)], ...], NonEmpty()] = (1.0,)


@dataclass(frozen=True)
class Model:
    """One VAE of a stage: where it goes, what it reads, how it is built and trained."""

    folder: Path
    name: str
    family: str
    source: Source
    build: partial[VAE]  # of shapes, scales and labels; it travels to other processes, and into config.json
    epochs: int
    beta: float
    alone: tuple[str, ...] = ()  # modalities by which alone the tracks are also embedded
    clusters: int = 0  # components of the mixture that is the prior; 0: a standard normal
    role: Role = "model"

    @property
    def is_autoencoder(self) -> bool:
        return self.beta == 0


@dataclass(frozen=True)
class TrainingJob:
    """A model to train from one seed."""

    model: Model
    seed: int
    recipe: Recipe
    device: torch.device
    bf16: bool
    keep: bool = False  # this seed gives its weights and examples too
    hidden: HeldOut | None = None  # tracks that it never sees; it embeds them all the same

    def __str__(self) -> str:
        return f"{self.model.name} seed {self.seed}" + (f" without {self.hidden}" if self.hidden else "")


def jobs(model: Model, seeds: tuple[int, ...], train: Train, device: Device) -> list[TrainingJob]:
    """One job per seed; none keeps its weights."""
    where, bf16, _ = placed(train, device)
    return [TrainingJob(model, seed, recipe(model, train), where, bf16) for seed in seeds]


def recipe(model: Model, train: Train) -> Recipe:
    """How `model` is trained under these parameters; an autoencoder has no KL term to be shaped."""
    objective = Objective(model.beta)
    if not model.is_autoencoder and train.objective == "tc":
        objective = replace(objective, correlation=train.strength)
    if not model.is_autoencoder and train.objective == "dip":
        objective = replace(objective, off_diagonal=train.strength, diagonal=train.strength)
    return Recipe(model.epochs, train.batch, train.rate, train.warmup, objective, cross=train.view == "cross")


def placed(train: Train, device: Device) -> tuple[torch.device, bool, str]:
    """Where to train, whether in bf16, and why."""
    where, why = devices.choose_device(device)
    bf16, precision = devices.bf16(train.precision, where)
    return where, bf16, f"{why}; {precision}"
