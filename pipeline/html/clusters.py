"""Clusters: one card each."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from pipeline.html import languages
from pipeline.html.html import tabs
from pipeline.html.outputs import Empty, Missing, Outputs, Part
from pipeline.html.templates import render

NAMED = 4  # values of a label that are named under its bar
COLOURS = 7
Colours = Mapping[str, Mapping[str, int]]  # label -> value -> number of its colour, the same on all cards


@dataclass(frozen=True)
class Label:
    """The values of a label among the tracks of a cluster, each with its count."""

    name: str
    counts: Part  # pairs of value and count, the commonest first
    colours: Mapping[str, int]

    @property
    def bar(self) -> list[Part]:
        return sorted(self.counts, key=lambda pair: self.colours.get(pair[0].text, COLOURS + 1))

    @property
    def named(self) -> list[Part]:
        return list(self.counts)[:NAMED]

    @property
    def others(self) -> float:
        return sum(pair[1].number or 0 for pair in list(self.counts)[NAMED:])

    def words(self, value: str) -> str:
        return languages.named(value) if self.name == "language" else value


def cards(out: Outputs) -> Markup:
    """The cards of each model of the map, one tab per model."""
    content, sheets = out("figures/clusters.json"), {}
    models = content["models"]
    for name in models.keys:
        colours = most_common(models[name])
        rows = [(card, *_stability(out, name, card), _labels(card, colours)) for card in models[name]]
        sheets[name] = render(
            "clusters",
            cards=rows,
            tracks=content["tracks"],
            tagger=content["tagger"].text,
            named=languages.named,
            tag=languages.tag,
        )
    if not sheets:
        raise Empty("No model of `figures.map_models` has clusters: `dvc repro figures` says why")
    return tabs("cards", sheets)


def reading(out: Outputs) -> Markup:
    """How to read the cards: what of them there is."""
    content = out("figures/clusters.json")
    models = content["models"]
    cards_ = [card for name in models.keys for card in models[name]]
    has_words = any(card["terms"].value for card in cards_)
    return render("reading", clusterer=content["clusterer"].text, tagger=content["tagger"].text, has_words=has_words)


def _labels(card: Part, colours: Colours) -> list[Label]:
    return [Label(name, card["labels"][name], colours[name]) for name in card["labels"].keys]


def _stability(out: Outputs, model: str, card: Part) -> tuple[str, Part | None]:
    """In words, and the share of the cluster that is recovered when some tracks are left out."""
    try:
        row = out("stability.csv").first(representation=model, cluster=card["cluster"].text)
    except Missing:
        return "", None
    jaccard = row["jaccard"].number if row else None
    if row is None or jaccard is None:
        return "", None
    return "stable" if jaccard >= 0.75 else "partly stable" if jaccard >= 0.5 else "unstable", row["jaccard"]


def most_common(cards: Part) -> Colours:
    """The commonest values of a label have a colour of their own."""
    counts: dict[str, Counter[str]] = {}
    for card in cards:
        for label in card["labels"].keys:
            for value, count in card["labels"][label]:
                counts.setdefault(label, Counter())[value.text] += int(count.number or 0)
    return {
        label: {value: number for number, (value, _) in enumerate(counter.most_common(COLOURS), start=1)}
        for label, counter in counts.items()
    }
