"""Stage `evaluate`: what the clusters agree with and how they lie.

Writes reports/scores.csv (every representation, clusterer, seed and score) and reports/metrics.json (the headlines:
means over the seeds under `evaluate.headline`).
"""

import logging
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import pandas as pd

from pipeline import params, stage, store
from pipeline.params import Seeds
from pipeline.scores import AGREEMENT, SHAPE, Evaluate, Labels, agreement, clusters, coverage, shape
from pipeline.stage import Problem
from pipeline.store import Array, Representation

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Params:
    seeds: Seeds
    evaluate: Evaluate


RESERVED = {"family", "active_units", "latent", "condition", "own_space", "dbscan"}
Row = dict[str, object]


def scored(points: Array, found: Labels, truths: dict[str, Array], condition: str) -> list[Row]:
    """Every score of one clustering; `leaky` where the model was told the very label it is scored on."""
    rows: list[Row] = []
    for label, truth in truths.items():
        leaky = "yes" if label == condition else ""
        rows += [
            {"label": label, "score": name, "value": agreement(name, truth, found), "leaky": leaky}
            for name in AGREEMENT
        ]
    here = {"label": "own_space", "leaky": ""}
    rows += [{**here, "score": name, "value": shape(name, points, found)} for name in SHAPE]
    return [
        *rows,
        {**here, "score": "coverage", "value": coverage(found)},
        {**here, "score": "clusters", "value": clusters(found)},
    ]


def labelled(ids: tuple[str, ...], columns: tuple[str, ...]) -> dict[str, Array]:
    """The columns to score against, a value a track in the order of `ids`."""
    tracks = store.usable_tracks().loc[list(ids)]
    truths = {}
    for column in columns:
        if column in RESERVED:
            raise Problem(f"evaluate.labels: {column!r} is a name that metrics.json has for something else: rename it")
        if column not in tracks:
            log.warning("evaluate.labels: data/tracks.csv has no column %r: left out", column)
        elif tracks[column].replace("", None).nunique() < 2:
            log.warning("evaluate.labels: column %r has less than two values: left out", column)
        else:
            truths[column] = tracks[column].to_numpy(dtype=object)
    return truths


def long_table(p: Params, ids: tuple[str, ...], truths: dict[str, Array]) -> pd.DataFrame:
    """Every score of every run."""
    kinds = {kind.name: kind for kind in store.representations()}
    labels = store.read_rows(store.BUILD / "cluster", "labels").at(ids)["labels"]
    values = {name: kind.values(ids) for name, kind in kinds.items()}
    rows: list[Row] = []
    runs = store.read_table(store.BUILD / "cluster" / "runs.csv").to_dict("records")
    for number, run in enumerate(stage.progress(runs, "evaluate")):
        name, seed = str(run["representation"]), p.seeds.index(int(run["seed"]))
        points = store.of_seed(values[name], seed)
        found = np.asarray(labels[:, number])
        condition = str(kinds[name].about.get("condition", "none"))
        named = {"representation": name, "clusterer": run["clusterer"], "seed": run["seed"]}
        rows += [{**named, **row} for row in scored(points, found, truths, condition)]
    return pd.DataFrame(rows)


def headlines(table: pd.DataFrame, kinds: list[Representation], clusterer: str) -> dict[str, object]:
    """Per representation the means over its seeds under one clusterer, and what the model says of itself."""
    told: dict[str, object] = {}
    chosen = table[(table["clusterer"] == clusterer) & (table["score"] != "v_measure")]  # equals nmi, to the digit
    for kind in kinds:
        about: dict[str, object] = {"family": kind.about["family"]}
        active = kind.about.get("active_units")
        if active:
            about |= {"active_units": fmean(active), "latent": len(kind.about["kl_per_unit"][0])}
        if kind.about.get("condition", "none") != "none":
            about["condition"] = kind.about["condition"]  # scores on this label are leaky
        own = chosen[chosen["representation"] == kind.name]
        for label, rows in own.groupby("label", sort=False):
            about[str(label)] = {
                str(name): _mean(values) for name, values in rows.groupby("score", sort=False)["value"]
            }
        found = table[(table["representation"] == kind.name) & (table["clusterer"] == "dbscan")]
        if len(found):
            about["dbscan"] = {
                name: _mean(found.loc[found["score"] == name, "value"]) for name in ("clusters", "coverage")
            }
        told[kind.name] = about
    return told


def _mean(values: pd.Series) -> float | None:
    known = [float(value) for value in values if not pd.isna(value)]
    return round(fmean(known), 4) if known else None


def main() -> None:
    p = params.load(Params)
    ids = store.read_rows(store.BUILD / "audio").ids
    truths = labelled(ids, p.evaluate.labels)
    table = long_table(p, ids, truths)
    if p.evaluate.headline not in set(table["clusterer"]):
        raise Problem(f"evaluate.headline is {p.evaluate.headline!r}, which is not one of cluster.clusterers")
    store.write_table(store.REPORTS / "scores.csv", table.assign(value=table["value"].astype(float).round(6)))
    there = store.read_rows(store.BUILD / "lyrics", "there").at(ids)["there"]
    data = {"tracks": len(ids), "with_lyrics": int(there.sum())}
    told = headlines(table, store.representations(), p.evaluate.headline)
    store.write_json(store.REPORTS / "metrics.json", {"data": data, **told})
    log.info("evaluate: %d scores; the headlines are in reports/metrics.json", len(table))


if __name__ == "__main__":
    stage.run(main, __doc__, Params)
