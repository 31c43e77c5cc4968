"""Comparisons of trials on the same tracks and seeds, and the numbers that a sentence needs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.core.store import Array
from pipeline.score.jackknife import agreement_scores
from pipeline.score.verdicts import Difference, Scores, Verdict, holm, interval, joint, paired, verdict
from pipeline.trials.trials import CLUSTERERS, Trial

Row = dict[str, object]
By = Mapping[str, Scores]  # a score under each clusterer; one entry called "" where none is needed


@dataclass(frozen=True)
class Claim:
    """One trial above another in one score, seen under each clusterer."""

    one: str
    other: str
    score: str
    seen: Mapping[str, Difference]


@dataclass(frozen=True)
class Judged:
    """A claim after Holm over its family."""

    claim: Claim
    verdict: Verdict
    note: str
    adjusted: Mapping[str, float]

    @property
    def main(self) -> Difference:
        """The difference that the sentences tell: under KMeans, where there are several."""
        return next(iter(self.claim.seen.values()))

    @property
    def smallest(self) -> float:
        """What would have been seen under every clusterer."""
        return max(seen.smallest for seen in self.claim.seen.values())

    def rows(self) -> list[Row]:
        rows = list[Row]()
        for clusterer, seen in self.claim.seen.items():
            row: Row = {"model": self.claim.one, "against": self.claim.other, "score": self.claim.score}
            numbers = {"difference": seen.mean, "low": seen.low, "high": seen.high, "p": seen.p}
            numbers |= {"holm": self.adjusted[clusterer], "smallest": seen.smallest}
            row |= {"clusterer": clusterer} | {name: _round(value) for name, value in numbers.items()}
            rows.append(row | {"verdict": self.verdict, "note": self.note})
        return rows


def under_each(found: Mapping[str, Scores | None]) -> By | None:
    """A score that is defined under every clusterer; None for any other."""
    known = {name: scores for name, scores in found.items() if scores is not None}
    return known if len(known) == len(found) else None


def ami(trial: Trial, truth: Array, group: Array) -> By | None:
    """Agreement with a column under each clusterer; None where it is undefined."""
    return under_each({name: agreement_scores("ami", truth, trial.labels[name], group) for name in CLUSTERERS})


def claim(one: Trial, other: Trial, score: str, of: Callable[[Trial], By | None], family: int) -> Claim | None:
    """How far `one` is above `other`; None where one of them has no such score."""
    ours, theirs = of(one), of(other)
    if ours is None or theirs is None:
        return None
    return Claim(one.name, other.name, score, {name: paired(ours[name], theirs[name], family) for name in ours})


def judged(claims: Sequence[Claim | None]) -> list[Judged]:
    """The verdicts over one declared family: every claim under every clusterer counts."""
    known = [one for one in claims if one is not None]
    ps = [seen.p for one in known for seen in one.seen.values()]
    adjusted = iter(holm(ps) if ps else [])
    found = []
    for one in known:
        own = {name: next(adjusted) for name in one.seen}
        said, note = joint({name: verdict(seen, own[name]) for name, seen in one.seen.items()})
        found.append(Judged(one, said, note, own))
    return found


def row(trial: Trial, score: str, by: By | None) -> list[Row]:
    """A score of one trial for the report: its mean over the seeds with interval, under each clusterer."""
    found = []
    for clusterer, scores in (by or {}).items():
        mean = interval(scores)
        found.append(
            {"name": trial.name, "score": score, "clusterer": clusterer, "mean": _round(mean.mean)}
            | {"low": _round(mean.low), "high": _round(mean.high), "seeds": len(scores.whole)}
            | {"active_units": None if trial.active is None else _round(trial.active)}
        )
    return found


def _round(value: float) -> float:
    return round(float(value), 4)
