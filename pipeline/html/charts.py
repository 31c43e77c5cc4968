"""Small pictures inside the page, in its own colours: intervals on an axis, and curves."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pipeline.html.templates import part

STRIP_WIDTH, STRIP_HEIGHT = 110, 16  # of an interval in a cell
FOREST_WIDTH, FOREST_ROW = 430, 26
CURVES_LEFT, CURVES_WIDTH, CURVES_HEIGHT, CURVES_RIGHT = 48, 420, 220, 110  # margin, plot, plot, room for names
COLOURS = 7

Axis = tuple[float, float]
Points = Sequence[tuple[float, float]]
Series = Mapping[str, Points]


@dataclass(frozen=True)
class Span:
    """A mean with its interval; `band` is what chance reaches, or the differences that cannot be detected."""

    mean: float | None
    low: float | None = None
    high: float | None = None
    band: tuple[float, float] | None = None


def axis(spans: Sequence[Span], least: Axis = (0.0, 0.0)) -> Axis:
    """An axis that holds all of them, zero and `least`."""
    ends = [end for span in spans for end in (span.mean, span.low, span.high, *(span.band or ())) if end is not None]
    low, high = min(0.0, least[0], *ends), max(0.0, least[1], *ends)
    room = 0.04 * (high - low) or 0.1
    return low - room, high + room


def _at(value: float, along: Axis, width: float) -> float:
    return round((value - along[0]) / (along[1] - along[0]) * width, 1)


def strip(span: Span, along: Axis, kind: str = "") -> Markup:
    """An interval in a cell: chance as a band, zero as a line, the mean as a dot. The numbers stand beside it."""
    if span.mean is None:
        return Markup()
    zero = _at(0, along, STRIP_WIDTH)
    marks = _marks(span, along, STRIP_WIDTH, STRIP_HEIGHT / 2, STRIP_HEIGHT)
    shapes = [part("line", "zero", zero, 0, zero, STRIP_HEIGHT), *marks]
    return part("strip", kind, STRIP_WIDTH, STRIP_HEIGHT, shapes)


def _marks(span: Span, along: Axis, width: float, y: float, height: float) -> list[Markup]:
    shapes = []
    if span.band:
        left, right = (_at(end, along, width) for end in span.band)
        shapes.append(part("box", "band", left, y - height / 2 + 1, max(0.0, right - left), height - 2))
    if span.low is not None and span.high is not None:
        shapes.append(part("line", "whisker", _at(span.low, along, width), y, _at(span.high, along, width), y))
    if span.mean is not None:
        shapes.append(part("dot", "", _at(span.mean, along, width), y, 3.6))
    return shapes


def forest(rows: Mapping[str, tuple[Span, str]], summary: str) -> Markup:
    """Intervals under each other on one axis, each with its name; `summary` says the same in words."""
    along = axis([span for span, _ in rows.values()])
    left, height = 24 + 6.5 * max(map(len, rows)), FOREST_ROW * len(rows)
    shapes = []
    for value in _ticks(along, 6):
        x = left + _at(value, along, FOREST_WIDTH)
        shapes += [part("line", _ground(value), x, 0, x, height), part("words", "tick", x, height + 18, f"{value:g}")]
    for place, (name, (span, kind)) in enumerate(rows.items()):
        y = FOREST_ROW * (place + 0.5)
        marks = _marks(span, along, FOREST_WIDTH, y, FOREST_ROW - 6)
        shapes += [part("words", "name", left - 12, y + 4, name), part("moved", kind, left, marks)]
    return part("chart", f"0 0 {left + FOREST_WIDTH + 20} {height + 26}", summary, shapes)


def _ground(value: float) -> str:
    return "zero" if value == 0 else "rule"


def _ticks(along: Axis, most: int) -> list[float]:
    """Round values on the axis, at most so many, zero among them."""
    sizes = (digit * 10.0**power for power in range(-4, 9) for digit in (1, 2, 5))
    step = next(size for size in sizes if (along[1] - along[0]) / size <= most)
    return [round(n * step, 6) for n in range(math.ceil(along[0] / step), math.floor(along[1] / step) + 1)]


def curves(series: Series, strong: Sequence[str], summary: str, x_name: str, y_name: str) -> Markup:
    """Lines over one x; those of `strong` have a colour, dots and their name, the others are grey."""
    xs = [x for points in series.values() for x, _ in points]
    along = (min(xs), max(xs) if max(xs) > min(xs) else min(xs) + 1)
    up = axis([Span(y) for points in series.values() for _, y in points])
    places = {name: [(_across(x, along), _down(y, up)) for x, y in points] for name, points in series.items()}
    shapes = [
        *_frame(along, up),
        *(part("curve", "line-quiet", points) for name, points in places.items() if name not in strong),
        *_strong({name: places[name] for name in strong if name in places}, named=len(places) > 1),
        part("words", "tick", CURVES_LEFT + CURVES_WIDTH / 2, CURVES_HEIGHT + 34, x_name),
        part("words", "tick start", 8, -6, y_name),
    ]
    width = CURVES_LEFT + CURVES_WIDTH + (CURVES_RIGHT if len(places) > 1 else 12)
    return part("chart", f"0 -18 {width} {CURVES_HEIGHT + 58}", summary, shapes)


def _strong(lines: Series, *, named: bool) -> list[Markup]:
    """Lines with a colour and dots, and their names at the end."""
    shapes, right = [], CURVES_LEFT + CURVES_WIDTH
    ends = _apart({name: points[-1][1] for name, points in lines.items()}, 14)
    for place, (name, points) in enumerate(lines.items()):
        kind = f"line-{place % COLOURS + 1}"
        shapes += [part("curve", kind, points), *(part("dot", kind, x, y, 2.4) for x, y in points)]
        if named:
            shapes.append(part("words", "named", right + 8, ends[name] + 4, name))
            shapes.append(part("line", kind, right, points[-1][1], right + 6, ends[name]))
    return shapes


def _across(value: float, along: Axis) -> float:
    return CURVES_LEFT + _at(value, along, CURVES_WIDTH)


def _down(value: float, up: Axis) -> float:
    return round(CURVES_HEIGHT - _at(value, up, CURVES_HEIGHT), 1)


def _frame(along: Axis, up: Axis) -> list[Markup]:
    shapes = []
    for value in _ticks(up, 5):
        y = _down(value, up)
        shapes.append(part("line", _ground(value), CURVES_LEFT, y, CURVES_LEFT + CURVES_WIDTH, y))
        shapes.append(part("words", "tick end", CURVES_LEFT - 6, y + 4, f"{value:g}"))
    inside = [value for value in _ticks(along, 10) if along[0] <= value <= along[1]]
    return shapes + [part("words", "tick", _across(value, along), CURVES_HEIGHT + 16, f"{value:g}") for value in inside]


def _apart(places: Mapping[str, float], least: float) -> dict[str, float]:
    """The same places, moved down where names would lie over each other."""
    moved: dict[str, float] = {}
    last = float("-inf")
    for name, place in sorted(places.items(), key=lambda item: item[1]):
        last = max(place, last + least)
        moved[name] = last
    return moved
