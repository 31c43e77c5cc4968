"""Method: the command that makes each table, and the settings of this run."""

from collections.abc import Callable

from markupsafe import Markup

from pipeline.html.html import Cell, Line, Table, code, table
from pipeline.html.outputs import MADE_BY, Missing, Outputs

SHOWS = {
    "metrics.json": "Findings: the headline table",
    "results.csv": "Models: every score with its interval and its chance level",
    "kcurve.csv": "Models: AMI over k",
    "plane.csv": "Models: what is kept and what is mixed",
    "stability.csv": "Clusters: how stable each is",
    "comparisons.csv": "Findings: the verdicts",
    "ladder.csv": "Models: the linear ladder",
    "audit.csv": "Data: the audit",
    "questions.json": "Questions",
    "replicated.csv": "Protocol: the verdicts over corpora",
    "calibration.csv": "Protocol: how often verdicts are wrong",
    "published.csv": "Models: the published forms",
    "figures/figures.json": "all pictures",
    "figures/map.json": "Map",
    "figures/clusters.json": "Clusters: the cards",
}


def commands(out: Outputs) -> Markup:
    """A row per output: where it is shown, and how to reproduce it."""
    lines = []
    for name, made in MADE_BY.items():
        state = "present" if (out.reports / name).exists() else "missing"
        lines.append(Line(Cell(code(f"reports/{name}")), [Cell(SHOWS[name]), Cell(code(made)), Cell(state)]))
    return table(Table("How to reproduce each table", ["file", "shown as", "command", "now"], lines))


def run(out: Outputs) -> dict[str, str]:
    """The settings of this run, as variables of the prose."""

    def column(name: str) -> str:
        rows = [row for row in out.rows("results.csv") if row["clusterer"].text == out.headline]
        scored = [row for row in rows if row["score"].text == "ami"]  # without labels there is none
        shapes = [row for row in rows if row["score"].text == "own_silhouette"]
        return _range([row[name].text for row in scored or shapes])

    return {
        "headline": out.headline,
        "labels": ", ".join(out.labels) or "this corpus has none",
        "k": _or_reason(lambda: column("k")),
        "seeds": _or_reason(lambda: column("seeds")),
        "representations": _or_reason(lambda: str(len(out.representations()))),
    }


def _or_reason(value: Callable[[], str]) -> str:
    try:
        return value()
    except Missing as reason:
        return f"({reason})"


def _range(texts: list[str]) -> str:
    values = sorted({float(text) for text in texts if text})
    if not values:
        return "–"
    return f"{values[0]:g}" if values[0] == values[-1] else f"{values[0]:g} to {values[-1]:g}"
