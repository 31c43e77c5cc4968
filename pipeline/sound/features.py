"""The features of a track: log-mel, MFCC and statistics of each segment of its middle, kept in the content cache.

They are a pure function of the bytes of the file, the parameters and this code (KERNEL).
"""

import contextlib
import ctypes
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float32
from numpy.typing import NDArray

from pipeline.core import cache, workers
from pipeline.core.cache import Cache
from pipeline.sound import descriptors, waves
from pipeline.sound.settings import Audio
from pipeline.sound.spectra import F32, Shape, Spectra, spectra

log = logging.getLogger(__name__)

T = TypeVar("T", bound=np.generic)

KERNEL = 1  # raise it when the numbers change: what the cache holds is then computed anew
# Parameters that features do not depend on, or that the key names by itself.
NO_MATTER = ("workers", "backend", "external", "encoder", "musicnn", "revision", "hears")
MIN_TRACKS = 4  # tracks that one process computes before a second one would have started


@dataclass(frozen=True)
class Features:
    """A track, segment by segment; rows that are not valid hold zeros."""

    mfcc: Float32[F32, "segment mfcc frame"]
    logmel: Float32[F32, "segment mel column"]
    stats: Float32[F32, "segment stat"]
    valid: Bool[NDArray[np.bool_], " segment"]


@dataclass(frozen=True)
class Refused:
    """A track without features, and why."""

    reason: str


# --- the core: a wave in, features out --------------------------------------------------------------------------------

Backend = Callable[[Float32[F32, " time"], Shape, int], Spectra]


def features(wave: Float32[F32, " time"], p: Audio, backend: Backend = spectra) -> Features:
    """The features of a clip: as many segments as fit wholly; a wave shorter than one is repeated until it fills it."""
    long = p.frames * p.hop
    if len(wave) < long:
        wave = np.resize(wave, long)  # silence instead would be the loudest thing in its statistics
    whole = min(p.segments, len(wave) // long)
    frames = backend(wave, p.shape, whole * p.frames)
    logmel, mfcc, chroma = (x.reshape(whole, p.frames, -1) for x in (frames.logmel, frames.mfcc, frames.chroma))
    pooled = logmel.reshape(whole, p.frames // p.mel_pool, p.mel_pool, p.mels).mean(axis=2)
    audible = np.abs(wave[: whole * long]).reshape(whole, long).max(axis=1) >= waves.QUIET
    return Features(
        _padded(mfcc.transpose(0, 2, 1), audible, p),
        _padded(pooled.transpose(0, 2, 1), audible, p),
        _padded(descriptors.describe(logmel, mfcc, chroma, p.sample_rate / p.hop), audible, p),
        _padded(audible, audible, p),
    )


def _padded(values: NDArray[T], audible: NDArray[np.bool_], p: Audio) -> NDArray[T]:
    """One row for each segment of a whole clip: zeros where there is none, or one that is silent."""
    rows = np.zeros((p.segments, *values.shape[1:]), values.dtype)
    rows[: len(values)][audible] = values[audible]
    return rows


# --- one track --------------------------------------------------------------------------------------------------------


def computed(path: Path, p: Audio, backend: Backend = spectra) -> Features | Refused:
    """The features of a sound file, or the reason why it has none."""
    wave = decoded(path, p)
    return wave if isinstance(wave, Refused) else _unless_silent(features(wave, p, backend))


def decoded(path: Path, p: Audio) -> F32 | Refused:
    try:
        return waves.middle(path, p.clip_seconds, p.sample_rate)
    except waves.Unreadable as error:
        return Refused(str(error))
    except MemoryError:
        return Refused("needs more memory than there is")


def _unless_silent(track: Features) -> Features | Refused:
    return track if track.valid.any() else Refused("is silent")


def _crashed(_path: Path) -> Refused:
    return Refused("crashes the decoder and may be malicious")


# --- many tracks ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SoundFile:
    """A file and the SHA-256 of its bytes, which is "" where it cannot be read."""

    path: Path
    sha256: str


def sound_files(paths: Sequence[Path]) -> list[SoundFile]:
    """The files with their digests; threads compute them, since hashing releases Python's lock."""
    with ThreadPoolExecutor(workers.cores()) as pool:
        return list(map(SoundFile, paths, pool.map(digest, paths)))


def digest(path: Path) -> str:
    try:
        return cache.digest(path)
    except OSError:
        return ""  # decoding the file will say why


def all_features(files: Sequence[SoundFile], p: Audio, kept: Cache) -> Iterator[Features | Refused]:
    """The features of each file, in order: from the cache, or computed and then kept there."""
    backend, why = choose_backend(p.backend)
    keys = [key(file, p, backend) for file in files]
    new = [file.path for file, k in zip(files, keys, strict=True) if k not in kept]
    processes = workers.processes(len(new) // MIN_TRACKS, p.workers)
    log.info("features: %d of %d from %s", len(files) - len(new), len(files), kept.folder)
    if new:
        log.info("features: %d by %s (%s), %d at a time", len(new), backend, why, processes)
    fresh, missing, damaged = _computed(new, p, backend, processes), set(new), 0
    for file, k in zip(files, keys, strict=True):
        if file.path not in missing and (track := _restored(kept.get(k))):
            yield track
            continue
        damaged += file.path not in missing
        result = next(fresh) if file.path in missing else _recomputed(file, p, backend)
        if isinstance(result, Features) and k:
            kept.put(k, vars(result))
        yield result
    if damaged:
        log.warning("%d damaged entries of the cache were computed anew", damaged)


def key(file: SoundFile, p: Audio, backend: str) -> str:
    """What the features of a file depend on: its bytes, the parameters, the code; not its name or place."""
    matters = {name: value for name, value in asdict(p).items() if name not in NO_MATTER}
    return cache.key(file=file.sha256, kernel=KERNEL, backend=backend, **matters) if file.sha256 else ""


def _restored(arrays: cache.Arrays | None) -> Features | None:
    fits = arrays is not None and arrays.keys() == Features.__dataclass_fields__.keys()
    return Features(**arrays) if arrays is not None and fits else None


def _recomputed(file: SoundFile, p: Audio, backend: str) -> Features | Refused:
    """Features in place of a damaged entry; never those of other bytes."""
    if digest(file.path) != file.sha256:
        return Refused("changed or vanished since stage audio ran")
    return next(_computed([file.path], p, backend, 1))


def _computed(paths: Sequence[Path], p: Audio, backend: str, processes: int) -> Iterator[Features | Refused]:
    """Features that are not in the cache. Where torchaudio computes, the processes only decode."""
    if backend == "scipy":
        yield from workers.in_order(partial(computed, p=p), paths, processes, _crashed)
        return
    from pipeline.sound import torch_spectra  # torch takes seconds to import: only where it is used

    on_device = partial(torch_spectra.spectra, device=backend.removeprefix("torchaudio on "))
    for wave in workers.in_order(partial(decoded, p=p), paths, processes, _crashed):
        yield wave if isinstance(wave, Refused) else _unless_silent(features(wave, p, on_device))


def choose_backend(backend: str) -> tuple[str, str]:
    """The backend by name, and why it was chosen."""
    if backend == "scipy":
        return "scipy", "audio.backend"
    gpu = _cuda()
    if backend == "torchaudio":
        return f"torchaudio on {'cuda' if gpu else 'cpu'}", "audio.backend"
    return ("torchaudio on cuda", "CUDA found") if gpu else ("scipy", "no CUDA found")


def _cuda() -> bool:
    """Whether torch can use a GPU; torch is not even imported where there is no driver."""
    for driver in ("libcuda.so.1", "nvcuda.dll"):
        with contextlib.suppress(OSError):
            ctypes.CDLL(driver)
            import torch

            return torch.cuda.is_available()
    return False
