"""Pretrained encoders of sound behind one interface, and what an encoder hears in the middle of each track.

An encoder hears windows of its own length. What it heard is kept in the content cache by file and encoder, so that a
rerun listens only to what is new.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Float32, Int

from pipeline.core import cache, workers
from pipeline.core.cache import Cache
from pipeline.sound import waves
from pipeline.sound.features import Refused, SoundFile
from pipeline.sound.musicnn import Musicnn
from pipeline.sound.settings import Audio
from pipeline.sound.spectra import F32

log = logging.getLogger(__name__)

MIN_TRACKS = 6  # tracks that one process hears before a second one would have started
RECIPE = 1  # raise it when the windows change: what the cache holds is then computed anew


class Heard(Protocol):
    """What an encoder makes of a wave."""

    @property
    def vectors(self) -> Float32[F32, "window number"]: ...

    @property
    def tags(self) -> Float32[F32, "window tag"]:
        """Probabilities; no column where the encoder has no tags."""


class Encoder(Protocol):
    """A pretrained network that turns windows of a wave into numbers, and perhaps into tags."""

    @property
    def rate(self) -> int:
        """Samples a second of the waves that it hears."""

    @property
    def seconds(self) -> float:
        """Its window; windows follow each other."""

    @property
    def name(self) -> str: ...

    @property
    def identity(self) -> str:
        """A text that is another for other weights."""

    @property
    def revision(self) -> str:
        """What pins its version on the hub; nothing where it is not from there."""

    @property
    def trained_on(self) -> str: ...

    @property
    def tag_names(self) -> tuple[str, ...]: ...

    def hear(self, wave: Float32[F32, " time"]) -> Heard: ...


@dataclass(frozen=True)
class Clip:
    """What an encoder heard in the middle of a track."""

    vectors: Float32[F32, "window number"]
    tags: Float32[F32, "window tag"]


def choose(p: Audio, device: torch.device) -> Encoder:
    """The encoder that `audio.encoder` names."""
    if p.encoder == "musicnn":
        return Musicnn(p.musicnn, device.type)
    from pipeline.sound.hub_encoder import HubEncoder  # here: transformers takes seconds to import

    return HubEncoder(p.encoder, p.revision, float(p.segment_seconds), device.type)


def window_of_segments(windows: int, seconds: float, p: Audio) -> Int[np.ndarray, " segment"]:
    """For each segment of a whole clip the window that its middle lies in; the last one where the clip is short."""
    segment = p.frames * p.hop / p.sample_rate
    middles = (np.arange(p.segments) + 0.5) * segment
    return np.minimum((middles / seconds).astype(np.int64), windows - 1)


def hear(
    files: Sequence[SoundFile], encoder: Encoder, p: Audio, device: torch.device, kept: Cache
) -> Iterator[Clip | Refused]:
    """What the encoder hears in each file, in order: from the cache, or heard now and then kept there."""
    p = replace(p, revision=encoder.revision)  # so that every process hears with the version found here
    keys = [_key(file, encoder, p) for file in files]
    known = [key in kept for key in keys]
    new = [file.path for file, has in zip(files, known, strict=True) if not has]
    processes = workers.processes(len(new) // MIN_TRACKS, p.workers)
    log.info("%s: %d of %d tracks are new; %d at a time on %s", encoder.name, len(new), len(files), processes, device)
    fresh = _fresh(new, encoder, p, device, processes)
    for file, key, has in zip(files, keys, known, strict=True):
        arrays = kept.get(key) if has else None
        if arrays is not None and arrays.keys() == Clip.__dataclass_fields__.keys():
            yield Clip(**arrays)
            continue
        clip = _heard_file(file.path, p, device) if has else next(fresh)  # a damaged entry is heard again
        if isinstance(clip, Clip):
            kept.put(key, vars(clip))
        yield clip


def _key(file: SoundFile, encoder: Encoder, p: Audio) -> str:
    """What a clip depends on. A model on the hub hears segments of any length, so that counts, too."""
    return cache.key(
        file=file.sha256, encoder=encoder.identity, seconds=encoder.seconds, clip=p.clip_seconds, recipe=RECIPE
    )


def _fresh(
    paths: Sequence[Path], encoder: Encoder, p: Audio, device: torch.device, processes: int
) -> Iterator[Clip | Refused]:
    """Clips that are not in the cache. On a GPU one process hears, and the others decode for it."""
    if device.type == "cpu":
        yield from workers.in_order(partial(_heard_file, p=p, device=device), paths, processes, _crashed)
        return
    decoded = partial(_decoded, seconds=p.clip_seconds, rate=encoder.rate)
    for wave in workers.in_order(decoded, paths, processes, _crashed):
        yield wave if isinstance(wave, Refused) else _heard(encoder, wave)


def _heard_file(path: Path, p: Audio, device: torch.device) -> Clip | Refused:
    """What one file sounds like, on one thread: processes side by side are faster than threads on one clip."""
    encoder = _opened(p, device)
    wave = _decoded(path, p.clip_seconds, encoder.rate)
    if isinstance(wave, Refused):
        return wave
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _heard(encoder, wave)
    finally:
        torch.set_num_threads(threads)


@lru_cache(maxsize=1)
def _opened(p: Audio, device: torch.device) -> Encoder:
    """The encoder of this process, for the files that it hears one after another."""
    return choose(p, device)


def _heard(encoder: Encoder, wave: F32) -> Clip:
    heard = encoder.hear(wave)
    return Clip(heard.vectors, heard.tags)


def _decoded(path: Path, seconds: float, rate: int) -> F32 | Refused:
    try:
        return waves.middle(path, seconds, rate)
    except waves.Unreadable as error:
        return Refused(str(error))


def _crashed(_path: Path) -> Refused:
    return Refused("crashes the decoder and may be malicious")
