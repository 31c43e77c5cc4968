"""Stage `easy`: a dense VAE on pooled statistics of each segment, or on all its MFCC frames.

Writes build/easy: the embedding, weights and curve of model `easy`.
"""

from dataclasses import dataclass
from typing import Literal

from models.families import joined
from pipeline import params, stage, store, training
from pipeline.params import Count
from pipeline.training import Device, Setup, Train


@dataclass(frozen=True)
class Easy:
    input: Literal["stats", "mfcc"]
    hidden: tuple[Count, ...]
    latent: Count
    epochs: Count


@dataclass(frozen=True)
class Params:
    seeds: tuple[int, ...]
    device: Device
    train: Train
    easy: Easy


def main() -> None:
    p = params.load(Params)
    setup = Setup(p.seeds, p.train, p.device)
    made = training.corpus(p.easy.input, flat=True)
    training.learn(
        store.BUILD / "easy", "easy", made,
        lambda: joined(made.shapes, made.scales, hidden=p.easy.hidden, latent=p.easy.latent),
        setup.recipe(p.easy.epochs, beta=1.0), setup, {"family": "dense VAE", "input": p.easy.input},
    )  # fmt: skip


if __name__ == "__main__":
    stage.run(main, __doc__, Params)
