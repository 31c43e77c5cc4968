"""Small pictures inside the page, in its own colours: intervals on an axis, and curves."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDE, HIGH = 110, 16  # of a strip in a cell


@dataclass(frozen=True)
class Span:
    """A mean with its interval; `band` is what chance reaches, or what could not be told from nothing."""

    mean: float | None
    low: float | None = None
    high: float | None = None
    band: tuple[float, float] | None = None


Axis = tuple[float, float]


def axis(spans: Sequence[Span], least: Axis = (0.0, 0.0)) -> Axis:
    """An axis that holds all of them, zero and `least`."""
    ends = [end for span in spans for end in (span.mean, span.low, span.high, *(span.band or ())) if end is not None]
    low, high = min(0.0, least[0], *ends), max(0.0, least[1], *ends)
    room = 0.04 * (high - low) or 0.1
    return low - room, high + room


def strip(span: Span, along: Axis, kind: str = "") -> str:
    """An interval in a cell: chance as a band, zero as a line, the mean as a dot. The numbers stand beside it."""
    if span.mean is None:
        return ""
    zero = _at(0, along, WIDE)
    inner = _line("zero", zero, 0, zero, HIGH) + _marks(span, along, WIDE, HIGH / 2, HIGH)
    return f'<svg class="strip {kind}" viewBox="0 0 {WIDE} {HIGH}" aria-hidden="true">{inner}</svg>'


def _marks(span: Span, along: Axis, wide: float, y: float, high: float) -> str:
    parts = []
    if span.band:
        left, right = (_at(end, along, wide) for end in span.band)
        box = f'width="{max(0.0, right - left):g}" height="{high - 2:g}"'
        parts.append(f'<rect class="band" x="{left}" y="{y - high / 2 + 1:g}" {box}/>')
    if span.low is not None and span.high is not None:
        left, right = (_at(end, along, wide) for end in (span.low, span.high))
        parts.append(_line("whisker", left, y, right, y))
    if span.mean is not None:
        parts.append(f'<circle cx="{_at(span.mean, along, wide)}" cy="{y:g}" r="3.6"/>')
    return "".join(parts)


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'


def _text(kind: str, x: float, y: float, words: str) -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{escape(words)}</text>'


def _at(value: float, along: Axis, wide: float) -> float:
    return round((value - along[0]) / (along[1] - along[0]) * wide, 1)


def forest(rows: Mapping[str, tuple[Span, str]], told: str, least: Axis = (0.0, 0.0)) -> str:
    """Intervals under each other on one axis, each with its name; `told` says the same in words."""
    along = axis([span for span, _ in rows.values()], least)
    left, wide, row = 24 + 6.5 * max(map(len, rows)), 430, 26
    high = row * len(rows)
    parts = []
    for value in _ticks(along, 6):
        x = left + _at(value, along, wide)
        parts += [_line(_ground(value), x, 0, x, high), _text("tick", x, high + 18, f"{value:g}")]
    for place, (name, (span, kind)) in enumerate(rows.items()):
        y = row * (place + 0.5)
        marks = _marks(span, along, wide, y, row - 6)
        parts.append(
            _text("name", left - 12, y + 4, name) + f'<g class="{kind}" transform="translate({left} 0)">{marks}</g>'
        )
    return _chart(f"0 0 {left + wide + 20} {high + 26}", told, parts)


def _chart(box: str, told: str, parts: Sequence[str]) -> str:
    return f'<svg class="chart" viewBox="{box}" role="img" aria-label="{escape(told)}">{"".join(parts)}</svg>'


def _ground(value: float) -> str:
    return "zero" if value == 0 else "rule"


def _ticks(along: Axis, most: int) -> list[float]:
    """Round values on the axis, at most so many, zero among them."""
    sizes = (digit * 10.0**power for power in range(-4, 9) for digit in (1, 2, 5))
    step = next(size for size in sizes if (along[1] - along[0]) / size <= most)
    return [round(n * step, 6) for n in range(math.ceil(along[0] / step), math.floor(along[1] / step) + 1)]


Series = Mapping[str, Sequence[tuple[float, float]]]  # name -> (x, y)
LEFT, ACROSS, UP, RIGHT = 48, 420, 220, 110  # of a chart of curves: margin, plot, plot, names


def curves(series: Series, strong: Sequence[str], told: str, x_name: str, y_name: str) -> str:
    """Lines over one x; those of `strong` have a colour, dots and their name, the others are grey."""
    xs = [x for line in series.values() for x, _ in line]
    along = (min(xs), max(xs) if max(xs) > min(xs) else min(xs) + 1)
    up = axis([Span(y) for line in series.values() for _, y in line])
    drawn = {name: [(LEFT + _at(x, along, ACROSS), _down(y, up)) for x, y in line] for name, line in series.items()}
    parts = [
        *_frame(along, up),
        *(_curve(points, "line-quiet") for name, points in drawn.items() if name not in strong),
    ]
    ends = _apart({name: drawn[name][-1][1] for name in strong if name in drawn}, 14)
    for place, name in enumerate(name for name in strong if name in drawn):
        kind = f"line-{place % 7 + 1}"
        dots = "".join(f'<circle class="{kind}" cx="{x:g}" cy="{y:g}" r="2.4"/>' for x, y in drawn[name])
        parts += [_curve(drawn[name], kind), dots]
        if len(drawn) > 1:
            parts.append(_text("named", LEFT + ACROSS + 8, ends[name] + 4, name))
            parts.append(_line(kind, LEFT + ACROSS, drawn[name][-1][1], LEFT + ACROSS + 6, ends[name]))
    parts += [_text("tick", LEFT + ACROSS / 2, UP + 34, x_name), _text("tick start", 8, -6, y_name)]
    return _chart(f"0 -18 {LEFT + ACROSS + (RIGHT if len(drawn) > 1 else 12)} {UP + 58}", told, parts)


def _down(value: float, up: Axis) -> float:
    return round(UP - _at(value, up, UP), 1)


def _frame(along: Axis, up: Axis) -> list[str]:
    parts = []
    for value in _ticks(up, 5):
        y = _down(value, up)
        parts += [_line(_ground(value), LEFT, y, LEFT + ACROSS, y), _text("tick end", LEFT - 6, y + 4, f"{value:g}")]
    inside = [value for value in _ticks(along, 10) if along[0] <= value <= along[1]]
    return parts + [_text("tick", LEFT + _at(value, along, ACROSS), UP + 16, f"{value:g}") for value in inside]


def _curve(points: Sequence[tuple[float, float]], kind: str) -> str:
    return f'<polyline class="{kind}" points="{" ".join(f"{x:g},{y:g}" for x, y in points)}"/>'


def _apart(places: Mapping[str, float], least: float) -> dict[str, float]:
    """The same places, moved down where names would lie over each other."""
    moved: dict[str, float] = {}
    last = float("-inf")
    for name, place in sorted(places.items(), key=lambda item: item[1]):
        last = max(place, last + least)
        moved[name] = last
    return moved
