"""What the four answers share: the trials with what is known of the tracks, and how claims become an answer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial

import numpy as np

from pipeline.core.settings import Effects
from pipeline.core.store import Array
from pipeline.score.labels import sizeable
from pipeline.score.verdicts import Difference
from pipeline.trials import measures
from pipeline.trials.claims import JudgedClaim, TableRow, differences, score_rows
from pipeline.trials.designs import Condition, Questions
from pipeline.trials.measures import ByClusterer, Measure
from pipeline.trials.sentences import OPENINGS, Wording, counted, overall, sentence, short
from pipeline.trials.trials import Trial

ARTIST = "artist"  # the column of artist_hit


@dataclass(frozen=True)
class QuestionData:
    """The trials, and what is known of the tracks."""

    trials: Mapping[str, Trial]
    truths: Mapping[str, Array]  # by column
    artists: Array
    sources: Array  # who made the recording, "" where that is not known
    script: Array  # the script of most lines of a track's lyrics, "" without lyrics
    kept: Mapping[float, Array]  # share of missing lyrics -> tracks that keep theirs, where the fit is judged on them
    controls: Mapping[str, str]  # VAE of the sound -> PCA that is as even
    fold: Array
    group: Array  # of artists, each left out once for the intervals
    params: Questions
    effects: Effects
    collapsed: float  # share of active units below which a model is no answer
    smallest: int  # tracks that a value needs to enter a mean over the values of a column
    small: str  # a sentence where there are too few tracks for the clusters; "" where there are enough
    cache: dict[tuple[str, str, str], ByClusterer] = field(default_factory=dict)  # scores by trial, score and column

    def names(self, chosen: Callable[[Condition], bool]) -> list[str]:
        """The trials whose condition is chosen."""
        return [name for name, trial in self.trials.items() if chosen(trial.condition)]

    def columns(self, *names: str) -> list[str]:
        """Those of these columns that the tracks have, once each."""
        return [name for name in dict.fromkeys(names) if name in self.truths]

    def is_collapsed(self, name: str) -> bool:
        """Whether nearly all units are inactive: its clusters are stable because there is little left to cluster."""
        active = self.trials[name].active
        return active is not None and active < self.collapsed * self.params.latent

    def standing(self, names: Iterable[str]) -> list[str]:
        """Those that are not collapsed, of which alone a claim is made."""
        return [name for name in names if not self.is_collapsed(name)]

    def left_out(self, names: Iterable[str]) -> list[str]:
        """A sentence for each that is collapsed."""
        return [
            f"{name} is collapsed ({self.trials[name].active:.1f} of {self.params.latent} units active) and left out."
            for name in names
            if self.is_collapsed(name)
        ]

    def measure(self, score: str, column: str) -> Measure:
        """How a score is measured against a column."""
        if score == "artist_hit":
            return partial(measures.artist_hit, artists=self.artists, fold=self.fold, group=self.group)
        if score == "refits":
            return partial(measures.refits, group=self.group)
        if score in ("ami", "ami_curve"):
            clustered = {"ami": measures.ami, "ami_curve": measures.ami_curve}[score]
            return partial(clustered, truth=self.truths[column], group=self.group)
        read = {"knn": measures.knn, "probe": measures.probe}[score]
        return partial(read, truth=self.sized(column), fold=self.fold, group=self.group)

    def sized(self, column: str) -> Array:
        """A column without the values that too few tracks have for a mean over the values."""
        return sizeable(self.truths[column], self.smallest)

    def scored(self, name: str, score: str, column: str) -> ByClusterer:
        """A score of a trial under each clusterer."""
        key = (name, score, column)
        if key not in self.cache:
            self.cache[key] = self.measure(score, column)(self.trials[name])
        return self.cache[key]

    def above(self, model: str, rival: str, score: str, column: str) -> dict[str, Difference | None]:
        """How far a trial is above another in a score, under each clusterer."""
        left, right = (self.scored(name, score, column) for name in (model, rival))
        return differences(left, right, self.effects.of(score))

    def with_column(self, column: str, truth: Array) -> "QuestionData":
        """The same with other values of a column."""
        return replace(self, truths={**self.truths, column: truth}, cache={})

    def rows(self, names: Iterable[str], scores: Sequence[tuple[str, str]]) -> list[TableRow]:
        """These scores, each with its column, of these trials."""
        return [
            row
            for name in names
            for score, column in scores
            for row in score_rows(self.trials[name], score, column, self.scored(name, score, column))
        ]


@dataclass(frozen=True)
class About:
    """A question."""

    id: str
    question: str


@dataclass(frozen=True)
class Answer:
    id: str
    question: str
    answer: str  # yes | no | mixed | undecided | equivalent | not asked
    verdict: str  # what else there is to say in sentences
    claims: list[TableRow]  # the primary ones
    rows: list[TableRow]
    comparisons: list[TableRow]

    def json(self) -> dict[str, object]:
        return asdict(self)


def not_asked(about: About, reason: str, rows: Sequence[TableRow] = ()) -> Answer:
    return Answer(about.id, about.question, "not asked", f"Not asked: {reason}", [], list(rows), [])


def without_column(about: About, column: str, unnamed: str) -> Answer:
    """The answer where the column has no two values; `unnamed` is the reason where the corpus has no such column."""
    return not_asked(about, f"too few tracks have a {column!r}." if column else f"{unnamed}.")


def answered(
    about: About,
    data: QuestionData,
    primary: Sequence[JudgedClaim],
    secondary: Sequence[JudgedClaim],
    wording: Callable[[JudgedClaim], Wording],
    rows: list[TableRow],
    notes: Iterable[str],
    *,
    openings: Mapping[str, str] = OPENINGS,
) -> Answer:
    """The answer that the primary claims give; secondary ones stand beside it."""
    defined = [each for each in primary if each.judgement.p is not None]
    if not defined:
        undefined = "no score is defined under every clusterer, as where one of them finds no cluster."
        return not_asked(about, " ".join([*notes, data.small or undefined]), rows)
    answer = overall(defined)
    claims = [each.json(short(each), sentence(each, wording(each))) for each in primary]
    comparisons = [row for each in (*primary, *secondary) for row in each.rows()]
    opening = f"{openings.get(answer, OPENINGS[answer])}: of {len(defined)} claims {counted(defined)}."
    verdict = " ".join([opening, *notes])
    return Answer(about.id, about.question, answer, verdict, claims, rows, comparisons)


def has_artists(data: QuestionData) -> bool:
    return bool(np.any(data.artists != ""))
