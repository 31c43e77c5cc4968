"""Chromium under the DevTools protocol: a tab that opens pages, clicks, presses keys, and notes what the page says."""

import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

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
HERE = ("file:", "data:", "blob:", "http://127.0.0.1:")
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on the PATH (Debian: apt-get install chromium)"
)


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
