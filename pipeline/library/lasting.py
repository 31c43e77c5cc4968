"""Clusters that keep their number and name from run to run, although songs come and go.

A new cluster is the old one with which it shares most members (Hungarian matching over the songs that both know). A
cluster that resembles no old one gets a number that was never used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

SHARED = 1 / 3  # of the members of two clusters together, that must be in both for them to be the same


@dataclass(frozen=True)
class Lasting:
    """A cluster that is recognised again."""

    number: int
    name: str
    members: tuple[str, ...]


def matched(
    old: Sequence[Lasting], clusters: Sequence[Sequence[str]], names: Sequence[str], next_number: int
) -> list[Lasting]:
    """Each new cluster (ids of its songs, a name for it) with the number and name of the old one that it continues."""
    present = {id_ for members in clusters for id_ in members}
    before = [set(cluster.members) & present for cluster in old]  # a song that left speaks for none
    after = [set(members) & {id_ for cluster in old for id_ in cluster.members} for members in clusters]
    overlap = np.array([[_shared(mine, theirs) for theirs in before] for mine in after]).reshape(
        len(after), len(before)
    )
    pairs = dict(zip(*(each.tolist() for each in linear_sum_assignment(-overlap)), strict=True)) if overlap.size else {}
    lasting = []
    taken = {old[column].name for row, column in pairs.items() if overlap[row, column] >= SHARED}
    for row, members in enumerate(clusters):
        if row in pairs and overlap[row, pairs[row]] >= SHARED:
            kept = old[pairs[row]]
            lasting.append(Lasting(kept.number, kept.name, tuple(members)))
            continue
        name = _unused(names[row], taken)
        taken.add(name)
        lasting.append(Lasting(next_number, name, tuple(members)))
        next_number += 1
    return lasting


def changes(old: Sequence[Lasting], new: Sequence[Lasting]) -> list[str]:
    """What changed, a line per cluster that did."""
    before: Mapping[int, Lasting] = {cluster.number: cluster for cluster in old}
    lines = []
    for cluster in new:
        kept = before.get(cluster.number)
        if kept is None:
            lines.append(f"new: {cluster.number} {cluster.name} ({len(cluster.members)} songs)")
            continue
        came = len(set(cluster.members) - set(kept.members))
        left = len(set(kept.members) - set(cluster.members))
        if came or left:
            lines.append(f"changed: {cluster.number} {cluster.name} (+{came} -{left})")
    numbers = {cluster.number for cluster in new}
    return lines + [f"gone: {cluster.number} {cluster.name}" for cluster in old if cluster.number not in numbers]


def _shared(first: set[str], second: set[str]) -> float:
    return len(first & second) / len(first | second) if first and second else 0.0


def _unused(name: str, taken: set[str]) -> str:
    number, wanted = 2, name
    while name in taken:
        name, number = f"{wanted} {number}", number + 1
    return name
