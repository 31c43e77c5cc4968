"""Frames of sound (MFCC, log-mel) by the id of their track: read from the content cache, computed where it has none.

Stage audio does not write them: they are large, and a pure function of the sound files and section `audio`.
"""

import atexit
import logging
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float32
from numpy.typing import NDArray

from pipeline.core import cache, catalog, store
from pipeline.core.cache import Cache
from pipeline.core.command import Problem, progress
from pipeline.sound.features import Refused, SoundFile, all_features, choose_backend, digest, key
from pipeline.sound.settings import Audio
from pipeline.sound.spectra import F32

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Frames:
    """The frames of one kind under these settings. Other processes get this and read the cache themselves."""

    kind: Literal["mfcc", "logmel"]
    audio: Audio

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a segment."""
        p = self.audio
        return (p.mfcc, p.frames) if self.kind == "mfcc" else (p.mels, p.frames // p.mel_pool)

    def segments(
        self, ids: Sequence[str], valid: Bool[NDArray[np.bool_], "track segment"]
    ) -> Float32[F32, "valid row column"]:
        """The frames of the valid segments, track by track in the order of `ids`, in memory once."""
        values, start = np.empty((int(valid.sum()), *self.shape), np.float32), 0
        for track, mask in zip(self._tracks(ids), valid, strict=True):
            values[start : (start := start + int(mask.sum()))] = track[mask]
        return values

    def _tracks(self, ids: Sequence[str]) -> Iterator[F32]:
        files = sound_files_of(ids)
        kept = _cache_for(files, self.audio)
        tracks = progress(all_features(files, self.audio, kept), self.kind, len(files))
        for file, track in zip(files, tracks, strict=True):
            if isinstance(track, Refused):
                raise Problem(f"{file.path} {track.reason}: run `dvc repro`")
            yield getattr(track, self.kind)


def frames_of(kind: Literal["sound", "mfcc", "logmel"], parameter: str, audio: Audio) -> Frames | None:
    """The frames that `parameter` asks for, or None where it asks for what the models are given of each segment."""
    if kind == "sound":
        return None
    if audio.external != "none":
        raise Problem(f"{parameter} is {kind}, which audio.external does not give: set it to sound")
    return Frames(kind, audio)


def sound_files_of(ids: Iterable[str]) -> list[SoundFile]:
    """The sound files of the tracks, with the digests that stage audio saw."""
    folder, tracks = store.BUILD / "audio", catalog.usable_tracks()["audio"]
    digests = dict(zip(store.read_rows(folder).ids, store.read_json(folder / "sha256.json"), strict=True))
    return [SoundFile(store.DATA / tracks[id_], digests[id_]) for id_ in ids]


def _cache_for(files: Sequence[SoundFile], p: Audio) -> Cache:
    """The cache that holds the features of the files, or can take what it lacks."""
    kept, (backend, _) = Cache("audio", cache.place()), choose_backend(p.backend)
    missing = [file for file in files if key(file, p, backend) not in kept]
    changed = [file.path for file in missing if digest(file.path) != file.sha256]
    if changed:
        more = f" (and {len(changed) - 1} more)" if len(changed) > 1 else ""
        raise Problem(f"{changed[0]}{more} changed or vanished since stage audio ran: run `dvc repro`")
    return kept if not missing or _writable(kept.folder) else Cache("audio", _temporary())


def _writable(folder: Path | None) -> bool:
    if folder is None:
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _temporary() -> Path:
    """A cache until this program ends, for it and the processes that it starts: each would else compute all frames."""
    log.warning("cache %s cannot be written: SURBANI_CACHE names another folder", cache.place())
    folder = tempfile.mkdtemp(prefix="surbani-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["SURBANI_CACHE"] = folder
    return Path(folder)
