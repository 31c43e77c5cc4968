"""How a number, a cell and a table are spelt: every number carries the place where it was found."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from pipeline.html.outputs import Missing, Part

NONE = '<span class="none" title="not defined">–</span>'
MARKS = {  # verdict -> sign, so that no verdict is told by its colour alone
    "better": "▲",
    "worse": "▼",
    "not shown": "○",
    "leaky": "†",
    "collapsed": "‡",
    "yes": "●",
    "no": "●",
    "mixed": "◐",
    "tells": "▲",
    "weak": "△",
}


def number(part: Part, digits: int = 2, *, signed: bool = False) -> str:
    """The rounded number, with the place where it was found; a dash for what is undefined."""
    value = part.number
    if value is None:
        return NONE
    return f'<data value="{value:.10g}" data-from="{escape(part.place)}">{rounded(value, digits, signed=signed)}</data>'


def rounded(value: float, digits: int, *, signed: bool = False) -> str:
    """Zero has no sign, a minus is a minus."""
    if abs(value) >= 1000:
        digits = 0
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    elif signed and value > 0:
        text = f"+{text}"
    return text.replace("-", "\N{MINUS SIGN}")


def count(part: Part) -> str:
    """A whole number, or one decimal where it is a mean."""
    value = part.number
    return number(part, 0 if value is None or value == round(value) else 1)


def interval(low: Part, high: Part, digits: int = 2, *, signed: bool = False) -> str:
    if low.number is None or high.number is None:
        return ""
    return (
        f'<span class="interval">{number(low, digits, signed=signed)} to {number(high, digits, signed=signed)}</span>'
    )


def chip(verdict: str) -> str:
    """A verdict as a sign and a word."""
    kind = verdict.replace(" ", "-")
    sign = f'<span aria-hidden="true">{MARKS.get(verdict, "○")}</span>'
    return f'<span class="chip chip-{escape(kind)}">{sign} {escape(verdict)}</span>'


@dataclass(frozen=True)
class Cell:
    html: str
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
    caption: str  # as text
    heads: Sequence[str]  # as HTML; the first stands over the names
    lines: Sequence[Line]
    notes: Sequence[str] = field(default_factory=tuple)  # as HTML
    id: str = ""


def valued(part: Part, digits: int = 2, *, signed: bool = False) -> Cell:
    return Cell(number(part, digits, signed=signed), part.number)


def chance(part: Part) -> Cell:
    """A p-value, three digits of it."""
    value = part.number
    return valued(part, 3) if value is None or value >= 0.0005 else Cell("&lt; 0.001", value)


def counted(part: Part) -> Cell:
    return Cell(count(part), part.number)


def table(of: Table) -> str:
    return raw(boxed(of))


def boxed(of: Table) -> str:
    """A table in a box of its own that scrolls where the screen is narrow, as HTML."""
    heads = "".join(f'<th scope="col">{head}</th>' for head in of.heads)
    body = "\n".join(_line(line) for line in of.lines)
    notes = "".join(f'<p class="note">{note}</p>' for note in of.notes)
    name = f' id="{of.id}"' if of.id else ""
    return (
        f'<div class="wide"{name} role="region" tabindex="0" aria-label="{escape(of.caption)}">\n'
        f'<table class="scores sortable" data-quarto-disable-processing="true">'
        f"<caption>{escape(of.caption)}</caption>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody></table>\n"
        f"</div>\n{notes}"
    )


def _line(line: Line) -> str:
    kind = f' class="{line.kind}"' if line.kind else ""
    name = f'<th scope="row"{_sort(line.name)}>{line.name.html}</th>'
    return f"<tr{kind}>{name}{''.join(f'<td{_sort(cell)}>{cell.html}</td>' for cell in line.cells)}</tr>"


def _sort(cell: Cell) -> str:
    kind = f' class="{cell.kind}"' if cell.kind else ""
    return kind + (f' data-sort="{escape(str(cell.sort))}"' if cell.sort is not None else "")


def raw(text: str) -> str:
    """HTML inside markdown. A blank line is no matter in such a block, a fence would be."""
    return f"```{{=html}}\n{text.replace('```', '&#96;&#96;&#96;')}\n```\n"


def missing(reason: Missing) -> str:
    """What stands in the place of an output that is not there."""
    return f"::: {{.callout-warning}}\n## Not made yet\n{reason}, then `make report`.\n:::\n"
