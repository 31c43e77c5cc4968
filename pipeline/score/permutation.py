"""What an agreement score would be by chance: labels change hands, but those of one artist stay together.

A label may well depend on the artist, and so may the clusters: were single tracks shuffled, that alone would look like
agreement. Where tracks have no artist, each is a group of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

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
    """`number` other orders of the codes [number, track], in which those of one group stay side by side."""
    groups = int(group.max(initial=0)) + 1
    draws = [(rng.random(len(codes)), rng.permutation(groups)[group]) for _ in range(number)]
    chance, lot = (np.stack(each) for each in zip(*draws, strict=True))
    shuffled = np.empty((number, len(codes)), dtype=codes.dtype)
    np.put_along_axis(shuffled, (group + chance).argsort(axis=1), codes[(lot + chance).argsort(axis=1)], axis=1)
    return shuffled


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
    rng = np.random.default_rng(0)
    width = max(len(value), values * max(clusters for _, clusters in clusterings))
    for batch in batches(shuffles, width):
        shuffled = block_shuffles(value, group, rng, len(range(shuffles)[batch]))
        rows = np.vstack([value, shuffled])
        yield [tables(rows, values, cluster[present], clusters) for cluster, clusters in clusterings]
