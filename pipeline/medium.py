"""Stage `medium`: convolutional VAEs of audio and lyrics, and the dense fusion of both.

Writes build/medium: models `conv1d` (MFCC frames), `conv2d` (log-mel pictures) and `fusion` (statistics and words
side by side in one dense VAE), each fused with the lyrics that `medium.lyrics` names.
"""

import logging
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from pipeline.core import command, params, store
from pipeline.core.params import Count, Layers, NonEmpty, Seeds
from pipeline.core.settings import Device
from pipeline.learn import songs, training
from pipeline.learn.plan import Model, Train
from pipeline.learn.songs import Source
from pipeline.nets.families import joined

log = logging.getLogger(__name__)

INPUTS = {"conv1d": "mfcc", "conv2d": "logmel"}
FAMILIES = {"conv1d": "Conv1D VAE", "conv2d": "Conv2D VAE", "fusion": "dense fusion VAE"}


@dataclass(frozen=True)
class Medium:
    models: Annotated[tuple[Literal["conv1d", "conv2d", "fusion"], ...], NonEmpty()]
    lyrics: Literal["none", "tfidf", "tfidf_svd", "word2vec", "bert", "bert_svd"]
    fusion_input: Literal["stats", "mfcc"]
    channels: Count
    hidden: Layers
    latent: Count
    epochs: Count


@dataclass(frozen=True)
class Params:
    seeds: Seeds
    device: Device
    train: Train
    medium: Medium


def main() -> None:
    p = params.load(Params)
    own, folder = p.medium, store.fresh_folder(store.BUILD / "medium")
    if "fusion" in own.models:
        songs.require_frames(own.fusion_input, "medium.fusion_input")
    for model in own.models:
        if model in INPUTS and not songs.has_frames(INPUTS[model]):
            log.warning("%s is left out: audio.external gives no frames of sound, which it reads", model)
            continue
        kind = model if model in INPUTS else "dense"
        made = Model(
            folder,
            model,
            FAMILIES[model],
            Source(
                INPUTS.get(model, own.fusion_input), None if own.lyrics == "none" else own.lyrics, flat=kind == "dense"
            ),
            partial(joined, hidden=own.hidden, latent=own.latent, channels=own.channels, audio=kind),
            own.epochs,
            beta=1.0,
        )
        training.learn(made, p.seeds, p.train, p.device)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
