"""Stage `evaluate`: what the clusters agree with, how they lie, and what the embeddings hold without clusters.

Writes reports/scores.csv (every representation, clusterer, seed and score), results.csv (means over the seeds with
interval, groups of artists, null, seeds, active units, coverage, flag, how many values and tracks entered a mean over
values, and why a score is absent or how to read it), stability.csv (clusters), kcurve.csv, plane.csv (what is kept and
what is mixed) and metrics.json (headlines).
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pipeline.core import catalog, command, corpus, embeddings, folds, params, store, workers
from pipeline.core.command import Problem
from pipeline.core.embeddings import Representation
from pipeline.core.params import Count, Seeds
from pipeline.core.settings import Evaluate
from pipeline.core.store import Array
from pipeline.score import plane, summary
from pipeline.score.agreement import AGREEMENT, agreements
from pipeline.score.clusterers import Cluster, assigned, clustered, smallness
from pipeline.score.embedding import LEAST, Embeddings, Songs, disentangled, embedding_scores
from pipeline.score.jackknife import agreement_scores, curve_scores, ends, group_count
from pipeline.score.labels import ABSENT, NOISE, Labels, clusters, coverage, usable
from pipeline.score.permutation import permutation_nulls
from pipeline.score.runs import Runs, read_runs
from pipeline.score.shape import SHAPE, shape
from pipeline.score.stability import over_seeds, subsampled
from pipeline.score.summary import Measured, TableRow, by_seed, headlines, mean, results
from pipeline.score.verdicts import GROUPS, groups

log = logging.getLogger(__name__)

# The spaces in which the shape of all clusters is compared. raw is what PCA is fitted to, so it favours PCA; the words
# are what no method on sound is fitted to.
SPACES = {"reference": "raw", "words": "bert_free"}
SINGLE = "over seeds alone: no artist is left out"
FIRST_SEED = "of the first seed alone: no artist is left out"
COLUMNS = {  # of the tables that can have no row: without a label, or with fewer tracks than clusters
    "stability": ["representation", "clusterer", "cluster", "size", "jaccard"],
    "kcurve": ["representation", "k", "label", "ami"],
    "plane": plane.COLUMNS,
}


@dataclass(frozen=True)
class Params:
    seeds: Seeds
    folds: Count
    cluster: Cluster
    evaluate: Evaluate


@dataclass(frozen=True)
class Tracks:
    """What is known of the tracks, in the order of `ids`."""

    ids: tuple[str, ...]
    songs: Songs
    factors: Mapping[str, Array]
    spaces: Mapping[str, Array]  # in which the clusters of all representations are compared; nan without a place


@dataclass(frozen=True)
class ScoreJob:
    """One representation to be scored."""

    embedding: Representation
    runs: Runs  # of this representation
    tracks: Tracks
    params: Params

    def __str__(self) -> str:
        return f"scoring {self.embedding.name}"

    def labelings(self) -> dict[str, list[Labels]]:
        """The labels of each seed, by clusterer."""
        name = self.embedding.name
        return {
            clusterer: list(self.runs.by_seed(name, clusterer).values()) for clusterer in self.runs.clusterers(name)
        }


@dataclass(frozen=True)
class Scored:
    """Every score of one representation, and its rows of the tables."""

    embedding: Representation
    measured: list[Measured]
    clusters: list[TableRow]  # of the headline clustering of the first seed
    curve: list[TableRow]


def labelled(tracks: pd.DataFrame, columns: tuple[str, ...]) -> dict[str, Array]:
    """The columns to score against, one value per track."""
    truths = usable(tracks, columns)
    for column in columns:
        if column in summary.RESERVED:
            raise Problem(f"evaluate.labels: {column!r} is a name that metrics.json has for something else: rename it")
        if column not in tracks:
            log.warning("evaluate.labels: data/tracks.csv has no column %r: left out", column)
        elif column not in truths:
            log.warning("evaluate.labels: column %r has less than two values: left out", column)
    return truths


def planted(tracks: pd.DataFrame, columns: tuple[str, ...]) -> dict[str, Array]:
    """The known causes; as numbers where all values of a column are numbers."""
    factors: dict[str, Array] = {}
    for column in columns:
        if column not in tracks:
            log.info("evaluate.factors: data/tracks.csv has no column %r: left out", column)
            continue
        numbers = pd.to_numeric(tracks[column], errors="coerce")
        factors[column] = (tracks[column] if numbers.isna().any() else numbers).to_numpy()
    return factors


def scored(job: ScoreJob) -> Scored:
    """Every score of one representation."""
    tracks, values = job.tracks, job.embedding.values(job.tracks.ids)
    by_number = [embeddings.seed_embedding(values, number) for number in range(len(job.params.seeds))]
    distinct = Embeddings(by_number[: values.shape[1]], job.embedding.heldout(tracks.ids))
    labelings, curve = job.labelings(), job.runs.curve(job.embedding.name)
    labelings |= _assigned(labelings, by_number)
    measured = [row for name, labels in labelings.items() for row in _shapes(name, labels, by_number, tracks.spaces)]
    for label, truth in tracks.songs.truths.items():
        for name, labels in labelings.items():
            measured += _agreement(job, name, label, labels)
        k = len(set(truth) - {""})  # read from the labels: in the rows named oracle, and nowhere else
        measured += _agreement(job, "oracle", label, curve[k]) if k in curve else []
        measured.append(_curve(tracks.songs, label, curve))
    stability, rows = _stability(job, labelings[job.params.evaluate.headline], by_number[0])
    measured += stability + embedding_scores(distinct, tracks.songs)
    if job.embedding.role in ("model", "baseline"):
        measured += disentangled(distinct, tracks.factors, tracks.songs)
    return Scored(job.embedding, measured, rows, list(_curve_rows(job, curve)))


def _assigned(labelings: Mapping[str, list[Labels]], values: list[Array]) -> dict[str, list[Labels]]:
    """Clusterings that leave tracks out, repeated with each of these in the cluster of its nearest neighbour."""
    return {
        f"{name}_assigned": [assigned(*pair) for pair in zip(values, seeds, strict=True)]
        for name, seeds in labelings.items()
        if any(NOISE in labels and clusters(labels) for labels in seeds)
    }


def _agreement(job: ScoreJob, clusterer: str, label: str, labelings: list[Labels]) -> Iterator[Measured]:
    """How well one clusterer's labels agree with one column: each score with its interval and its null."""
    truth, group, shuffles = job.tracks.songs.truths[label], job.tracks.songs.group, job.params.evaluate.shuffles
    distinct = {labels.tobytes(): labels for labels in labelings}
    by_labels = {key: permutation_nulls(truth, labels, group, shuffles) for key, labels in distinct.items()}
    covered = mean(map(coverage, labelings))
    k = mean(float(clusters(labels)) for labels in labelings)
    for name in AGREEMENT:
        values = agreements(name, truth, labelings)
        scores = agreement_scores(name, truth, labelings, group)
        nulls = [null for labels in labelings if (null := by_labels[labels.tobytes()].get(name))]
        chance = mean(null.mean for null in nulls), mean(null.high for null in nulls)
        row = Measured(clusterer, label, name, values, *ends(scores), *chance, covered, k)
        yield replace(row, groups=group_count(scores))


def _curve(songs: Songs, label: str, curve: Mapping[int, list[Labels]]) -> Measured:
    """AMI under K-means, a mean over the numbers of clusters: what no choice of k decides."""
    scores = curve_scores(songs.truths[label], curve, songs.group)
    values: list[float | None] = [None] if scores is None else [float(value) for value in scores.whole]
    note = "" if scores else "undefined for a number of clusters, or without one of the artists"
    return Measured("kmeans", label, "ami_curve", values, *ends(scores), groups=group_count(scores), note=note)


def _shapes(
    clusterer: str, labelings: list[Labels], values: list[Array], spaces: Mapping[str, Array]
) -> list[Measured]:
    """How the clusters lie: in the representation's own space, where no two models compare, and in common ones."""
    scores: dict[str, list[float | None]] = {}
    for name in SHAPE:
        scores[f"own_{name}"] = _each_shape(name, values, labelings)
        for space, points in spaces.items():
            placed = np.isfinite(points).all(axis=1)
            inside = [labels[placed] for labels in labelings]
            scores[f"{space}_{name}"] = _each_shape(name, [points[placed]] * len(inside), inside)
    scores["coverage"] = [coverage(labels) for labels in labelings]
    scores["clusters"] = [float(clusters(labels)) for labels in labelings]
    k, covered = mean(scores["clusters"]), mean(scores["coverage"])
    return [Measured(clusterer, "", name, each, coverage=covered, k=k) for name, each in scores.items()]


def _each_shape(name: str, points: Sequence[Array], labelings: Sequence[Labels]) -> list[float | None]:
    """One score per seed. Equal clusterings of equal points, as of a method without chance, are scored once."""
    keys = [(each.tobytes(), labels.tobytes()) for each, labels in zip(points, labelings, strict=True)]
    pairs = dict(zip(keys, zip(points, labelings, strict=True), strict=True))
    known = {key: shape(name, *pair) for key, pair in pairs.items()}
    return [known[key] for key in keys]


def _stability(job: ScoreJob, labelings: list[Labels], points: Array) -> tuple[list[Measured], list[TableRow]]:
    """Whether the headline clusters are reproduced: from other seeds, and from 80 % of the tracks."""
    name, first = job.params.evaluate.headline, labelings[0]
    present = first != ABSENT

    def cluster(subset: Array, seed: int) -> Labels:
        return clustered(subset, name, job.params.cluster, seed)[0]

    alike = over_seeds([labels[present] for labels in labelings])
    measured = [Measured(name, "", "stability_seeds", [alike], note=SINGLE)]
    stability = subsampled(points[present], cluster, first[present], seed=job.params.seeds[0])
    if stability is None:
        return measured, []
    measured.append(Measured(name, "", "stability_subsamples", [stability.ari], note=FIRST_SEED))
    key = {"representation": job.embedding.name, "clusterer": name}
    return measured, [
        {**key, "cluster": number, "size": int((first == number).sum()), "jaccard": jaccard}
        for number, jaccard in stability.jaccard.items()
    ]


def _curve_rows(job: ScoreJob, curve: Mapping[int, list[Labels]]) -> Iterator[TableRow]:
    """Agreement under K-means for every k: how much hangs on the k that was chosen."""
    for label, truth in job.tracks.songs.truths.items():
        for k, labelings in curve.items():
            ami = mean(agreements("ami", truth, labelings))
            yield {"representation": job.embedding.name, "k": k, "label": label, "ami": ami}


def _write(p: Params, tracks: Tracks, scores: list[Scored]) -> None:
    least, headline = p.evaluate.collapsed, p.evaluate.headline
    tables = {
        "scores": [row for each in scores for row in by_seed(each.embedding, p.seeds, each.measured)],
        "results": [row for each in scores for row in results(each.embedding, each.measured, least)],
        "stability": [row for each in scores for row in each.clusters],
        "kcurve": [row for each in scores for row in each.curve],
        "plane": plane.rows(
            [(each.embedding, each.measured) for each in scores], _facets(p, tracks), p.evaluate.mixing
        ),
    }
    for name, rows in tables.items():
        table = pd.DataFrame(rows, columns=COLUMNS.get(name)).round(6)
        whole = [column for column in ("classes", "counted", "groups") if column in table]
        store.write_table(store.REPORTS / f"{name}.csv", table.astype(dict.fromkeys(whole, "Int64")))
    has_lyrics = store.read_rows(store.BUILD / "lyrics", "has_lyrics").at(tracks.ids)["has_lyrics"]
    data = {"tracks": len(tracks.ids), "with_lyrics": int(has_lyrics.sum())} | _small(len(tracks.ids), p.cluster)
    encoders = embeddings.pretrained()
    entries = {
        each.embedding.name: headlines(
            each.embedding, each.measured, headline, least, encoders.read_by(each.embedding.about)
        )
        for each in scores
    }
    store.write_json(store.REPORTS / "metrics.json", {"data": data, **entries})
    log.info("evaluate: %d scores; the headlines are in reports/metrics.json", len(tables["scores"]))


def _small(tracks: int, p: Cluster) -> dict[str, str]:
    """What the report says of a corpus that is too small for its scores; nothing for any other."""
    neighbours = f"Scores of neighbours and probes need {LEAST} songs." if tracks < LEAST else ""
    sentences = [each for each in (smallness(tracks, p), neighbours) if each]
    return {"small": " ".join(sentences)} if sentences else {}


def _facets(p: Params, tracks: Tracks) -> dict[str, str]:
    """The label of each facet of the plane, where it is scored."""
    card = corpus.read()
    words = card.words if card.words in tracks.songs.truths else ""
    sound = next((label for label in tracks.songs.truths if label not in (card.language, p.evaluate.mixing, words)), "")
    return {facet: label for facet, label in (("sound", sound), ("words", words)) if label}


def read_tracks(p: Params, representations: Mapping[str, Representation]) -> Tracks:
    """What is known of the tracks that have audio features."""
    table = catalog.heard_tracks()
    ids, artists = tuple(table.index), table["artist"].to_numpy(dtype=object)
    truths, factors = labelled(table, p.evaluate.label_columns()), planted(table, p.evaluate.factor_columns())
    mixing = usable(table, [p.evaluate.mixing])
    if not mixing:
        log.info("evaluate.mixing: no mixing is scored, as the tracks have no two values of %r", p.evaluate.mixing)
    group, fold = groups(list(artists), GROUPS, seed=0), folds.track_folds(ids, p.folds)
    spaces = {
        space: embeddings.seed_embedding(representations[name].values(ids), 0)
        for space, name in SPACES.items()
        if name in representations
    }
    return Tracks(ids, Songs(truths, artists, group, fold, mixing, p.evaluate.smallest), factors, spaces)


def main() -> None:
    p = params.load(Params)
    if p.evaluate.headline not in p.cluster.clusterers:
        raise Problem(f"evaluate.headline is {p.evaluate.headline!r}, which is not one of cluster.clusterers")
    representations = {embedding.name: embedding for embedding in embeddings.representations()}
    tracks = read_tracks(p, representations)
    runs = read_runs(tracks.ids)
    jobs = [ScoreJob(embedding, runs.of(name), tracks, p) for name, embedding in representations.items()]
    scores = list(command.progress(workers.in_order(scored, jobs, workers.processes(len(jobs))), "evaluate", len(jobs)))
    _write(p, tracks, scores)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
