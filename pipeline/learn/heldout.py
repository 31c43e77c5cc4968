"""What a fit must not see: whole artists, so that their songs can be judged by a fit that never met them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.core import store
from pipeline.core.folds import track_folds
from pipeline.core.store import Array

MIN_REST = 3  # tracks that must be left to fit anything: clusters need as many
Rows = Array | slice  # which tracks: a mask, or a slice
ALL = slice(None)


@dataclass(frozen=True)
class HeldOut:
    """Tracks that a fit never sees."""

    ids: frozenset[str]
    fold: int | None = None  # whose arrays of stage lyrics are read; without it, those that were fitted on all texts

    def __str__(self) -> str:
        return f"{len(self.ids)} tracks" if self.fold is None else f"fold {self.fold}"


def held_out(ids: Sequence[str], folds: int) -> list[HeldOut]:
    """The artists of each fold; a fold that is empty, since there are few, holds out none."""
    fold = track_folds(ids, folds)
    return [
        HeldOut(frozenset(id_ for id_, place in zip(ids, fold, strict=True) if place == number), number)
        for number in range(folds)
    ]


def rest(ids: Sequence[str], heldout: HeldOut | None) -> Array:
    """Which of the tracks a fit sees."""
    hidden: frozenset[str] = heldout.ids if heldout else frozenset()
    return np.array([id_ not in hidden for id_ in ids], dtype=np.bool_)


def words(name: str, ids: Sequence[str], fold: int | None) -> Array:
    """An array of stage lyrics; as it was fitted without the artists of a fold, if it is one that is fitted."""
    folder, refitted = store.BUILD / "lyrics", f"{name}_heldout"
    if fold is None or not (folder / f"{refitted}.npy").exists():
        return np.array(store.read_rows(folder, name).at(ids)[name])
    return np.array(store.read_rows(folder, refitted).at(ids)[refitted][:, fold], dtype=np.float32)


def kept(points: Array) -> Array:
    """Held-out points as they are stored: in half precision, since there is one array for each fold."""
    most = float(np.finfo(np.float16).max)  # of a number that hardly changes in the rest, and then does
    return np.clip(points, -most, most).astype(np.float16)
