"""What an agreement score would be by chance: labels change hands, but those of one artist stay together.

A label may well depend on the artist, and so may the clusters: were single tracks shuffled, that alone would look like
agreement. Where tracks have no artist, each is a group of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pipeline.core.store import Array
from pipeline.score.agreement import AGREEMENT
from pipeline.score.contingency import Contingency, batches, coded, coded_clusters, tables
from pipeline.score.labels import Labels


@dataclass(frozen=True)
class Null:
    mean: float
    high: float  # 95 of 100 shuffles stay below


def block_shuffles(codes: Array, group: Array, rng: np.random.Generator, number: int) -> Array:
    """`number` times the codes [number, track] as if each artist had those of another, drawn by lot without a return.

    An artist with more tracks than the other gets some codes twice, one with fewer gets a part. Were the codes dealt on
    in one row instead, artists of different sizes would share them: they would depend on the artist less than before,
    and of labels that mean nothing 19 of 100 would look like agreement, in place of 5. Single tracks change among
    themselves.
    """
    _, group, size = np.unique(group, return_inverse=True, return_counts=True)
    start, by_group = np.cumsum(size) - size, np.argsort(group, kind="stable")
    rank = np.empty_like(by_group)  # of a track within its group
    rank[by_group] = np.arange(len(codes)) - np.repeat(start, size)
    sources = np.empty((number, len(codes)), dtype=np.int64)
    for row in sources:
        donor = _donors(size, rng)[group]
        within = np.argsort(group + rng.random(len(codes)))  # the tracks of each group in another order
        row[:] = within[start[donor] + rank % size[donor]]
    shuffled: Array = codes[sources]
    return shuffled


def _donors(size: Array, rng: np.random.Generator) -> Array:
    """For each group another, at random: single tracks and larger groups apart."""
    donors = np.arange(len(size))
    for alike in (size == 1, size > 1):
        donors[alike] = rng.permutation(donors[alike])
    return donors


def permutation_nulls(truth: Array, labels: Labels, group: Array, shuffles: int = 200) -> Mapping[str, Null]:
    """Each agreement score of shuffled values against the same clusters; nothing where the scores are undefined."""
    scores: dict[str, list[Array]] = {name: [] for name in AGREEMENT}
    for (table,) in _tables(truth, [labels], group, shuffles):
        for name, score in AGREEMENT.items():
            scores[name].append(score(table)[1:])
    nulls = {name: np.concatenate(each) for name, each in scores.items() if each}
    return {name: Null(float(null.mean()), float(np.quantile(null, 0.95))) for name, null in nulls.items()}


def permutation_p(name: str, truth: Array, labelings: Sequence[Labels], group: Array, shuffles: int = 999) -> float:
    """How often shuffled values agree with the clusters, a mean over the seeds, as well as the values do.

    A t-test against 0 would take the score for symmetric, which it is not near 0. An undefined score has a p of 1.
    """
    as_good, defined = 0, False
    for by_seed in _tables(truth, labelings, group, shuffles):
        observed, *shuffled = np.mean([AGREEMENT[name](table) for table in by_seed], axis=0)
        as_good += int((np.array(shuffled) >= observed - 1e-12).sum())
        defined = True
    return (1 + as_good) / (1 + shuffles) if defined else 1.0


def _tables(truth: Array, labelings: Sequence[Labels], group: Array, shuffles: int) -> Iterator[list[Contingency]]:
    """By batch of shuffles the tables of each clustering: the first of the values, the others of shuffled ones.

    Tracks without a value, or without a place under any clustering, are left out; nothing without two values.
    """
    value, values = coded(truth)
    clusterings = [coded_clusters(labels) for labels in labelings]
    present = (value >= 0) & np.all([cluster >= 0 for cluster, _ in clusterings], axis=0)
    value, group = value[present], np.unique(group[present], return_inverse=True)[1]
    if len(np.unique(value)) < 2:
        return
    shuffled = _shuffled(value.astype(np.int64).tobytes(), group.tobytes(), shuffles)
    width = max(len(value), values * max(clusters for _, clusters in clusterings))
    for batch in batches(shuffles, width):
        rows = np.vstack([value, shuffled[batch]])
        yield [tables(rows, values, cluster[present], clusters) for cluster, clusters in clusterings]


@lru_cache(maxsize=4)  # the same for every clustering of a corpus
def _shuffled(value: bytes, group: bytes, shuffles: int) -> Array:
    codes, number = (np.frombuffer(each, dtype=np.int64) for each in (value, group))
    return block_shuffles(codes, number, np.random.default_rng(0), shuffles)
