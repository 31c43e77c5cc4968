"""Stage `compare`: is a model better than a baseline? Differences of AMI with intervals over artists, and verdicts.

Writes reports/comparisons.csv: one row per model, baseline, label and clusterer. `seen` is the verdict under that
clusterer after Holm within the family, `verdict` the one that all of `compare.clusterers` share.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from pipeline.core import catalog, command, embeddings, params, store
from pipeline.core.command import Problem
from pipeline.core.embeddings import Representation
from pipeline.core.settings import Compare, Evaluate
from pipeline.core.store import Array
from pipeline.score.jackknife import agreement_scores
from pipeline.score.labels import ABSENT, Labels, usable
from pipeline.score.runs import Runs, read_runs
from pipeline.score.summary import flag
from pipeline.score.verdicts import Difference, Judgement, Scores, groups, judge, paired

log = logging.getLogger(__name__)

PCA_M = "pca_m"  # in compare.against: PCA with as many dimensions as the model has active units
COLUMNS = (
    "model", "against", "label", "clusterer", "tracks", "seeds", "difference", "low", "high", "p", "holm", "smallest",
    "seen", "verdict", "note",
)  # fmt: skip


@dataclass(frozen=True)
class Params:
    evaluate: Evaluate
    compare: Compare


@dataclass(frozen=True)
class Pair:
    """A model and a baseline under one label."""

    model: str
    against: str
    label: str
    flag: str  # leaky, collapsed or nothing


@dataclass(frozen=True)
class Comparison:
    """How far the model of a pair is above its baseline under one clusterer."""

    difference: Difference | None  # None where it is undefined
    tracks: int  # that both have a cluster for
    seeds: int


@dataclass(frozen=True)
class AmiScores:
    """The AMI of any clustering with any label; each is worked out once."""

    runs: Runs
    truths: Mapping[str, Array]
    group: Array  # of artists
    cache: dict[tuple[object, ...], Scores | None] = field(default_factory=dict)

    def compared(self, pair: Pair, clusterer: str, family: int) -> Comparison:
        """The difference on the tracks and seeds that both have, as one of `family` comparisons."""
        names = (pair.model, pair.against)
        labelings = [self.runs.by_seed(name, clusterer) for name in names]
        seeds = [seed for seed in labelings[0] if seed in labelings[1]]
        common = np.all([by_seed[seed] != ABSENT for by_seed in labelings for seed in seeds], axis=0)
        model, baseline = (
            self._score((name, clusterer, *seeds), pair.label, common, [by_seed[seed] for seed in seeds])
            for name, by_seed in zip(names, labelings, strict=True)
        )
        difference = paired(model, baseline, family) if model and baseline else None
        return Comparison(difference, int((common & (self.truths[pair.label] != "")).sum()), len(seeds))

    def _score(self, key: tuple[object, ...], label: str, common: Array, labelings: list[Labels]) -> Scores | None:
        key = (*key, label, common.tobytes())
        if key not in self.cache:
            truth = np.where(common, self.truths[label], "")
            self.cache[key] = agreement_scores("ami", truth, labelings, self.group)
        return self.cache[key]


def read_scores(p: Params) -> AmiScores:
    """What the stages before this one left, in the order of the tracks with sound."""
    tracks = catalog.heard_tracks()
    runs = read_runs(list(tracks.index))
    for clusterer in p.compare.clusterers:
        if clusterer not in {key.clusterer for key in runs.columns}:
            raise Problem(f"compare.clusterers: {clusterer!r} is not one of cluster.clusterers: add it there")
    labels = usable(tracks, p.evaluate.label_columns())
    return AmiScores(runs, labels, groups(list(tracks["artist"]), p.compare.groups, seed=0))


def pairs(representations: Sequence[Representation], p: Params, labels: Iterable[str]) -> list[Pair]:
    """Every model with every baseline that it is to beat; a missing baseline is logged once."""
    names = {embedding.name for embedding in representations}
    for name in p.compare.against:
        if name not in names and name != PCA_M:
            log.info("compare.against: there is no %s: left out", name)
    return [
        Pair(model.name, baseline, label, flag(model, label, p.evaluate.collapsed))
        for label in labels
        for model in representations
        if model.is_model
        for baseline in (_pca_m(model) if name == PCA_M else name for name in p.compare.against)
        if baseline in names and baseline != model.name
    ]


def _pca_m(model: Representation) -> str:
    return f"pca_{round(model.active or 0)}"


def rows(family: Sequence[Pair], scores: AmiScores, clusterers: Sequence[str]) -> Iterator[dict[str, Any]]:
    """One row per pair and clusterer, for the pairs of one family."""
    fair = [pair for pair in family if pair.flag != "leaky"]
    comparisons = [{name: scores.compared(pair, name, len(fair)) for name in clusterers} for pair in fair]
    differences = [{name: each.difference for name, each in by_name.items()} for by_name in comparisons]
    judged = dict(zip(fair, zip(comparisons, judge(differences, pooled=False), strict=True), strict=True))
    for pair in family:
        for name in clusterers:
            row = {"model": pair.model, "against": pair.against, "label": pair.label, "clusterer": name}
            if pair.flag == "leaky":
                yield {**row, "verdict": "leaky", "note": f"the model was told the {pair.label}"}
            else:
                comparison, judgement = judged[pair]
                yield {**row, **_numbers(comparison[name], judgement, name), "note": _note(pair, *judged[pair], name)}


def _numbers(comparison: Comparison, judgement: Judgement, clusterer: str) -> dict[str, Any]:
    numbers: dict[str, Any] = {"tracks": comparison.tracks, "seeds": comparison.seeds}
    if comparison.difference:
        numbers |= asdict(comparison.difference)
        numbers |= {"difference": numbers.pop("mean"), "holm": judgement.adjusted[clusterer]}
    return {**numbers, "seen": judgement.by_clusterer[clusterer], "verdict": judgement.verdict}


def _note(pair: Pair, comparison: Mapping[str, Comparison], judgement: Judgement, clusterer: str) -> str:
    undefined = ""
    if comparison[clusterer].difference is None:
        undefined = "they have no track in clusters in common"
        if comparison[clusterer].tracks:
            undefined = "undefined without one of the artists"
    notes = (undefined, judgement.note, "the model is collapsed" if pair.flag else "")
    return "; ".join(note for note in notes if note)


def log_verdicts(table: pd.DataFrame, clusterers: Sequence[str]) -> None:
    """Logs the verdicts in words, with the numbers under the first clusterer."""
    for label, rows in table[table["clusterer"] == clusterers[0]].groupby("label", sort=False):
        for row in rows[rows["verdict"].isin(["better", "worse"])].to_dict("records"):
            ends = f"{row['difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]"
            note = f" ({row['note']})" if row["note"] else ""
            log.info(
                "compare %s: %s is %s than %s: %s%s", label, row["model"], row["verdict"], row["against"], ends, note
            )
        hidden = rows[rows["verdict"] == "not shown"]
        if len(hidden):
            least = hidden["smallest"].astype(float).median()
            could = f"; a difference of {least:.2f} AMI would have been significant (median)" if least < 1 else ""
            under = " and ".join(clusterers)
            log.info(
                "compare %s: %d of %d differences not significant under %s%s",
                label,
                len(hidden),
                len(rows),
                under,
                could,
            )
        if leaky := sorted(set(rows.loc[rows["verdict"] == "leaky", "model"])):
            log.info("compare %s: %s left out, since the %s is their condition", label, ", ".join(leaky), label)


def main() -> None:
    p = params.load(Params)
    scores = read_scores(p)
    representations = [each for each in embeddings.representations() if each.name in scores.runs.representations]
    every = pairs(representations, p, scores.truths)
    by_label = [[pair for pair in every if pair.label == label] for label in scores.truths]
    families = by_label if p.compare.family == "label" else [every]
    lines = [row for family in families for row in rows(family, scores, p.compare.clusterers)]
    table = pd.DataFrame(lines, columns=list(COLUMNS)).astype({"tracks": "Int64", "seeds": "Int64"})
    short = {name: table[name].map("{:.3g}".format, na_action="ignore") for name in ("p", "holm")}
    store.write_table(store.REPORTS / "comparisons.csv", table.round(5).assign(**short))
    log_verdicts(table, p.compare.clusterers)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
