"""Which representation leads on a label, and whether it beat its rivals: every verdict on the pages comes from here."""

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.html.outputs import Missing, Outputs, Part


def is_model(scores: Part) -> bool:
    """Whether these are the scores of a VAE. metrics.json gives active units to every VAE and to no baseline."""
    return "active_units" in scores


def ordered(out: Outputs, names: Iterable[str]) -> list[str]:
    """Models from easy to hard, then baselines."""
    about = out.representations()
    places = {name: (not is_model(scores), place) for place, (name, scores) in enumerate(about.items())}
    return sorted(names, key=lambda name: (places.get(name, (True, len(places))), name))


def fair(scores: Part, label: str) -> bool:
    """Whether it may lead: scored, not collapsed, and without this label among its inputs."""
    return scores[label]["ami"].number is not None and "leaky" not in scores[label] and "flag" not in scores


@dataclass(frozen=True)
class Duel:
    """A model and the strongest baseline that it was compared with on a label."""

    label: str
    model: str
    against: str
    row: Part | None  # of comparisons.csv
    above: str | None  # a stronger baseline that was not compared: then nothing can be claimed

    @property
    def verdict(self) -> str:
        """What the comparison says; empty where there was none."""
        return self.row["verdict"].text if self.row else ""

    @property
    def difference(self) -> float:
        number = self.row["difference"].number if self.row else None
        return float("-inf") if number is None else number

    @property
    def wins(self) -> bool:
        return self.verdict == "better" and self.above is None


def leaders(out: Outputs, label: str) -> tuple[list[str], list[str]]:
    """Models and baselines that may lead, the highest AMI first."""
    about = out.representations()

    def ami(name: str) -> float:
        return about[name][label]["ami"].number or 0.0

    names = sorted((name for name in about if fair(about[name], label)), key=ami, reverse=True)
    models = [name for name in names if is_model(about[name])]
    return models, [name for name in names if name not in models]


def duel(out: Outputs, model: str, label: str) -> Duel | None:
    """This model against the strongest baseline that it was compared with; None where there is no baseline."""
    baselines = leaders(out, label)[1]
    if not baselines:
        return None
    for place, against in enumerate(baselines):
        if row := _comparison(out, model, against, label):
            return Duel(label, model, against, row, baselines[0] if place else None)
    return Duel(label, model, baselines[0], None, None)


def best(out: Outputs, label: str) -> Duel | None:
    """The duel of the leading model of a label."""
    models = leaders(out, label)[0]
    return duel(out, models[0], label) if models else None


def _comparison(out: Outputs, model: str, against: str, label: str) -> Part | None:
    try:
        rows = out("comparisons.csv")
    except Missing:
        return None
    return rows.first(model=model, against=against, label=label, clusterer=out.headline)
