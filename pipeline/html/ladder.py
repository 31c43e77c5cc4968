"""Models: the linear ladder of each input, and the plane of what is kept against what is mixed."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from pipeline.html import charts, encoders, rank, tuned
from pipeline.html.findings import claimed_cells
from pipeline.html.html import Cell, Line, Table, code, head, number_cell, table, tabs
from pipeline.html.outputs import Empty, Outputs, Part
from pipeline.html.templates import part

KINDS = {"linear": "linear", "other": "neither", "model": "VAE"}
RUNGS = ("raw", "pca", "pca_white", "pca_segments", "ppca", "pca_metric", "track_lda")  # from the plainest
NOTE = (
    "All methods of a tab have the same input. ◆: the linear method that a VAE has to beat under that score. The sign"
    " beside a VAE is its verdict against it: ▲ better, ▼ worse, ＝ no relevant difference, ○ undecided, † not counted."
)
KEPT = "kept: 0 random, 1 the label"
MIXED = "mixed: 0 not at all, 1 fully"
READING = (
    "Up: more of the label is kept. Right: better mixed. Each is a mean of scores that are scaled so that random"
    " labels give 0 and the best possible result gives 1. Blue: VAEs. Grey: baselines."
)


def ladder(out: Outputs) -> Markup:
    """What the same input gives, from raw numbers to VAEs; a tab per input."""
    sheets: dict[str, list[Part]] = {}
    for row in out("ladder.csv"):
        if row["representation"].text in out.representations():
            sheets.setdefault(row["input"].text, []).append(row)
    if not sheets or not out.shown():
        raise Empty
    return tabs("ladder", {source: _sheet(out, source, members) for source, members in sheets.items()})


def _sheet(out: Outputs, source: str, members: Sequence[Part]) -> Markup:
    """A table per label, behind tabs of their own."""
    kinds = {row["representation"].text: row["kind"].text for row in members}
    names = sorted(kinds, key=lambda name: (list(KINDS).index(kinds[name]), _rung(name)))
    about = out.representations()
    notes = [NOTE, *tuned.notes(names), *encoders.notes(about[name] for name in names)]
    sheets = {label: _table(out, label, {name: kinds[name] for name in names}, source) for label in out.shown()}
    return tabs(f"ladder-{source.replace(' ', '-')}", sheets) + part("notes", notes)


def _rung(name: str) -> int:
    return RUNGS.index(name) if name in RUNGS else len(RUNGS)


def _table(out: Outputs, label: str, kinds: Mapping[str, str], source: str) -> Markup:
    scores = list(dict.fromkeys((*rank.scores(out), rank.AT_K)))
    columns = [_column(out, list(kinds), label, score) for score in scores]
    lines = [
        Line(_name(out, name), [Cell(KINDS[kind]), *cells])
        for (name, kind), *cells in zip(kinds.items(), *columns, strict=True)
    ]
    heads = ["representation", "kind", *(head(label, rank.HEADS[score]) for score in scores)]
    return table(Table(f"Methods on the input {source}: {label}", heads, lines))


def _column(out: Outputs, names: Sequence[str], label: str, score: str) -> list[Cell]:
    """A score of every method, with the verdict on a VAE, and a mark on the method that it has to beat."""
    claims = {name: rank.claim(out, name, label, score) for name in names}
    rivals = {tested.within["rival"].text for tested in claims.values() if tested}
    verdicts = {name: tested.verdict if tested else "strongest" * (name in rivals) for name, tested in claims.items()}
    return claimed_cells(out, {name: rank.measured(out, name, label, score) for name in names}, verdicts)


def _name(out: Outputs, name: str) -> Cell:
    return Cell(code(name) + encoders.mark(out.representations()[name]) + tuned.mark(name), name)


def plane(out: Outputs) -> Markup:
    """What a representation keeps of a label against how well it mixes; a tab per facet."""
    facets: dict[str, list[Part]] = {}
    for row in out.rows("plane.csv"):
        if row["conservation"].number is not None and row["mixing"].number is not None:
            facets.setdefault(row["facet"].text, []).append(row)
    if not facets:
        raise Empty
    return tabs("plane", {facet: _facet(out, facet, rows) for facet, rows in facets.items()})


def _facet(out: Outputs, facet: str, rows: Sequence[Part]) -> Markup:
    points = {
        row["representation"].text: (row["mixing"].number or 0.0, row["conservation"].number or 0.0) for row in rows
    }
    about = out.representations()
    models = [name for name in points if rank.is_model(about[name])]
    labels = ", ".join(sorted({row["label"].text for row in rows} - {""}))
    summary = f"What is kept of {labels or facet} against what is mixed; the table below holds the same"
    chart = charts.scatter(points, models, summary, (MIXED, f"{labels or facet}, {KEPT}"))
    parts = [name for name in rows[0].keys if name not in ("representation", "facet", "label")]
    by_name = {row["representation"].text: row for row in rows}
    lines = [
        Line(_name(out, name), [number_cell(by_name[name][each]) for each in parts])
        for name in rank.ordered(out, by_name)
    ]
    heads = ["representation", *(each.replace("_", " ") for each in parts)]
    numbers = table(Table(f"Kept and mixed, {facet}", heads, lines))
    return part("captioned", chart, READING) + part("folded", "The same in numbers", numbers)
