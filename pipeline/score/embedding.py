"""What an embedding holds, whatever a clusterer makes of it: probes, neighbours, mixing, each with its chance level."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from pipeline.core.store import Array
from pipeline.score.factors import dci, mig, sap
from pipeline.score.jackknife import ends, of_tracks
from pipeline.score.neighbours import artist_hit, ilisi, kbet, knn_accuracy
from pipeline.score.probes import asked, probe
from pipeline.score.summary import Measured
from pipeline.score.verdicts import groups

NEAR, HIT = 10, 5  # neighbours that are asked for a label, and for the artist
LEFT_OUT = 10  # groups of artists, for the intervals
SHUFFLES = 20  # of the batches, for the null of the mixing scores

Score = Callable[[Array, Array], float | None]  # of an embedding and of which tracks


def embedding_scores(
    values: Sequence[Array], truths: Mapping[str, Array], artists: Array, mixing: str
) -> list[Measured]:
    """Every such score of the embeddings [seed] of one representation; a track without a place in it is left out."""
    here = np.isfinite(values[0]).all(axis=1)
    if here.sum() < 2 * NEAR:
        return []
    values = [points[here] for points in values]
    artist, group = artists[here], groups(list(artists[here]), LEFT_OUT, seed=0)
    coverage = float(here.mean())

    def measured(name: str, label: str, score: Score, null: tuple[float | None, float | None]) -> Measured:
        whole, scores = of_tracks(score, values, group)
        low, high = ends(scores)
        return Measured("", label, name, whole, low, high, *null, coverage)

    found = []
    if (artist != "").any():
        found.append(measured("artist_hit", "", partial(_hit, artist=artist), hit_by_chance(artist)))
    for label, column in truths.items():
        truth = column[here]
        probed, named = (1 / max(many, 1) for many in (asked(truth, artist), len(set(truth) - {""})))
        found += [
            measured("probe", label, partial(_probe, truth=truth, artist=artist), (probed, None)),
            measured("knn", label, partial(_knn, truth=truth, artist=artist), (named, None)),
        ]
    if mixing in truths:
        batches = truths[mixing][here]
        for name, score in (("ilisi", ilisi), ("kbet", kbet)):
            null = shuffled(partial(score, values[0]), batches)
            found.append(measured(name, mixing, partial(_mixed, of=score, batches=batches), null))
    return found


def disentangled(points: Array, factors: Mapping[str, Array]) -> list[Measured]:
    """Whether each known cause has a latent unit of its own, in the embedding of the first seed."""
    here = np.isfinite(points).all(axis=1)
    if not factors or here.sum() < 2 * NEAR:
        return []
    values, known = points[here], {name: column[here] for name, column in factors.items()}
    parts = dci(values, known)
    scores = {"mig": mig(values, known), "sap": sap(values, known), "dci_disentanglement": parts.disentanglement}
    scores |= {"dci_completeness": parts.completeness, "dci_informativeness": parts.informativeness}
    return [Measured("", "", name, [value], coverage=float(here.mean())) for name, value in scores.items()]


def _hit(points: Array, some: Array, artist: Array) -> float | None:
    return artist_hit(points[some], artist[some], HIT)


def _probe(points: Array, some: Array, truth: Array, artist: Array) -> float | None:
    return probe(points[some], truth[some], artist[some])


def _knn(points: Array, some: Array, truth: Array, artist: Array) -> float | None:
    return knn_accuracy(points[some], truth[some], artist[some], NEAR)


def _mixed(points: Array, some: Array, of: Callable[[Array, Array], float | None], batches: Array) -> float | None:
    return of(points[some], batches[some])


def hit_by_chance(artists: Array) -> tuple[float | None, float | None]:
    """How often one of the artist's tracks is among the nearest when all orders are alike, for artists with several."""
    _, place, count = np.unique(artists[artists != ""], return_inverse=True, return_counts=True)
    others = count[place] - 1
    tracks, missed = len(place), np.ones(len(place))
    for drawn in range(min(HIT, tracks - 1)):
        missed *= np.maximum(tracks - 1 - others - drawn, 0) / (tracks - 1 - drawn)
    asked = others > 0
    return (float(1 - missed[asked].mean()) if asked.any() else None), None


def shuffled(score: Callable[[Array], float | None], batches: Array) -> tuple[float | None, float | None]:
    """The mean and the 95th percentile of a score of shuffled batches."""
    rng = np.random.default_rng(0)
    values = [score(rng.permutation(batches)) for _ in range(SHUFFLES)]
    known = [value for value in values if value is not None]
    return (float(np.mean(known)), float(np.quantile(known, 0.95))) if known else (None, None)
