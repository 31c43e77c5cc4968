"""The published forms: what each reads, how it is built, and how it is trained.

Nothing here was chosen by scores. A form is skipped, with the reason, where the corpus lacks what it reads.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np

from pipeline.core import store
from pipeline.core.embeddings import Representation
from pipeline.core.params import Seeds
from pipeline.core.settings import Device
from pipeline.core.store import Array
from pipeline.learn import linear, plan, training
from pipeline.learn.plan import Model, Train
from pipeline.learn.songs import Source, available, corpus, sound
from pipeline.nets.families import Shape, joined
from pipeline.sound.frames import Frames
from pipeline.sound.settings import Audio

log = logging.getLogger(__name__)

# Constants and no parameters, as a published form does not follow what the stages are tuned to.
HIDDEN, LATENT = (256, 64), 16  # layers of the networks, and numbers of the code; PCA keeps as many
CHANNELS = 32  # of the convolutions
EPOCHS = 40
BETA = 4.0  # of cvae_genre
FOLDER = store.BUILD / "published"  # a model names a folder; nothing is written into it


@dataclass(frozen=True)
class Form:
    """One network in its published form."""

    name: str
    what: str
    source: Source
    body: Literal["dense", "conv1d"] = "dense"
    beta: float = 1.0  # 0: an autoencoder

    def model(self) -> Model:
        build = partial(joined, hidden=HIDDEN, latent=LATENT, channels=CHANNELS, audio=self.body)
        return Model(FOLDER, self.name, self.what, self.source, build, EPOCHS, self.beta)


@dataclass(frozen=True)
class Learnt:
    """The tracks as a form shows them. `embedding` says what it is; its numbers are `values`, in no file."""

    embedding: Representation
    values: Array  # [track, seed, dimension]


def networks(audio: Audio, sounds_like: str) -> Iterator[Form]:
    """The networks; `sounds_like` is the column that the sound should predict, "" without one."""
    if audio.external == "none":
        frames = Source("mfcc", frames=Frames("mfcc", audio))
        flat = replace(frames, flat=True)
        yield Form("conv1d_pixels", "Conv1D VAE that decodes its frames", frames, body="conv1d")
        yield Form("fusion_flat", "dense VAE of sound and words", replace(flat, lyrics="tfidf"))
        yield Form("dense_flat", "dense VAE", flat)
        yield Form("ae_flat", "dense autoencoder", flat, beta=0.0)
    if sounds_like:
        given = Source("sound", condition=sounds_like)
        yield Form("cvae_genre", f"dense beta-VAE, beta {BETA:g}, the {sounds_like} given", given, beta=BETA)


def learnt(audio: Audio, sounds_like: str, seeds: Seeds, train: Train, device: Device) -> Iterator[Learnt]:
    """Every form that this corpus has the input of, fitted to all tracks."""
    plain = replace(train, view="self", objective="beta")
    for form in networks(audio, sounds_like):
        if available(form.source) == form.source:
            yield _trained(form, seeds, plain, device)
        else:
            log.warning("%s is left out: this corpus lacks what it reads", form.name)
    if audio.external == "none":
        yield pca_of_segments(Frames("mfcc", audio))
    else:
        log.warning("the forms on MFCC are left out: audio.external gives no frames of sound")


def _trained(form: Form, seeds: Seeds, train: Train, device: Device) -> Learnt:
    shapes = corpus(form.source).shapes  # reading the songs also fills the cache of frames, before processes start
    jobs = plan.jobs(form.model(), seeds, train, device)
    results = training.learn_all(training.learn_seed, jobs, form.name, train)
    about: dict[str, Any] = {"family": form.what, "input": _read(form.source, shapes), "beta": form.beta}
    about |= {"condition": form.source.condition, "kl_per_unit": [seed.kl for seed in results]}
    if units := [seed.active for seed in results if seed.active is not None]:
        about["active_units"] = units
    log.info("%s: %d seeds are trained", form.name, len(seeds))
    values = np.stack([seed.means[form.name] for seed in results], axis=1)
    return Learnt(Representation(FOLDER, form.name, about), values)


def _read(source: Source, shapes: Mapping[str, Shape]) -> str:
    """The input in words, with how many numbers it is a segment."""
    sizes = {name: " x ".join(map(str, shape)) for name, shape in shapes.items()}
    parts = [f"{sizes['audio']} {'MFCC' if source.frames else 'numbers of the sound'}"]
    parts += [f"{sizes['lyrics']} words (TF-IDF)"] if "lyrics" in sizes else []
    return " + ".join(parts + ([source.condition] if source.condition != "none" else []))


def pca_of_segments(frames: Frames) -> Learnt:
    """PCA of the flat frames of all segments; a track is at the mean of its segments."""
    heard = sound(Source("mfcc", frames=frames)).values.flatten(1).numpy()
    valid = np.array(store.read_rows(store.BUILD / "ears", "valid")["valid"])
    by_segment = np.zeros((*valid.shape, heard.shape[1]), np.float32)
    by_segment[valid] = heard
    values = linear.segment_components(by_segment, valid, LATENT).values
    about = {"family": "PCA of all segments", "input": f"{heard.shape[1]} MFCC", "linear": True}
    return Learnt(Representation(FOLDER, "pca_flat", about), values[:, None])
