"""Stage `compare`: is a model better than what it has to beat? Differences with intervals over artists, and verdicts.

Writes reports/comparisons.csv: one row per model, method to beat, label, score and clusterer. `linear` stands for the
strongest linear method on the model's own input, which column `rival` names. Those claims are primary, one family per
label and score; all others are secondary, another family. `verdict` holds under all clusterers together.
Writes reports/ladder.csv: which linear methods, other baselines and models have the same input.
"""

import logging
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from pipeline.core import catalog, command, embeddings, folds, params, store
from pipeline.core.command import Problem
from pipeline.core.embeddings import Representation
from pipeline.core.params import Count
from pipeline.core.settings import Compare, Effects, Evaluate
from pipeline.score.clusterers import Cluster
from pipeline.score.jackknife import LEAST_K
from pipeline.score.labels import usable
from pipeline.score.rivals import LINEAR, Claim, Outcome, PairScores, judged
from pipeline.score.runs import read_runs
from pipeline.score.summary import flag
from pipeline.score.verdicts import groups

log = logging.getLogger(__name__)

PCA_M = "pca_m"  # in compare.against: PCA whose dimensions are as many and as even as the model's
COLUMNS = (
    "model", "against", "rival", "label", "score", "clusterer", "tracks", "seeds", "difference", "low", "high", "p",
    "joint", "holm", "smallest", "apart", "verdict", "note",
)  # fmt: skip
LADDER = ("input", "representation", "kind")
WORDS = {"ami": "AMI", "ami_curve": "AMI averaged over k", "knn": "kNN"}


@dataclass(frozen=True)
class Params:
    folds: Count
    cluster: Cluster
    evaluate: Evaluate
    effects: Effects
    compare: Compare


def read_scores(representations: Sequence[Representation], p: Params) -> PairScores:
    """What the stages before this one left, in the order of the tracks with sound."""
    tracks = catalog.heard_tracks()
    runs = read_runs(list(tracks.index))
    for clusterer in p.compare.clusterers:
        if clusterer not in {key.clusterer for key in runs.columns}:
            raise Problem(f"compare.clusterers: {clusterer!r} is not one of cluster.clusterers: add it there")
    return PairScores(
        {each.name: each for each in representations},
        runs,
        usable(tracks, p.evaluate.label_columns()),
        groups(list(tracks["artist"]), p.compare.groups, seed=0),
        folds.track_folds(list(tracks.index), p.folds),
        p.evaluate.smallest,
    )


def claims(representations: Sequence[Representation], p: Params, labels: Iterable[str]) -> list[Claim]:
    """Every model with everything that it is to beat, on every label and score."""
    names = {each.name for each in representations}
    for name in p.compare.against:
        if name not in names | {PCA_M, LINEAR}:
            log.info("compare.against: there is no %s: left out", name)
    rivals = {each.name: _rivals(each, representations, p) for each in representations if each.is_model}
    scores = [score for score in p.compare.scores if score != "ami_curve" or p.cluster.curve >= LEAST_K]
    return [
        Claim(model.name, against, among, label, score, _flag(model, label, score, p.evaluate.collapsed))
        for label in labels
        for score in scores
        for model in representations
        for against, among in rivals.get(model.name, {}).items()
    ]


def claimed(labels: Iterable[str], mixing: str) -> list[str]:
    """The labels that it is good to find: not the one whose values should be mixed, unless there is no label but it."""
    every = list(labels)
    return [label for label in every if label != mixing] or every


def _flag(model: Representation, label: str, score: str, least: float) -> str:
    """Why a claim is not counted, or must not be ranked; nothing for most.

    What a network makes of one modality, while it was fitted to both of the same songs, holds what it remembers of the
    absent one: clusters of those songs prove nothing.
    """
    flagged = flag(model, label, least)
    remembers = bool(model.about.get("remembers")) and score != "knn"
    return "memory" if remembers and flagged != "leaky" else flagged


def _rivals(model: Representation, representations: Sequence[Representation], p: Params) -> dict[str, tuple[str, ...]]:
    """The representations that stand for each of `compare.against`, for this model."""
    by_name = {each.name: each for each in representations}
    among: dict[str, tuple[str, ...]] = {name: (name,) for name in p.compare.against}
    if LINEAR in among:
        among[LINEAR] = tuple(each.name for each in rungs(model, representations))
    if PCA_M in among and "pca" in by_name:
        cut = f"pca_{embeddings.pca_control(model, by_name['pca'])}"
        among[PCA_M] = (cut if cut in by_name else "pca",)  # all dimensions: PCA itself
    known = {against: tuple(name for name in names if name in by_name) for against, names in among.items()}
    return {against: names for against, names in known.items() if names and model.name not in names}


def rungs(model: Representation, representations: Sequence[Representation]) -> list[Representation]:
    """The linear methods on the model's input. One that reads the sound alone, or the words, reads it too.

    Words beside the sound cost a linear method what it knows of the sound: a model of both that is above such methods
    alone need not be above the one that leaves the words out.
    """
    about = model.about
    both = about.get("input", "lyrics") != "lyrics" and about.get("lyrics", "none") != "none"
    parts = [about, *([{**about, "lyrics": "none"}, {**about, "input": "lyrics"}] if both else [])]
    every = [each for part in parts for each in embeddings.rungs(replace(model, about=part), representations)]
    return list({each.name: each for each in every}.values())


def ladder(representations: Sequence[Representation]) -> Iterator[dict[str, str]]:
    """What has the same input: linear methods, what is neither linear nor a VAE, and models."""
    seen = set[tuple[str, str]]()
    for model in representations:
        linear = rungs(model, representations) if model.is_model else []
        others = [each for each in representations if _is_other(each) and _input(each) == _input(model)]
        kinds = {"linear": linear, "other": others, "model": [model]} if linear else {}
        for kind, members in kinds.items():
            for each in members:
                if (_input(model), each.name) not in seen:
                    seen.add((_input(model), each.name))
                    yield {"input": _input(model), "representation": each.name, "kind": kind}


def _is_other(embedding: Representation) -> bool:
    return not embedding.is_model and not embedding.is_linear


def _input(embedding: Representation) -> str:
    """What a representation was computed from, as a reader names it."""
    source, words = str(embedding.about.get("input", "lyrics")), str(embedding.about.get("lyrics", "none"))
    return f"{source} and lyrics" if words != "none" and source != "lyrics" else source


def rows(family: Sequence[Claim], scores: PairScores, p: Params) -> Iterator[dict[str, Any]]:
    """One row per claim and clusterer, for the claims of one family."""
    for claim, outcome in judged(family, scores, p.compare.clusterers, p.effects):
        row = {"model": claim.model, "against": claim.against, "label": claim.label, "score": claim.score}
        for clusterer in claim.clusterers(p.compare.clusterers):
            if outcome is None:
                given = f"the model was given the {claim.label}"
                note = given if claim.flag == "leaky" else "the fit saw the other half of these songs"
                yield {**row, "clusterer": clusterer, "verdict": "leaky", "note": note}
            else:
                yield {**row, "clusterer": clusterer, "rival": outcome.rival, **_numbers(outcome, clusterer)}


def _numbers(outcome: Outcome, clusterer: str) -> dict[str, Any]:
    measured, judgement = outcome.measured[clusterer], outcome.judgement
    numbers: dict[str, Any] = {"tracks": measured.tracks, "seeds": measured.seeds, "verdict": judgement.verdict}
    if difference := measured.difference:
        numbers |= {"difference": difference.mean, "low": difference.low, "high": difference.high}
        numbers |= {"p": difference.p, "apart": difference.apart}
    numbers |= {"joint": judgement.p, "holm": judgement.holm, "smallest": judgement.smallest}
    return numbers | {"note": outcome.note(clusterer)}


def families(every: Sequence[Claim]) -> list[list[Claim]]:
    """Per label and score the primary claims, and the secondary ones."""
    by_key: dict[tuple[str, str, bool], list[Claim]] = {}
    for claim in every:
        by_key.setdefault((claim.label, claim.score, claim.against != LINEAR), []).append(claim)
    return list(by_key.values())


def log_verdicts(table: pd.DataFrame) -> None:
    """Logs each primary verdict in words, under its first clusterer, and counts the secondary ones."""
    first = table.drop_duplicates(["model", "against", "label", "score"])
    primary = first["against"] == LINEAR
    for row in first[primary & (first["verdict"] != "leaky")].to_dict("records"):
        log.info("compare %s, %s: %s", row["label"], WORDS[row["score"]], in_words(row))
    for (label, score), same in first[~primary].groupby(["label", "score"], sort=False):
        counts = same["verdict"].value_counts()
        parts = [f"{number} {verdict}" for verdict, number in counts.items() if verdict != "leaky"]
        log.info("compare %s, %s, secondary claims: %s", label, WORDS[str(score)], ", ".join(parts) or "none is fair")
    for label, same in first[first["verdict"] == "leaky"].groupby("label", sort=False):
        names = ", ".join(sorted(set(same["model"])))
        log.info("compare %s: claims of %s left out: %s", label, names, "; ".join(sorted(set(same["note"]))))


def in_words(row: Mapping[Hashable, Any]) -> str:
    """One verdict against the strongest linear method."""
    rival = f"the best linear method ({row['rival']})"
    sentences = {
        "better": f"{row['model']} is better than {rival}",
        "worse": f"{row['model']} is worse than {rival}",
        "equivalent": f"{row['model']} does not differ relevantly from {rival}",
    }
    sentence = sentences.get(row["verdict"], f"whether {row['model']} is better than {rival} is undecided")
    if pd.isna(row["difference"]):
        return f"{sentence}: {row['note']}"
    ends = f"{sentence}: {row['difference']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})"
    detectable = pd.notna(row["smallest"]) and row["smallest"] < 1 and row["verdict"] == "undecided"
    return ends + (f"; a difference of {row['smallest']:.2f} could be detected" if detectable else "")


def main() -> None:
    p = params.load(Params)
    representations = embeddings.representations()
    scores = read_scores(representations, p)
    clustered = [each for each in representations if each.name in scores.runs.representations]
    every = claims(clustered, p, claimed(scores.truths, p.evaluate.mixing))
    lines = [row for family in families(every) for row in rows(family, scores, p)]
    table = pd.DataFrame(lines, columns=list(COLUMNS)).astype({"tracks": "Int64", "seeds": "Int64"})
    ps = ("p", "joint", "holm", "apart")
    short = {name: table[name].map("{:.3g}".format, na_action="ignore") for name in ps}
    store.write_table(store.REPORTS / "comparisons.csv", table.round(5).assign(**short))
    store.write_table(store.REPORTS / "ladder.csv", pd.DataFrame(ladder(clustered), columns=list(LADDER)))
    log_verdicts(table)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
