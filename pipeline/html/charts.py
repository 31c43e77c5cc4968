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
LETTER, TEXT = 6.4, 12.0  # width and height of a letter in the pictures
LEAST_WIDTH = 0.1  # of an axis without zero: smaller differences are no more than chance
MOVES = (0, 13, -13, 26, -26, 39, -39, 52, -52)  # by which a name may stand below its dot

Axis = tuple[float, float]
Points = Sequence[tuple[float, float]]
Series = Mapping[str, Points]
Box = tuple[float, float, float, float]  # left, top, right, bottom


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


def scatter(
    points: Mapping[str, tuple[float, float]], strong: Sequence[str], summary: str, names: tuple[str, str]
) -> Markup:
    """A dot and its name for each point; those of `strong` have a colour. `names` are those of the axes."""
    along, up = (_around([place[side] for place in points.values()]) for side in (0, 1))
    places = {name: (_across(x, along), _down(y, up)) for name, (x, y) in points.items()}
    kinds = {name: "line-1" if name in strong else "" for name in places}
    shapes = _frame(along, up) + _beside(places)
    shapes += [part("dot", kinds[name], x, y, 4) for name, (x, y) in places.items()]
    shapes.append(part("words", "tick", CURVES_LEFT + CURVES_WIDTH / 2, CURVES_HEIGHT + 34, names[0]))
    shapes.append(part("words", "tick start", 8, -6, names[1]))
    return part("chart", f"0 -18 {CURVES_LEFT + CURVES_WIDTH + CURVES_RIGHT} {CURVES_HEIGHT + 58}", summary, shapes)


def _around(values: Sequence[float]) -> Axis:
    """An axis that holds the values, and no zero if that is far: what matters is which lies beyond which."""
    low, high = min(values), max(values)
    room = max(0.1 * (high - low), (LEAST_WIDTH - (high - low)) / 2)
    return low - room, high + room


def _beside(places: Mapping[str, tuple[float, float]]) -> list[Markup]:
    """The name of each dot where it lies on no dot and no other name, with a line to a dot that it had to leave."""
    taken: list[Box] = [(x - 5, y - 5, x + 5, y + 5) for x, y in places.values()]
    shapes = []
    for name, (x, y) in sorted(places.items(), key=lambda item: item[1][1]):
        boxes = [_box(name, x, y + move, right=right) for move in MOVES for right in (True, False)]
        box = next((box for box in boxes if not any(_overlap(box, each) for each in taken)), boxes[0])
        taken.append(box)
        right = box[0] > x
        middle = (box[1] + box[3]) / 2
        if middle != y:
            shapes.append(part("line", "rule", x, y, box[0] - 2 if right else box[2] + 2, middle))
        shapes.append(part("words", "named" if right else "name", box[0] if right else box[2], middle + 4, name))
    return shapes


def _box(name: str, x: float, y: float, *, right: bool) -> Box:
    wide = LETTER * len(name)
    left = x + 8 if right else x - 8 - wide
    return left, y - TEXT / 2, left + wide, y + TEXT / 2


def _overlap(box: Box, taken: Box) -> bool:
    return box[0] < taken[2] and taken[0] < box[2] and box[1] < taken[3] and taken[1] < box[3]


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
    inside = [value for value in _ticks(along, 8) if along[0] <= value <= along[1]]
    return shapes + [part("words", "tick", _across(value, along), CURVES_HEIGHT + 16, f"{value:g}") for value in inside]


def _apart(places: Mapping[str, float], least: float) -> dict[str, float]:
    """The same places, moved down where names would lie over each other."""
    moved: dict[str, float] = {}
    last = float("-inf")
    for name, place in sorted(places.items(), key=lambda item: item[1]):
        last = max(place, last + least)
        moved[name] = last
    return moved
