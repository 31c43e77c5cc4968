"""Who may ask: the page itself, on this computer.

A name that an attacker points at 127.0.0.1 (DNS rebinding) is another Host; a form or a script of another page has
another Origin, and a picture or sound that it loads from us is marked by the browser as cross-site. All are refused
before any route is looked up. The Content-Security-Policy lets the page load nothing but its own files.
"""

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

READING: Final = {"GET", "HEAD"}
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
}


class Guard:
    """Refuses what does not come from the page, and adds the headers that bind it."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self.app = app
        self.hosts = {f"127.0.0.1:{port}", f"localhost:{port}"} | ({"127.0.0.1", "localhost"} if port == 80 else set())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        reason = self.refusal(scope["method"], Headers(scope=scope))
        answer = PlainTextResponse(f"refused: {reason}\n", 403) if reason else self.app
        await answer(scope, receive, guarded)

    def refusal(self, method: str, headers: Headers) -> str:
        """Why a request is refused; "" where it is not."""
        if headers.get("host", "") not in self.hosts:
            return "this page is for 127.0.0.1 alone"
        origins = headers.getlist("origin")
        if any(origin.removeprefix("http://") not in self.hosts for origin in origins):
            return "another page asks"
        if method not in READING and not origins:
            return "no page asks"
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return "another page asks"
        return ""
