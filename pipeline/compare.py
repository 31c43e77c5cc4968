"""Stage `compare`: is a model better than a baseline? Differences of AMI with intervals over artists, and verdicts.

Writes reports/comparisons.csv: a row a model, baseline, label and clusterer. `seen` is the verdict under that clusterer
after Holm within the family, `verdict` the one that all of `compare.clusterers` share.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd

from pipeline.core import catalog, command, embeddings, params, store
from pipeline.core.command import Problem
from pipeline.core.embeddings import Representation
from pipeline.core.params import NonEmpty, Within
from pipeline.core.settings import Evaluate
from pipeline.core.store import Array
from pipeline.score.agreement import ABSENT, Labels
from pipeline.score.jackknife import agreement_scores
from pipeline.score.labels import usable
from pipeline.score.runs import read_runs
from pipeline.score.summary import flag
from pipeline.score.verdicts import Difference, Scores, Verdict, groups, holm, joint, paired, verdict

log = logging.getLogger(__name__)

OWN_PCA = "pca_m"  # in compare.against: PCA with as many dimensions as the model has active units
COLUMNS = (
    "model", "against", "label", "clusterer", "tracks", "seeds", "difference", "low", "high", "p", "holm", "smallest",
    "seen", "verdict", "note",
)  # fmt: skip


@dataclass(frozen=True)
class Compare:
    against: Annotated[tuple[str, ...], NonEmpty()]
    clusterers: Annotated[tuple[str, ...], NonEmpty()]
    groups: Annotated[int, Within(5)]
    family: Literal["label", "all"]


@dataclass(frozen=True)
class Params:
    evaluate: Evaluate
    compare: Compare


@dataclass(frozen=True)
class Pair:
    """A model and a baseline under one label."""

    model: str
    against: str
    label: str
    flag: str  # leaky, collapsed or nothing


@dataclass
class Known:
    """The clusterings and labels of all tracks, and the scores that were already worked out."""

    runs: Mapping[tuple[str, str], Mapping[int, Labels]]  # (representation, clusterer) -> seed -> labels
    truths: Mapping[str, Array]
    group: Array
    scores: dict[tuple[object, ...], Scores | None]

    def score(self, name: str, clusterer: str, label: str, here: Array, seeds: Sequence[int]) -> Scores | None:
        """AMI over the tracks that are `here`."""
        key = (name, clusterer, label, here.tobytes().hex(), *seeds)
        if key not in self.scores:
            of = self.runs[name, clusterer]
            truth = np.where(here, self.truths[label], "")
            self.scores[key] = agreement_scores("ami", truth, [of[seed] for seed in seeds], self.group)
        return self.scores[key]


def known(p: Params) -> Known:
    """What the stages before this one left, in the order of the tracks with sound."""
    ids = store.read_rows(store.BUILD / "audio").ids
    every = read_runs(ids)
    runs = {
        (name, clusterer): every.by_seed(name, clusterer)
        for name in every.representations
        for clusterer in every.clusterers(name)
    }
    for clusterer in p.compare.clusterers:
        if clusterer not in {name for _, name in runs}:
            raise Problem(f"compare.clusterers: {clusterer!r} is not one of cluster.clusterers: add it there")
    tracks = catalog.usable_tracks().loc[list(ids)]
    return Known(runs, usable(tracks, p.evaluate.labels), groups(list(tracks["artist"]), p.compare.groups, seed=0), {})


def pairs(kinds: Sequence[Representation], p: Params, labels: Iterable[str]) -> list[Pair]:
    """Every model with every baseline that it is to beat; a baseline that is not there is said once."""
    against = p.compare.against
    there = {kind.name for kind in kinds}
    for name in against:
        if name not in there and name != OWN_PCA:
            log.info("compare.against: there is no %s: left out", name)
    return [
        Pair(kind.name, rival, label, flag(kind, label, p.evaluate.collapsed))
        for label in labels
        for kind in kinds
        if kind.folder.name != "baselines"
        for rival in (f"pca_{round(kind.active or 0)}" if name == OWN_PCA else name for name in against)
        if rival in there and rival != kind.name
    ]


def compared(pair: Pair, clusterer: str, seen: Known, family: int) -> tuple[Difference | None, dict[str, Any]]:
    """The difference on the tracks that both have, and on how many of them; None where it is undefined."""
    one, other = (seen.runs[name, clusterer] for name in (pair.model, pair.against))
    seeds = [seed for seed in one if seed in other]
    here = np.all([runs[seed] != ABSENT for runs in (one, other) for seed in seeds], axis=0)
    scores = [seen.score(name, clusterer, pair.label, here, seeds) for name in (pair.model, pair.against)]
    about = {"tracks": int((here & (seen.truths[pair.label] != "")).sum()), "seeds": len(seeds)}
    left, right = scores
    return (paired(left, right, family) if left and right else None), about


def rows(asked: Sequence[Pair], seen: Known, p: Params) -> Iterator[dict[str, Any]]:
    """A row a pair and clusterer; the pairs of one family together."""
    fair = [pair for pair in asked if pair.flag != "leaky"]
    by_clusterer = {name: _family(fair, name, seen) for name in p.compare.clusterers}
    for pair in asked:
        named = {"model": pair.model, "against": pair.against, "label": pair.label}
        if pair.flag == "leaky":
            told = {"verdict": "leaky", "note": f"the model was told the {pair.label}"}
            yield from ({**named, "clusterer": name, **told} for name in p.compare.clusterers)
            continue
        of = {name: by_clusterer[name][pair] for name in p.compare.clusterers}
        shared, note = joint({name: row["seen"] for name, row in of.items()})
        parts = [note, "the model is collapsed" if pair.flag else ""]
        for name, row in of.items():
            said = "; ".join(part for part in (row.get("note", ""), *parts) if part)
            yield {**named, "clusterer": name, **row, "verdict": shared, "note": said}


def _family(fair: Sequence[Pair], clusterer: str, seen: Known) -> dict[Pair, dict[str, Any]]:
    """The verdicts of one family under one clusterer."""
    found = {pair: compared(pair, clusterer, seen, len(fair)) for pair in fair}
    adjusted = iter(holm([difference.p for difference, _ in found.values() if difference]))
    told: dict[Pair, dict[str, Any]] = {}
    for pair, (difference, about) in found.items():
        if difference is None:
            none: Verdict = "not shown"
            why = (
                "undefined without one of the artists"
                if about["tracks"]
                else "they have no track in clusters in common"
            )
            told[pair] = {**about, "seen": none, "note": why}
            continue
        numbers = asdict(difference)
        p = next(adjusted)
        told[pair] = {**about, **numbers, "difference": numbers.pop("mean"), "holm": p, "seen": verdict(difference, p)}
    return told


def say(table: pd.DataFrame, p: Compare) -> None:
    """What was seen, in words: the numbers are those under the first clusterer."""
    first = table[table["clusterer"] == p.clusterers[0]]
    where = " and ".join(p.clusterers)
    for label, of in first.groupby("label", sort=False):
        for row in of[of["verdict"].isin(["better", "worse"])].to_dict("records"):
            ends = f"{row['difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]"
            note = f" ({row['note']})" if row["note"] else ""
            what = f"{row['model']} is {row['verdict']} than {row['against']}: {ends}{note}"
            log.info("compare %s: %s", label, what)
        hidden = of[of["verdict"] == "not shown"]
        if len(hidden):
            least = hidden["smallest"].astype(float).median()
            could = f"; AMI of {least:.2f} apart would have been (median)" if least < 1 else ""
            log.info("compare %s: %d of %d differences not shown under %s%s", label, len(hidden), len(of), where, could)
        if leaky := sorted(set(of.loc[of["verdict"] == "leaky", "model"])):
            log.info("compare %s: not asked of %s, told the %s", label, ", ".join(leaky), label)


def main() -> None:
    p = params.load(Params)
    seen = known(p)
    there = {name for name, _ in seen.runs}
    kinds = [kind for kind in embeddings.representations() if kind.name in there]
    asked = pairs(kinds, p, seen.truths)
    families = [[pair for pair in asked if pair.label == label] for label in seen.truths]
    found = [row for family in (families if p.compare.family == "label" else [asked]) for row in rows(family, seen, p)]
    table = pd.DataFrame(found, columns=list(COLUMNS)).astype({"tracks": "Int64", "seeds": "Int64"})
    small = {name: table[name].map("{:.3g}".format, na_action="ignore") for name in ("p", "holm")}
    store.write_table(store.REPORTS / "comparisons.csv", table.round(5).assign(**small))
    say(table, p.compare)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
