"""Agreement of clusters with labels for many resamples at once, from contingency tables counted in batches.

Equal to scikit-learn's scores, at a small part of their price: intervals and nulls ask for thousands of them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.special import gammaln

from pipeline.core.store import Array
from pipeline.score.agreement import ABSENT, Labels, agreement

BATCH = 1_000_000  # numbers held at once: resampled rows, cells of tables, terms of the expectation
WIDEST = 20_000_000  # cells of one table; with more (two columns of ids) resamples are scored one by one


@dataclass(frozen=True)
class Tables:
    """How often label and cluster meet: `cells` [resample, label, cluster], and the sums over them."""

    cells: Array
    labels: Array
    clusters: Array
    size: Array

    @property
    def defined(self) -> Array:
        """Where there are two tracks and two labels."""
        return np.asarray((self.size > 1) & ((self.labels > 0).sum(axis=1) > 1))


def coded(truth: Array) -> tuple[Array, int]:
    """A number for each label, -1 for an unknown one, and how many labels there are."""
    names, codes = np.unique(truth, return_inverse=True)
    if names.dtype.kind in "OUST" and len(names) and names[0] == "":  # sorts before every other text
        return codes - 1, len(names) - 1
    return codes, len(names)


def coded_clusters(found: Labels) -> tuple[Array, int]:
    """A number for each cluster, noise being one, -1 for a track without a place, and how many clusters there are."""
    names, codes = np.unique(found, return_inverse=True)
    if len(names) and names[0] == ABSENT:
        return codes - 1, len(names) - 1
    return codes, len(names)


def tabled(label: Array, cluster: Array, labels: int, clusters: int) -> Tables:
    """The tables of codes [resample, row]; rows with a code of -1 are left out."""
    resamples, cells = len(label), labels * clusters
    code = np.where((label < 0) | (cluster < 0), cells, label * clusters + cluster)
    code = code + np.arange(resamples)[:, None] * (cells + 1)  # the last cell takes what is left out
    counts = np.bincount(code.ravel(), minlength=resamples * (cells + 1)).reshape(resamples, cells + 1)
    table = counts[:, :cells].reshape(resamples, labels, clusters)
    return Tables(table, table.sum(axis=2), table.sum(axis=1), table.sum(axis=(1, 2)))


def resampled(truth: Array, found: Labels, picks: Array) -> Iterator[Tables]:
    """The tables of the rows `picks` [resample, row], a batch after the other."""
    label, labels = coded(truth)
    cluster, clusters = coded_clusters(found)
    for some in batches(len(picks), max(picks.shape[1], labels * clusters)):
        yield tabled(label[picks[some]], cluster[picks[some]], labels, clusters)


def batches(number: int, width: int) -> Iterator[slice]:
    """Slices of `number` things of `width` numbers each, so many at a time as memory should hold; often all."""
    step = max(1, BATCH // max(width, 1))
    return (slice(start, start + step) for start in range(0, number, step))


def ami(tables: Tables) -> Array:
    """Mutual information above what chance gives, 1 for equal partitions (arithmetic average of the entropies)."""
    information, most = _information(tables)
    chance = _expected_information(tables)
    room = most - chance
    none = room < 1e-12  # every shuffle is a perfect match, as for two tracks in two clusters
    score = np.where(none, 1.0, (information - chance) / np.where(none, 1.0, room))
    return np.where(tables.defined, score, np.nan)


def ari(tables: Tables) -> Array:
    """Pairs that both partitions keep together or apart, above what chance gives."""
    both, labels, clusters = (_pairs(part) for part in (tables.cells, tables.labels, tables.clusters))
    all_pairs = tables.size * (tables.size - 1.0) / 2
    chance = labels * clusters / np.maximum(all_pairs, 1)
    room = (labels + clusters) / 2 - chance
    score = np.where(room > 0, (both - chance) / np.where(room > 0, room, 1.0), 1.0)
    return np.where(tables.defined, score, np.nan)


def nmi(tables: Tables) -> Array:
    """Mutual information over the mean of the two entropies: V-measure by another name."""
    information, most = _information(tables)
    return np.where(tables.defined, information / np.where(tables.defined, most, 1.0), np.nan)


def purity(tables: Tables) -> Array:
    """The share of rows that carry the commonest label of their cluster."""
    if tables.cells.shape[1] == 0:
        return np.full(len(tables.size), np.nan)
    commonest = tables.cells.max(axis=1).sum(axis=1)
    return np.where(tables.defined, commonest / np.maximum(tables.size, 1), np.nan)


OF_TABLES: Mapping[str, Callable[[Tables], Array]] = {
    "ami": ami,
    "ari": ari,
    "nmi": nmi,
    "v_measure": nmi,
    "purity": purity,
}


def _many(name: str, truth: Array, found: Labels, picks: Array) -> Array:
    if coded(truth)[1] * coded_clusters(found)[1] > WIDEST:
        return np.array([agreement(name, truth[rows], found[rows]) for rows in picks], dtype=np.float64)
    return np.concatenate([np.empty(0), *map(OF_TABLES[name], resampled(truth, found, picks))])


# For each score a function of (truth, clusters, picks): its value for each resample, a row of `picks`; nan where that
# has less than two labels.
MANY: Mapping[str, Callable[[Array, Labels, Array], Array]] = {name: partial(_many, name) for name in OF_TABLES}


def _pairs(counts: Array) -> Array:
    """How many pairs lie within the cells, a number a resample."""
    inside: Array = (counts * (counts - 1.0) / 2).reshape(len(counts), -1).sum(axis=1)
    return inside


def _information(tables: Tables) -> tuple[Array, Array]:
    """The mutual information and the mean of the two entropies, in nats."""
    size = np.maximum(tables.size, 1)
    count = np.arange(size.max(initial=1) + 1)
    weighed = count * np.log(np.maximum(count, 1))  # n log n; counts are whole numbers, so a table has them all
    whole = weighed[size]
    cells, labels, clusters = (
        weighed[part].reshape(len(part), -1).sum(axis=1) for part in (tables.cells, tables.labels, tables.clusters)
    )
    information = np.maximum(cells - labels - clusters + whole, 0.0) / size
    return information, (2 * whole - labels - clusters) / 2 / size


def _expected_information(tables: Tables) -> Array:
    """The mean mutual information over all shuffles that keep the sums of each table.

    A cell's share depends on its two sums and the size alone, so each such triple is worked out once for all resamples.
    """
    resamples, labels, clusters = tables.cells.shape
    first = np.broadcast_to(tables.labels[:, :, None], tables.cells.shape)
    second = np.broadcast_to(tables.clusters[:, None, :], tables.cells.shape)
    low, high = np.minimum(first, second), np.maximum(first, second)  # the share is the same with the two swapped
    base = int(tables.size.max(initial=0)) + 1
    triple = (tables.size[:, None, None] * base + low) * base + high
    triples, place = np.unique(triple, return_inverse=True)
    share = np.zeros(len(triples))
    size, a, b = triples // base**2, triples // base % base, triples % base
    log_factorial = gammaln(np.arange(base) + 1.0)
    lowest, highest = _likely_counts(size, a, b)
    known = np.flatnonzero(a)
    width = int((highest - lowest)[known].max(initial=0)) + 1
    for some in batches(len(known), width):
        of = known[some]
        share[of] = _shares(size[of], a[of], b[of], lowest[of], highest[of], log_factorial)
    return np.asarray(share[place].reshape(resamples, labels * clusters).sum(axis=1))


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
    of = np.repeat(np.arange(len(a)), many)  # the cell of each term
    count = np.arange(many.sum()) - starts[of] + lowest[of]
    fixed = log_factorial[a] + log_factorial[b] + log_factorial[size - a] + log_factorial[size - b]
    fixed -= log_factorial[size]
    free = log_factorial[count] + log_factorial[a[of] - count] + log_factorial[b[of] - count]
    free += log_factorial[(size - a - b)[of] + count]
    surprise = np.log(count) + (np.log(size) - np.log(a) - np.log(b))[of]
    terms = count / size[of] * surprise * np.exp(fixed[of] - free)
    return np.add.reduceat(terms, starts)
