"""Findings: the answer in one screen, and the table behind it."""

from collections.abc import Mapping

from markupsafe import Markup

from pipeline.core import corpus
from pipeline.html import encoders, protocol, rank
from pipeline.html.charts import Axis, Span, axis, strip
from pipeline.html.html import UNKNOWN, Cell, Line, Table, head, number, number_cell, table
from pipeline.html.outputs import Missing, Outputs, Part, made
from pipeline.html.templates import part, render

READING = Markup(
    "AMI is the adjusted mutual information of clusters and label: 0 is chance, 1 is perfect agreement. The interval is"
    " the 95 % confidence interval over artists and seeds. The grey band is what shuffled labels reach. The sign is the"
    " verdict against the strongest baseline that was compared, after Holm's correction and under every clusterer of"
    " the comparison: ▲ better, ▼ worse, ○ not shown. <strong>Bold</strong>: better than the best baseline beyond"
    " doubt, not merely higher."
)
LEAKY = "† The model received this label as input, so its score on this label is not counted (leaky)."
COLLAPSED = (
    "‡ Collapsed: few latent units carry information, so compact clusters mean nothing. A collapsed model never leads."
)
UNLABELLED = (
    "Silhouette: how much nearer a track lies to its own cluster than to the next, at most 1; only in the common space"
    " can models be compared. Stability: agreement (ARI; 1 is perfect, 0 chance) of the clusters of 80 % of the tracks"
    " with those of all, and between seeds. Neither says that a grouping is the right one."
)
TILES = 3  # models on the first page of a corpus without labels
LEAST_AXIS = (-0.05, 0.5)


def answer(out: Outputs) -> Markup:
    """One sentence, and a tile per label; without labels a tile per model whose clusters are reproduced best."""
    if not out.shown():
        return render("unlabelled", models=_steadiest(out), headline=out.headline)
    duels = [duel for label in out.shown() if (duel := rank.best(out, label))]
    compared = [duel for duel in duels if duel.row]
    closest = max(compared, key=lambda duel: (duel.above is None, duel.difference), default=None)
    wins, rest = [duel for duel in duels if duel.wins], [duel.label for duel in duels if not duel.wins]
    about = out.representations()
    return render("answer", duels=duels, closest=closest, wins=wins, rest=rest, about=about)


def _steadiest(out: Outputs) -> list[tuple[str, Part, list[Part]]]:
    """The models whose clusters agree best between subsamples of the tracks, each with the sizes of its clusters."""
    about = out.representations()
    models = [name for name, scores in about.items() if rank.is_model(scores) and "flag" not in scores]

    def agreement(name: str) -> float:
        value = about[name]["stability"]["subsamples"].number
        return float("-inf") if value is None else value

    sizes = out("stability.csv")
    best = sorted(models, key=lambda name: -agreement(name))[:TILES]
    return [(name, about[name], [row["size"] for row in sizes.where(representation=name)]) for name in best]


def setting(out: Outputs) -> Markup:
    """What was grouped, how, and what the models received; and whether the corpus is large enough."""
    data, about = out("metrics.json")["data"], out.representations()
    given = {scores["condition"].text for scores in about.values() if "condition" in scores}
    return render(
        "setting",
        data=data,
        synthetic=made(corpus.read).synthetic,
        run=protocol.run(out),
        labels=out.shown(),
        given=sorted(given),
        encoders=encoders.read(out),
    )


def verdicts(out: Outputs) -> Markup:
    """A line per question."""
    return render("verdicts", questions=out("questions.json")["questions"])


def headline(out: Outputs) -> Markup:
    """Every representation with its AMI on each label."""
    about, labels = out.representations(), out.shown()
    if not labels:
        return _shapes(out, about)
    names = rank.ordered(out, about)
    columns = [_column(out, label, {name: about[name] for name in names}) for label in labels]
    lines = [
        Line(
            _representation(name, about[name]),
            [*cells, _units(about[name])],
            about[name]["flag"].text,
        )
        for name, *cells in zip(names, *columns, strict=True)
    ]
    notes: list[str] = [READING]
    notes += [LEAKY] if any("leaky" in about[name][label] for name in names for label in labels) else []
    notes += [COLLAPSED] if any("flag" in about[name] for name in names) else []
    notes += encoders.notes(about.values())
    heads = ["representation", *(head(label, "AMI") for label in labels), "active units"]
    return table(Table(f"Agreement of {out.headline} clusters with each label", heads, lines, notes, id="headline"))


def _representation(name: str, scores: Part) -> Cell:
    return Cell(part("representation", name, scores, rank.is_model(scores), encoders.mark(scores)), name)


def _shapes(out: Outputs, about: Mapping[str, Part]) -> Markup:
    """What can be said of clusters without labels: how they lie, and whether they are reproduced."""
    columns = {
        head("silhouette", "common space"): ("reference_space", "silhouette"),
        head("silhouette", "own space"): ("own_space", "silhouette"),
        head("stability", "subsamples"): ("stability", "subsamples"),
        head("stability", "seeds"): ("stability", "seeds"),
    }
    lines = []
    for name in rank.ordered(out, about):
        scores = about[name]
        cells = [number_cell(scores[section][score]) for section, score in columns.values()]
        lines.append(Line(_representation(name, scores), [*cells, _units(scores)], scores["flag"].text))
    notes = [UNLABELLED, *([COLLAPSED] if any("flag" in scores for scores in about.values()) else [])]
    notes += encoders.notes(about.values())
    heads = ["representation", *columns, "active units"]
    return table(Table(f"Shape and stability of {out.headline} clusters", heads, lines, notes, id="headline"))


def _column(out: Outputs, label: str, about: Mapping[str, Part]) -> list[Cell]:
    spans = {name: _span(out, name, scores[label], label) for name, scores in about.items()}
    along = axis(list(spans.values()), LEAST_AXIS)
    return [_cell(out, name, scores, label, spans[name], along) for name, scores in about.items()]


def _span(out: Outputs, name: str, scores: Part, label: str) -> Span:
    null = _null(out, name, label)
    band = (min(0.0, null), null) if null is not None else None
    return Span(scores["ami"].number, scores["ami_low"].number, scores["ami_high"].number, band)


def _null(out: Outputs, name: str, label: str) -> float | None:
    """What shuffled labels reach."""
    try:
        row = out("results.csv").first(representation=name, clusterer=out.headline, label=label, score="ami")
    except Missing:
        return None
    return row["null_high"].number if row else None


def _cell(out: Outputs, name: str, about: Part, label: str, span: Span, along: Axis) -> Cell:
    scores = about[label]
    if scores["ami"].number is None:
        return Cell(number(scores["ami"]), None, "score")
    duel = rank.duel(out, name, label) if rank.is_model(about) else None
    verdict = "leaky" if "leaky" in scores else duel.verdict if duel else ""
    bold = duel is not None and duel.wins and "flag" not in about
    interval = strip(span, along, "model" if rank.is_model(about) else "baseline")
    return Cell(part("ami", scores, interval, bold, verdict), scores["ami"].number, "score")


def _units(about: Part) -> Cell:
    if "active_units" not in about:
        return Cell(UNKNOWN)
    return Cell(part("of", about["active_units"], about["latent"]), about["active_units"].number)
