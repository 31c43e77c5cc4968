"""Charts: every mark lies inside its picture, ticks are round, and names do not overlap."""

import itertools
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.html import charts
from pipeline.html.charts import Span

FINITE = st.floats(-1e6, 1e6, allow_nan=False)


@given(st.lists(st.tuples(FINITE, st.floats(0, 100), st.floats(0, 100)), min_size=1, max_size=5))
def test_intervals_stay_inside_their_picture(intervals: list[tuple[float, float, float]]) -> None:
    spans = {f"n{n}": (Span(mean, mean - low, mean + high), "") for n, (mean, low, high) in enumerate(intervals)}
    drawn = charts.forest(spans, "in words")
    wide = float(drawn.split('viewBox="0 0 ')[1].split()[0])
    xs = [float(x) for x in re.findall(r' (?:x1|x2|cx)="([^"]+)"', drawn)]
    assert all(-0.1 <= x <= wide for x in xs)
    assert drawn.count("<circle") == len(intervals)


@given(st.tuples(FINITE, FINITE).filter(lambda ends: ends[1] - ends[0] > 1e-3))
def test_ticks_are_few_round_and_on_the_axis(ends: tuple[float, float]) -> None:
    ticks = charts._ticks(ends, 6)
    assert len(ticks) <= 7
    assert all(ends[0] - 1e-6 <= tick <= ends[1] + 1e-6 for tick in ticks)


def test_names_at_the_end_of_curves_do_not_lie_on_each_other() -> None:
    assert charts._apart({"a": 10.0, "b": 11.0, "c": 50.0}, 14) == {"a": 10.0, "b": 24.0, "c": 50.0}


PLACE = st.tuples(st.floats(-0.2, 1.2), st.floats(-0.2, 1.2))


@given(st.lists(PLACE, min_size=1, max_size=12))
def test_every_dot_of_a_plane_has_its_name_and_lies_inside(places: list[tuple[float, float]]) -> None:
    points = {f"name_{n}": place for n, place in enumerate(places)}
    drawn = charts.scatter(points, ["name_0"], "in words", ("across", "up"))
    xs, ys = ([float(x) for x in re.findall(rf' {axis}="([^"]+)"', drawn)] for axis in ("cx", "cy"))
    assert all(charts.CURVES_LEFT <= x <= charts.CURVES_LEFT + charts.CURVES_WIDTH for x in xs)
    assert all(0 <= y <= charts.CURVES_HEIGHT for y in ys)
    assert [drawn.count(f">{name}</text>") for name in points] == [1] * len(points)
    assert drawn.count('class="line-1"') == 1


def test_names_of_a_plane_lie_on_no_dot_and_on_no_other_name() -> None:
    rng = random.Random(5)
    places = {f"name_{n}": (rng.uniform(150, 350), rng.uniform(20, 200)) for n in range(14)}
    texts = re.findall(r'<text class="(named?)" x="([^"]+)" y="([^"]+)">([^<]+)<', "".join(charts._beside(places)))
    boxes = []
    for kind, x, y, name in texts:
        wide = charts.LETTER * len(name)
        left = float(x) if kind == "named" else float(x) - wide
        boxes.append((left, float(y) - 10, left + wide, float(y) + 2))
    assert not [pair for pair in itertools.combinations(boxes, 2) if charts._overlap(*pair)]
    dots = [(x - 4, y - 4, x + 4, y + 4) for x, y in places.values()]
    assert not [(box, dot) for box in boxes for dot in dots if charts._overlap(box, dot)]


def test_an_axis_of_a_plane_shows_small_differences_but_no_trifles() -> None:
    low, high = charts._around([0.70, 0.90])
    assert (low, high) == pytest.approx((0.68, 0.92))
    low, high = charts._around([0.701, 0.702])
    assert high - low == pytest.approx(charts.LEAST_WIDTH)
