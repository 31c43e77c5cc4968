"""The built site in a browser, from a disk and from a server: no request to another host, no error, and it plays."""

import base64
import functools
import http.server
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import sample_report
from tests.site.browser import CHROMIUM, HERE, Tab, browser, needs_chromium

GROUND = "getComputedStyle(document.body).backgroundColor"
PAGES = ("index", "models", "map", "clusters", "questions", "experiments", "data", "method")

pytestmark = needs_chromium


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample_report.site(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def opened() -> Iterator[Tab]:
    assert CHROMIUM is not None
    with browser(CHROMIUM) as tab:
        yield tab


@pytest.fixture
def tab(opened: Tab) -> Iterator[Tab]:
    """The browser; after each test, no other host was asked and there was no error."""
    opened.requests.clear()
    opened.said.clear()
    yield opened
    opened.run("1")  # what was still on its way
    assert not [address for address in opened.requests if not address.startswith(HERE)]
    assert opened.said == []


@pytest.fixture(params=["disk", "server"])
def base(request: pytest.FixtureRequest, site: Path) -> Iterator[str]:
    """Where the site is opened from."""
    if request.param == "disk":
        yield site.as_uri()
    else:
        with served(site) as address:
            yield address


@pytest.mark.parametrize(("wide", "dark"), [(1280, False), (1280, True), (390, False), (390, True)])
def test_no_page_complains_or_is_wider_than_the_screen(tab: Tab, site: Path, wide: int, *, dark: bool) -> None:
    for page in PAGES:
        tab.open(f"{site.as_uri()}/{page}.html", wide, dark=dark)
        assert tab.run("document.documentElement.scrollWidth") <= wide, page
        assert tab.run(GROUND) == ("rgb(21, 24, 27)" if dark else "rgb(252, 251, 248)")
        assert tab.run("[...document.images].every(image => image.loading == 'lazy' || image.naturalWidth)")


def test_findings_are_printed_on_one_sheet(tab: Tab, site: Path) -> None:
    tab.open(f"{site.as_uri()}/index.html")
    printed = tab.call("Page.printToPDF", preferCSSPageSize=True)["data"]
    assert len(re.findall(rb"/Type\s*/Page[^s]", base64.b64decode(printed))) == 1


def mapped(tab: Tab, base: str) -> dict[str, Any]:
    tab.open(f"{base}/map.html")
    tab.until("document.getElementById('map-plot').dataset.ready == 'yes'")
    data: dict[str, Any] = json.loads(tab.run("document.getElementById('map-data').textContent"))
    return data


PLACE = """(() => {
  const plot = document.getElementById("map-plot"), full = plot._fullLayout, box = plot.getBoundingClientRect();
  for (const trace of plot.data) {
    const at = (trace.customdata || []).indexOf("%s");
    const on = (axis, value) => axis._offset + axis.l2p(value);
    if (at >= 0) return [box.x + on(full.xaxis, trace.x[at]), box.y + on(full.yaxis, trace.y[at])];
  }
})()"""
TEXT = "document.getElementById('%s').textContent"


def test_a_click_on_a_point_plays_it_and_lists_its_true_neighbours(tab: Tab, base: str) -> None:
    data = mapped(tab, base)
    tab.click(*tab.run(PLACE % "t2"))
    tab.until("!document.getElementById('map-track').hidden")
    assert tab.run(TEXT % "map-title") == data["tracks"]["t2"]["title"]
    assert tab.run(TEXT % "map-tags") == "toy-ears hears: guitar <b> 62 %, sad 31 %, piano 1 %"
    tab.until("document.getElementById('map-audio').currentTime > 0.2")  # it is heard
    near = tab.run("[...document.querySelectorAll('#map-near li')].map(item => item.textContent.replace('▶ ', ''))")
    assert near == [data["tracks"][id_]["title"] for id_ in data["models"]["easy"]["neighbours"]["t2"]]
    tab.click_on("#map-near button")
    assert tab.run(TEXT % "map-title") == data["tracks"]["t3"]["title"]
    tab.until("decodeURI(document.getElementById('map-audio').src).endsWith('/t3.mp3')")
    tab.until("document.getElementById('map-audio').currentTime > 0.2")


def test_a_track_without_a_preview_has_no_player(tab: Tab, base: str) -> None:
    mapped(tab, base)
    tab.click(*tab.run(PLACE % "t5"))
    tab.until("!document.getElementById('map-track').hidden")
    assert tab.run("document.getElementById('map-audio').hidden")


def choose(tab: Tab, select: str, value: str) -> None:
    at = f"document.getElementById('{select}')"
    tab.run(f"{at}.value = '{value}'; {at}.dispatchEvent(new Event('change'))")


def test_search_colour_projection_and_model_change_what_is_drawn(tab: Tab, base: str) -> None:
    data = mapped(tab, base)
    names = "[...document.getElementById('map-plot').data].map(trace => trace.name)"
    assert tab.run(names) == ["0", "1"]
    choose(tab, "map-colour", "genre")
    tab.until(f"({names}).includes('rock')")
    assert tab.run(names) == ["folk", "rock", "unknown"]
    before = tab.run(PLACE % "t0")
    assert "UMAP: trustworthiness 0.912" in tab.run(TEXT % "map-trust")
    choose(tab, "map-plane", "pca")
    tab.until(f"({TEXT % 'map-trust'}).includes('PCA')")
    assert tab.run(PLACE % "t0") != before
    assert tab.run(f"({names}).length") == 3  # the colour stays
    choose(tab, "map-model", "pca")
    tab.until(f"({TEXT % 'map-trust'}).startsWith('PCA, first seed')")
    tab.run("document.getElementById('map-search').focus()")
    tab.call("Input.insertText", text="বৃষ্টি")
    tab.until(f"({TEXT % 'map-found'}) == '1 tracks'")
    assert tab.run("document.querySelector('#map-list li').textContent").startswith(data["tracks"]["t0"]["title"])
    opacity = "document.getElementById('map-plot').data.flatMap(trace => trace.marker.opacity)"
    assert sorted(tab.run(opacity)) == [0.1] * 5 + [0.92]


def test_the_keyboard_alone_walks_the_list_and_plays(tab: Tab, base: str) -> None:
    data = mapped(tab, base)
    tab.run("document.getElementById('map-list').focus()")
    for _ in range(2):
        tab.press("ArrowDown")
    assert tab.run(TEXT % "map-title") == data["tracks"]["t1"]["title"]
    chosen = tab.run("document.getElementById('map-list').getAttribute('aria-activedescendant')")
    assert tab.run(f"document.getElementById('{chosen}').getAttribute('aria-selected')") == "true"
    assert tab.run("document.getElementById('map-audio').paused")
    tab.press("Enter")
    tab.until("document.getElementById('map-audio').currentTime > 0.2")


def test_titles_on_the_map_are_text_and_never_markup(tab: Tab, base: str) -> None:
    mapped(tab, base)
    assert tab.run("document.querySelectorAll('#map-list b, #map-list script').length") == 0
    assert "<b>song</b>" in tab.run(TEXT % "map-list")
    x, y = tab.run(PLACE % "t2")
    tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    tab.until("!!document.querySelector('#map-plot .hovertext')")
    label = tab.run("document.querySelector('#map-plot .hovertext').textContent")
    assert "Third <b>song</b>" in label
    assert "artist 0 · Bangla" in label
    assert "toy-ears hears: guitar <b> 62 %, sad 31 %" in label


def test_a_click_on_a_head_sorts_and_again_turns_it(tab: Tab, base: str) -> None:
    tab.open(f"{base}/index.html")
    names = "[...document.querySelectorAll('#headline tbody tr')].map(row => row.children[0].dataset.sort)"
    head = "#headline th:nth-child(2) button"
    tab.click_on(head)
    by_genre = sorted(sample_report.CURVE, key=lambda name: -sample_report.CURVE[name][0])
    assert tab.run(names) == by_genre
    assert tab.run("document.querySelector('#headline th:nth-child(2)').getAttribute('aria-sort')") == "descending"
    tab.click_on(head)
    assert tab.run(names) == by_genre[::-1]
    tab.click_on("#headline th:nth-child(6) button")
    assert set(tab.run(names)[-2:]) == {"pca", "tfidf"}  # what has no active units stays below


def test_tabs_answer_to_mouse_and_keyboard(tab: Tab, base: str) -> None:
    tab.open(f"{base}/models.html")
    sheets = "document.querySelectorAll('.tabs:has(> #by-clusterer-1) > .sheet')"
    visible = f"[...{sheets}].map(sheet => !!sheet.offsetHeight)"
    assert tab.run(visible) == [True, False]
    tab.click_on("label[for=by-clusterer-2]")
    assert tab.run(visible) == [False, True]
    tab.press("ArrowRight")
    assert tab.run(visible) == [True, False]


def test_a_card_plays_and_stops_where_it_is(tab: Tab, base: str) -> None:
    tab.open(f"{base}/clusters.html")
    address = tab.run("location.href")
    tab.click_on("a.play")
    tab.until("document.querySelector('a.play').classList.contains('playing')")
    tab.click_on("a.play")
    assert not tab.run("document.querySelector('a.play').classList.contains('playing')")
    assert tab.run("location.href") == address
