"""The listening page in a browser: search, filter, play, seek, save, drop; titles are text; nothing else is loaded."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.library import Library
from pipeline.library.listening import Listening
from tests.library.listening import Served, served
from tests.library.music import sing
from tests.site.browser import CHROMIUM, Tab, browser, needs_chromium

pytestmark = [pytest.mark.xdist_group("library"), needs_chromium]  # its project is made once

HOSTILE = "<img src=x onerror=document.title=1><b>গান</b>"
TIME = "document.getElementById('audio').currentTime"
LISTED = "[...document.querySelectorAll('#map-list li')].map(item => item.textContent)"
QUEUED = "[...document.querySelectorAll('#queue-list .name')].map(name => name.textContent)"
TEXT = "document.getElementById('%s').textContent"


@pytest.fixture(scope="module")
def opened() -> Iterator[Tab]:
    assert CHROMIUM is not None
    with browser(CHROMIUM) as tab:
        yield tab


@pytest.fixture
def page(project: Path) -> Iterator[Served]:
    songs = Library.open(project)
    songs.tracks.loc["bn_000", "title"] = HOSTILE
    songs.tracks.loc["bn_002", "title"] = "Straße Café"
    shown = Listening(songs, project / "playlists")
    with served(shown) as running:
        yield running
    shown.close()


@pytest.fixture
def tab(opened: Tab, page: Served) -> Iterator[Tab]:
    """The page; after each test, nothing else was asked, and there was no error."""
    opened.requests.clear()
    opened.said.clear()
    show(opened, page)
    yield opened
    opened.run("localStorage.clear()")
    assert not [address for address in opened.requests if not address.startswith((page.address, "data:"))]
    assert opened.said == []


def show(tab: Tab, page: Served, wide: int = 1280, *, dark: bool = False) -> None:
    tab.open(f"{page.address}/", wide, dark=dark)
    tab.until("document.body.dataset.ready == 'yes' && document.getElementById('map').dataset.ready == 'yes'")


def choose(tab: Tab, select: str, value: str) -> None:
    at = f"document.getElementById('{select}')"
    tab.run(f"{at}.value = {json.dumps(value)}; {at}.dispatchEvent(new Event('change'))")


def write(tab: Tab, field: str, text: str) -> None:
    tab.run(f"document.getElementById('{field}').focus(); document.getElementById('{field}').select()")
    tab.call("Input.insertText", text=text)


def give(tab: Tab, *files: Path) -> None:
    root = tab.call("DOM.getDocument")["root"]["nodeId"]
    node = tab.call("DOM.querySelector", nodeId=root, selector="#files")["nodeId"]
    tab.call("DOM.setFileInputFiles", files=[str(file) for file in files], nodeId=node)


def drop(tab: Tab, file: Path) -> None:
    """Drags a file over the page, and lets it go."""
    carried = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
    for what in ("dragEnter", "dragOver", "drop"):
        tab.call("Input.dispatchDragEvent", type=what, x=300, y=300, data=carried)


def test_search_and_filters_change_list_and_map(tab: Tab) -> None:
    assert len(tab.run(LISTED)) == 12
    assert tab.run("document.querySelector('#map-list img, #map-list b, #legend b')") is None
    for words, found in (
        ("STRASSE cafe\u0301", 1),
        ("গান", 1),
        ("song 7", 1),
        ("<b>", 1),
        ("artist 3", 4),
        ("nothing", 0),
    ):
        write(tab, "search", words)
        assert len(tab.run(LISTED)) == found, words
    assert tab.run(TEXT % "map-found") == "0 songs"
    at = "document.getElementById('search')"
    tab.run(f"{at}.value = ''; {at}.dispatchEvent(new Event('input'))")
    choose(tab, "language", "bn")
    assert len(tab.run(LISTED)) == 6
    choose(tab, "language", "all")
    clusters = tab.run("[...document.getElementById('cluster').options].map(option => option.text)")
    assert len(clusters) == 3
    choose(tab, "cluster", "1")
    assert f"({len(tab.run(LISTED))})" in clusters[2]
    choose(tab, "facet", "words")
    assert len(tab.run(LISTED)) == 12  # the cluster was one of sound
    assert "by words" in tab.run(TEXT % "projection")


def test_a_song_plays_and_seeks_and_the_queue_goes_on(tab: Tab) -> None:
    tab.run("document.getElementById('map-list').focus()")
    for _ in range(2):
        tab.press("ArrowDown")
    tab.press("q")
    tab.press("ArrowDown")
    tab.press("q")
    assert len(tab.run(QUEUED)) == 2
    assert tab.run("document.getElementById('audio').paused")
    tab.press("Enter")
    tab.until(f"{TIME} > 0.2")
    tab.run("document.getElementById('audio').currentTime = 5")
    tab.until(f"{TIME} > 5.1 && {TIME} < 7")
    tab.click_on("#next")
    playing = "document.querySelector('#playing strong').textContent"
    tab.until(f"{playing} == {json.dumps(tab.run(QUEUED)[0])} && {TIME} > 0.2")
    tab.run("document.getElementById('audio').currentTime = 6.8")
    tab.until(f"{playing} == {json.dumps(tab.run(QUEUED)[1])} && {TIME} > 0.1")
    tab.until("document.querySelectorAll('#map-near li').length == 10")


def test_a_click_on_the_map_plays_a_song(tab: Tab) -> None:
    library = json.loads(tab.run("fetch('api/library').then(answer => answer.text())"))
    places = library["facets"][0]["places"]
    (left, right), (low, top) = ((min(values), max(values)) for values in zip(*places, strict=True))
    wide, high = tab.run("(map => [map.clientWidth, map.clientHeight])(document.getElementById('map'))")
    scale = min((wide - 56) / (right - left), (high - 56) / (top - low))
    x, y = places[4]
    tab.run("document.getElementById('map').scrollIntoView()")
    box = tab.run("(box => [box.x, box.y])(document.getElementById('map').getBoundingClientRect())")
    tab.click(box[0] + wide / 2 + (x - (left + right) / 2) * scale, box[1] + high / 2 - (y - (low + top) / 2) * scale)
    tab.until("!document.getElementById('map-track').hidden")
    assert tab.run(TEXT % "map-title") == library["titles"][4]
    assert tab.run("document.querySelector('#map-hint strong').textContent") == library["titles"][4]
    tab.until(f"{TIME} > 0.2")


def test_the_queue_is_saved_and_replaced_when_asked(tab: Tab, project: Path) -> None:
    tab.click_on("#queue-all")
    tab.click_on("#queue-list li:nth-child(2) button:last-child")
    tab.click_on("#queue-list li:nth-child(3) button:nth-of-type(1)")
    assert len(tab.run(QUEUED)) == 11
    file = project / "playlists" / "রাত.m3u8"
    write(tab, "list-name", "রাত")
    tab.click_on("#save button")
    tab.until(f"({TEXT % 'saved'}).startsWith('Saved: playlists')")
    assert file.read_text(encoding="utf-8").count("#EXTINF") == 11
    tab.click_on("#queue-list li button:last-child")
    tab.click_on("#save button")
    tab.until("!document.getElementById('replace').hidden")
    assert file.read_text(encoding="utf-8").count("#EXTINF") == 11
    tab.said.clear()  # the browser reports the answer 409
    tab.click_on("#replace")
    tab.until(f"({TEXT % 'saved'}).includes('10 songs')")
    assert file.read_text(encoding="utf-8").count("#EXTINF") == 10
    queued = tab.run(QUEUED)
    tab.call("Page.reload")
    tab.until("document.body?.dataset.ready == 'yes'")
    assert tab.run(QUEUED) == queued


def test_a_dropped_song_is_placed_on_the_page(tab: Tab, project: Path, tmp_path: Path) -> None:
    song = tmp_path / "<b>নতুন<b>.ogg"
    song.write_bytes((project / "data" / "audio" / "bn" / "bn_006.ogg").read_bytes())
    drop(tab, song)
    tab.until("!!document.querySelector('#placed article')")
    assert tab.run("document.querySelector('#placed h3').textContent") == song.name
    assert tab.run("document.querySelectorAll('#placed details[open] li').length") == 10
    assert tab.run("document.querySelector('#placed details[open] li button').textContent") == "Song 6"
    assert "of the songs are as far out" in tab.run("document.querySelector('#placed details p').textContent")
    broken = tmp_path / "broken.mp3"
    broken.write_bytes(b"no sound")
    give(tab, broken)
    tab.until(f"/^broken.mp3: (?!it is)/.test({TEXT % 'drop-status'})")
    assert tab.run("document.querySelectorAll('#placed article').length") == 1
    tab.said.clear()  # the browser reports the answer 400


def test_a_song_whose_file_is_gone_is_named_and_the_queue_goes_on(tab: Tab, project: Path) -> None:
    (project / "data" / "audio" / "bn" / "bn_000.wav").unlink()
    tab.click_on("#queue-all")
    tab.click_on("#queue-list li:nth-child(1) .name")
    tab.until(f"document.querySelector('#playing strong').textContent == 'Song 1' && {TIME} > 0.1")
    tab.said.clear()  # the browser reports the answer 404


def test_a_kind_of_file_that_the_browser_cannot_decode_plays(tab: Tab, project: Path, tmp_path: Path) -> None:
    song = sing(tmp_path / "song.wma", 1, 5.0)
    (project / "data" / "audio" / "bn" / "bn_000.wav").write_bytes(song.read_bytes())
    tab.click_on("#map-list li")
    tab.until(f"document.getElementById('audio').src.endsWith('as=wav') && {TIME} > 0.2")
    tab.run("document.getElementById('audio').currentTime = 4")
    tab.until(f"{TIME} > 4.1")


@pytest.mark.parametrize(("wide", "dark"), [(1280, False), (1280, True), (360, False), (360, True)])
def test_the_page_fits_the_screen_and_every_control_has_a_name(
    tab: Tab, page: Served, wide: int, *, dark: bool
) -> None:
    show(tab, page, wide, dark=dark)
    tab.run("document.getElementById('queue-all').click()")
    assert tab.run("document.documentElement.scrollWidth") <= wide
    ground = tab.run("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(21, 24, 27)" if dark else "rgb(252, 251, 248)")
    nodes: list[dict[str, Any]] = tab.call("Accessibility.getFullAXTree")["nodes"]
    controls = {"button", "combobox", "searchbox", "textbox", "listbox", "option"}
    unnamed = [node for node in nodes if node.get("role", {}).get("value") in controls and not node["name"]["value"]]
    assert unnamed == []
