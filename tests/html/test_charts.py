"""Charts: every mark lies inside its picture, ticks are round, and names do not overlap."""

import re

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
