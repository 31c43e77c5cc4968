"""Questions: each with its verdict, its figure, its intervals and the smallest detectable effects."""

import re

from markupsafe import Markup

from pipeline.html import charts
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
CAPTION = (
    "Difference in {score} with its 95 % confidence interval over artists and seeds{where}."
    " Grey band: differences too small to be detected with these tracks and seeds."
)


def sections(out: Outputs) -> str:
    """A section per question, as Markdown, so that the contents of the page list them."""
    questions = list(out("questions.json")["questions"])
    if not questions:
        raise Missing("`reports/questions.json` holds no question: run `dvc repro questions`")
    return "\n".join(_section(question) for question in questions)


def _section(question: Part) -> str:
    verdict, *evidence = SENTENCE.split(question["verdict"].text)
    comparisons = list(question["comparisons"])
    sheets = {"Comparisons": _comparisons(question, comparisons)} if comparisons else {}
    sheets |= {"Scores behind them": _scores(question)} if list(question["rows"]) else {}
    html = render(
        "question",
        answer=question["answer"].text,
        verdict=verdict,
        evidence=evidence,
        charts=[_forest(score, rows) for score, rows in _by_score(comparisons).items()],
        tables=tabs(f"tables-{question['id'].text}", sheets),
    )
    return f"## {question['question'].text} {{#q-{question['id'].text}}}\n\n{raw(html)}"


def _by_score(comparisons: list[Part]) -> dict[str, list[Part]]:
    """The rows of each figure: one score under its first clusterer, the one of the sentences."""
    by_score: dict[str, list[Part]] = {}
    for row in comparisons:
        rows = by_score.setdefault(row["score"].text, [])
        if not rows or rows[0]["clusterer"].text == row["clusterer"].text:
            rows.append(row)
    return by_score


def _name(row: Part) -> str:
    return f"{row['model'].text} − {row['against'].text}"


def _span(row: Part) -> Span:
    least = row["smallest"].number
    band = None if least is None else (-least, least)
    return Span(row["difference"].number, row["low"].number, row["high"].number, band)


def _forest(score: str, comparisons: list[Part]) -> Markup:
    rows = {_name(row): (_span(row), f"verdict-{row['verdict'].text.replace(' ', '-')}") for row in comparisons}
    clusterer = comparisons[0]["clusterer"].text
    caption = CAPTION.format(score=score, where=f", {clusterer}" if clusterer else "")
    summary = "; ".join(f"{_name(row)}: {row['verdict'].text}" for row in comparisons)
    return part("captioned", charts.forest(rows, summary), caption)


def _comparisons(question: Part, comparisons: list[Part]) -> Markup:
    lines = []
    for row in comparisons:
        verdict = Cell(part("with_note", chip(row["verdict"].text), row["note"].text), row["verdict"].text)
        difference = Cell(part("difference", row, 3), row["difference"].number, "score")
        cells = [verdict, text_cell(row["score"].text), text_cell(row["clusterer"].text), difference]
        cells += [p_cell(row["p"]), p_cell(row["holm"]), number_cell(row["smallest"], 3)]
        lines.append(Line(text_cell(_name(row)), cells))
    heads = ["comparison", "verdict", "score", "clusterer", "difference", "p", head("p", "Holm"), "detectable"]
    return table(Table(f"Comparisons: {question['question'].text}", heads, lines))


def _scores(question: Part) -> Markup:
    lines = []
    for row in question["rows"]:
        cells = [text_cell(row["score"].text), text_cell(row["clusterer"].text), mean_cell(row)]
        cells += [count_cell(row["seeds"]), count_cell(row["active_units"])]
        lines.append(Line(Cell(code(row["name"].text), row["name"].text), cells))
    heads = ["trial", "score", "clusterer", "mean", "seeds", "active units"]
    return table(Table(f"Scores behind it: {question['question'].text}", heads, lines))
