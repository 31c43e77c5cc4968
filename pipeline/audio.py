"""Stage `audio`: what each segment of a track's middle sounds like: log-mel, MFCC and statistics of them.

Reads build/tracks/tracks.csv and the sound files it names; writes build/audio/. Tracks that cannot be decoded are left
out, each with its reason in skipped.csv. With `audio.external` the statistics come from a table that another program
made, a row a segment, and there are no frames (mfcc, logmel).
"""

import contextlib
import ctypes
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float32
from numpy.typing import NDArray

from pipeline.core import cache, catalog, command, params, store, workers
from pipeline.core.cache import Cache
from pipeline.core.command import Problem
from pipeline.core.params import Count, Within
from pipeline.sound import descriptors, external, waves
from pipeline.sound.npy import RowFile
from pipeline.sound.spectra import F32, Shape, Spectra, spectra

log = logging.getLogger(__name__)

T = TypeVar("T", bound=np.generic)

KERNEL = 1  # raise it when the numbers change: what the cache holds is then computed anew
FEW = 4  # tracks that one process computes before a second one would have started


@dataclass(frozen=True)
class Audio:
    clip_seconds: Annotated[float, Within(0.1, 3600)]
    sample_rate: Annotated[int, Within(4000, 192_000)]
    segment_seconds: Annotated[float, Within(0.1, 3600)]
    frames: Count
    fft: Annotated[int, Within(64, 65_536)]
    mels: Annotated[int, Within(2, 1024)]
    mfcc: Count
    mel_pool: Count
    floor_db: Annotated[float, Within(10, 200)]
    backend: Literal["auto", "scipy", "torchaudio"]
    workers: Annotated[int, Within(0, 1024)]
    external: str = "none"

    def __post_init__(self) -> None:
        for wrong, cure in (
            (self.segment_seconds > self.clip_seconds, "segment_seconds: at most audio.clip_seconds"),
            (self.frames % self.mel_pool, f"mel_pool: a divisor of audio.frames ({self.frames})"),
            (self.mfcc > self.mels, f"mfcc: at most audio.mels ({self.mels})"),
            (self.hop < 1, "frames: fewer than the samples of a segment"),
        ):
            if wrong:
                name, rule = cure.split(": ", 1)
                raise Problem(f"audio.{name} is {getattr(self, name)} in params.yaml; it must be {rule}")

    @property
    def hop(self) -> int:
        """Samples from a frame to the next."""
        return int(self.sample_rate * self.segment_seconds / self.frames)

    @property
    def segments(self) -> int:
        """Segments of a whole clip."""
        return max(1, int(self.clip_seconds * self.sample_rate) // (self.hop * self.frames))

    @property
    def shape(self) -> Shape:
        return Shape(self.sample_rate, self.hop, self.fft, self.mels, self.mfcc, self.floor_db)


@dataclass(frozen=True)
class Params:
    audio: Audio


@dataclass(frozen=True)
class Features:
    """A track, segment by segment; rows that are not valid hold zeros."""

    mfcc: Float32[F32, "segment mfcc frame"]
    logmel: Float32[F32, "segment mel column"]
    stats: Float32[F32, "segment stat"]
    valid: Bool[NDArray[np.bool_], " segment"]


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
    heard = np.abs(wave[: whole * long]).reshape(whole, long).max(axis=1) >= waves.QUIET
    return Features(
        _rows(mfcc.transpose(0, 2, 1), heard, p),
        _rows(pooled.transpose(0, 2, 1), heard, p),
        _rows(descriptors.describe(logmel, mfcc, chroma, p.sample_rate / p.hop), heard, p),
        _rows(heard, heard, p),
    )


def _rows(some: NDArray[T], heard: NDArray[np.bool_], p: Audio) -> NDArray[T]:
    """One row for each segment of a whole clip: zeros where there is none, or one that is silent."""
    rows = np.zeros((p.segments, *some.shape[1:]), some.dtype)
    rows[: len(some)][heard] = some[heard]
    return rows


# --- one track --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Refused:
    """A track without features, and why."""

    reason: str


def computed(path: Path, p: Audio, backend: Backend = spectra) -> Features | Refused:
    """The features of a sound file, or the reason why it has none."""
    wave = decoded(path, p)
    return wave if isinstance(wave, Refused) else _heard(features(wave, p, backend))


def decoded(path: Path, p: Audio) -> F32 | Refused:
    try:
        return waves.middle(path, p.clip_seconds, p.sample_rate)
    except waves.Unreadable as error:
        return Refused(str(error))
    except MemoryError:
        return Refused("needs more memory than there is")


def _heard(found: Features) -> Features | Refused:
    return found if found.valid.any() else Refused("is silent")


def _died(path: Path) -> Refused:
    return Refused(f"takes its decoder down: {path.name} may be made to do so")


# --- many tracks ------------------------------------------------------------------------------------------------------


def all_features(paths: list[Path], p: Audio, kept: Cache) -> Iterator[Features | Refused]:
    """The features of each file, in order: from the cache, or computed and then kept there."""
    name, why = chosen(p.backend)
    many = p.workers or workers.cores()
    with ThreadPoolExecutor(many) as pool:  # hashing releases Python's lock
        keys = list(pool.map(partial(key, p=p, backend=name), paths))
    new = {row for row, k in enumerate(keys) if k not in kept}
    many = max(1, min(many, len(new) // FEW))
    old = len(paths) - len(new)
    log.info(f"features by {name} ({why}): {old} of {len(paths)} from {kept.folder}, {len(new)} new, {many} at a time")
    fresh, damaged = _computed([paths[row] for row in sorted(new)], p, name, many), 0
    for row, (path, k) in enumerate(zip(paths, keys, strict=True)):
        if row not in new and (before := _restored(kept.get(k))):
            yield before
            continue
        damaged += row not in new
        found = next(fresh) if row in new else next(_computed([path], p, name, 1))
        if isinstance(found, Features) and k:
            kept.put(k, vars(found))
        yield found
    if damaged:
        log.warning(f"{damaged} damaged entries of the cache were computed anew")


def key(path: Path, p: Audio, backend: str) -> str:
    """What the features of a file depend on: its bytes, the parameters, the code; not its name or place."""
    matters = {name: value for name, value in asdict(p).items() if name not in ("workers", "backend", "external")}
    try:
        return cache.key(file=cache.digest(path), kernel=KERNEL, backend=backend, **matters)
    except OSError:
        return ""  # decoding it will say why


def _restored(arrays: cache.Arrays | None) -> Features | None:
    fits = arrays is not None and arrays.keys() == Features.__dataclass_fields__.keys()
    return Features(**arrays) if arrays is not None and fits else None


def _computed(paths: list[Path], p: Audio, backend: str, many: int) -> Iterator[Features | Refused]:
    """Features that are not in the cache. Where torchaudio computes, the processes only decode."""
    if backend == "scipy":
        yield from workers.in_order(partial(computed, p=p), paths, many, _died)
        return
    from pipeline.sound import torch_spectra  # torch takes seconds to import: only where it is used

    on_device = partial(torch_spectra.spectra, device=backend.removeprefix("torchaudio on "))
    for wave in workers.in_order(partial(decoded, p=p), paths, many, _died):
        yield wave if isinstance(wave, Refused) else _heard(features(wave, p, on_device))


def chosen(backend: str) -> tuple[str, str]:
    """The backend by name, and why it was chosen."""
    gpu = backend != "scipy" and _cuda()
    if backend == "torchaudio":
        return f"torchaudio on {'cuda' if gpu else 'cpu'}", "audio.backend"
    if backend == "scipy":
        return "scipy", "audio.backend"
    return ("torchaudio on cuda", "CUDA found") if gpu else ("scipy", "no CUDA found")


def _cuda() -> bool:
    """Whether torch can use a GPU; torch is not even imported where there is no driver."""
    for driver in ("libcuda.so.1", "nvcuda.dll"):
        with contextlib.suppress(OSError):
            ctypes.CDLL(driver)
            import torch

            return torch.cuda.is_available()
    return False


# --- the stage --------------------------------------------------------------------------------------------------------


def write(tracks: pd.DataFrame, p: Audio, folder: Path, kept: Cache) -> pd.DataFrame:
    """Writes the features of the tracks, row by row, and returns those that have none, with the reason."""
    folder.mkdir(parents=True, exist_ok=True)
    names = descriptors.named(p.mels, p.mfcc)
    ids, skipped = [], []
    paths = [store.DATA / audio for audio in tracks["audio"]]
    with ExitStack() as open_files:
        files = {
            name: open_files.enter_context(RowFile(folder / f"{name}.npy", row, kind))
            for name, row, kind in _layout(p, len(names))
        }
        found = all_features(paths, p, kept)
        for track, one in zip(tracks["id"], command.progress(found, "audio", len(paths)), strict=True):
            if isinstance(one, Refused):
                skipped.append((track, one.reason))
                continue
            ids.append(track)
            for name, file in files.items():
                file.append(getattr(one, name))
    store.write_json(folder / "ids.json", ids)
    store.write_json(folder / "stats_names.json", names)
    table = pd.DataFrame(skipped, columns=["id", "reason"])
    store.write_table(folder / "skipped.csv", table)
    return table


def write_external(tracks: pd.DataFrame, path: Path, folder: Path) -> pd.DataFrame:
    """Writes the table at `path` as the statistics, and returns the tracks that it has no row for."""
    table = external.read(path, list(tracks["id"]))
    store.write_rows(store.fresh_folder(folder), table.ids, stats=table.stats, valid=table.valid)
    store.write_json(folder / "stats_names.json", table.names)
    without = tracks[~tracks["id"].isin(table.ids)]
    skipped = pd.DataFrame({"id": without["id"].tolist(), "reason": f"has no whole row in {path}"})
    store.write_table(folder / "skipped.csv", skipped)
    log.info("%d numbers a segment, at most %d segments a track, from %s", *table.stats.shape[:0:-1], path)
    if not path.resolve().is_relative_to(store.DATA.resolve()):
        log.warning("%s is not under %s/: `dvc repro` does not see when it changes", path, store.DATA)
    return skipped


def _layout(p: Audio, stats: int) -> list[tuple[str, tuple[int, ...], type]]:
    """Name, shape of a track's row and type of each array."""
    return [
        ("mfcc", (p.segments, p.mfcc, p.frames), np.float32),
        ("logmel", (p.segments, p.mels, p.frames // p.mel_pool), np.float32),
        ("stats", (p.segments, stats), np.float32),
        ("valid", (p.segments,), np.bool_),
    ]


def _say_short(tracks: pd.DataFrame, p: Audio) -> None:
    short = tracks[tracks["seconds"].astype(float) < p.clip_seconds - 0.05]
    if len(short):
        first = ", ".join(
            f"{Path(t['audio']).name} is {float(t['seconds']):.1f} s long" for t in short.head(3).to_dict("records")
        )
        more = f" (and {len(short) - 3} more tracks are shorter)" if len(short) > 3 else ""
        log.info(
            "%s%s, audio.clip_seconds is %g: fewer segments of it; drop it or lower clip_seconds",
            first,
            more,
            p.clip_seconds,
        )


def main() -> None:
    p = params.load(Params).audio
    tracks, folder = catalog.usable_tracks(), store.BUILD / "audio"
    if p.external == "none":
        _say_short(tracks, p)
        workers.one_thread()
        skipped = write(tracks, p, folder, Cache("audio", cache.place()))
    else:
        skipped = write_external(tracks, Path(p.external), folder)
    for row in skipped.head(10).to_dict("records"):
        log.warning("%s is left out: it %s", tracks.at[row["id"], "audio"], row["reason"])
    if len(skipped) == len(tracks):
        raise Problem(f"none of the {len(tracks)} tracks can be decoded; the reasons are in build/audio/skipped.csv")
    log.info("%d tracks in build/audio; %d left out", len(tracks) - len(skipped), len(skipped))


if __name__ == "__main__":
    command.run(main, __doc__, Params)
