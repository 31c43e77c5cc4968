"""Method: which command makes which table, and the protocol as this run had it."""

from html import escape

from pipeline.html.html import Cell, Line, Table, table
from pipeline.html.outputs import MADE_BY, Missing, Outputs, representations

SHOWS = {
    "metrics.json": "Findings: the headline table",
    "results.csv": "Models: every score with its interval and null",
    "kcurve.csv": "Models: AMI over k",
    "stability.csv": "Clusters: how stable each is",
    "comparisons.csv": "Findings: the verdicts",
    "audit.csv": "Data: the audit",
    "questions.json": "Questions",
    "figures/figures.json": "all pictures",
    "figures/map.json": "Map",
    "figures/clusters.json": "Clusters: the cards",
}


def commands(out: Outputs) -> str:
    """A row an output: what shows it, and how it is made again."""
    lines = [
        Line(
            Cell(f"<code>reports/{escape(name)}</code>"),
            [
                Cell(escape(SHOWS[name])),
                Cell(f"<code>dvc repro {stage}</code>"),
                Cell("there" if (out.reports / name).exists() else "missing"),
            ],
        )
        for name, stage in MADE_BY.items()
    ]
    return table(Table("How every table is made again", ["file", "shown as", "command", "now"], lines))


def run(out: Outputs) -> dict[str, str]:
    """The variables that tell how this run was made."""
    found = {"headline": out.headline, "labels": ", ".join(out.labels)}
    try:
        headline = out("results.csv").where(clusterer=out.headline, score="ami")
        found |= {
            "k": _range([row["k"].text for row in headline]),
            "seeds": _range([row["seeds"].text for row in headline]),
        }
    except Missing as reason:
        found |= dict.fromkeys(("k", "seeds"), f"({reason})")
    try:
        found["representations"] = str(len(representations(out("metrics.json"))))
    except Missing as reason:
        found["representations"] = f"({reason})"
    return found


def _range(texts: list[str]) -> str:
    values = sorted({float(text) for text in texts if text})
    if not values:
        return "(unknown)"
    return f"{values[0]:g}" if values[0] == values[-1] else f"{values[0]:g} to {values[-1]:g}"
