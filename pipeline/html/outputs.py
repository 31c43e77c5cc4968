"""The tracked outputs of a run: every number knows its place in them."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pipeline.core import store
from pipeline.core.command import Problem

Value = TypeVar("Value")

MADE_BY = {  # file under reports/ -> the command that makes it
    "metrics.json": "dvc repro evaluate",
    "results.csv": "dvc repro evaluate",
    "kcurve.csv": "dvc repro evaluate",
    "plane.csv": "dvc repro evaluate",
    "stability.csv": "dvc repro evaluate",
    "comparisons.csv": "dvc repro compare",
    "ladder.csv": "dvc repro compare",
    "audit.csv": "dvc repro audit",
    "questions.json": "dvc repro questions",
    "replicated.csv": "python -m pipeline.replicate",
    "calibration.csv": "python -m pipeline.replicate calibrate",
    "published.csv": "python -m pipeline.published",
    "figures/figures.json": "dvc repro figures",
    "figures/map.json": "dvc repro figures",
    "figures/clusters.json": "dvc repro figures",
}


class Missing(Exception):
    """An output is missing: the message is the sentence that stands on the page in its place."""


class Empty(Exception):
    """The corpus has nothing for a piece of a page.

    The message stands in its place; without a message neither the piece nor its heading is shown.
    """


def made(read: Callable[[], Value]) -> Value:
    """What `read` returns; where its file is missing, the page shows the command that makes it."""
    try:
        return read()
    except Problem as problem:
        raise Missing(str(problem)) from None


@dataclass(frozen=True)
class Part:
    """A part of an output and its place, as in `metrics.json#/pca/genre/ami`."""

    value: Any
    place: str

    def __getitem__(self, key: str | int) -> "Part":
        place = f"{self.place}/{str(key).replace('~', '~0').replace('/', '~1')}"
        if isinstance(self.value, dict):
            return Part(self.value.get(str(key)), place)
        return Part(self.value[int(key)] if isinstance(self.value, list) else None, place)

    def __iter__(self) -> Iterator["Part"]:
        """The parts of a list, or of an object in its order."""
        keys = self.value if isinstance(self.value, dict) else range(len(self.value or ()))
        return (self[key] for key in keys)

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and self.value.get(key) not in (None, "")

    @property
    def keys(self) -> list[str]:
        return list(self.value) if isinstance(self.value, dict) else []

    @property
    def text(self) -> str:
        return "" if self.value is None else str(self.value)

    @property
    def number(self) -> float | None:
        """None where it is undefined or no number."""
        try:
            value = float(self.value)
        except (TypeError, ValueError):
            return None
        return value if math.isfinite(value) else None

    def where(self, **texts: str) -> list["Part"]:
        """The rows of a table that have these texts in these columns."""
        return [row for row in self if all(row[column].text == text for column, text in texts.items())]

    def first(self, **texts: str) -> "Part | None":
        return next(iter(self.where(**texts)), None)


@dataclass(frozen=True)
class Outputs:
    """What is under `reports`, and what of it the pages show."""

    reports: Path
    labels: tuple[str, ...]
    headline: str  # the clusterer
    read: dict[str, Part] = field(default_factory=dict)
    index: dict[tuple[str, ...], dict[tuple[str, ...], Part]] = field(default_factory=dict)

    def __call__(self, name: str) -> Part:
        """The whole of an output; where it is missing, the error names the command that makes it."""
        if name not in self.read:
            file = self.reports / name
            if not file.exists():
                raise Missing(f"`reports/{name}` is missing: run `{MADE_BY[name]}`")
            json = file.suffix == ".json"
            value = store.read_json(file) if json else store.read_table(file).to_dict("records")
            self.read[name] = Part(value, f"{name}#")
        return self.read[name]

    def find(self, name: str, **texts: str) -> Part | None:
        """The first row of a table that has these texts in these columns; looked up, as there are thousands."""
        key = (name, *texts)
        if key not in self.index:
            rows: dict[tuple[str, ...], Part] = {}
            for row in self(name):
                rows.setdefault(tuple(row[column].text for column in texts), row)
            self.index[key] = rows
        return self.index[key].get(tuple(texts.values()))

    def representations(self) -> dict[str, Part]:
        """The scores of each representation in metrics.json; without those of lyrics where the corpus has none."""
        metrics = self("metrics.json")
        every = {name: metrics[name] for name in metrics.keys if name != "data"}
        return {name: scores for name, scores in every.items() if self._is_scored(scores)} or every

    def _is_scored(self, scores: Part) -> bool:
        """Whether any score is defined; none is where no track has a place in the representation."""
        labels = [scores[label]["ami"] for label in self.labels]
        return any(each.number is not None for each in (*labels, *scores["own_space"], *scores["reference_space"]))

    def rows(self, name: str) -> list[Part]:
        """The rows of a table that are about the representations that are shown."""
        shown = self.representations()
        return [row for row in self(name) if row["representation"].text in shown]

    def shown(self) -> list[str]:
        """The labels that have scores, in the order of evaluate.labels."""
        models = self.representations().values()
        return [label for label in self.labels if any(label in scores for scores in models)]
