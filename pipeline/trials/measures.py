"""What is measured of a trial: each score under every clusterer, or under "" where it needs none."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from pipeline.core.store import Array
from pipeline.score.jackknife import TrackScore, agreement_scores, stability_scores, track_scores
from pipeline.score.neighbours import artist_hit, knn_accuracy
from pipeline.score.verdicts import Scores
from pipeline.trials.trials import Trial

ByClusterer = Mapping[str, Scores]
Measure = Callable[[Trial], ByClusterer | None]  # None where it is undefined


def under_each(scores: Mapping[str, Scores | None]) -> ByClusterer | None:
    """A score that is defined under every clusterer; None for any other."""
    defined = {name: each for name, each in scores.items() if each is not None}
    return defined if len(defined) == len(scores) else None


def ami(trial: Trial, truth: Array, group: Array) -> ByClusterer | None:
    """Agreement with a column."""
    return under_each({name: agreement_scores("ami", truth, labels, group) for name, labels in trial.labels.items()})


def knn(trial: Trial, truth: Array, artists: Array, group: Array) -> ByClusterer | None:
    """How often the nearest tracks of other artists share a track's value."""

    def score(points: Array, mask: Array) -> float | None:
        return knn_accuracy(points[mask], truth[mask], artists[mask])

    return _without_clusters(score, trial, group)


def hits(trial: Trial, artists: Array, group: Array) -> ByClusterer | None:
    """How often a track of the same artist is among the nearest."""

    def score(points: Array, mask: Array) -> float | None:
        return artist_hit(points[mask], artists[mask])

    return _without_clusters(score, trial, group)


def stability_over_seeds(trial: Trial, group: Array) -> ByClusterer | None:
    return under_each({name: stability_scores(labels, group) for name, labels in trial.labels.items()})


def stability_over_subsamples(trial: Trial) -> ByClusterer | None:
    undefined = not trial.subsamples or any(np.isnan(values).any() for values in trial.subsamples.values())
    return None if undefined else {name: _over_seeds(values) for name, values in trial.subsamples.items()}


def squared_error(trial: Trial) -> ByClusterer | None:
    """What a model misses of the sound: shown with stability, since a model that encodes little is stable."""
    return {"": _over_seeds(trial.errors)} if trial.errors else None


def _over_seeds(values: Sequence[float]) -> Scores:
    """A score whose interval is over the seeds alone, as artists have no part in it."""
    whole = np.array(values)
    return Scores(whole, np.tile(whole[:, None], (1, 2)))


def _without_clusters(score: TrackScore, trial: Trial, group: Array) -> ByClusterer | None:
    _, scores = track_scores(score, trial.values, group)
    return None if scores is None else {"": scores}


def mean(scores: ByClusterer | None) -> float:
    """The mean over the seeds, under the first clusterer; nan where it is undefined."""
    return float(next(iter(scores.values())).whole.mean()) if scores else float("nan")
