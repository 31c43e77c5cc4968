"""Stage `evaluate`: what the clusters agree with, how they lie, and what the embeddings hold beside clusters.

Writes reports/scores.csv (every representation, clusterer, seed and score), results.csv (means over the seeds with
interval, null, seeds, active units, coverage, flag), stability.csv (clusters), kcurve.csv, metrics.json (headlines).
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from pipeline.core import catalog, command, embeddings, params, store, workers
from pipeline.core.command import Problem
from pipeline.core.embeddings import Representation
from pipeline.core.params import Seeds
from pipeline.core.settings import Evaluate
from pipeline.core.store import Array
from pipeline.score import summary
from pipeline.score.agreement import ABSENT, AGREEMENT, NOISE, Labels, clusters, coverage
from pipeline.score.clusterers import Cluster, assigned, clustered
from pipeline.score.embedding import disentangled, embedding_scores
from pipeline.score.jackknife import agreement_scores, agreements, ends
from pipeline.score.labels import usable
from pipeline.score.permutation import permutation_null
from pipeline.score.runs import read_runs
from pipeline.score.shape import SHAPE, shape
from pipeline.score.stability import over_seeds, subsampled
from pipeline.score.summary import Measured, Row, by_seed, headlines, mean, results
from pipeline.score.verdicts import GROUPS, groups

log = logging.getLogger(__name__)

REFERENCE = "raw"  # the space in which the shape of all clusters is compared
COLUMNS = {  # of the tables that can have no row: without a label, or with fewer tracks than clusters
    "stability": ["representation", "clusterer", "cluster", "size", "jaccard"],
    "kcurve": ["representation", "k", "label", "ami"],
}


@dataclass(frozen=True)
class Params:
    seeds: Seeds
    cluster: Cluster
    evaluate: Evaluate


@dataclass(frozen=True)
class Tracks:
    """What is known of the tracks, in the order of `ids`."""

    ids: tuple[str, ...]
    truths: Mapping[str, Array]
    artists: Array  # "" where a track has none
    group: Array  # of artists, each left out once for the intervals
    factors: Mapping[str, Array]
    reference: Array  # the space in which the clusters of all representations are compared


@dataclass(frozen=True)
class Job:
    """One representation to be scored."""

    kind: Representation
    labelings: Mapping[str, list[Labels]]  # clusterer -> labels of each seed
    curve: Mapping[int, list[Labels]]  # k -> labels of each seed
    tracks: Tracks
    params: Params


@dataclass(frozen=True)
class Scored:
    """All that is told of one representation."""

    kind: Representation
    measured: list[Measured]
    clusters: list[Row]  # of the headline clustering of the first seed
    curve: list[Row]


def labelled(ids: tuple[str, ...], columns: tuple[str, ...]) -> dict[str, Array]:
    """The columns to score against, a value a track in the order of `ids`."""
    tracks = catalog.usable_tracks().loc[list(ids)]
    found = usable(tracks, columns)
    for column in columns:
        if column in summary.RESERVED:
            raise Problem(f"evaluate.labels: {column!r} is a name that metrics.json has for something else: rename it")
        if column not in tracks:
            log.warning("evaluate.labels: data/tracks.csv has no column %r: left out", column)
        elif column not in found:
            log.warning("evaluate.labels: column %r has less than two values: left out", column)
    return found


def planted(tracks: pd.DataFrame, columns: tuple[str, ...]) -> dict[str, Array]:
    """The known causes, as numbers where they are some."""
    found: dict[str, Array] = {}
    for column in columns:
        if column not in tracks:
            log.info("evaluate.factors: data/tracks.csv has no column %r: left out", column)
            continue
        numbers = pd.to_numeric(tracks[column], errors="coerce")
        found[column] = (tracks[column] if numbers.isna().any() else numbers).to_numpy()
    return found


def jobs(p: Params, tracks: Tracks, kinds: list[Representation]) -> list[Job]:
    """Each representation with the runs that stage cluster made of it."""
    runs = read_runs(tracks.ids)
    return [
        Job(
            kind,
            {name: list(runs.by_seed(kind.name, name).values()) for name in runs.clusterers(kind.name)},
            runs.curve(kind.name),
            tracks,
            p,
        )
        for kind in kinds
    ]


def scored(job: Job) -> Scored:
    """Every score of one representation."""
    tracks, values = job.tracks, job.kind.values(job.tracks.ids)
    of_seeds = [embeddings.seed_embedding(values, number) for number in range(len(job.params.seeds))]
    labelings = {**job.labelings, **_assigned(job.labelings, of_seeds)}
    found = [one for name, labels in labelings.items() for one in _shapes(name, labels, of_seeds, tracks.reference)]
    for label, truth in tracks.truths.items():
        for name, labels in labelings.items():
            found += _agreement(job, name, label, labels)
        k = len(set(truth) - {""})  # read from the labels: in the rows named oracle, and nowhere else
        found += _agreement(job, "oracle", label, job.curve[k]) if k in job.curve else []
    stable, rows = _stability(job, of_seeds[0])
    found += stable + embedding_scores(
        of_seeds[: values.shape[1]], tracks.truths, tracks.artists, job.params.evaluate.mixing
    )
    if job.kind.active is not None:
        found += disentangled(of_seeds[0], tracks.factors)
    return Scored(job.kind, found, rows, _curve(job))


def _assigned(labelings: Mapping[str, list[Labels]], values: list[Array]) -> dict[str, list[Labels]]:
    """Clusterings that leave tracks out, once more with each of these in the cluster of its nearest neighbour."""
    return {
        f"{name}_assigned": [assigned(*pair) for pair in zip(values, found, strict=True)]
        for name, found in labelings.items()
        if any(NOISE in labels and clusters(labels) for labels in found)
    }


def _agreement(job: Job, clusterer: str, label: str, labelings: list[Labels]) -> list[Measured]:
    """How well one clusterer's labels agree with one column: each score with its interval and its null."""
    truth, shuffles = job.tracks.truths[label], job.params.evaluate.shuffles
    distinct = {labels.tobytes(): labels for labels in labelings}
    covered = mean([coverage(labels) for labels in labelings])
    k = mean([float(clusters(labels)) for labels in labelings])
    found = []
    for name in AGREEMENT:
        of = {key: permutation_null(name, truth, labels, shuffles) for key, labels in distinct.items()}
        nulls = [of[labels.tobytes()] for labels in labelings]
        found.append(
            Measured(
                clusterer,
                label,
                name,
                agreements(name, truth, labelings),
                *ends(agreement_scores(name, truth, labelings, job.tracks.group)),
                null_mean=mean(null.mean for null in nulls if null),
                null_high=mean(null.high for null in nulls if null),
                coverage=covered,
                k=k,
            )
        )
    return found


def _shapes(clusterer: str, labelings: list[Labels], values: list[Array], reference: Array) -> list[Measured]:
    """How the clusters lie: in the representation's own space, where no two models compare, and in the common one."""
    scores: dict[str, list[float | None]] = {}
    for name in SHAPE:
        scores[f"own_{name}"] = [shape(name, *pair) for pair in zip(values, labelings, strict=True)]
        scores[f"reference_{name}"] = [shape(name, reference, labels) for labels in labelings]
    scores["coverage"] = [coverage(labels) for labels in labelings]
    scores["clusters"] = [float(clusters(labels)) for labels in labelings]
    k, covered = mean(scores["clusters"]), mean(scores["coverage"])
    return [Measured(clusterer, "", name, found, coverage=covered, k=k) for name, found in scores.items()]


def _stability(job: Job, points: Array) -> tuple[list[Measured], list[Row]]:
    """Whether the headline clusters come again: from other seeds, and from 80 % of the tracks."""
    name, labelings = job.params.evaluate.headline, job.labelings[job.params.evaluate.headline]
    here = labelings[0] != ABSENT

    def again(some: Array, seed: int) -> Labels:
        return clustered(some, name, job.params.cluster, seed)[0]

    measured = [Measured(name, "", "stability_seeds", [over_seeds([labels[here] for labels in labelings])])]
    found = subsampled(points[here], again)
    if found is None:
        return measured, []
    measured.append(Measured(name, "", "stability_subsamples", [found.ari]))
    sizes = {cluster: int((labelings[0] == cluster).sum()) for cluster in found.jaccard}
    named = {"representation": job.kind.name, "clusterer": name}
    return measured, [{**named, "cluster": one, "size": sizes[one], "jaccard": found.jaccard[one]} for one in sizes]


def _curve(job: Job) -> list[Row]:
    """Agreement under KMeans for every k: how much hangs on the k that was chosen."""
    named = {"representation": job.kind.name}
    return [
        {**named, "k": k, "label": label, "ami": mean(agreements("ami", truth, labelings))}
        for label, truth in job.tracks.truths.items()
        for k, labelings in job.curve.items()
    ]


def _died(job: Job) -> Scored:
    raise Problem(f"scoring {job.kind.name}: the process was ended, most likely for memory")


def _write(p: Params, tracks: Tracks, found: list[Scored]) -> None:
    least, headline = p.evaluate.collapsed, p.evaluate.headline
    tables = {
        "scores": [row for one in found for row in by_seed(one.kind, p.seeds, one.measured)],
        "results": [row for one in found for row in results(one.kind, one.measured, least)],
        "stability": [row for one in found for row in one.clusters],
        "kcurve": [row for one in found for row in one.curve],
    }
    for name, rows in tables.items():
        store.write_table(store.REPORTS / f"{name}.csv", pd.DataFrame(rows, columns=COLUMNS.get(name)).round(6))
    there = store.read_rows(store.BUILD / "lyrics", "has_lyrics").at(tracks.ids)["has_lyrics"]
    data = {"tracks": len(tracks.ids), "with_lyrics": int(there.sum())}
    told = {one.kind.name: headlines(one.kind, one.measured, headline, least) for one in found}
    store.write_json(store.REPORTS / "metrics.json", {"data": data, **told})
    log.info("evaluate: %d scores; the headlines are in reports/metrics.json", len(tables["scores"]))


def main() -> None:
    p = params.load(Params)
    if p.evaluate.headline not in p.cluster.clusterers:
        raise Problem(f"evaluate.headline is {p.evaluate.headline!r}, which is not one of cluster.clusterers")
    kinds = {kind.name: kind for kind in embeddings.representations()}
    ids = store.read_rows(store.BUILD / "audio").ids
    known = catalog.usable_tracks().loc[list(ids)]
    artists = known["artist"].to_numpy(dtype=object)
    reference = embeddings.seed_embedding(kinds[REFERENCE].values(ids), 0)
    truths = labelled(ids, p.evaluate.labels)
    group = groups(list(artists), GROUPS, seed=0)
    tracks = Tracks(ids, truths, artists, group, planted(known, p.evaluate.factors), reference)
    todo = jobs(p, tracks, list(kinds.values()))
    found = list(command.progress(workers.in_order(scored, todo, workers.cores(), _died), "evaluate", len(todo)))
    _write(p, tracks, found)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
