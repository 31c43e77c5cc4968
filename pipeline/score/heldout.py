"""Which tracks are judged rightly, with the fit that never met their artist; and the score of such predictions.

The predictions are fixed once: when artists are left out for an interval, they are left out of the mean alone.
"""

from collections.abc import Iterator

import numpy as np

from pipeline.core.store import Array
from pipeline.score.contingency import coded
from pipeline.score.neighbours import artist_numbers, majority, nearest, nearest_among
from pipeline.score.probes import predicted
from pipeline.score.verdicts import Scores


def knn_correct(points: Array, truth: Array, artists: Array | None, k: int = 10) -> Array:
    """Whether most of the k nearest tracks of other artists have a track's value, in the space of a fit on all tracks.

    1 or 0; nan for a track without a place or a value, and where no track of another artist has its value.
    """
    label, labels = coded(truth)
    group = artist_numbers(artists, len(truth))
    judged = (label >= 0) & np.isfinite(points).all(axis=1)
    correct = np.full(len(truth), np.nan)
    if not judged.any():
        return correct
    near, exists = nearest(points[judged], k, group[judged])
    correct[judged] = majority(label[judged], labels, near, exists) == label[judged]
    rows = np.flatnonzero(judged)
    for code in range(labels):
        singers = group[judged & (label == code)]
        if len(np.unique(singers)) < 2:
            correct[rows[label[rows] == code]] = np.nan
    return correct


def knn_heldout(values: Array, fold: Array, truth: Array, k: int = 10) -> Array:
    """The same held out: `values` [track, fold, dim] by the fit without each fold, neighbours from the other folds.

    nan also where no track of another fold has the value.
    """
    label, labels = coded(truth)
    correct = np.full(len(truth), np.nan)
    for points, train, test in _splits(values, fold, label):
        near, exists = nearest_among(points[train], points[test], k)
        correct[test] = majority(label[train], labels, near, exists) == label[test]
    return correct


def probe_heldout(values: Array, fold: Array, truth: Array) -> Array:
    """Whether a linear probe, learnt on the other folds in the space of their fit, names a track's value."""
    label, _ = coded(truth)
    correct = np.full(len(truth), np.nan)
    for points, train, test in _splits(values, fold, label):
        points = points.astype(np.float64)
        correct[test] = predicted(points[train], label[train], points[test]) == label[test]
    return correct


def hits(points: Array, artists: Array, k: int = 5) -> Array:
    """Whether a track of the same artist is among the k nearest of all tracks.

    nan for a track without a place or an artist, for the only track of an artist, and where no more than k other tracks
    are to be drawn from: each would be a hit. It counts songs of one album as well, which share how they were recorded
    and mixed (the album effect), so it is a secondary score; by chance it is far from 0 where artists have many songs.
    """
    artist, _ = coded(artists)
    correct = np.full(len(artists), np.nan)
    rows = np.flatnonzero((artist >= 0) & np.isfinite(points).all(axis=1))
    if len(rows) <= k + 1:
        return correct
    near, exists = nearest(points[rows], k, np.arange(len(rows)))
    code = artist[rows]
    several = np.bincount(code)[code] > 1
    correct[rows[several]] = ((code[near] == code[:, None]) & exists).any(axis=1)[several]
    return correct


def hits_heldout(values: Array, fold: Array, artists: Array, k: int = 5) -> Array:
    """The same held out: each track's neighbours by the fit that met no song of its artist."""
    correct = np.full(len(artists), np.nan)
    for number in np.unique(fold):
        rows = fold == number
        correct[rows] = hits(values[:, number], artists, k)[rows]
    return correct


def balanced(correct: Array, truth: Array, group: Array) -> Scores | None:
    """Balanced accuracy of fixed predictions [track] or [seed, track]: for each seed, and without each group of tracks.

    The mean over the values of the share of their tracks that are right; a track is left out where any seed has nan.
    None with fewer than two values, or fewer than two groups, or where less than two values are left without a group.
    """
    correct = np.atleast_2d(correct)
    label, labels = coded(truth)
    judged = (label >= 0) & np.isfinite(correct).all(axis=0)
    label, group, correct = label[judged], group[judged], correct[:, judged]
    names, group = np.unique(group, return_inverse=True)
    if len(names) < 2 or len(np.unique(label)) < 2:
        return None
    cells = np.zeros((len(names), labels, 1 + len(correct)))
    np.add.at(cells, (group, label), np.column_stack([np.ones(len(label)), *correct]))
    total = cells.sum(axis=0, keepdims=True)
    scores = _recalls(np.concatenate([total, total - cells]))
    return None if np.isnan(scores).any() else Scores(scores[:, 0], scores[:, 1:], predicted=True)


def share(correct: Array, group: Array) -> Scores | None:
    """The share of tracks that are right, for each seed and without each group; None as for `balanced`."""
    correct = np.atleast_2d(correct)
    judged = np.isfinite(correct).all(axis=0)
    names = np.unique(group[judged])
    if len(names) < 2:
        return None
    group, correct = group[judged], correct[:, judged]
    without = np.stack([correct[:, group != name].mean(axis=1) for name in names], axis=1)
    return Scores(correct.mean(axis=1), without, predicted=True)


def _recalls(cells: Array) -> Array:
    """The mean over the values of the share that is right [seed, row], of counts [row, value, all and right]."""
    number, right = cells[:, :, :1], cells[:, :, 1:]
    shares = np.divide(right, number, out=np.zeros_like(right), where=number > 0)
    values = (number > 0).sum(axis=1)
    return np.asarray(np.where(values > 1, shares.sum(axis=1) / np.maximum(values, 1), np.nan).T)


def _splits(values: Array, fold: Array, label: Array) -> Iterator[tuple[Array, Array, Array]]:
    """For each fold its space, the rows outside and those inside that have a place, and a value that is outside too."""
    for number in np.unique(fold):
        points = values[:, number]
        present = (label >= 0) & np.isfinite(points).all(axis=1)
        train = np.flatnonzero(present & (fold != number))
        test = np.flatnonzero(present & (fold == number) & np.isin(label, label[train]))
        if len(train) and len(test):
            yield points, train, test
