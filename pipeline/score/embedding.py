"""What an embedding holds, whatever a clusterer makes of it: probes, neighbours, mixing, each with its chance level.

The main scores are held out: each track is judged in the space of a fit that never met its artist. Those named _fitted
are of the embeddings of all tracks, which may have memorised what they are asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.core.store import Array
from pipeline.score import heldout, mixing
from pipeline.score.factors import factor_scores
from pipeline.score.jackknife import group_count, share_ends
from pipeline.score.labels import sizeable
from pipeline.score.mixing import Space
from pipeline.score.probes import probe_correct
from pipeline.score.summary import Measured
from pipeline.score.verdicts import Scores

NEIGHBOURS, ARTIST_NEIGHBOURS = 10, 5  # whose label, and whose artist counts
LEAST = 2 * NEIGHBOURS  # tracks, for any of these scores
MAX_UNITS = 64  # of an embedding, for each cause to have one of its own
FITTED = "_fitted"
NO_HELDOUT = "its stage keeps no held-out embedding"
ALBUMS = "a secondary score: songs of one album are recorded and mixed alike (album effect)"


@dataclass(frozen=True)
class Songs:
    """What embeddings are scored against, one value per track."""

    truths: Mapping[str, Array]
    artists: Array  # "" where a track has none
    group: Array  # of artists, each left out once for the intervals
    fold: Array  # of artists, each held out of one fit
    mixing: Mapping[str, Array]  # the column whose values should be mixed, if it has two
    smallest: int  # tracks that a value needs to enter a mean over the values

    def of(self, tracks: Array) -> "Songs":
        """Those of a mask alone; a value that too few of them have is unknown."""
        truths = {label: sizeable(column[tracks], self.smallest) for label, column in self.truths.items()}
        mixing = {label: column[tracks] for label, column in self.mixing.items()}
        return Songs(truths, self.artists[tracks], self.group[tracks], self.fold[tracks], mixing, self.smallest)


@dataclass(frozen=True)
class Embeddings:
    """One representation: of each seed [track, dim], and by the fit without each fold [track, fold, dim] or None."""

    fitted: Sequence[Array]
    heldout: Array | None

    @property
    def present(self) -> Array:
        """Which tracks have a place in it."""
        mask = np.isfinite(self.fitted[0]).all(axis=1)
        if self.heldout is not None:
            mask &= np.isfinite(self.heldout).all(axis=(1, 2))
        return np.asarray(mask)

    def of(self, tracks: Array) -> "Embeddings":
        """Those of a mask alone."""
        return Embeddings(
            [points[tracks] for points in self.fitted], None if self.heldout is None else self.heldout[tracks]
        )


def embedding_scores(embeddings: Embeddings, songs: Songs) -> list[Measured]:
    """Every such score of one representation; a track without a place in it is left out.

    A value that fewer than `smallest` tracks have does not enter probes and neighbours, means over the values.
    """
    present = embeddings.present
    if present.sum() < LEAST:
        return []
    embeddings, songs = embeddings.of(present), songs.of(present)
    rows = _artist_rows(embeddings, songs) if (songs.artists != "").any() else []
    for label in songs.truths:
        rows += _label_rows(embeddings, songs, label)
    for label, batches in songs.mixing.items():
        rows += _mixing_rows(embeddings, songs, label, batches)
    return [replace(row, coverage=float(present.mean())) for row in rows]


def _predicted(
    embeddings: Embeddings, fitted: Callable[[Array], Array], held: Callable[[Array], Array]
) -> dict[str, Array | None]:
    """What is right [seed, track], by the ending of the score's name."""
    return {
        "": None if embeddings.heldout is None else held(embeddings.heldout)[None],
        FITTED: np.stack([fitted(points) for points in embeddings.fitted]),
    }


def _artist_rows(embeddings: Embeddings, songs: Songs) -> list[Measured]:
    """Whether the nearest tracks hold one of the same artist: a secondary score."""
    predictions = _predicted(
        embeddings,
        lambda points: heldout.hits(points, songs.artists, ARTIST_NEIGHBOURS),
        lambda values: heldout.hits_heldout(values, songs.fold, songs.artists, ARTIST_NEIGHBOURS),
    )
    chance, rows = hit_by_chance(songs.artists), []
    for ending, correct in predictions.items():
        scores = None if correct is None else heldout.share(correct, songs.group)
        absent = "no artist has two tracks, or all tracks are near"
        note = ALBUMS if scores else NO_HELDOUT if correct is None else absent
        rows.append(_row(f"artist_hit{ending}", "", scores, chance, note))
    return rows


def _label_rows(embeddings: Embeddings, songs: Songs, label: str) -> list[Measured]:
    """Whether probes and neighbours name the values of a label."""
    truth = songs.truths[label]
    predictions = {
        "probe": _predicted(
            embeddings,
            lambda points: probe_correct(points, truth, songs.artists),
            lambda values: heldout.probe_heldout(values, songs.fold, truth),
        ),
        "knn": _predicted(
            embeddings,
            lambda points: heldout.knn_correct(points, truth, songs.artists, NEIGHBOURS),
            lambda values: heldout.knn_heldout(values, songs.fold, truth, NEIGHBOURS),
        ),
    }
    return [
        _averaged(f"{score}{ending}", label, correct, songs)
        for score, by_ending in predictions.items()
        for ending, correct in by_ending.items()
    ]


def _averaged(score: str, label: str, correct: Array | None, songs: Songs) -> Measured:
    """A mean over the values of a label, with how many of them and of the tracks entered it."""
    truth = songs.truths[label]
    if correct is None:
        return _row(score, label, None, None, NO_HELDOUT)
    judged = (truth != "") & np.isfinite(correct).all(axis=0)
    classes = len(set(truth[judged]))
    scores = heldout.balanced(correct, truth, songs.group)
    row = _row(score, label, scores, 1 / max(classes, 1), "" if scores else _absent(classes, songs))
    return replace(row, classes=classes, counted=int(judged.sum()))


def _absent(classes: int, songs: Songs) -> str:
    """Why a mean over the values of a label is undefined."""
    if len(np.unique(songs.group)) < 2:
        return "a single artist, whom nothing can be held out against"
    if classes < 2:
        return f"fewer than two values that {songs.smallest} tracks or more, of two artists or more, have"
    return "fewer than two values are left without one of the artists"


def _mixing_rows(embeddings: Embeddings, songs: Songs, label: str, batches: Array) -> list[Measured]:
    """How well the values of a column are mixed."""
    everywhere = np.ones(len(batches), dtype=bool)
    spaces = {FITTED: [[Space(points, everywhere)] for points in embeddings.fitted]}
    if (values := embeddings.heldout) is not None:
        spaces[""] = [[Space(values[:, number], songs.fold == number) for number in np.unique(songs.fold)]]
    rows = []
    for score in ("ilisi", "kbet"):
        for ending in ("", FITTED):
            mixed = mixing.mixed(score, spaces[ending], batches, songs.group) if ending in spaces else None
            note = "" if mixed else "too few tracks have a value" if ending in spaces else NO_HELDOUT
            row = _row(f"{score}{ending}", label, mixed.scores if mixed else None, None, note)
            if mixed:
                row = replace(row, values=mixed.values, null_mean=mixed.mean)
                row = replace(row, null_low=mixed.low, null_high=mixed.high)
            rows.append(row)
    return rows


def _row(score: str, label: str, scores: Scores | None, chance: float | None, note: str) -> Measured:
    values: list[float | None] = [None] if scores is None else [float(value) for value in scores.whole]
    low, high = share_ends(scores)
    return Measured("", label, score, values, low, high, chance, groups=group_count(scores), note=note)


def disentangled(embeddings: Embeddings, factors: Mapping[str, Array], songs: Songs) -> list[Measured]:
    """Whether each known cause has a unit of its own, in the embeddings of all tracks.

    SAP and DCI are means over the values of a cause of texts, so those that fewer tracks have are left out.
    """
    present = np.isfinite(embeddings.fitted[0]).all(axis=1)
    if not factors or present.sum() < LEAST or embeddings.fitted[0].shape[1] > MAX_UNITS:
        return []
    known = {name: column[present] for name, column in factors.items()}
    known = {name: sizeable(each, songs.smallest) if each.dtype == object else each for name, each in known.items()}
    scores = factor_scores([points[present] for points in embeddings.fitted], known, songs.group[present])
    rows = []
    for name, (values, null) in scores.items():
        row = Measured("", "", name, values, coverage=float(present.mean()))
        rows.append(replace(row, null_mean=null.mean, null_high=null.high) if null else row)
    return rows


def hit_by_chance(artists: Array) -> float | None:
    """How often a random order of the tracks puts a track of the same artist among the nearest."""
    _, place, count = np.unique(artists[artists != ""], return_inverse=True, return_counts=True)
    siblings = count[place] - 1
    tracks, missed = len(place), np.ones(len(place))
    for drawn in range(min(ARTIST_NEIGHBOURS, tracks - 1)):
        missed *= np.maximum(tracks - 1 - siblings - drawn, 0) / (tracks - 1 - drawn)
    several = siblings > 0
    return float(1 - missed[several].mean()) if several.any() else None
