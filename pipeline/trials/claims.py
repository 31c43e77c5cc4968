"""Claims about trials, declared before any label is looked at, and what each shows after Holm over its family."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pipeline.score.verdicts import Difference, Judgement, Scores, Verdict, interval, judge, paired, share_interval
from pipeline.trials.measures import ByClusterer
from pipeline.trials.trials import Trial

TableRow = dict[str, object]
ByRival = Mapping[str, Mapping[str, Difference | None]]  # the differences to each rival under each clusterer
Family = Literal["primary", "secondary"]
SHARES = ("knn", "probe", "artist_hit")  # of tracks: their intervals stay within 0 and 1


@dataclass(frozen=True)
class Claim:
    """That a trial is above its rivals in one score: above all of them, under every clusterer."""

    model: str
    score: str  # ami, ami_curve, knn, probe, artist_hit or refits
    column: str  # that is scored against; "" for a score that needs none
    rivals: ByRival  # the first is the one that a sentence names
    margin: float  # a smaller difference would not matter
    note: str = ""  # which method a rival is
    value: float | None = None  # the score of the model itself, and that of the rival
    base: float | None = None

    @property
    def against(self) -> str:
        """The rival that a sentence names."""
        return next(iter(self.rivals))

    def judged(self) -> dict[str, Difference | None]:
        """The differences that must agree.

        A gain counts only if it is one over every rival, the controls included; a loss is one against the first. So
        is the absence of a relevant difference.
        """
        main, *controls = self.rivals
        first = self.rivals[main]
        differences = {name or f"the comparison with {main}": each for name, each in first.items()}
        if all(each is None or each.mean <= 0 for each in first.values()):
            return differences
        for control in controls:
            for name, difference in self.rivals[control].items():
                compared = f"{name}, compared with {control}" if name else f"the comparison with {control}"
                counterpart = first[name]
                if difference is None or counterpart is None:
                    differences[compared] = None
                else:
                    differences[compared] = replace(difference, apart=counterpart.apart)
        return differences


@dataclass(frozen=True)
class JudgedClaim:
    """A claim after Holm over its family."""

    claim: Claim
    judgement: Judgement
    family: Family

    @property
    def verdict(self) -> Verdict:
        return self.judgement.verdict

    @property
    def main(self) -> Difference | None:
        """The difference that the sentences show: to the first rival, under the first clusterer."""
        return next(iter(self.claim.rivals[self.claim.against].values()), None)

    def rows(self) -> list[TableRow]:
        """A row per rival and clusterer; the verdict is that of all of them together."""
        claim, judgement = self.claim, self.judgement
        notes = "; ".join(note for note in (claim.note, judgement.note) if note)
        return [
            {"model": claim.model, "against": rival, "score": claim.score, "column": claim.column}
            | {"clusterer": clusterer, "family": self.family}
            | _numbers(difference)
            | {"holm": rounded(judgement.holm), "smallest": rounded(judgement.smallest)}
            | {"verdict": self.verdict, "note": notes}
            for rival, differences in claim.rivals.items()
            for clusterer, difference in differences.items()
        ]

    def json(self, short: str, sentence: str) -> TableRow:
        """What a page shows of a primary claim."""
        claim, main = self.claim, self.main
        row: TableRow = {"score": claim.score, "column": claim.column, "model": claim.model, "against": claim.against}
        row |= {"verdict": self.verdict, "short": short, "sentence": sentence}
        row |= {name: value for name, value in _numbers(main).items() if name in ("difference", "low", "high")}
        return row | {"holm": rounded(self.judgement.holm), "smallest": rounded(self.judgement.smallest)}


def _numbers(difference: Difference | None) -> TableRow:
    names = ("difference", "low", "high", "p", "apart")
    if difference is None:
        return dict.fromkeys(names)
    values = (difference.mean, difference.low, difference.high, difference.p, difference.apart)
    return {name: rounded(value) for name, value in zip(names, values, strict=True)}


def differences(left: ByClusterer, right: ByClusterer, margin: float) -> dict[str, Difference | None]:
    """How far one trial is above another under each clusterer; None where either is undefined."""
    return {name: _difference(left[name], right.get(name), margin) for name in left}


def _difference(left: Scores | None, right: Scores | None, margin: float) -> Difference | None:
    if left is None or right is None or left.without.shape != right.without.shape:
        return None  # the two are of other artists
    return paired(left, right, margin)


def judged(claims: Sequence[Claim], family: Family) -> list[JudgedClaim]:
    """The verdicts over one declared family, in which Holm counts every claim once."""
    judgements = judge([claim.judged() for claim in claims])
    return [JudgedClaim(claim, each, family) for claim, each in zip(claims, judgements, strict=True)]


def score_rows(trial: Trial, score: str, column: str, scores: ByClusterer) -> list[TableRow]:
    """A score of one trial for the report: its mean over the fits with interval, under each clusterer."""
    rows = list[TableRow]()
    for clusterer, each in scores.items():
        if each is None:
            continue
        mean = share_interval(each) if score in SHARES else interval(each)
        row: TableRow = {"name": trial.name, "score": score, "column": column, "clusterer": clusterer}
        row |= {"mean": rounded(mean.mean), "low": rounded(mean.low), "high": rounded(mean.high)}
        row |= {"seeds": len(each.whole), "active_units": rounded(trial.active), "beta": trial.condition.swept_beta}
        rows.append(row)
    return rows


def rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)
