"""The words and tables of the pages: every number carries the place where it stands in the outputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from pipeline.html.outputs import Empty, Missing, Part
from pipeline.html.templates import part as _part
from pipeline.html.templates import render

UNKNOWN = "–"


def number(part: Part, digits: int = 2, *, signed: bool = False) -> Markup:
    """The rounded number with its place in the outputs; a dash where it is undefined."""
    return _part("number", part, digits, signed)


def count(part: Part) -> Markup:
    """A whole number, or one decimal where it is a mean."""
    return _part("count", part)


def interval(low: Part, high: Part, digits: int = 2, *, signed: bool = False) -> Markup:
    """Empty where an end is undefined."""
    return _part("interval", low, high, digits, signed)


def chip(verdict: str) -> Markup:
    """A verdict as a sign and a word."""
    return _part("chip", verdict)


def code(text: str) -> Markup:
    return _part("code", text)


@dataclass(frozen=True)
class Cell:
    html: str  # text, which is escaped, or Markup
    sort: float | str | None = None  # what the column is sorted by
    kind: str = ""  # class of the cell


@dataclass(frozen=True)
class Line:
    """A row: its name and its cells."""

    name: Cell
    cells: Sequence[Cell]
    kind: str = ""


@dataclass(frozen=True)
class Table:
    caption: str
    heads: Sequence[str]  # text or Markup; the first stands over the names
    lines: Sequence[Line]
    notes: Sequence[str] = field(default_factory=tuple)  # text or Markup
    id: str = ""


def text_cell(text: str) -> Cell:
    return Cell(text, text)


def number_of(count: int | None) -> Cell:
    """A count of tracks; a dash where there is none to give."""
    return Cell(UNKNOWN) if count is None else Cell(str(count), count)


def number_cell(part: Part, digits: int = 2, *, signed: bool = False) -> Cell:
    return Cell(number(part, digits, signed=signed), part.number)


def mean_cell(row: Part, mark: str = "") -> Cell:
    """The mean of a score with its interval."""
    return Cell(_part("mean", row, mark), row["mean"].number, "score")


def p_cell(part: Part) -> Cell:
    """A p-value with three digits."""
    value = part.number
    return number_cell(part, 3) if value is None or value >= 0.0005 else Cell("< 0.001", value)


def count_cell(part: Part) -> Cell:
    return Cell(count(part), part.number)


def head(title: str, detail: str = "") -> Markup:
    """The head of a column, with a smaller word beside it."""
    return _part("head", title, detail)


def table(content: Table) -> Markup:
    """A table in a box that scrolls where the screen is narrow."""
    return render("table", table=content)


def tabs(group: str, sheets: Mapping[str, str]) -> Markup:
    """Sheets behind tabs that need no script; `group` is unique in the page. Nothing where there is no sheet."""
    return render("tabs", group=group, sheets=sheets)


def raw(html: Markup) -> str:
    """HTML as a block of Markdown. Only a fence could end such a block."""
    text = str(html).replace("```", "&#96;&#96;&#96;")
    return f"```{{=html}}\n{text}\n```\n"


def nothing(reason: Empty) -> str:
    """What stands on the page, as Markdown, where this corpus has nothing to show; empty without a reason."""
    return f'::: {{.hint role="note"}}\n{reason}.\n:::\n' if str(reason) else ""


def missing(reason: Missing) -> str:
    """What stands on the page, as Markdown, where an output is missing."""
    return f'::: {{.hint .hint-warning role="note"}}\n**Not made yet**\n\n{reason}, then `make report`.\n:::\n'
