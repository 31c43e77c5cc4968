"""The clusterings of every representation: one run per representation, clusterer, k and seed, found by that key.

In build/cluster, labels.npy.xz [track, column] holds one column per run, and runs.csv says which column is whose.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.core import store
from pipeline.core.command import Problem
from pipeline.core.store import Array
from pipeline.score.labels import Labels

FOLDER = store.BUILD / "cluster"
CURVE = "kmeans_curve"  # the clusterer of the k-curve: KMeans for every k
COLUMNS = ("representation", "clusterer", "k", "seed", "note", "column")


class RunKey(NamedTuple):
    """What identifies a run."""

    representation: str
    clusterer: str
    k: int  # the number of clusters that was asked for; 0 where the clusterer chooses it
    seed: int


@dataclass(frozen=True)
class Run:
    """One clustering of the tracks."""

    key: RunKey
    labels: Labels
    note: str = ""  # what the clusterer chose


@dataclass(frozen=True)
class Runs:
    """The labels of all runs, for the tracks `ids` in their order."""

    ids: tuple[str, ...]
    array: Array  # [track, column]
    columns: Mapping[RunKey, int]

    def of(self, representation: str) -> "Runs":
        """The runs of one representation alone."""
        columns = {key: column for key, column in self.columns.items() if key.representation == representation}
        order = {key: place for place, key in enumerate(columns)}
        return Runs(self.ids, self.array[:, list(columns.values())], order)

    @property
    def representations(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(key.representation for key in self.columns))

    def clusterers(self, representation: str) -> tuple[str, ...]:
        """Those that ran on a representation, without the k-curve."""
        return tuple(name for (about, name) in self._seeds if about == representation and name != CURVE)

    def by_seed(self, representation: str, clusterer: str) -> dict[int, Labels]:
        """The labels of each seed of a clusterer that runs once per seed; nothing where it did not run."""
        return {key.seed: self._column(key) for key in self._seeds.get((representation, clusterer), ())}

    def curve(self, representation: str) -> dict[int, list[Labels]]:
        """The labels of each seed, by the k that was asked for."""
        by_k: dict[int, list[Labels]] = {}
        for key in self._seeds.get((representation, CURVE), ()):
            by_k.setdefault(key.k, []).append(self._column(key))
        return by_k

    def labels(self, representation: str, clusterer: str, *, seed: int | None = None) -> Labels:
        """The labels of one run; of its first seed where no seed is named."""
        seeds = self.by_seed(representation, clusterer)
        if not seeds or (seed is not None and seed not in seeds):
            raise Problem(f"build/cluster has no run of {clusterer} on {representation}: run `dvc repro cluster`")
        return next(iter(seeds.values())) if seed is None else seeds[seed]

    @cached_property
    def _seeds(self) -> dict[tuple[str, str], list[RunKey]]:
        keys: dict[tuple[str, str], list[RunKey]] = {}
        for key in self.columns:
            keys.setdefault((key.representation, key.clusterer), []).append(key)
        return keys

    def _column(self, key: RunKey) -> Labels:
        return np.array(self.array[:, self.columns[key]], dtype=np.int64)


def write_runs(ids: Sequence[str], runs: Sequence[Run], folder: Path = FOLDER) -> None:
    """Writes labels.npy.xz, as small as the numbers of the clusters allow, and runs.csv.

    There are thousands of runs on the same tracks: packed, they take a seventh.
    """
    most = max((int(run.labels.max(initial=1)) for run in runs), default=1)
    dtype = np.min_scalar_type(-1 - most)  # a signed type that holds `most`, and the labels below 0
    labels = np.zeros((len(ids), len(runs)), dtype=dtype)
    for column, run in enumerate(runs):
        labels[:, column] = run.labels
    table = [(*run.key, run.note, column) for column, run in enumerate(runs)]
    store.write_rows(folder, ids)
    store.write_packed(folder, "labels", labels)
    store.write_table(folder / "runs.csv", pd.DataFrame(table, columns=list(COLUMNS)))


def read_runs(ids: Sequence[str]) -> Runs:
    """What stage cluster wrote, for the tracks `ids`."""
    labels = store.read_rows(FOLDER, "labels").at(ids)["labels"]
    rows = store.read_table(FOLDER / "runs.csv").to_dict("records")
    columns = {
        RunKey(row["representation"], row["clusterer"], int(row["k"]), int(row["seed"])): int(row["column"])
        for row in rows
    }
    return Runs(tuple(ids), labels, columns)
