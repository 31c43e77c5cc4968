"""From the scores of each seed to the tables that people read: means with interval, null and flag; and headlines."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from pipeline.core.embeddings import Representation

TableRow = dict[str, object]
Encoders = Sequence[Mapping[str, Any]]  # what is known of each pretrained encoder

# Names that metrics.json has for something else than a label.
RESERVED = {
    "family", "active_units", "latent", "condition", "flag", "own_space", "reference_space", "beside", "stability",
    "dbscan", "reads", "may_know",
}  # fmt: skip
WITH_NULL = ("nmi", "purity")  # scores that metrics.json shows with their null; ami and ari are 0 by chance
WITH_ENDS = ("ami", "ami_curve")  # with their interval
DIGITS = 4


@dataclass(frozen=True)
class Measured:
    """One score of one representation, with what is needed to judge it."""

    clusterer: str  # "" where none is needed
    label: str  # "" where none is needed
    score: str
    values: Sequence[float | None]  # one per seed; a single one where seeds do not matter
    low: float | None = None  # 95 % interval of the mean, over artists
    high: float | None = None
    null_mean: float | None = None
    null_high: float | None = None  # 95 of 100 shuffles stay below
    coverage: float | None = None
    k: float | None = None
    classes: int | None = None  # values of the label that enter a mean over them
    counted: int | None = None  # tracks that have one of them
    note: str = ""  # why the score is undefined, or how to read it
    groups: int | None = None  # of artists, each left out once for the interval
    null_low: float | None = None  # 5 of 100 shuffles stay below


def mean(values: Iterable[float | None]) -> float | None:
    """The mean of the values that are defined; None without any."""
    defined = [value for value in values if value is not None]
    return fmean(defined) if defined else None


def collapsed(embedding: Representation, least: float) -> bool:
    """Whether most latent units of a model are inactive: its own-space silhouette then counts dimensions alone."""
    units = latent(embedding)
    return embedding.active is not None and units is not None and embedding.active < least * units


def latent(embedding: Representation) -> int | None:
    """How many latent units a model has; None for what has none."""
    per_unit = embedding.about.get("kl_per_unit")
    units: int | None = len(per_unit[0]) if per_unit else embedding.about.get("latent")
    return units


def condition(embedding: Representation) -> str:
    """The column that the model is conditioned on; "" for none."""
    column = str(embedding.about.get("condition", "none"))
    return "" if column == "none" else column


def flag(embedding: Representation, label: str, least: float) -> str:
    """Why a score must not be ranked: `leaky` (the label is a condition of the model), `collapsed`, or nothing."""
    if label and label == condition(embedding):
        return "leaky"
    return "collapsed" if collapsed(embedding, least) else ""


def by_seed(embedding: Representation, seeds: Sequence[int], measured: Iterable[Measured]) -> list[TableRow]:
    """Rows of scores.csv: every value of every seed."""
    return [
        {"representation": embedding.name, "clusterer": row.clusterer, "seed": seed, "label": row.label}
        | {"score": row.score, "value": value, "leaky": "yes" if flag(embedding, row.label, 0) == "leaky" else ""}
        for row in measured
        for seed, value in zip(seeds, row.values, strict=False)
    ]


def results(embedding: Representation, measured: Iterable[Measured], least: float) -> list[TableRow]:
    """Rows of results.csv: the mean over the seeds, and all that a reader needs to judge it."""
    units = {"active_units": embedding.active, "latent": latent(embedding)}
    return [
        {"representation": embedding.name, "family": embedding.about["family"], "clusterer": row.clusterer, "k": row.k}
        | {"label": row.label, "score": row.score, "mean": mean(row.values), "low": row.low, "high": row.high}
        | {"groups": row.groups, "null_low": row.null_low, "null_mean": row.null_mean, "null_high": row.null_high}
        | {"seeds": len(row.values), **units, "coverage": row.coverage, "flag": flag(embedding, row.label, least)}
        | {"classes": row.classes, "counted": row.counted, "note": row.note}
        for row in measured
    ]


def headlines(
    embedding: Representation, measured: Sequence[Measured], clusterer: str, least: float, encoders: Encoders = ()
) -> dict[str, object]:
    """What metrics.json says of one representation: under one clusterer, and without any.

    `encoders` are the pretrained ones in its input. One that may have heard the songs, or seen their labels, marks it.
    """
    entry: dict[str, object] = {"family": embedding.about["family"], "reads": [each["encoder"] for each in encoders]}
    if any(each["may_know"] for each in encoders):
        entry["may_know"] = True
    if embedding.active is not None:
        entry |= {"active_units": round(embedding.active, DIGITS), "latent": latent(embedding)}
    if condition(embedding):
        entry["condition"] = condition(embedding)
    if collapsed(embedding, least):
        entry["flag"] = "collapsed"
    sections: dict[str, dict[str, object]] = {}
    for row in measured:
        name = _section(row, clusterer)
        if name:
            leaky = flag(embedding, row.label, 0) == "leaky"
            sections[name] = sections.get(name, {}) | _entries(row, name, leaky=leaky)
    return entry | sections


def _section(row: Measured, clusterer: str) -> str:
    """Where a score stands in metrics.json; "" for a score that is in the tables alone."""
    if row.clusterer == "dbscan" and row.score in ("clusters", "coverage"):
        return "dbscan"
    if row.score.startswith("stability"):
        return "stability"
    if row.score.endswith("_fitted"):
        return ""
    if not row.clusterer:
        return "beside"
    if row.clusterer != clusterer:
        return ""
    for space in ("own", "reference"):
        if row.score.startswith(f"{space}_"):
            return f"{space}_space"
    return row.label


def _entries(row: Measured, section: str, *, leaky: bool) -> dict[str, object]:
    """The numbers of a score under their names; section `beside` holds many labels, so a leaky name says so itself."""
    name = row.score
    for prefix in ("own_", "reference_", "stability_"):
        name = name.removeprefix(prefix)
    name = f"{name}_{row.label}" if section == "beside" and row.label else name
    numbers = {name: mean(row.values)}
    if row.score in WITH_ENDS:
        numbers |= {f"{row.score}_low": row.low, f"{row.score}_high": row.high}
    if row.score in WITH_NULL:
        numbers[f"{row.score}_null"] = row.null_high
    suffix = "_leaky" if leaky and section == "beside" else ""
    entries: dict[str, object] = {
        f"{key}{suffix}": None if value is None else round(value, DIGITS) for key, value in numbers.items()
    }
    return entries | ({"leaky": True} if leaky and section != "beside" else {})
