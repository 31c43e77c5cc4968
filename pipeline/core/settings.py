"""Sections of params.yaml that several stages read."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from pipeline.core import corpus
from pipeline.core.corpus import AUTO
from pipeline.core.params import Count, NonEmpty, Share, Within

Device = Literal["auto", "cpu", "cuda"]


def _columns(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(column, str) for column in value):
        return tuple(value)
    if value != AUTO:
        raise ValueError(f"{AUTO} or a list of columns")
    return value


Columns = Annotated[tuple[str, ...] | Literal["auto"], BeforeValidator(_columns)]


@dataclass(frozen=True)
class Evaluate:
    """What is scored and shown."""

    labels: Columns  # of the tracks, to score against
    headline: str  # the clusterer of the headline scores
    factors: Columns  # of the tracks, that are known causes of the sound or the words, as in planted data
    mixing: str  # the column whose values should be mixed: iLISI and kBET
    smallest: Count  # tracks that a value of a label needs to enter a mean over the values
    shuffles: Count  # of the labels, for the chance level of a score
    collapsed: Share  # a model with a smaller share of active units is flagged and never ranked

    def label_columns(self) -> tuple[str, ...]:
        """The labels, those of the corpus for `auto`."""
        return self.labels if isinstance(self.labels, tuple) else corpus.read().labels

    def factor_columns(self) -> tuple[str, ...]:
        """The factors, those of the corpus for `auto`."""
        return self.factors if isinstance(self.factors, tuple) else corpus.read().factors


@dataclass(frozen=True)
class Effects:
    """The smallest difference of each score that matters."""

    ami: Share
    knn: Share
    stability: Share

    def of(self, score: str) -> float:
        """The effect of a score by its name, such as `ami_curve` or `probe`."""
        names = {"ami_curve": "ami", "probe": "knn", "artist_hit": "knn", "refits": "stability"}
        return float(getattr(self, names.get(score, score)))


@dataclass(frozen=True)
class Compare:
    """What a claim is held against."""

    against: Annotated[tuple[str, ...], NonEmpty()]  # methods to beat
    scores: Annotated[tuple[Literal["ami", "ami_curve", "knn"], ...], NonEmpty()]
    clusterers: Annotated[tuple[str, ...], NonEmpty()]  # a difference counts only where all of them show it
    groups: Annotated[int, Within(5)]  # of artists, each left out once for the intervals
