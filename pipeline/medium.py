"""Stage `medium`: convolutional VAEs of audio and lyrics, and the dense fusion of both.

Writes build/medium: models `conv1d` (MFCC frames), `conv2d` (log-mel pictures) and `fusion` (statistics and words
side by side in one dense VAE), each fused with the lyrics that `medium.lyrics` names.
"""

from dataclasses import dataclass
from typing import Literal

from models.families import joined
from pipeline import params, stage, store, training
from pipeline.params import Count
from pipeline.training import Device, Setup, Train

INPUTS = {"conv1d": "mfcc", "conv2d": "logmel"}
FAMILIES = {"conv1d": "Conv1D VAE", "conv2d": "Conv2D VAE", "fusion": "dense fusion VAE"}


@dataclass(frozen=True)
class Medium:
    models: tuple[Literal["conv1d", "conv2d", "fusion"], ...]
    lyrics: Literal["none", "tfidf"]
    fusion_input: Literal["stats", "mfcc"]
    channels: Count
    hidden: tuple[Count, ...]
    latent: Count
    epochs: Count


@dataclass(frozen=True)
class Params:
    seeds: tuple[int, ...]
    device: Device
    train: Train
    medium: Medium


def main() -> None:
    p = params.load(Params)
    setup = Setup(p.seeds, p.train, p.device)
    lyrics = None if p.medium.lyrics == "none" else p.medium.lyrics
    for model in p.medium.models:
        source = INPUTS.get(model, p.medium.fusion_input)
        made = training.corpus(source, lyrics, flat=model == "fusion")
        kind = model if model in INPUTS else "dense"
        training.learn(
            store.BUILD / "medium", model, made,
            lambda made=made, kind=kind: joined(  # type: ignore[misc]  # mypy cannot infer a lambda's defaults
                made.shapes, made.scales, hidden=p.medium.hidden, latent=p.medium.latent,
                channels=p.medium.channels, audio=kind,
            ),
            setup.recipe(p.medium.epochs, beta=1.0), setup,
            {"family": FAMILIES[model], "input": source, "lyrics": p.medium.lyrics},
        )  # fmt: skip


if __name__ == "__main__":
    stage.run(main, __doc__, Params)
