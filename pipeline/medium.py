"""Stage `medium`: convolutional VAEs of the sound, and a VAE of sound and lyrics.

Models `conv1d` (MFCC frames), `conv2d` (log-mel pictures) and `fusion` (what stage ears gives and the lyrics that
`medium.lyrics` names, in one code). Each sees some segments of a track and has to predict the others. The convolutions
read no lyrics, so that linear methods on the same sound are their equal in all but the network. Writes build/medium
and models/<name>.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pipeline.core import command, params, store
from pipeline.core.params import Count, NonEmpty, NotNegative, Number, Seeds, Share, Within
from pipeline.core.settings import Device
from pipeline.learn import keep, view_training
from pipeline.learn.plan import Train
from pipeline.learn.segments import ViewTraining
from pipeline.learn.songs import Source, available
from pipeline.learn.view_training import ViewModel, ViewSource
from pipeline.nets.facets import JOINT
from pipeline.nets.families import in_facets, of_frames
from pipeline.nets.moments import crop
from pipeline.nets.objective import Objective
from pipeline.sound.frames import Frames
from pipeline.sound.settings import Audio

INPUTS: dict[str, Literal["mfcc", "logmel"]] = {"conv1d": "mfcc", "conv2d": "logmel"}
FAMILIES = {
    "conv1d": "Conv1D cross-view VAE of MFCC",
    "conv2d": "Conv2D cross-view VAE of log-mel",
    "fusion": "cross-view VAE of sound and lyrics",
}


@dataclass(frozen=True)
class Channels:
    conv1d: Count
    conv2d: Count


@dataclass(frozen=True)
class Medium(ViewTraining):
    models: Annotated[tuple[Literal["conv1d", "conv2d", "fusion"], ...], NonEmpty()]
    lyrics: Literal["none", "tfidf", "tfidf_svd", "word2vec", "bert", "bert_svd", "bert_free", "bert_free_svd"]
    power: Share
    share: Annotated[Number, Within(0.01, 0.99)]
    channels: Channels
    crop: Share
    hidden: Count
    latent: Count
    warmup: Share
    beta: NotNegative
    agreement: NotNegative


@dataclass(frozen=True)
class Params:
    seeds: Seeds
    folds: Count
    device: Device
    train: Train
    audio: Audio
    medium: Medium


def described(name: str, folder: Path, p: Params) -> ViewModel:
    """The model of this name, with all that it reads."""
    medium = p.medium
    recipe = medium.recipe(Objective(medium.beta, agreement=medium.agreement), medium.warmup)
    about: dict[str, Any] = {"family": FAMILIES[name], "condition": "none", "beta": medium.beta, "power": medium.power}
    if name not in INPUTS:
        lyrics = available(Source("sound", None if medium.lyrics == "none" else medium.lyrics)).lyrics
        source = ViewSource(medium.power, medium.noise, lyrics=lyrics, share=medium.share)
        facet = JOINT if lyrics else "sound"
        build = partial(in_facets, facets=(facet,), hidden=medium.hidden, latent=medium.latent)
        return ViewModel(
            folder, name, about | {"input": "sound", "lyrics": lyrics or "none"}, source, build, recipe, (facet,)
        )
    frames = Frames(INPUTS[name], p.audio)
    shown = crop(name, medium.crop, frames.shape[1])
    source = ViewSource(medium.power, medium.noise, frames=frames, crop=shown)
    channels = getattr(medium.channels, name)
    build = partial(of_frames, kind=name, channels=channels, hidden=medium.hidden, latent=medium.latent)
    return ViewModel(folder, name, about | {"input": INPUTS[name], "lyrics": "none"}, source, build, recipe)


def main() -> None:
    p = params.load(Params)
    wanted, folder = p.medium.models, store.fresh_folder(store.BUILD / "medium")
    for name in FAMILIES:
        if name not in wanted:
            keep.write_untrained(name, f"medium.models is {', '.join(wanted)}")
        elif name in INPUTS and p.audio.external != "none":
            keep.write_untrained(name, "it reads frames of sound, which audio.external does not give")
        else:
            view_training.learn_views(described(name, folder, p), p.seeds, p.folds, p.train, p.device)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
