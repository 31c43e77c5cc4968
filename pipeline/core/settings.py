"""Sections of params.yaml that several stages read."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pipeline.core.params import Count, NonEmpty, Share, Within

Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True)
class Evaluate:
    """What is scored and shown."""

    labels: tuple[str, ...]  # columns of the tracks to score against
    headline: str  # the clusterer of the headline scores
    factors: tuple[str, ...]  # columns that are known causes of the sound or the words, as in planted data
    mixing: str  # the column whose values should be mixed: iLISI and kBET
    shuffles: Count  # of the labels, for the chance level of a score
    collapsed: Share  # a model with a smaller share of active units is flagged and never ranked


@dataclass(frozen=True)
class Compare:
    """What a claim is held against."""

    against: Annotated[tuple[str, ...], NonEmpty()]  # baselines to beat
    clusterers: Annotated[tuple[str, ...], NonEmpty()]  # a difference counts only where all of them show it
    groups: Annotated[int, Within(5)]  # of artists, each left out once for the intervals
    family: Literal["label", "all"]  # which comparisons Holm's correction counts together
