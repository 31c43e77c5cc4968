"""Agreement of clusters with a column for many contingency tables at once.

Equal to scikit-learn's scores, at a small part of their price: intervals and nulls need thousands of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import gammaln

from pipeline.core.store import Array
from pipeline.score.labels import ABSENT, Labels

BATCH = 1_000_000  # numbers held at once: rows, cells of tables, terms of the expectation


@dataclass(frozen=True)
class Contingency:
    """How many tracks have each value and lie in each cluster: `cells` [table, value, cluster], and their sums."""

    cells: Array

    @cached_property
    def values(self) -> Array:
        return np.asarray(self.cells.sum(axis=2))

    @cached_property
    def clusters(self) -> Array:
        return np.asarray(self.cells.sum(axis=1))

    @cached_property
    def size(self) -> Array:
        return np.asarray(self.cells.sum(axis=(1, 2)))

    @property
    def defined(self) -> Array:
        """Which tables have two tracks and two values."""
        return np.asarray((self.size > 1) & ((self.values > 0).sum(axis=1) > 1))


def coded(truth: Array) -> tuple[Array, int]:
    """A number for each value, -1 for an unknown one, and how many values there are."""
    names, codes = np.unique(truth, return_inverse=True)
    if names.dtype.kind in "OUST" and len(names) and names[0] == "":  # sorts before every other text
        return codes - 1, len(names) - 1
    return codes, len(names)


def coded_clusters(labels: Labels) -> tuple[Array, int]:
    """A number for each cluster, noise being one, -1 for a track without a place, and how many clusters there are."""
    names, codes = np.unique(labels, return_inverse=True)
    if len(names) and names[0] == ABSENT:
        return codes - 1, len(names) - 1
    return codes, len(names)


def table(truth: Array, labels: Labels) -> Contingency:
    """The single table of a column and a clustering."""
    return tables(*coded(truth), *coded_clusters(labels))


def tables(value: Array, values: int, cluster: Array, clusters: int) -> Contingency:
    """The tables of codes [table, track], or of one row of them; a track with a code of -1 is left out."""
    value, cluster = np.atleast_2d(value), np.atleast_2d(cluster)
    number, cells = len(value), values * clusters
    code = np.where((value < 0) | (cluster < 0), cells, value * clusters + cluster)
    code = code + np.arange(number)[:, None] * (cells + 1)  # the last cell takes what is left out
    counts = np.bincount(code.ravel(), minlength=number * (cells + 1)).reshape(number, cells + 1)
    return Contingency(counts[:, :cells].reshape(number, values, clusters))


def batches(number: int, width: int) -> Iterator[slice]:
    """Slices of `number` rows of `width` numbers each, as many at a time as memory should hold."""
    step = max(1, BATCH // max(width, 1))
    return (slice(start, start + step) for start in range(0, number, step))


def ami(table: Contingency) -> Array:
    """Mutual information above what chance gives, 1 for equal partitions (arithmetic average of the entropies)."""
    information, most = _information(table)
    chance = _expected_information(table)
    room = most - chance
    certain = room < 1e-12  # every shuffle is a perfect match, as for two tracks in two clusters
    score = np.where(certain, 1.0, (information - chance) / np.where(certain, 1.0, room))
    return np.where(table.defined, score, np.nan)


def ari(table: Contingency) -> Array:
    """Pairs that both partitions keep together or apart, above what chance gives."""
    both, values, clusters = (_pairs(part) for part in (table.cells, table.values, table.clusters))
    all_pairs = table.size * (table.size - 1.0) / 2
    chance = values * clusters / np.maximum(all_pairs, 1)
    room = (values + clusters) / 2 - chance
    score = np.where(room > 0, (both - chance) / np.where(room > 0, room, 1.0), 1.0)
    return np.where(table.defined, score, np.nan)


def nmi(table: Contingency) -> Array:
    """Mutual information over the mean of the two entropies: the V-measure is the same number."""
    information, most = _information(table)
    return np.where(table.defined, information / np.where(table.defined, most, 1.0), np.nan)


def purity(table: Contingency) -> Array:
    """The share of rows that carry the commonest value of their cluster."""
    if table.cells.shape[1] == 0:
        return np.full(len(table.size), np.nan)
    commonest = table.cells.max(axis=1).sum(axis=1)
    return np.where(table.defined, commonest / np.maximum(table.size, 1), np.nan)


def _pairs(counts: Array) -> Array:
    """How many pairs of tracks lie within the cells of each table."""
    inside: Array = (counts * (counts - 1.0) / 2).reshape(len(counts), -1).sum(axis=1)
    return inside


def _information(table: Contingency) -> tuple[Array, Array]:
    """The mutual information and the mean of the two entropies, in nats."""
    size = np.maximum(table.size, 1)
    count = np.arange(size.max(initial=1) + 1)
    weighed = count * np.log(np.maximum(count, 1))  # n log n; counts are whole numbers, so a table has them all
    whole = weighed[size]
    cells, values, clusters = (
        weighed[part].reshape(len(part), -1).sum(axis=1) for part in (table.cells, table.values, table.clusters)
    )
    information = np.maximum(cells - values - clusters + whole, 0.0) / size
    return information, (2 * whole - values - clusters) / 2 / size


def _expected_information(table: Contingency) -> Array:
    """The mean mutual information over all shuffles that keep the sums of each table.

    A cell's share depends on its two sums and the size alone, so each such triple is worked out once for all tables.
    """
    number, values, clusters = table.cells.shape
    first = np.broadcast_to(table.values[:, :, None], table.cells.shape)
    second = np.broadcast_to(table.clusters[:, None, :], table.cells.shape)
    low, high = np.minimum(first, second), np.maximum(first, second)  # the share is the same with the two swapped
    base = int(table.size.max(initial=0)) + 1
    triple = (table.size[:, None, None] * base + low) * base + high
    triples, place = np.unique(triple, return_inverse=True)
    share = np.zeros(len(triples))
    size, a, b = triples // base**2, triples // base % base, triples % base
    log_factorial = gammaln(np.arange(base) + 1.0)
    lowest, highest = _likely_counts(size, a, b)
    known = np.flatnonzero(a)
    width = int((highest - lowest)[known].max(initial=0)) + 1
    for batch in batches(len(known), width):
        rows = known[batch]
        share[rows] = _shares(size[rows], a[rows], b[rows], lowest[rows], highest[rows], log_factorial)
    return np.asarray(share[place].reshape(number, values * clusters).sum(axis=1))


def _likely_counts(size: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """The lowest and highest count a cell can have by chance, without those beyond Hoeffding's bound of e^-40."""
    mean, reach = a * b / np.maximum(size, 1), np.sqrt(20.0 * np.minimum(a, b)) + 1
    lowest = np.maximum(np.maximum(1, a + b - size), np.floor(mean - reach).astype(np.int64))
    highest = np.minimum(np.minimum(a, b), np.ceil(mean + reach).astype(np.int64))
    return lowest, highest


def _shares(size: Array, a: Array, b: Array, lowest: Array, highest: Array, log_factorial: Array) -> Array:
    """What cells with sums `a` and `b` add to the expected information: over its hypergeometric counts."""
    many = highest - lowest + 1
    starts = np.cumsum(many) - many
    cell = np.repeat(np.arange(len(a)), many)  # of each term
    counts = np.arange(many.sum()) - starts[cell] + lowest[cell]
    fixed = log_factorial[a] + log_factorial[b] + log_factorial[size - a] + log_factorial[size - b]
    fixed -= log_factorial[size]
    free = log_factorial[counts] + log_factorial[a[cell] - counts] + log_factorial[b[cell] - counts]
    free += log_factorial[(size - a - b)[cell] + counts]
    surprise = np.log(counts) + (np.log(size) - np.log(a) - np.log(b))[cell]
    terms = counts / size[cell] * surprise * np.exp(fixed[cell] - free)
    return np.add.reduceat(terms, starts)
