"""Stage `medium`: convolutional VAEs of the sound, and the dense fusion of sound and lyrics.

Models `conv1d` (MFCC frames), `conv2d` (log-mel pictures) and `fusion` (what stage ears gives and the lyrics that
`medium.lyrics` names, side by side in one dense VAE). The convolutions read no lyrics, so that PCA of the same frames
is their equal in all but the network. Writes build/medium and models/<name>.
"""

import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from pipeline.core import command, params, store
from pipeline.core.params import Count, Layers, NonEmpty, Seeds
from pipeline.core.settings import Device
from pipeline.learn import keep, training
from pipeline.learn.plan import Model, Train
from pipeline.learn.songs import Source, available
from pipeline.nets.families import joined
from pipeline.sound.frames import frames_of
from pipeline.sound.settings import Audio

log = logging.getLogger(__name__)

INPUTS: dict[str, Literal["mfcc", "logmel"]] = {"conv1d": "mfcc", "conv2d": "logmel"}
FAMILIES = {"conv1d": "Conv1D VAE of MFCC", "conv2d": "Conv2D VAE of log-mel", "fusion": "dense fusion VAE"}


@dataclass(frozen=True)
class Medium:
    models: Annotated[tuple[Literal["conv1d", "conv2d", "fusion"], ...], NonEmpty()]
    lyrics: Literal["none", "tfidf", "tfidf_svd", "word2vec", "bert", "bert_svd", "bert_free", "bert_free_svd"]
    fusion_input: Literal["sound", "mfcc"]
    channels: Count
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
    medium: Medium


def described(name: str, folder: Path, p: Params) -> Model:
    """The model of this name, with all that it reads."""
    medium, kind = p.medium, INPUTS.get(name, p.medium.fusion_input)
    dense = name not in INPUTS
    frames = frames_of(kind, "medium.fusion_input", p.audio)
    lyrics = medium.lyrics if dense and medium.lyrics != "none" else None
    audio = "dense" if dense else name
    return Model(
        folder,
        name,
        FAMILIES[name],
        available(Source(kind, lyrics, flat=dense, frames=frames)),
        partial(joined, hidden=medium.hidden, latent=medium.latent, channels=medium.channels, audio=audio),
        medium.epochs,
        beta=1.0,
    )


def main() -> None:
    p = params.load(Params)
    wanted, folder = p.medium.models, store.fresh_folder(store.BUILD / "medium")
    if "fusion" in wanted:
        frames_of(p.medium.fusion_input, "medium.fusion_input", p.audio)  # before any training: it may have to refuse
    for name in FAMILIES:
        if name not in wanted:
            keep.write_untrained(name, f"medium.models is {', '.join(wanted)}")
        elif name in INPUTS and p.audio.external != "none":
            log.warning("%s is left out: it reads frames of sound, which audio.external does not give", name)
            keep.write_untrained(name, "it reads frames of sound, which audio.external does not give")
        else:
            training.learn(described(name, folder, p), p.seeds, p.folds, p.train, p.device)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
