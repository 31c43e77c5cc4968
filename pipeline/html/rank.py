"""Which model leads on a label, and what its claim shows: every verdict on the pages comes from here.

The claim of a model is that it is above the strongest linear method on its own input. Two scores carry it: AMI averaged
over the number of clusters, and kNN of held-out songs. AMI at one k stands in for the first where there is no average.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.core import corpus
from pipeline.html.outputs import Missing, Outputs, Part, made

LINEAR = "linear"  # in comparisons.csv: the strongest linear method on the model's input
CURVE, AT_K, NEAR = "ami_curve", "ami", "knn"
WORDS = {CURVE: "AMI averaged over k", AT_K: "AMI", NEAR: "kNN accuracy"}
HEADS = {CURVE: "AMI over k", AT_K: "AMI", NEAR: "kNN"}  # of columns


def is_model(scores: Part) -> bool:
    """Whether these are the scores of a VAE. metrics.json gives active units to every VAE and to no baseline."""
    return "active_units" in scores


def ordered(out: Outputs, names: Iterable[str]) -> list[str]:
    """Models from easy to hard, then baselines."""
    about = out.representations()
    places = {name: (not is_model(scores), place) for place, (name, scores) in enumerate(about.items())}
    return sorted(names, key=lambda name: (places.get(name, (True, len(places))), name))


@dataclass(frozen=True)
class Claim:
    """What is shown of a model against the strongest linear method on its input."""

    model: str
    label: str
    score: str
    within: Part  # row of comparisons.csv: on this corpus
    over: Part | None  # row of replicated.csv: over corpora of the same generator

    @property
    def lead(self) -> Part:
        """What counts: over corpora where that was tested, for one corpus is one draw."""
        return self.over or self.within

    @property
    def verdict(self) -> str:
        return self.lead["verdict"].text

    @property
    def difference(self) -> float:
        number = self.lead["difference"].number
        return float("-inf") if number is None else number

    @property
    def words(self) -> str:
        return WORDS[self.score]


def scores(out: Outputs) -> tuple[str, str]:
    """The two scores that carry a claim."""
    return (CURVE if out.find("results.csv", score=CURVE) else AT_K), NEAR


def measured(out: Outputs, name: str, label: str, score: str) -> Part | None:
    """The row of results.csv."""
    clusterer = {CURVE: "kmeans", AT_K: out.headline}.get(score, "")
    return out.find("results.csv", representation=name, clusterer=clusterer, label=label, score=score)


def claim(out: Outputs, model: str, label: str, score: str) -> Claim | None:
    """The claim of a model; None where it was not tested."""
    same = {"model": model, "against": LINEAR, "label": label, "score": score}
    within = _row(out, "comparisons.csv", **same)
    return Claim(model, label, score, within, _over(out, **same)) if within else None


def claims(out: Outputs, label: str) -> Iterator[Claim]:
    """All claims of all models on a label that may be counted."""
    for name in ordered(out, out.representations()):
        for score in scores(out):
            if (tested := claim(out, name, label, score)) and tested.verdict != "leaky":
                yield tested


def _over(out: Outputs, **same: str) -> Part | None:
    """The verdict over corpora. It is about made-up songs, so it says nothing of songs that people made."""
    return _row(out, "replicated.csv", **same) if made(corpus.read).synthetic else None


def _row(out: Outputs, file: str, **same: str) -> Part | None:
    try:
        return out.find(file, **same)
    except Missing:
        return None


def leaders(out: Outputs, label: str) -> tuple[list[str], list[str]]:
    """Models and baselines that may lead, the highest AMI first: averaged over k where it is."""
    about, score = out.representations(), scores(out)[0]

    def value(name: str) -> float:
        row = measured(out, name, label, score)
        number = row["mean"].number if row else None
        return float("-inf") if number is None else number

    names = sorted((name for name in about if _fair(out, name, label)), key=value, reverse=True)
    models = [name for name in names if is_model(about[name])]
    return models, [name for name in names if name not in models]


def _fair(out: Outputs, name: str, label: str) -> bool:
    """Whether it may lead: scored, not collapsed, and its fit saw nothing that gives the label away."""
    about = out.representations()[name]
    tested = claim(out, name, label, scores(out)[0])
    leaky = "leaky" in about[label] or (tested is not None and tested.verdict == "leaky")
    return about[label]["ami"].number is not None and not leaky and "flag" not in about
