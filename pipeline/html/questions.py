"""Questions: each with the claims that answer it, their figures, and the tables with all else behind."""

import re

from markupsafe import Markup

from pipeline.html import calibrated, charts
from pipeline.html.charts import Span
from pipeline.html.html import (
    Cell,
    Line,
    Table,
    chip,
    code,
    count_cell,
    head,
    mean_cell,
    number_cell,
    p_cell,
    raw,
    table,
    tabs,
    text_cell,
)
from pipeline.html.outputs import Missing, Outputs, Part
from pipeline.html.templates import part, render

SENTENCE = re.compile(r"(?<=[.]) (?=[^\W\d])")  # between two sentences of a verdict
SCORES = {
    "ami": "AMI",
    "ami_curve": "mean AMI over k",
    "knn": "kNN",
    "probe": "linear probe",
    "artist_hit": "artist hit@5",
    "refits": "ARI of refits",
}
CAPTION = (
    "Difference in {score} with its 95 % confidence interval{where}, given these fits."
    " Grey band: differences too small to be detected with these tracks and seeds."
)
STEADY = "How alike clusters of refits on other artists are, over how well they agree with {column}. Top right: both."


def sections(out: Outputs) -> str:
    """A section per question, as Markdown, so that the contents of the page list them."""
    questions = list(out("questions.json")["questions"])
    if not questions:
        raise Missing("`reports/questions.json` holds no question: run `dvc repro questions`")
    return "\n".join(_section(out, question) for question in questions)


def _section(out: Outputs, question: Part) -> str:
    opening, *evidence = SENTENCE.split(question["verdict"].text)
    comparisons = list(question["comparisons"])
    families = {family: [row for row in comparisons if row["family"].text == family] for family in _families(question)}
    pictures = [_forest(rows) for rows in _by_score(comparisons)] + _steadiness(question)
    sheets = {_claims(family): _comparisons(question, family, rows) for family, rows in families.items()}
    sheets |= {"Scores behind them": _scores(question)} if list(question["rows"]) else {}
    html = render(
        "question",
        answer=question["answer"].text,
        opening=opening,
        claims=question["claims"],
        evidence=evidence,
        others=[(_over(row), row) for row in calibrated.over_corpora(out, question["id"].text)],
        charts=pictures,
        tables=tabs(f"tables-{question['id'].text}", sheets),
    )
    return f"## {question['question'].text} {{#q-{question['id'].text}}}\n\n{raw(html)}"


def _over(row: Part) -> str:
    """A claim over corpora."""
    label, score = row["label"].text, SCORES.get(row["score"].text, row["score"].text)
    return f"{_name(row)}, {f'{score} of {label}' if label else score}"


def _claims(family: str) -> str:
    return f"{family.capitalize()} claims"


def _families(question: Part) -> list[str]:
    """Primary claims first, as they stand in the file."""
    return list(dict.fromkeys(row["family"].text for row in question["comparisons"]))


def _by_score(comparisons: list[Part]) -> list[list[Part]]:
    """The rows of each figure: one score and column, under the first clusterer, which is that of the sentences."""
    by_score: dict[tuple[str, str], list[Part]] = {}
    for row in comparisons:
        rows = by_score.setdefault((row["score"].text, row["column"].text), [])
        if not rows or rows[0]["clusterer"].text == row["clusterer"].text:
            rows.append(row)
    return list(by_score.values())


def score_name(row: Part) -> str:
    """A score with its column, as in `kNN of theme`."""
    name, column = SCORES.get(row["score"].text, row["score"].text), row["column"].text
    return f"{name} of {column}" if column and row["score"].text != "artist_hit" else name


def _name(row: Part) -> str:
    return f"{row['model'].text} − {row['against'].text}"


def _span(row: Part) -> Span:
    least = row["smallest"].number
    band = None if least is None else (-least, least)
    return Span(row["difference"].number, row["low"].number, row["high"].number, band)


def _forest(comparisons: list[Part]) -> Markup:
    rows = {_name(row): (_span(row), f"verdict-{row['verdict'].text}") for row in comparisons}
    clusterer = comparisons[0]["clusterer"].text
    caption = CAPTION.format(score=score_name(comparisons[0]), where=f", {clusterer}" if clusterer else "")
    summary = "; ".join(f"{_name(row)}: {row['verdict'].text}" for row in comparisons)
    return part("captioned", charts.forest(rows, summary), caption)


def _steadiness(question: Part) -> list[Markup]:
    """Stability over agreement, where the trials of a question have both."""
    by_name: dict[str, dict[str, Part]] = {}
    for row in question["rows"]:
        by_name.setdefault(row["name"].text, {}).setdefault(row["score"].text, row)
    both = {name: rows for name, rows in by_name.items() if "refits" in rows and "ami" in rows}
    means = {name: (rows["ami"]["mean"].number, rows["refits"]["mean"].number) for name, rows in both.items()}
    points = {name: (x, y) for name, (x, y) in means.items() if x is not None and y is not None}
    if not points:
        return []
    column = next(iter(both.values()))["ami"]["column"].text
    models = [name for name, rows in both.items() if rows["refits"]["active_units"].number is not None]
    summary = "; ".join(f"{name}: {steady:.2f} at {agreement:.2f}" for name, (agreement, steady) in points.items())
    drawn = charts.scatter(points, models, summary, (f"AMI of {column}", SCORES["refits"]))
    return [part("captioned", drawn, STEADY.format(column=column))]


def _comparisons(question: Part, family: str, comparisons: list[Part]) -> Markup:
    lines = []
    for row in comparisons:
        verdict = Cell(part("with_note", chip(row["verdict"].text), row["note"].text), row["verdict"].text)
        difference = Cell(part("difference", row, 3), row["difference"].number, "score")
        cells = [verdict, text_cell(score_name(row)), text_cell(row["clusterer"].text), difference]
        cells += [p_cell(row["p"]), p_cell(row["holm"]), number_cell(row["smallest"], 3)]
        lines.append(Line(text_cell(_name(row)), cells))
    heads = ["comparison", "verdict", "score", "clusterer", "difference", "p", head("p", "Holm"), "detectable"]
    return table(Table(f"{_claims(family)}: {question['question'].text}", heads, lines))


def _scores(question: Part) -> Markup:
    lines = []
    for row in question["rows"]:
        cells = [text_cell(score_name(row)), text_cell(row["clusterer"].text), mean_cell(row)]
        cells += [count_cell(row["seeds"]), count_cell(row["active_units"])]
        lines.append(Line(Cell(code(row["name"].text), row["name"].text), cells))
    heads = ["trial", "score", "clusterer", "mean", "fits", "active units"]
    return table(Table(f"Scores behind it: {question['question'].text}", heads, lines))
