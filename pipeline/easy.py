"""Stage `easy`: a dense VAE on what stage ears gives of each segment, or on all its MFCC frames.

Writes build/easy, the embedding and curve of model `easy`, and models/easy.
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal

from pipeline.core import command, params, store
from pipeline.core.params import Count, Layers, Seeds
from pipeline.core.settings import Device
from pipeline.learn import training
from pipeline.learn.plan import Model, Train
from pipeline.learn.songs import Source
from pipeline.nets.families import joined
from pipeline.sound.frames import frames_of
from pipeline.sound.settings import Audio


@dataclass(frozen=True)
class Easy:
    input: Literal["sound", "mfcc"]
    prior: Literal["normal", "mixture"]
    components: Count
    hidden: Layers
    latent: Count
    epochs: Count


@dataclass(frozen=True)
class Params:
    seeds: Seeds
    folds: Count
    device: Device
    train: Train
    audio: Audio
    easy: Easy


def main() -> None:
    p = params.load(Params)
    model = Model(
        store.fresh_folder(store.BUILD / "easy"),
        "easy",
        "dense VAE",
        Source(p.easy.input, flat=True, frames=frames_of(p.easy.input, "easy.input", p.audio)),
        partial(joined, hidden=p.easy.hidden, latent=p.easy.latent),
        p.easy.epochs,
        beta=1.0,
        clusters=p.easy.components if p.easy.prior == "mixture" else 0,
    )
    training.learn(model, p.seeds, p.folds, p.train, p.device)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
