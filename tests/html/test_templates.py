"""Templates: a value is text whatever stands in it, and a missing value is an error."""

import json
import re
from html.parser import HTMLParser

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.html import html, templates
from pipeline.html.html import Cell, Line, Table
from pipeline.html.outputs import Part

HOSTILE = (
    "<script>alert(1)</script>",
    "\"quoted\" 'and' `ticked`",
    "```\n</div>",
    "{{ 7 * 7 }} {% raw %} {{< var a.b >}}",
    "</title></script><!--",
    "\N{RIGHT-TO-LEFT OVERRIDE}evil\N{POP DIRECTIONAL FORMATTING}",
    "&lt;b&gt; & $x$ @someone *bold*",
)
TAGS = {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "p", "small", "input", "label", "code"}


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.words = ""
        self.values: list[str | None] = []
        self.feed(str(text))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.values += [value for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.words += data


def page_with(text: str) -> str:
    """A table behind a tab, with this text at every place that takes one."""
    line = Line(Cell(html.code(text), text), [Cell(text, text)])
    table = html.table(Table(text, [text, html.head(text, text)], [line], [text]))
    return html.tabs("group", {text: table})


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_title_stays_text(text: str) -> None:
    page = Tags(page_with(text))
    assert page.tags == TAGS
    assert page.words.count(text) == 8
    assert page.values.count(text) == 3  # aria-label, data-sort twice


@given(st.text(min_size=1))
def test_any_text_stays_text(text: str) -> None:
    assert Tags(page_with(text)).tags == TAGS


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_ends_the_block_of_markdown(text: str) -> None:
    block = html.raw(html.code(text))
    assert block.startswith("```{=html}\n")
    assert block.endswith("\n```\n")
    assert block.count("```") == 2


def test_a_template_without_its_value_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        templates.render("picture", file="a.png")


def test_every_template_escapes() -> None:
    assert templates.ENVIRONMENT.autoescape is True
    for name in templates.ENVIRONMENT.list_templates():
        source = templates.ENVIRONMENT.loader.get_source(templates.ENVIRONMENT, name)[0]  # type: ignore[union-attr]
        unescaped = re.findall(r"\{\{[^}]*\| *safe", source)
        assert all(re.match(r"\{\{ *'[^']*' *\| *safe", piece) for piece in unescaped), name  # a constant alone


def test_the_place_of_a_number_is_an_attribute_and_no_more() -> None:
    shown = html.number(Part(1.5, 'a"><b>#/x'))
    assert Tags(str(shown)).values == ["1.5", 'a"><b>#/x']
    assert json.loads(Tags(str(shown)).words) == 1.5
