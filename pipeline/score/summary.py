"""From the scores of each seed to the tables that people read: means with interval, null and flag; and headlines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from pipeline.core.embeddings import Representation

Row = dict[str, object]

# What metrics.json says of a representation under names of its own: no label may be called so.
RESERVED = {
    "family", "active_units", "latent", "condition", "flag", "own_space", "reference_space", "beside", "stability",
    "dbscan",
}  # fmt: skip
NULLED = ("nmi", "purity")  # whose null stands beside them in metrics.json; ami and ari are 0 by chance
DIGITS = 4


@dataclass(frozen=True)
class Measured:
    """One score of one representation: a value a seed, and what is needed to believe it."""

    clusterer: str  # "" where none is needed
    label: str  # "" where none is needed
    score: str
    values: Sequence[float | None]  # one a seed; a single one where seeds do not matter
    low: float | None = None  # 95 % interval of the mean, over artists
    high: float | None = None
    null_mean: float | None = None
    null_high: float | None = None
    coverage: float | None = None
    k: float | None = None


def mean(values: Iterable[float | None]) -> float | None:
    """The mean of those that are defined; None if there is none."""
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def collapsed(kind: Representation, least: float) -> bool:
    """Whether most latent units of a model say nothing: its own-space silhouette then counts dimensions alone."""
    units = latent(kind)
    return kind.active is not None and units is not None and kind.active < least * units


def latent(kind: Representation) -> int | None:
    """How many latent units a model has; None for what has none."""
    per_unit = kind.about.get("kl_per_unit")
    told: int | None = len(per_unit[0]) if per_unit else kind.about.get("latent")
    return told


def condition(kind: Representation) -> str:
    """The column whose values the model was told; "" for none."""
    told = str(kind.about.get("condition", "none"))
    return "" if told == "none" else told


def flag(kind: Representation, label: str, least: float) -> str:
    """Why a score must not be ranked: `leaky` (the model was told this very label), `collapsed`, or nothing."""
    if label and label == condition(kind):
        return "leaky"
    return "collapsed" if collapsed(kind, least) else ""


def by_seed(kind: Representation, seeds: Sequence[int], measured: Iterable[Measured]) -> list[Row]:
    """Rows of scores.csv: every value of every seed."""
    return [
        {"representation": kind.name, "clusterer": one.clusterer, "seed": seed, "label": one.label, "score": one.score}
        | {"value": value, "leaky": "yes" if flag(kind, one.label, 0) == "leaky" else ""}
        for one in measured
        for seed, value in zip(seeds, one.values, strict=False)
    ]


def results(kind: Representation, measured: Iterable[Measured], least: float) -> list[Row]:
    """Rows of results.csv: the mean over the seeds, and all that a reader needs to judge it."""
    units = {"active_units": kind.active, "latent": latent(kind)}
    return [
        {"representation": kind.name, "family": kind.about["family"], "clusterer": one.clusterer, "k": one.k}
        | {"label": one.label, "score": one.score, "mean": mean(one.values), "low": one.low, "high": one.high}
        | {"null_mean": one.null_mean, "null_high": one.null_high}
        | {"seeds": len(one.values), **units, "coverage": one.coverage, "flag": flag(kind, one.label, least)}
        for one in measured
    ]


def headlines(kind: Representation, measured: Sequence[Measured], clusterer: str, least: float) -> dict[str, object]:
    """What metrics.json says of one representation: under one clusterer, and beside clusters."""
    told: dict[str, object] = {"family": kind.about["family"]}
    if kind.active is not None:
        told |= {"active_units": round(kind.active, DIGITS), "latent": latent(kind)}
    if condition(kind):
        told["condition"] = condition(kind)
    if collapsed(kind, least):
        told["flag"] = "collapsed"
    for one in measured:
        section = _section(one, clusterer)
        if section:
            within = told.setdefault(section, {})
            assert isinstance(within, dict)
            leaky = flag(kind, one.label, 0) == "leaky"
            beside = leaky and section == "beside"  # where many labels stand together, each leaky one says so itself
            within |= {f"{key}_leaky" if beside else key: value for key, value in _numbers(one, section).items()}
            if leaky and not beside:
                within["leaky"] = True
    return told


def _section(one: Measured, clusterer: str) -> str:
    """Where a score stands in metrics.json; "" for one that is in the tables alone."""
    if one.score == "v_measure":  # nmi by another name, to the digit
        return ""
    if one.clusterer == "dbscan" and one.score in ("clusters", "coverage"):
        return "dbscan"
    if one.score.startswith("stability"):
        return "stability"
    if not one.clusterer:
        return "beside"
    if one.clusterer != clusterer:
        return ""
    for space in ("own", "reference"):
        if one.score.startswith(f"{space}_"):
            return f"{space}_space"
    return one.label


def _numbers(one: Measured, section: str) -> dict[str, float | None]:
    name = one.score
    for prefix in ("own_", "reference_", "stability_"):
        name = name.removeprefix(prefix)
    name = f"{name}_{one.label}" if section == "beside" and one.label else name
    numbers = {name: mean(one.values)}
    if one.score == "ami":
        numbers |= {"ami_low": one.low, "ami_high": one.high}
    if one.score in NULLED:
        numbers[f"{one.score}_null"] = one.null_high
    return {key: None if value is None else round(value, DIGITS) for key, value in numbers.items()}
