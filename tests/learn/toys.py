"""What the tests of the trainer share: sizes, stored frames, and a small model."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from pipeline import easy
from pipeline.core import store
from pipeline.core.params import load
from pipeline.core.store import Array
from pipeline.learn import training
from pipeline.learn.keep import TrainedSeed
from pipeline.learn.plan import Model, TrainingJob
from pipeline.learn.songs import Source
from pipeline.nets.families import joined

IDS = ("z", "007", "a", "NA", "m", "b", "k", "c")
STATS, WORDS = 6, 5


@dataclass(frozen=True)
class StoredFrames:
    """Frames that a test has written, in place of those of sound files."""

    kind: str
    audio: object = None

    @property
    def shape(self) -> tuple[int, int]:
        rows, columns = store.read_rows(Path("build/frames"), self.kind)[self.kind].shape[2:]
        return rows, columns

    def segments(self, ids: Sequence[str], valid: Array) -> Array:
        rows = store.read_rows(Path("build/frames"), self.kind).at(ids)
        return np.asarray(rows[self.kind][valid])


def stored_frames_of(kind: str, _parameter: str, _audio: object) -> StoredFrames | None:
    return None if kind == "sound" else StoredFrames(kind)


def toy(p: easy.Params, folder: Path, lyrics: str | None = None, beta: float = 1.0) -> Model:
    build = partial(joined, hidden=p.easy.hidden, latent=p.easy.latent)
    return Model(folder, "toy", "toy family", Source("sound", lyrics), build, epochs=3, beta=beta)


def train_all(jobs: list[TrainingJob]) -> list[TrainedSeed]:
    return training.learn_all(training.learn_seed, jobs, "toy", load(easy.Params).train)
