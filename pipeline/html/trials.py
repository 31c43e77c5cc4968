"""Experiments: what the weight of the KL term does to the small models of the questions."""

from markupsafe import Markup

from pipeline.html import charts
from pipeline.html.outputs import Missing, Outputs, Part
from pipeline.html.questions import score_name
from pipeline.html.templates import render

Sweep = dict[str, dict[float, float]]  # score -> beta -> mean


def sweep(out: Outputs) -> Markup:
    """Each score of the question of stability over beta."""
    rows = [(beta, row) for row in _rows(out) if (beta := row["beta"].number) is not None]
    if len({beta for beta, _ in rows}) < 2:
        raise Missing("`reports/questions.json` holds no sweep over beta: give `questions.betas` two values or more")
    curves: Sweep = {}
    for beta, row in rows:
        for name, score in ((score_name(row), row["mean"]), ("active units", row["active_units"])):
            if score.number is not None:
                curves.setdefault(name, {})[beta] = score.number
    return render("sweep", charts=[_curve(name, means) for name, means in curves.items() if len(means) > 1])


def _rows(out: Outputs) -> list[Part]:
    """The scores behind the question, each under its first clusterer."""
    rows = [row for question in out("questions.json")["questions"].where(id="stability") for row in question["rows"]]
    clusterers = {row["score"].text: row["clusterer"].text for row in reversed(rows)}
    return [row for row in rows if clusterers[row["score"].text] == row["clusterer"].text]


def _curve(name: str, means: dict[float, float]) -> Markup:
    points = sorted(means.items())
    summary = f"{name} over beta: " + ", ".join(f"{mean:.3g} at {beta:g}" for beta, mean in points)
    return charts.curves({name: points}, [name], summary, "beta", name)
