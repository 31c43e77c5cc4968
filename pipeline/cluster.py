"""Stage `cluster`: every embedding under every clusterer and seed.

Writes build/cluster: labels.npy [track, run] and runs.csv (which representation, clusterer, seed and k a run is, and
what was chosen for it); curve.npy and curve.csv, the same for KMeans with every k from 2 to `cluster.curve`.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.core import command, embeddings, params, store, workers
from pipeline.core.command import Problem
from pipeline.core.embeddings import Representation
from pipeline.core.params import Seeds
from pipeline.score.agreement import Labels, clusters
from pipeline.score.clusterers import Cluster, clustered, curve

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Params:
    seeds: Seeds
    cluster: Cluster


@dataclass(frozen=True)
class Job:
    """One representation to be clustered in every way."""

    kind: Representation
    ids: tuple[str, ...]
    params: Params


NAMED = ("representation", "seed", "k")
Run = tuple[dict[str, object], Labels]


def every_way(job: Job) -> tuple[list[Run], list[Run]]:
    """The runs of one representation, and those of its k-curve."""
    values = job.kind.values(job.ids)
    runs, curves = list[Run](), list[Run]()
    for number, seed in enumerate(job.params.seeds):
        points = embeddings.seed_embedding(values, number)
        named = {"representation": job.kind.name, "seed": seed}
        for name in job.params.cluster.clusterers:
            labels, note = clustered(points, name, job.params.cluster, seed)
            runs.append(({**named, "clusterer": name, "k": clusters(labels), "note": note}, labels))
        curves += [({**named, "k": k}, labels) for k, labels in curve(points, job.params.cluster, seed).items()]
    return runs, curves


def _died(job: Job) -> tuple[list[Run], list[Run]]:
    raise Problem(f"clustering {job.kind.name}: the process was ended, most likely for memory")


def _write(folder: Path, ids: tuple[str, ...], array: str, table: str, runs: list[Run]) -> None:
    rows, labels = [row for row, _ in runs], [labels for _, labels in runs]
    store.write_rows(folder, ids, **{array: np.stack(labels, axis=1) if runs else np.zeros((len(ids), 0), np.int64)})
    store.write_table(folder / f"{table}.csv", pd.DataFrame(rows, columns=list(rows[0]) if runs else list(NAMED)))


def main() -> None:
    p = params.load(Params)
    ids = store.read_rows(store.BUILD / "audio").ids
    jobs = [Job(kind, ids, p) for kind in embeddings.representations()]
    found = list(command.progress(workers.in_order(every_way, jobs, workers.cores(), _died), "cluster", len(jobs)))
    runs = [run for one, _ in found for run in one]
    folder = store.fresh_folder(store.BUILD / "cluster")
    _write(folder, ids, "labels", "runs", runs)
    _write(folder, ids, "curve", "curve", [run for _, curves in found for run in curves])
    none = sum(clusters(labels) == 0 for _, labels in runs)
    log.info("cluster: %d runs over %d tracks; %d of them found no cluster", len(runs), len(ids), none)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
