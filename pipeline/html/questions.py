"""Questions: each with its verdict, its figure, the interval and the smallest effect that could have been shown."""

import re
from html import escape

from pipeline.html import charts
from pipeline.html.charts import Span
from pipeline.html.html import Cell, Line, Table, chance, chip, counted, interval, number, raw, table, valued
from pipeline.html.models import tabs
from pipeline.html.outputs import Missing, Outputs, Part

SENTENCE = re.compile(r"(?<=[.]) (?=[^\W\d])")  # between two sentences of a verdict
CAPTION = (
    "Difference in {score} with its 95 % interval over artists and seeds{where}."
    " Band: differences too small to be shown with these tracks and seeds."
)


def sections(out: Outputs) -> str:
    """A section a question."""
    asked = out("questions.json")["questions"]
    if not list(asked):
        raise Missing("`reports/questions.json` holds no question: run `dvc repro questions`")
    return "\n".join(_section(one) for one in asked)


def _section(one: Part) -> str:
    said, *evidence = SENTENCE.split(one["verdict"].text)
    verdict = f'<p class="verdict">{chip(one["answer"].text)} {escape(said)}</p>'
    verdict += (
        f'<ul class="evidence">{"".join(f"<li>{escape(line)}</li>" for line in evidence)}</ul>' if evidence else ""
    )
    compared = list(one["comparisons"])
    parts = [f"## {one['question'].text} {{#q-{one['id'].text}}}\n", raw(verdict)]
    parts += [_forest(score, own) for score, own in _by_score(compared).items()]
    tables = {"Comparisons": _compared(one, compared)} if compared else {}
    tables |= {"Scores behind them": _scored(one)} if list(one["rows"]) else {}
    return "\n".join([*parts, tabs(tables) if tables else ""])


def _by_score(compared: list[Part]) -> dict[str, list[Part]]:
    """What a figure shows: one score under its first clusterer, which is the one that the sentences tell."""
    found: dict[str, list[Part]] = {}
    for row in compared:
        own = found.setdefault(row["score"].text, [])
        if not own or own[0]["clusterer"].text == row["clusterer"].text:
            own.append(row)
    return found


def _named(row: Part) -> str:
    return f"{row['model'].text} − {row['against'].text}"


def _span(row: Part) -> Span:
    least = row["smallest"].number
    band = None if least is None else (-least, least)
    return Span(row["difference"].number, row["low"].number, row["high"].number, band)


def _forest(score: str, compared: list[Part]) -> str:
    rows = {_named(row): (_span(row), f"told-{row['verdict'].text.replace(' ', '-')}") for row in compared}
    clusterer = compared[0]["clusterer"].text
    caption = CAPTION.format(score=escape(score), where=f", {clusterer}" if clusterer else "")
    told = "; ".join(f"{_named(row)}: {row['verdict'].text}" for row in compared)
    return raw(f"<figure>{charts.forest(rows, told)}<figcaption>{caption}</figcaption></figure>")


def _compared(one: Part, compared: list[Part]) -> str:
    lines = []
    for row in compared:
        between = interval(row["low"], row["high"], digits=3, signed=True)
        difference = Cell(f"{number(row['difference'], 3, signed=True)} {between}", row["difference"].number, "score")
        note = f' <span class="null">{escape(row["note"].text)}</span>' if row["note"].text else ""
        judged = Cell(f"{chip(row['verdict'].text)}{note}", row["verdict"].text)
        tested = [chance(row["p"]), chance(row["holm"]), valued(row["smallest"], 3)]
        where = [Cell(escape(row[key].text), row[key].text) for key in ("score", "clusterer")]
        lines.append(Line(Cell(escape(_named(row)), _named(row)), [judged, *where, difference, *tested]))
    heads = [
        "comparison",
        "verdict",
        "score",
        "clusterer",
        "difference",
        "p",
        "p <small>Holm</small>",
        "could be shown",
    ]
    return table(Table(f"Comparisons: {one['question'].text}", heads, lines))


def _scored(one: Part) -> str:
    lines = []
    for row in one["rows"]:
        where = [Cell(escape(row[key].text), row[key].text) for key in ("score", "clusterer")]
        score = Cell(f"{number(row['mean'])} {interval(row['low'], row['high'])}", row["mean"].number, "score")
        cells = [*where, score, counted(row["seeds"]), counted(row["active_units"])]
        lines.append(Line(Cell(f"<code>{escape(row['name'].text)}</code>", row["name"].text), cells))
    heads = ["trial", "score", "clusterer", "mean", "seeds", "active units"]
    return table(Table(f"Scores behind it: {one['question'].text}", heads, lines))
