"""What an embedding holds, whatever a clusterer makes of it: probes, neighbours, mixing, each with its chance level."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from pipeline.core.store import Array
from pipeline.score.factors import dci, mig, sap
from pipeline.score.jackknife import TrackScore, ends, track_scores
from pipeline.score.neighbours import artist_hit, ilisi, kbet, knn_accuracy
from pipeline.score.probes import probe, probed_labels
from pipeline.score.summary import Measured
from pipeline.score.verdicts import groups

NEIGHBOURS, ARTIST_NEIGHBOURS = 10, 5  # whose label, and whose artist counts
GROUPS = 10  # of artists, for the intervals
SHUFFLES = 20  # of the batches, for the null of the mixing scores

Null = tuple[float | None, float | None]  # the mean, and what 95 of 100 shuffles stay below


def embedding_scores(
    values: Sequence[Array], truths: Mapping[str, Array], artists: Array, mixing: str
) -> list[Measured]:
    """Every such score of the embeddings [seed] of one representation; a track without a place in it is left out."""
    present = np.isfinite(values[0]).all(axis=1)
    if present.sum() < 2 * NEIGHBOURS:
        return []
    values = [points[present] for points in values]
    artist, group = artists[present], groups(list(artists[present]), GROUPS, seed=0)

    def measured(name: str, label: str, score: TrackScore, null: Null) -> Measured:
        whole, scores = track_scores(score, values, group)
        return Measured("", label, name, whole, *ends(scores), *null, float(present.mean()))

    rows = []
    if (artist != "").any():
        rows.append(measured("artist_hit", "", partial(_hit, artist=artist), hit_by_chance(artist)))
    for label, column in truths.items():
        truth = column[present]
        for name, score, choices in (
            ("probe", _probe, probed_labels(truth, artist)),
            ("knn", _knn, len(set(truth) - {""})),
        ):
            chance = 1 / max(choices, 1)
            rows.append(measured(name, label, partial(score, truth=truth, artist=artist), (chance, None)))
    if mixing in truths:
        batches = truths[mixing][present]
        for name, mixed in (("ilisi", ilisi), ("kbet", kbet)):
            null = shuffled_null(partial(mixed, values[0]), batches)
            rows.append(measured(name, mixing, partial(_mixed, score=mixed, batches=batches), null))
    return rows


def disentangled(points: Array, factors: Mapping[str, Array]) -> list[Measured]:
    """Whether each known cause has a latent unit of its own, in the embedding of the first seed."""
    present = np.isfinite(points).all(axis=1)
    if not factors or present.sum() < 2 * NEIGHBOURS:
        return []
    values, known = points[present], {name: column[present] for name, column in factors.items()}
    parts = dci(values, known)
    scores = {"mig": mig(values, known), "sap": sap(values, known), "dci_disentanglement": parts.disentanglement}
    scores |= {"dci_completeness": parts.completeness, "dci_informativeness": parts.informativeness}
    return [Measured("", "", name, [value], coverage=float(present.mean())) for name, value in scores.items()]


def _hit(points: Array, mask: Array, artist: Array) -> float | None:
    return artist_hit(points[mask], artist[mask], ARTIST_NEIGHBOURS)


def _probe(points: Array, mask: Array, truth: Array, artist: Array) -> float | None:
    return probe(points[mask], truth[mask], artist[mask])


def _knn(points: Array, mask: Array, truth: Array, artist: Array) -> float | None:
    return knn_accuracy(points[mask], truth[mask], artist[mask], NEIGHBOURS)


def _mixed(points: Array, mask: Array, score: Callable[[Array, Array], float | None], batches: Array) -> float | None:
    return score(points[mask], batches[mask])


def hit_by_chance(artists: Array) -> Null:
    """How often a random order of the tracks puts a track of the same artist among the nearest."""
    _, place, count = np.unique(artists[artists != ""], return_inverse=True, return_counts=True)
    siblings = count[place] - 1
    tracks, missed = len(place), np.ones(len(place))
    for drawn in range(min(ARTIST_NEIGHBOURS, tracks - 1)):
        missed *= np.maximum(tracks - 1 - siblings - drawn, 0) / (tracks - 1 - drawn)
    several = siblings > 0
    return (float(1 - missed[several].mean()) if several.any() else None), None


def shuffled_null(score: Callable[[Array], float | None], batches: Array) -> Null:
    """The mean and the 95th percentile of a score of shuffled batches."""
    rng = np.random.default_rng(0)
    values = [score(rng.permutation(batches)) for _ in range(SHUFFLES)]
    defined = [value for value in values if value is not None]
    return (float(np.mean(defined)), float(np.quantile(defined, 0.95))) if defined else (None, None)
