"""Whether a linear probe reads a label off a representation, for tracks of artists that it was not trained on."""

import warnings
from functools import lru_cache

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from pipeline.core.store import Array
from pipeline.score.contingency import coded
from pipeline.score.neighbours import artist_numbers


def probe_correct(points: Array, truth: Array, artists: Array | None, folds: int = 5, seed: int = 0) -> Array:
    """Whether a linear probe, learnt from tracks of other artists, names a track's label [track]; nan where it cannot.

    A track of an unknown artist is an artist of its own, so without any artists the folds are only stratified. Labels
    that fewer than two artists have cannot be tested and are left out, and all are if less than two labels are left.
    The embedding may have met the artists: heldout.probe_heldout is of one that has not.
    """
    label, _ = coded(truth)
    group = artist_numbers(artists, len(truth))
    spread = _spread(label, group)
    correct = np.full(len(truth), np.nan)
    if (spread > 1).sum() < 2:
        return correct
    mask = (label >= 0) & (spread > 1)[label]
    label, group, points = label[mask], group[mask], np.asarray(points[mask], dtype=np.float64)
    right = np.zeros(len(label), dtype=bool)
    for test in _folds(tuple(label.tolist()), tuple(group.tolist()), min(folds, int(spread.max())), seed):
        train = np.setdiff1d(np.arange(len(label)), test, assume_unique=True)
        right[test] = predicted(points[train], label[train], points[test]) == label[test]
    correct[mask] = right
    return correct


def _spread(label: Array, group: Array) -> Array:
    """How many artists have each label."""
    codes = range(label.max(initial=-1) + 1)
    return np.array([len(np.unique(group[label == code])) for code in codes], dtype=np.int64)


@lru_cache(maxsize=64)  # the same for every representation, and dearer than the probe itself
def _folds(label: tuple[int, ...], group: tuple[int, ...], folds: int, seed: int) -> list[Array]:
    """The rows of each fold: labels in proportion, each group whole."""
    alone = len(set(group)) == len(group)
    splitter = (StratifiedKFold if alone else StratifiedGroupKFold)(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a label with less tracks than folds: some folds lack it
        return [test for _, test in splitter.split(np.zeros(len(label)), label, group) if len(test)]


def predicted(train: Array, label: Array, test: Array) -> Array:
    """The labels of the tracks `test` after learning from `train`; their only label, if these have only one."""
    if len(np.unique(label)) < 2:
        return np.full(len(test), label[0])
    centre, spread = train.mean(axis=0), train.std(axis=0)
    spread = np.where(spread > 1e-12 * np.abs(centre), spread, np.inf)  # a constant column says nothing
    model = LogisticRegression(max_iter=200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # labels that hardly differ: good enough after 200 steps
        return np.asarray(model.fit((train - centre) / spread, label).predict((test - centre) / spread))
