"""What is to be trained: a model, its recipe, and a job for each seed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import torch

from pipeline.core.command import Problem
from pipeline.core.params import Count, NotNegative, Share, Within
from pipeline.core.settings import Device
from pipeline.learn.songs import Source
from pipeline.nets import device as devices
from pipeline.nets.fit import Recipe
from pipeline.nets.objective import Objective
from pipeline.nets.vae import VAE


@dataclass(frozen=True)
class Train:
    batch: Count
    rate: Annotated[float, Within(1e-7, 1)]
    warmup: Share
    view: Literal["self", "cross"]
    objective: Literal["beta", "tc", "dip"]
    strength: NotNegative
    precision: Literal["auto", "fp32", "bf16"]
    workers: Annotated[int, Within(0)]


@dataclass(frozen=True)
class Model:
    """One model of a stage: where it goes, what it is shown, how it is built and trained."""

    folder: Path
    name: str
    family: str
    source: Source
    build: Callable[..., VAE]  # of shapes, scales and labels; a partial, since it travels to other processes
    epochs: int
    beta: float
    alone: tuple[str, ...] = ()  # modalities by which alone the tracks are also embedded
    clusters: int = 0  # components of the mixture that is the prior; 0: a standard normal


@dataclass(frozen=True)
class Job:
    """A model to train from one seed."""

    model: Model
    seed: int
    recipe: Recipe
    device: torch.device
    bf16: bool
    keep: bool  # the weights and examples of this seed are written


def jobs(model: Model, seeds: tuple[int, ...], train: Train, device: Device) -> list[Job]:
    """One job a seed, none of which writes a file."""
    where, bf16, _ = placed(train, device)
    made = recipe(model, train)
    return [Job(model, seed, made, where, bf16, keep=False) for seed in seeds]


def recipe(model: Model, train: Train) -> Recipe:
    """How `model` is trained under these parameters; an autoencoder has no KL term to be shaped."""
    objective = Objective(model.beta)
    if model.beta and train.objective == "tc":
        objective = replace(objective, correlation=train.strength)
    if model.beta and train.objective == "dip":
        objective = replace(objective, off_diagonal=train.strength, diagonal=train.strength)
    return Recipe(model.epochs, train.batch, train.rate, train.warmup, objective, cross=train.view == "cross")


def placed(train: Train, device: Device) -> tuple[torch.device, bool, str]:
    """Where to train, whether in bf16, and why."""
    try:
        where, why = devices.choose(device)
    except ValueError as error:
        raise Problem(f"{error}: set device to auto or cpu") from None
    bf16, precision = devices.bf16(train.precision, where)
    return where, bf16, f"{why}; {precision}"
