"""What an embedding holds, whatever a clusterer makes of it: probes, neighbours, mixing, each with its chance level."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from pipeline.core.store import Array
from pipeline.score.factors import dci, mig, sap
from pipeline.score.jackknife import TrackScore, ends, track_scores
from pipeline.score.labels import sizeable
from pipeline.score.neighbours import artist_hit, ilisi, kbet, knn_accuracy
from pipeline.score.probes import probe, probed
from pipeline.score.summary import Measured
from pipeline.score.verdicts import groups

NEIGHBOURS, ARTIST_NEIGHBOURS = 10, 5  # whose label, and whose artist counts
LEAST = 2 * NEIGHBOURS  # tracks, for any of these scores
GROUPS = 10  # of artists, for the intervals
SHUFFLES = 20  # of the batches, for the null of the mixing scores

Null = tuple[float | None, float | None]  # the mean, and what 95 of 100 shuffles stay below


def embedding_scores(
    values: Sequence[Array], truths: Mapping[str, Array], artists: Array, mixing: Mapping[str, Array], smallest: int
) -> list[Measured]:
    """Every such score of the embeddings [seed] of one representation; a track without a place in it is left out.

    `mixing` is the column whose values should be mixed, or empty. A value that fewer than `smallest` tracks have does
    not enter probes and neighbours, which are means over the values.
    """
    present = np.isfinite(values[0]).all(axis=1)
    if present.sum() < LEAST:
        return []
    values = [points[present] for points in values]
    artist, group = artists[present], groups(list(artists[present]), GROUPS, seed=0)

    def measured(name: str, label: str, score: TrackScore, null: Null) -> Measured:
        whole, scores = track_scores(score, values, group)
        return Measured("", label, name, whole, *ends(scores), *null, float(present.mean()))

    def averaged(name: str, label: str, score: TrackScore, entering: Array) -> Measured:
        """A mean over the values of a label; `entering` has "" for each track that does not enter."""
        classes, counted = len(set(entering) - {""}), int((entering != "").sum())
        row = measured(name, label, score, (1 / max(classes, 1), None))
        note = absent(name, classes, smallest) if row.values[0] is None else ""
        return replace(row, classes=classes, counted=counted, note=note)

    rows = []
    if (artist != "").any():
        rows.append(measured("artist_hit", "", partial(_hit, artist=artist), hit_by_chance(artist)))
    for label, column in truths.items():
        truth = sizeable(column[present], smallest)
        readable = np.where(probed(truth, artist), truth, "")
        rows.append(averaged("probe", label, partial(_probe, truth=truth, artist=artist), readable))
        rows.append(averaged("knn", label, partial(_knn, truth=truth, artist=artist), truth))
    for label, column in mixing.items():
        batches = column[present]
        for name, mixed in (("ilisi", ilisi), ("kbet", kbet)):
            null = shuffled_null(partial(mixed, values[0]), batches)
            rows.append(measured(name, label, partial(_mixed, score=mixed, batches=batches), null))
    return rows


def absent(score: str, classes: int, smallest: int) -> str:
    """Why a mean over the values of a label is undefined."""
    if classes > 1:
        return "fewer than two values of tracks that have a neighbour of another artist"
    artists = ", of two artists or more" if score == "probe" else ""
    return f"fewer than two values that {smallest} tracks or more have{artists}"


def disentangled(points: Array, factors: Mapping[str, Array], smallest: int) -> list[Measured]:
    """Whether each known cause has a latent unit of its own, in the embedding of the first seed.

    SAP and DCI are means over the values of a cause of texts, so those that fewer tracks have are left out.
    """
    present = np.isfinite(points).all(axis=1)
    if not factors or present.sum() < LEAST:
        return []
    values, known = points[present], {name: column[present] for name, column in factors.items()}
    known = {name: sizeable(each, smallest) if each.dtype == object else each for name, each in known.items()}
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
