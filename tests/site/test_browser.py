"""The built site in a browser, from a disk and from a server: no request to another host, no error, and it plays."""

import base64
import functools
import http.server
import json
import re
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from tests import sample_report

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--mute-audio",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
]
WAIT = 60.0  # seconds
GROUND = "getComputedStyle(document.body).backgroundColor"
HERE = ("file:", "data:", "blob:", "http://127.0.0.1:")
PAGES = ("index", "models", "map", "clusters", "questions", "experiments", "data", "method")
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH (Debian: apt-get install chromium)")


class Tab:
    """A page under the DevTools protocol, with all that it asked for and said."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.number = 0
        self.requests: list[str] = []
        self.said: list[str] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> Any:
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv(timeout=WAIT))
            if message.get("id") == self.number:
                assert "error" not in message, message
                return message["result"]
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        params = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning", "assert"):
                self.said.append(str(params["args"]))
            case "Runtime.exceptionThrown":
                self.said.append(str(params["exceptionDetails"]))
            case "Log.entryAdded" if params["entry"]["level"] == "error":
                self.said.append(str(params["entry"]))

    def run(self, script: str) -> Any:
        """The value of a script, awaited."""
        message = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True, userGesture=False
        )
        assert "exceptionDetails" not in message, message
        return message["result"].get("value")

    def until(self, script: str) -> Any:
        """The first true value of a script."""
        for _ in range(int(WAIT * 10)):
            if value := self.run(script):
                return value
            time.sleep(0.1)
        pytest.fail(f"never came true: {script}; the page said {self.said}")

    def open(self, address: str, wide: int = 1280, high: int = 900, *, dark: bool = False) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=wide, height=high, deviceScaleFactor=1, mobile=wide < 500)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=address)
        self.until(f"location.href.startsWith({json.dumps(address)}) && document.readyState == 'complete'")

    def click(self, x: float, y: float) -> None:
        """A click of the mouse, which a browser takes for a wish to hear."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for what in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=what, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str) -> None:
        for what in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=what, key=key, code=key, text="\r" if key == "Enter" else "")

    def click_on(self, selector: str) -> None:
        """Clicks in the middle of the first match."""
        box = f"document.querySelector({json.dumps(selector)})"
        self.run(f"{box}.scrollIntoView({{block: 'center'}})")
        self.click(*self.run(f"(b => [b.x + b.width / 2, b.y + b.height / 2])({box}.getBoundingClientRect())"))


@contextmanager
def browser(program: str) -> Iterator[Tab]:
    with tempfile.TemporaryDirectory() as profile:
        command = [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            port = _port_file(Path(profile) / "DevToolsActivePort", process).splitlines()[0]
            with connect(_page(f"http://127.0.0.1:{port}/json/list"), max_size=2**28, proxy=None) as socket:
                yield Tab(socket)
        finally:
            process.terminate()
            process.wait(timeout=WAIT)
            time.sleep(0.2)  # its children still write into the profile


def _port_file(file: Path, process: "subprocess.Popen[bytes]") -> str:
    for _ in range(int(WAIT * 10)):
        assert process.poll() is None, "the browser ended"
        if file.exists() and (text := file.read_text(encoding="utf-8")).count("\n"):
            return text
        time.sleep(0.1)
    pytest.fail("the browser does not answer")


def _page(address: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # the browser is local
    with opener.open(address, timeout=WAIT) as answer:
        pages = [page for page in json.load(answer) if page["type"] == "page"]
    return str(pages[0]["webSocketDebuggerUrl"])


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
