"""Which representation leads on a label, and whether that is shown: the words of every verdict come from here."""

from dataclasses import dataclass

from pipeline.html.outputs import Missing, Outputs, Part, representations

BASELINES = ("raw", "pca", "spectral", "ae", "track_lda", "contrastive", "tfidf", "word2vec", "bert")
MODELS = ("easy", "conv1d", "conv2d", "fusion", "hard", "hard_audio", "hard_lyrics", "cross")


def is_model(name: str) -> bool:
    """Whether it is one of the VAEs; all else is what they have to beat."""
    return name in MODELS


def ordered(names: list[str]) -> list[str]:
    """Models from easy to hard, then baselines."""
    known = [*MODELS, *BASELINES]
    return sorted(names, key=lambda name: (known.index(name) if name in known else len(known), name))


def fair(about: Part, label: str) -> bool:
    """Whether it may lead: neither told this label nor collapsed, and scored."""
    return about[label]["ami"].number is not None and "leaky" not in about[label] and "flag" not in about


@dataclass(frozen=True)
class Duel:
    """A model beside the strongest baseline that it was compared with on a label."""

    label: str
    model: str
    against: str
    row: Part | None  # of comparisons.csv
    above: str | None  # a baseline that is stronger still, and was not compared: then nothing can be claimed

    @property
    def verdict(self) -> str:
        """What the comparison says; empty where there was none."""
        return self.row["verdict"].text if self.row else ""

    @property
    def wins(self) -> bool:
        return self.verdict == "better" and self.above is None


def leaders(about: dict[str, Part], label: str) -> tuple[list[str], list[str]]:
    """Models and baselines that may lead, the highest AMI first."""

    def by_ami(name: str) -> float:
        return about[name][label]["ami"].number or 0.0

    able = sorted((name for name in about if fair(about[name], label)), key=by_ami, reverse=True)
    return [name for name in able if is_model(name)], [name for name in able if not is_model(name)]


def duel(out: Outputs, model: str, label: str) -> Duel | None:
    """This model against the strongest baseline that it was compared with; None where there is no baseline."""
    baselines = leaders(representations(out("metrics.json")), label)[1]
    if not baselines:
        return None
    for place, against in enumerate(baselines):
        if row := _comparison(out, model, against, label):
            return Duel(label, model, against, row, baselines[0] if place else None)
    return Duel(label, model, baselines[0], None, None)


def best(out: Outputs, label: str) -> Duel | None:
    """The duel of the leading model of a label."""
    models = leaders(representations(out("metrics.json")), label)[0]
    return duel(out, models[0], label) if models else None


def _comparison(out: Outputs, model: str, against: str, label: str) -> Part | None:
    try:
        rows = out("comparisons.csv")
    except Missing:
        return None
    return rows.first(model=model, against=against, label=label, clusterer=out.headline)
