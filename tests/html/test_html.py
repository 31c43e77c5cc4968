"""Numbers on the pages: rounded honestly, with a dash where they are undefined, and with their place."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.html import html, templates
from pipeline.html.outputs import Part

FINITE = st.floats(-1e6, 1e6, allow_nan=False)


def plain(text: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


@pytest.mark.parametrize(
    ("p", "shown"), [(0.5, "0.500"), (0.0006, "0.001"), (0.0004, "< 0.001"), (0, "< 0.001"), (None, "–")]
)  # fmt: skip
def test_a_small_p_is_never_shown_as_zero(p: float | None, shown: str) -> None:
    assert plain(str(html.p_cell(Part(p, "a#")).html)) == shown


@given(FINITE, st.integers(0, 4))
def test_a_rounded_number_is_off_by_half_a_digit_at_most(value: float, digits: int) -> None:
    text = templates.rounded(value, digits)
    shown = float(text.replace("\N{MINUS SIGN}", "-"))
    assert abs(shown - value) <= 0.5 * 10 ** -(0 if abs(value) >= 1000 else digits) + 1e-9
    assert "-" not in text
    assert text != "\N{MINUS SIGN}0" * (shown == 0)


@pytest.mark.parametrize("value", [None, "", "x", float("nan"), float("inf")])
def test_an_undefined_number_is_a_dash(value: object) -> None:
    assert plain(html.number(Part(value, "a#"))) == html.UNKNOWN


def test_a_place_points_to_the_number() -> None:
    part = Part({"a/b": [{"c~d": 2}]}, "x.json#")["a/b"][0]["c~d"]
    assert (part.place, part.number) == ("x.json#/a~1b/0/c~0d", 2)
    assert part["gone"]["deeper"].number is None
