"""Stage `cluster`: every embedding under every clusterer and seed, and under KMeans with every k up to `cluster.curve`.

The two facets of a code are clustered together, too.

Writes build/cluster: labels.npy.xz [track, column] and runs.csv (representation, clusterer, k and seed of a column).
"""

import logging
from dataclasses import dataclass

from pipeline.core import command, embeddings, params, store, workers
from pipeline.core.embeddings import Representation
from pipeline.core.params import Seeds
from pipeline.score.clusterers import CHOOSES_K, Cluster, clustered, curve, smallness
from pipeline.score.labels import clusters
from pipeline.score.product import product
from pipeline.score.runs import CURVE, FOLDER, Run, RunKey, write_runs

log = logging.getLogger(__name__)

PRODUCT = "product"  # the clusterer of facets


@dataclass(frozen=True)
class Params:
    seeds: Seeds
    cluster: Cluster


@dataclass(frozen=True)
class ClusterJob:
    """One representation to be clustered in every way."""

    embedding: Representation
    ids: tuple[str, ...]
    params: Params
    facets: tuple[Representation, ...] = ()  # of its code, which are also clustered together

    def __str__(self) -> str:
        return f"clustering {self.embedding.name}"


def every_run(job: ClusterJob) -> list[Run]:
    """The runs of one representation: every clusterer with every seed, then its k-curve."""
    values, p = job.embedding.values(job.ids), job.params.cluster
    runs, curves = list[Run](), list[Run]()
    for number, seed in enumerate(job.params.seeds):
        points = embeddings.seed_embedding(values, number)
        for name in p.clusterers:
            labels, note = clustered(points, name, p, seed)
            k = 0 if name in CHOOSES_K else p.k
            runs.append(Run(RunKey(job.embedding.name, name, k, seed), labels, note))
        if job.facets:
            facets = [embeddings.seed_embedding(facet.values(job.ids), number) for facet in job.facets]
            labels, note = product(facets, seed)
            runs.append(Run(RunKey(job.embedding.name, PRODUCT, 0, seed), labels, note))
        for k, labels in curve(points, p, seed).items():
            curves.append(Run(RunKey(job.embedding.name, CURVE, k, seed), labels))
    return runs + curves


def main() -> None:
    p = params.load(Params)
    ids = store.read_rows(store.BUILD / "audio").ids
    by_name = {embedding.name: embedding for embedding in embeddings.representations()}
    jobs = [
        ClusterJob(embedding, ids, p, tuple(by_name[name] for name in embedding.about.get("facets", ())))
        for embedding in by_name.values()
    ]
    results = command.progress(workers.in_order(every_run, jobs, workers.processes(len(jobs))), "cluster", len(jobs))
    runs = [run for each in results for run in each]
    store.fresh_folder(FOLDER)
    write_runs(ids, runs)
    named = [run for run in runs if run.key.clusterer != CURVE]
    empty = sum(clusters(run.labels) == 0 for run in named)
    if small := smallness(len(ids), p.cluster):
        log.warning("cluster: %s", small)
    log.info("cluster: %d runs over %d tracks; %d of them have no cluster", len(named), len(ids), empty)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
