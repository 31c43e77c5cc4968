"""Whether a label can be read off a representation by a straight line, for tracks of artists never seen."""

import warnings
from functools import lru_cache

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from pipeline.core.store import Array
from pipeline.score.contingency import coded
from pipeline.score.neighbours import artist_numbers


def probe(points: Array, truth: Array, artists: Array | None, folds: int = 5, seed: int = 0) -> float | None:
    """Balanced accuracy of a linear probe on tracks of artists that it has not seen; chance is 1 / labels.

    A track of an unknown artist is an artist of its own, so without any artists the folds are only stratified. Labels
    that fewer than two artists have cannot be asked about and are left out; None if less than two labels are left.
    """
    label, _ = coded(truth)
    group = artist_numbers(artists, len(truth))
    spread = _spread(label, group)
    if (spread > 1).sum() < 2:
        return None
    here = (label >= 0) & (spread > 1)[label]
    label, group, points = label[here], group[here], np.asarray(points[here], dtype=np.float64)
    folds = min(folds, int(spread.max()))
    told = np.full(len(label), -1)
    for test in _folds(tuple(label.tolist()), tuple(group.tolist()), folds, seed):
        train = np.setdiff1d(np.arange(len(label)), test, assume_unique=True)
        told[test] = _told(points[train], label[train], points[test])
    return float(recall_score(label, told, labels=np.unique(label), average="macro", zero_division=0))


def asked(truth: Array, artists: Array | None) -> int:
    """How many labels a probe is asked about: what it gets by chance is one out of them."""
    return int((_spread(coded(truth)[0], artist_numbers(artists, len(truth))) > 1).sum())


def _spread(label: Array, group: Array) -> Array:
    """How many artists have each label."""
    return np.array([len(np.unique(group[label == one])) for one in range(label.max(initial=-1) + 1)], dtype=np.int64)


@lru_cache(maxsize=64)  # the same for every representation, and dearer than the probe itself
def _folds(label: tuple[int, ...], group: tuple[int, ...], folds: int, seed: int) -> list[Array]:
    """The rows of each fold: labels in proportion, each group whole."""
    alone = len(set(group)) == len(group)
    splitter = (StratifiedKFold if alone else StratifiedGroupKFold)(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a label with less tracks than folds: some folds lack it
        return [test for _, test in splitter.split(np.zeros(len(label)), label, group) if len(test)]


def _told(seen: Array, label: Array, unseen: Array) -> Array:
    """The labels of unseen tracks after learning from the seen ones; their only label, if these have only one."""
    if len(np.unique(label)) < 2:
        return np.full(len(unseen), label[0])
    centre, spread = seen.mean(axis=0), seen.std(axis=0)
    spread = np.where(spread > 1e-12 * np.abs(centre), spread, np.inf)  # a constant column says nothing
    model = LogisticRegression(max_iter=200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # labels that hardly differ: good enough after 200 steps
        return np.asarray(model.fit((seen - centre) / spread, label).predict((unseen - centre) / spread))
