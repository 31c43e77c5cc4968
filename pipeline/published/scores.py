"""The scores of the published forms: those of the stages, by the same functions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline.core import catalog, embeddings
from pipeline.core.params import Seeds
from pipeline.core.settings import Evaluate
from pipeline.core.store import Array
from pipeline.published.forms import Learnt
from pipeline.score.agreement import agreements
from pipeline.score.clusterers import Cluster, clustered, curve
from pipeline.score.jackknife import agreement_scores, curve_scores, ends
from pipeline.score.labels import Labels, usable
from pipeline.score.shape import shape
from pipeline.score.summary import Measured, results
from pipeline.score.verdicts import GROUPS, groups

CLUSTERERS = ("kmeans", "consensus")
AGREEMENT = ("ami", "nmi")
COLUMNS = ("name", "input", "what", "label", "score", "clusterer", "mean", "low", "high", "seeds", "flag")


@dataclass(frozen=True)
class Judge:
    """The labels and artists of the tracks, and how they are clustered."""

    truths: Mapping[str, Array]
    group: Array  # of artists
    seeds: Seeds
    cluster: Cluster
    collapsed: float


def judge(seeds: Seeds, cluster: Cluster, evaluate: Evaluate) -> Judge:
    tracks = catalog.heard_tracks()
    group = groups(list(tracks["artist"]), GROUPS, seed=0)
    return Judge(usable(tracks, evaluate.label_columns()), group, seeds, cluster, evaluate.collapsed)


@dataclass(frozen=True)
class ScoreJob:
    """One form to be clustered and scored."""

    form: Learnt
    judge: Judge

    def __str__(self) -> str:
        return f"scoring {self.form.embedding.name}"


def scored(job: ScoreJob) -> list[dict[str, Any]]:
    """The rows of one form."""
    embedding, by = job.form.embedding, job.judge
    points = [embeddings.seed_embedding(job.form.values, number) for number in range(len(by.seeds))]
    measured = [*_clustered(points, by), *_curves(points, by)]
    rows = results(embedding, measured, by.collapsed)
    return [{**row, "name": embedding.name, "what": row["family"], "input": embedding.about["input"]} for row in rows]


def _clustered(points: Sequence[Array], by: Judge) -> Iterator[Measured]:
    """Agreement with every label at cluster.k, and the silhouette in the form's own space."""
    for name in CLUSTERERS:
        pairs = zip(points, by.seeds, strict=True)
        labelings = [clustered(each, name, by.cluster, seed)[0] for each, seed in pairs]
        for label, truth in by.truths.items():
            for score in AGREEMENT:
                interval = ends(agreement_scores(score, truth, labelings, by.group))
                yield Measured(name, label, score, agreements(score, truth, labelings), *interval)
        shapes = [shape("silhouette", *pair) for pair in zip(points, labelings, strict=True)]
        yield Measured(name, "", "own_silhouette", shapes)


def _curves(points: Sequence[Array], by: Judge) -> Iterator[Measured]:
    """AMI under K-means, a mean over the numbers of clusters."""
    by_k: dict[int, list[Labels]] = {}
    for each, seed in zip(points, by.seeds, strict=True):
        for k, labels in curve(each, by.cluster, seed).items():
            by_k.setdefault(k, []).append(labels)
    for label, truth in by.truths.items():
        scores = curve_scores(truth, by_k, by.group)
        values = [None] if scores is None else [float(value) for value in scores.whole]
        yield Measured("kmeans", label, "ami_curve", values, *ends(scores))


def table(rows: Sequence[Mapping[str, Any]], songs: str) -> pd.DataFrame:
    """reports/published.csv; `songs` is a digest of the songs that they are about, so that no others are meant."""
    return pd.DataFrame(rows, columns=list(COLUMNS)).round(4).assign(songs=songs)
