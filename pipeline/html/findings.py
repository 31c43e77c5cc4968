"""Findings: the answer in one screen, and the table behind it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pipeline.core import corpus
from pipeline.html import encoders, protocol, rank, tuned
from pipeline.html.charts import Axis, Span, axis, strip
from pipeline.html.html import UNKNOWN, Cell, Line, Table, head, number, number_cell, table
from pipeline.html.outputs import Outputs, Part, made
from pipeline.html.rank import Claim
from pipeline.html.templates import part, render

READING = Markup(
    "AMI is the adjusted mutual information of clusters and label: 0 is chance, 1 is perfect agreement. It is averaged"
    " over k, the number of clusters, since one k may be a lucky one. kNN is the share of songs, a mean over the values"
    " of the label, whose nearest songs mostly have their value; no fit has met the artist of the song. Intervals are"
    " 95 % confidence intervals, given these clusterings. The grey band is what shuffled labels reach. The sign is the"
    " verdict against the best linear method on the same input, after Holm's correction: ▲ better, ▼ worse, ＝ no"
    " relevant difference, ○ undecided. <strong>Bold</strong>: better than every linear method on its input."
)
LEAKY = "† The model received this label as input, so its score on this label is not counted (leaky)."
MEMORY = (
    "† beside AMI: the network was fitted to the words and the sound of these songs, so its clusters by one hold"
    " what it remembers of the other. They are not counted. kNN is: on songs of artists that the fit never met."
)
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


@dataclass(frozen=True)
class Tile:
    """The leading model of a label, its score and its claims."""

    label: str
    model: str
    value: Part  # row of results.csv
    claims: Sequence[Claim]
    words: str  # for the score


Grouped = Sequence[tuple[str, str, Sequence[Claim]]]  # model, label and claims
Row = tuple[str, Part]  # a representation and its row of results.csv


def answer(out: Outputs) -> Markup:
    """One sentence, and a tile per label; without labels a tile per model whose clusters are reproduced best."""
    if not out.shown():
        return render("unlabelled", models=_steadiest(out), headline=out.headline)
    tiles = [tile for label in out.shown() if (tile := _tile(out, label))]
    about = out.representations()
    tested = [claim for label in out.shown() for claim in rank.claims(out, label)]
    fair = [claim for claim in tested if "flag" not in about[claim.model]]
    wins = [group for group in _grouped(fair) if any(claim.verdict == "better" for claim in group[2])]
    wins.sort(key=lambda win: rank.leaders(out, win[1])[0].index(win[0]))  # the highest score first
    lost = _grouped([claim for claim in tested if claim.verdict == "worse"])
    worse = [(label, [(model, claims) for model, place, claims in lost if place == label]) for label in out.shown()]
    return render(
        "answer",
        tiles=tiles,
        tested=tested,
        wins=[(*win, _above(out, *win[:2])) for win in wins],
        rest=list(dict.fromkeys(claim.label for claim in tested if claim.label not in {label for _, label, _ in wins})),
        closest=_closest(tiles),
        worse=[(label, models) for label, models in worse if models],
        about=about,
    )


def _tile(out: Outputs, label: str) -> Tile | None:
    models, score = rank.leaders(out, label)[0], rank.scores(out)[0]
    value = rank.measured(out, models[0], label, score) if models else None
    if value is None:
        return None
    claims = [claim for each in rank.scores(out) if (claim := rank.claim(out, models[0], label, each))]
    return Tile(label, models[0], value, claims, rank.WORDS[score])


def _above(out: Outputs, model: str, label: str) -> Row | None:
    """The best baseline, on whatever input, where it is above a model that is better than those on its own."""
    score, baselines = rank.scores(out)[0], rank.leaders(out, label)[1]
    rows = [rank.measured(out, name, label, score) for name in (model, *baselines[:1])]
    values = [row["mean"].number for row in rows if row]
    if len(values) < 2 or values[0] is None or values[1] is None or values[0] >= values[1] or rows[1] is None:
        return None
    return baselines[0], rows[1]


def _grouped(claims: Iterable[Claim]) -> Grouped:
    """The claims of each model on each label together."""
    groups: dict[tuple[str, str], list[Claim]] = {}
    for claim in claims:
        groups.setdefault((claim.model, claim.label), []).append(claim)
    return [(*key, group) for key, group in groups.items()]


def _closest(tiles: Sequence[Tile]) -> tuple[str, str, Sequence[Claim]] | None:
    """The leading model that is least below its best linear method, on a label that its clusters hold at all."""
    compared = [tile for tile in tiles if tile.claims]
    above = [tile for tile in compared if (tile.value["low"].number or 0) > (tile.value["null_high"].number or 0)]
    best = max(above or compared, key=lambda tile: tile.claims[0].difference, default=None)
    return (best.model, best.label, best.claims) if best else None


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
    """Every representation with the two scores that carry claims, on each label."""
    about, labels = out.representations(), out.shown()
    if not labels:
        return _shapes(out, about)
    names, (score, near) = rank.ordered(out, about), rank.scores(out)
    columns = [_column(out, label, each, names) for label in labels for each in (score, near)]
    lines = [
        Line(_representation(name, about[name]), [*cells, _units(about[name])], about[name]["flag"].text)
        for name, *cells in zip(names, *columns, strict=True)
    ]
    memory = [tested for name in names for label in labels if (tested := rank.claim(out, name, label, score))]
    notes: list[str] = [READING]
    notes += [LEAKY] if any("leaky" in about[name][label] for name in names for label in labels) else []
    notes += [MEMORY] if any(_remembers(about, tested) for tested in memory) else []
    notes += [COLLAPSED] if any("flag" in about[name] for name in names) else []
    notes += [*encoders.notes(about.values()), *tuned.notes(names)]
    titles = (rank.HEADS[score], rank.HEADS[near])
    heads = ["representation", *(head(label, title) for label in labels for title in titles), "active units"]
    return table(Table("Agreement with each label", heads, lines, notes, id="headline"))


def _remembers(about: Mapping[str, Part], tested: Claim) -> bool:
    return tested.verdict == "leaky" and "leaky" not in about[tested.model][tested.label]


def _representation(name: str, scores: Part) -> Cell:
    marks = encoders.mark(scores) + tuned.mark(name)
    return Cell(part("representation", name, scores, rank.is_model(scores), marks), name)


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


def _column(out: Outputs, label: str, score: str, names: Sequence[str]) -> list[Cell]:
    rows = {name: rank.measured(out, name, label, score) for name in names}
    claims = {name: rank.claim(out, name, label, score) for name in names}
    return claimed_cells(out, rows, {name: tested.verdict if tested else "" for name, tested in claims.items()})


def claimed_cells(out: Outputs, rows: Mapping[str, Part | None], verdicts: Mapping[str, str]) -> list[Cell]:
    """A column of scores: each interval drawn on one axis, with its verdict."""
    spans = {name: _span(row) for name, row in rows.items() if row}
    along = axis(list(spans.values()), LEAST_AXIS)
    about = out.representations()
    return [
        _cell(about[name], row, verdicts[name], spans[name], along) if row else Cell(UNKNOWN)
        for name, row in rows.items()
    ]


def _span(row: Part) -> Span:
    null = row["null_high"].number
    band = (min(0.0, null), null) if null is not None else None
    return Span(row["mean"].number, row["low"].number, row["high"].number, band)


def _cell(about: Part, row: Part, verdict: str, span: Span, along: Axis) -> Cell:
    if row["mean"].number is None:
        return Cell(number(row["mean"]), None, "score")
    near = row["score"].text == rank.NEAR  # its interval takes the second line, where the other score is drawn
    drawn = "" if near else strip(span, along, "model" if rank.is_model(about) else "baseline")
    shown = "leaky" if row["flag"].text == "leaky" else verdict
    bold = shown == "better" and "flag" not in about
    return Cell(part("claimed", row, drawn, bold, shown), row["mean"].number, "score")


def _units(about: Part) -> Cell:
    if "active_units" not in about:
        return Cell(UNKNOWN)
    return Cell(part("of", about["active_units"], about["latent"]), about["active_units"].number)
