"""Comparisons of trials on the same tracks and seeds, and the numbers that a sentence needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.score.verdicts import Difference, Judgement, Scores, Verdict, interval, judge, paired
from pipeline.trials.measures import ByClusterer, Measure
from pipeline.trials.trials import Trial

TableRow = dict[str, object]


@dataclass(frozen=True)
class Claim:
    """How far one trial is above another in one score, under each clusterer."""

    model: str
    against: str
    score: str
    differences: Mapping[str, Difference]


@dataclass(frozen=True)
class JudgedClaim:
    """A claim after Holm over its family."""

    claim: Claim
    judgement: Judgement

    @property
    def verdict(self) -> Verdict:
        return self.judgement.verdict

    @property
    def main(self) -> Difference:
        """The difference that the sentences show: under the first clusterer, where there are several."""
        return next(iter(self.claim.differences.values()))

    @property
    def smallest(self) -> float:
        """The least difference that would be significant under every clusterer."""
        return max(difference.smallest for difference in self.claim.differences.values())

    def rows(self) -> list[TableRow]:
        claim, rows = self.claim, list[TableRow]()
        for clusterer, difference in claim.differences.items():
            numbers = {"difference": difference.mean, "low": difference.low, "high": difference.high}
            numbers |= {"p": difference.p, "holm": self.judgement.adjusted[clusterer], "smallest": difference.smallest}
            row: TableRow = {"model": claim.model, "against": claim.against, "score": claim.score}
            row |= {"clusterer": clusterer} | {name: rounded(value) for name, value in numbers.items()}
            rows.append(row | {"verdict": self.verdict, "note": self.judgement.note})
        return rows


def claim(model: Trial, against: Trial, score: str, measure: Measure, family: int) -> Claim | None:
    """How far `model` is above `against`; None where one of them has no such score."""
    return _claim(model.name, against.name, score, measure(model), measure(against), family)


def above_chance(model: Trial, score: str, measure: Measure, family: int) -> Claim | None:
    """How far an adjusted score is above 0, which is what chance gives; None where it is undefined."""
    scores = measure(model) or {}
    zero = {name: Scores(np.zeros_like(each.whole), np.zeros_like(each.without)) for name, each in scores.items()}
    return _claim(model.name, "chance", score, scores, zero, family)


def _claim(
    model: str, against: str, score: str, left: ByClusterer | None, right: ByClusterer | None, family: int
) -> Claim | None:
    if not left or not right:
        return None
    return Claim(model, against, score, {name: paired(left[name], right[name], family) for name in left})


def judged(claims: Sequence[Claim | None]) -> list[JudgedClaim]:
    """The verdicts over one declared family: every claim under every clusterer counts."""
    defined = [claim for claim in claims if claim is not None]
    judgements = judge([claim.differences for claim in defined], pooled=True)
    return [JudgedClaim(*pair) for pair in zip(defined, judgements, strict=True)]


def score_rows(trial: Trial, score: str, scores: ByClusterer | None) -> list[TableRow]:
    """A score of one trial for the report: its mean over the seeds with interval, under each clusterer."""
    rows = list[TableRow]()
    for clusterer, each in (scores or {}).items():
        mean = interval(each)
        rows.append(
            {"name": trial.name, "score": score, "clusterer": clusterer, "mean": rounded(mean.mean)}
            | {"low": rounded(mean.low), "high": rounded(mean.high), "seeds": len(each.whole)}
            | {"active_units": None if trial.active is None else rounded(trial.active)}
            | {"beta": trial.condition.swept_beta}
        )
    return rows


def rounded(value: float) -> float:
    return round(float(value), 4)
