"""Claims: that a model is above the strongest of its rivals, on the tracks, seeds and artists that both have."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.core.embeddings import Representation
from pipeline.core.settings import Effects
from pipeline.core.store import Array
from pipeline.score import heldout
from pipeline.score.jackknife import LEAST_K, agreement_scores, curve_scores
from pipeline.score.labels import ABSENT, Labels, sizeable
from pipeline.score.runs import CURVE, Runs
from pipeline.score.verdicts import Difference, Judgement, Scores, judge, paired, strongest

LINEAR = "linear"  # what the primary claims are against: the strongest linear method on the model's own input
UNFAIR = ("leaky", "memory")  # flags of claims that are not counted
Names = tuple[str, ...]
Key = tuple[object, ...]


@dataclass(frozen=True)
class Claim:
    """A model is above the strongest of its rivals."""

    model: str
    against: str  # what the rivals are called together
    rivals: Names
    label: str
    score: str  # ami, ami_curve or knn
    flag: str  # leaky, memory, collapsed or nothing

    def clusterers(self, names: Sequence[str]) -> Names:
        """Those under which the score is measured; "" where it needs none."""
        return {"ami": tuple(names), "ami_curve": ("kmeans",)}.get(self.score, ("",))


@dataclass(frozen=True)
class Measured:
    """How far a model is above a rival under one clusterer."""

    difference: Difference | None  # None where it is undefined
    tracks: int  # that both have
    seeds: int


@dataclass(frozen=True)
class Outcome:
    """A claim after its family was judged."""

    rival: str  # the strongest
    measured: Mapping[str, Measured]  # by clusterer
    judgement: Judgement
    collapsed: bool

    def note(self, clusterer: str) -> str:
        measured, undefined = self.measured[clusterer], ""
        if measured.difference is None:
            undefined = "undefined without one of the artists" if measured.tracks else "they have no track in common"
            undefined = undefined if clusterer or measured.tracks else "they have no held-out track in common"
        notes = (undefined, self.judgement.note, "the model is collapsed" if self.collapsed else "")
        return "; ".join(note for note in notes if note)


@dataclass(frozen=True)
class PairScores:
    """The scores of any two representations on what both have; each is worked out once."""

    representations: Mapping[str, Representation]
    runs: Runs
    truths: Mapping[str, Array]
    group: Array  # of artists
    fold: Array
    smallest: int  # tracks that a value needs to enter a mean over the values
    cache: dict[Key, Scores | None] = field(default_factory=dict)
    predictions: dict[Key, Array] = field(default_factory=dict)

    def compared(self, claim: Claim, rival: str, clusterer: str, margin: float) -> Measured:
        """The model of a claim against one of its rivals."""
        if claim.score == "knn":
            return self._neighbours(claim, rival, margin)
        runs = [self._runs(name, claim.score, clusterer) for name in (claim.model, rival)]
        seeds = [seed for seed in runs[0] if seed in runs[1]]
        if not seeds:
            return Measured(None, 0, 0)
        common = np.all([labels != ABSENT for run in runs for seed in seeds for labels in run[seed].values()], axis=0)
        model, baseline = (
            self._agreement((name, claim.score, clusterer, *seeds), claim.label, common, [run[seed] for seed in seeds])
            for name, run in zip((claim.model, rival), runs, strict=True)
        )
        difference = paired(model, baseline, margin) if model and baseline else None
        return Measured(difference, int((common & (self.truths[claim.label] != "")).sum()), len(seeds))

    def _runs(self, name: str, score: str, clusterer: str) -> dict[int, dict[int, Labels]]:
        """The labels by seed and k; k is 0 for the clustering that a clusterer makes once."""
        if score == "ami":
            return {seed: {0: labels} for seed, labels in self.runs.by_seed(name, clusterer).items()}
        by_seed: dict[int, dict[int, Labels]] = {}
        for key, column in self.runs.columns.items():
            if (key.representation, key.clusterer) == (name, CURVE) and key.k >= LEAST_K:
                by_seed.setdefault(key.seed, {})[key.k] = np.array(self.runs.array[:, column], dtype=np.int64)
        return by_seed

    def _agreement(self, key: Key, label: str, common: Array, runs: list[dict[int, Labels]]) -> Scores | None:
        """The AMI of each seed, a mean over k where there are several."""
        key = (*key, label, common.tobytes())
        if key not in self.cache:
            truth = np.where(common, self.truths[label], "")
            by_k = {k: [run[k] for run in runs] for k in runs[0]}
            single = by_k.get(0)
            scores = agreement_scores("ami", truth, single, self.group) if single else None
            self.cache[key] = scores if single else curve_scores(truth, by_k, self.group)
        return self.cache[key]

    def _neighbours(self, claim: Claim, rival: str, margin: float) -> Measured:
        """By kNN of the held-out embeddings, on the tracks that both judge."""
        truth = sizeable(self.truths[claim.label], self.smallest)
        correct = [self._correct(name, claim.label) for name in (claim.model, rival)]
        if correct[0] is None or correct[1] is None:
            return Measured(None, 0, 0)
        common = np.isfinite(correct[0]) & np.isfinite(correct[1])
        model, baseline = (
            heldout.balanced(np.where(common, each, np.nan), truth, self.group) for each in correct if each is not None
        )
        difference = paired(model, baseline, margin) if model and baseline else None
        return Measured(difference, int(common.sum()), len(model.whole) if model else 0)

    def _correct(self, name: str, label: str) -> Array | None:
        key = (name, label)
        if key not in self.predictions:
            values = self.representations[name].heldout(self.runs.ids)
            if values is None:
                return None
            self.predictions[key] = heldout.knn_heldout(values, self.fold, sizeable(self.truths[label], self.smallest))
        return self.predictions[key]


def judged(
    family: Sequence[Claim], scores: PairScores, clusterers: Sequence[str], effects: Effects
) -> Iterator[tuple[Claim, Outcome | None]]:
    """Every claim of one family with its outcome; None for an unfair one, which is not counted."""
    fair = [claim for claim in family if claim.flag not in UNFAIR]
    measured = [_measured(claim, scores, clusterers, effects.of(claim.score)) for claim in fair]
    chosen = [strongest({name: _differences(each) for name, each in rivals.items()}) for rivals in measured]
    judgements = judge([differences for _, differences in chosen])
    outcomes = {
        claim: Outcome(rival, _adjusted(rivals[rival], differences), judgement, claim.flag == "collapsed")
        for claim, rivals, (rival, differences), judgement in zip(fair, measured, chosen, judgements, strict=True)
    }
    return ((claim, outcomes.get(claim)) for claim in family)


def _measured(
    claim: Claim, scores: PairScores, clusterers: Sequence[str], margin: float
) -> dict[str, dict[str, Measured]]:
    """The model against each rival under each clusterer."""
    return {
        rival: {name: scores.compared(claim, rival, name, margin) for name in claim.clusterers(clusterers)}
        for rival in claim.rivals
    }


def _differences(measured: Mapping[str, Measured]) -> dict[str, Difference | None]:
    return {name: each.difference for name, each in measured.items()}


def _adjusted(measured: Mapping[str, Measured], differences: Mapping[str, Difference | None]) -> dict[str, Measured]:
    """The same with p that allow for the choice of the rival."""
    return {name: Measured(differences[name], each.tracks, each.seeds) for name, each in measured.items()}
