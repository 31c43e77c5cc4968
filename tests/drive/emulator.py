"""A Google Drive on the loopback: a CONNECT proxy with a throw-away authority that answers for every host.

It speaks what the real `dvc` and `pipeline.fetch` ask for: the v2 calls, the token endpoint, resumable uploads, Range,
paging, shared drives and native Docs; files of plain web hosts too. A `Fault` makes it misbehave on demand.
"""

import hashlib
import io
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.drive.authority import Authority

FOLDER = "application/vnd.google-apps.folder"
DOCUMENT = "application/vnd.google-apps.document"
SHORTCUT = "application/vnd.google-apps.shortcut"
QUOTA_PAGE = (
    b"<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title></head>"
    b"<body>Too many users have viewed or downloaded this file recently.</body></html>"
)
REASONS = {
    302: "elsewhere",
    401: "authError",
    404: "notFound",
    416: "requestedRangeNotSatisfiable",
    429: "rateLimitExceeded",
    500: "internalError",
    503: "backendError",
}


@dataclass(frozen=True)
class Item:
    """One file or folder of the drive; `content` is None where Drive has no bytes (folders, native Docs)."""

    id: str
    title: str
    parent: str = ""
    mime: str = "application/octet-stream"
    content: bytes | None = None
    public: bool = False
    drive: str = ""  # the shared drive that it lies in
    target: str = ""  # what a shortcut leads to

    def told(self) -> dict[str, Any]:
        """As Drive v2 describes it."""
        about: dict[str, Any] = {"kind": "drive#file", "id": self.id, "title": self.title, "mimeType": self.mime}
        about |= {"parents": [{"id": self.parent}], "labels": {"trashed": False}}
        if self.content is not None:
            about |= {"fileSize": str(len(self.content)), "md5Checksum": hashlib.md5(self.content).hexdigest()}
        if self.drive:
            about["driveId"] = self.drive
        if self.target:
            about["shortcutDetails"] = {"targetId": self.target}
        return about


@dataclass(frozen=True)
class Call:
    """One request that reached the drive."""

    method: str
    host: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]

    @property
    def downloads(self) -> bool:
        return self.query.get("alt") == "media" or "googleapis" not in self.host

    def header(self, name: str) -> str:
        return self.headers.get(name.lower(), "")


@dataclass
class Fault:
    """What goes wrong with the next `times` calls that it `hits`: a status, for 403 with its reason, or a word."""

    kind: str
    hits: Callable[[Call], bool] = lambda call: call.downloads
    times: int = 1
    retry_after: str = ""
    location: str = ""


@dataclass
class Drive:
    """What the drive holds, who may see it, what was asked of it and what goes wrong."""

    items: dict[str, Item] = field(default_factory=dict)
    web: dict[str, bytes] = field(default_factory=dict)  # "host/path" -> file of a plain web host
    keys: set[str] = field(default_factory=set)  # API keys
    refresh_tokens: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)  # access tokens given out
    faults: list[Fault] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    page: int = 1000
    pause: float = 0  # seconds before each download answers
    uploads: dict[str, Item] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    port: int = 0
    authority: Authority = field(default_factory=Authority)

    def add(self, title: str, parent: str = "", content: bytes | None = None, **about: Any) -> str:
        """The id of a new item; a folder where there is no content and no other kind is named."""
        with self.lock:
            id_ = f"id{len(self.items):05d}x{hashlib.sha1(title.encode()).hexdigest()[:12]}"
            mime = about.pop("mime", FOLDER if content is None else "application/octet-stream")
            above = self.items.get(parent)
            if above:  # what is shared is shared with all in it
                about = {"public": above.public, "drive": above.drive} | about
            self.items[id_] = Item(id_, title, parent, mime, content, **about)
        return id_

    def add_tree(self, files: dict[str, bytes], parent: str) -> None:
        """Files by their paths, with the folders that they need."""
        folders = {"": parent}
        for path, content in files.items():
            *above, name = path.split("/")
            for depth in range(len(above)):
                here = "/".join(above[: depth + 1])
                if here not in folders:
                    folders[here] = self.add(above[depth], folders["/".join(above[:depth])])
            self.add(name, folders["/".join(above)], content)

    def downloads(self) -> list[Call]:
        return [call for call in self.calls if call.method == "GET" and call.downloads]

    def fault(self, call: Call) -> Fault | None:
        with self.lock:
            self.calls.append(call)
            for fault in self.faults:
                if fault.times and fault.hits(call):
                    fault.times -= 1
                    return fault
        return None

    def seen_by(self, call: Call) -> Callable[[Item], bool] | None:
        """Which items the caller may see; None where nobody knows the caller."""
        if call.header("authorization").removeprefix("Bearer ") in self.tokens:
            return lambda item: not item.drive or call.query.get("supportsAllDrives") == "true"
        if call.header("x-goog-api-key") in self.keys or call.query.get("key") in self.keys:
            return lambda item: item.public
        return None

    def listed(self, query: dict[str, str]) -> list[Item]:
        """The children that `q` asks for; those of a shared drive only to who asks for that drive."""
        parents = set(re.findall(r"'([^']+)' in parents", query["q"]))
        title = re.search(r"title\s*=\s*'((?:[^'\\]|\\.)*)'", query["q"])
        wanted = title and re.sub(r"\\(.)", r"\1", title[1]).lower()
        drive = query.get("driveId", "") if query.get("includeItemsFromAllDrives") == "true" else ""
        found = [item for item in self.items.values() if item.parent in parents and item.drive in ("", drive)]
        return [item for item in found if not title or item.title.lower() == wanted]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    server: "Server"

    def log_message(self, format: str, *args: Any) -> None:
        del format, args

    def do_CONNECT(self) -> None:
        self.host = self.path.rsplit(":", 1)[0]
        self.send_response(200)
        self.end_headers()
        self.wfile.flush()
        for old in (self.rfile, self.wfile):
            old.close()
        try:
            self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        except OSError:
            self.rfile, self.wfile = io.BytesIO(), io.BytesIO()
            self.close_connection = True
            return
        self.server.open.add(self.connection)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", self.wbufsize)
        self.close_connection = False

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()
        self.server.open.discard(self.connection)
        self.connection.close()

    def answer(self) -> None:
        split = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(split.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.call = Call(self.command, self.host, unquote(split.path), query, headers)
        self.body = self.rfile.read(int(headers.get("content-length", 0)))
        drive = self.server.drive
        fault = drive.fault(self.call)
        if fault and not self.call.downloads:
            return self.fail(fault)
        if fault and fault.kind.split()[0].isdigit():
            return self.fail(fault)
        if self.host == "oauth2.googleapis.com" and self.call.path == "/token":
            return self.token()
        if "googleapis" not in self.host:
            content = drive.web.get(self.host + self.call.path)
            return self.send_file(content, fault) if content is not None else self.refuse(404)
        return self.api(fault)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def api(self, fault: Fault | None) -> None:
        drive, call = self.server.drive, self.call
        sees = drive.seen_by(call)
        if sees is None:
            known = call.header("authorization") or call.header("x-goog-api-key")
            return self.refuse(401 if known.startswith("Bearer") else 403, "dailyLimitExceededUnreg")
        if call.path.startswith("/upload/drive/v2/files"):
            return self.upload()
        if call.path == "/drive/v2/files" and call.method == "POST":
            return self.made(json.loads(self.body), None)
        if call.path == "/drive/v2/files":
            return self.listing(sees)
        item = drive.items.get(call.path.removeprefix("/drive/v2/files/"))
        if item is None or not sees(item):
            return self.refuse(404)
        if call.query.get("alt") != "media":
            return self.send_json(item.told())
        if item.content is None:
            return self.refuse(403, "fileNotDownloadable")
        return self.send_file(item.content, fault)

    def listing(self, sees: Callable[[Item], bool]) -> None:
        drive, query = self.server.drive, self.call.query
        found = [item for item in drive.listed(query) if sees(item)]
        start = int(query.get("pageToken", "0"))
        stop = start + min(drive.page, int(query.get("maxResults", "100")))
        told: dict[str, Any] = {"kind": "drive#fileList", "items": [item.told() for item in found[start:stop]]}
        if stop < len(found):
            told["nextPageToken"] = str(stop)
        self.send_json(told)

    def token(self) -> None:
        """An access token for a signed assertion or a refresh token that was not revoked."""
        drive = self.server.drive
        asked = {name: values[-1] for name, values in parse_qs(self.body.decode()).items()}
        signed = drive.authority.signed_by_account(asked.get("assertion", ""))
        if not signed and asked.get("refresh_token") not in drive.refresh_tokens:
            said = {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
            return self.send_json(said, 400)
        with drive.lock:
            token = f"ya29.access-token-{len(drive.tokens)}"
            drive.tokens.add(token)
        return self.send_json({"access_token": token, "expires_in": 3600, "token_type": "Bearer"})

    def upload(self) -> None:
        drive = self.server.drive
        if self.command == "POST":
            if self.call.query.get("uploadType") != "resumable":
                return self.refuse(500)
            about = json.loads(self.body)
            with drive.lock:
                session = f"session{len(drive.uploads)}"
                drive.uploads[session] = Item("", about["title"], about["parents"][0]["id"])
            place = f"https://www.googleapis.com/upload/drive/v2/files?uploadType=resumable&upload_id={session}"
            return self.send_bytes(b"", 200, {"Location": place})
        waiting = drive.uploads[self.call.query["upload_id"]]
        return self.made({"title": waiting.title, "parents": [{"id": waiting.parent}]}, self.body)

    def made(self, about: dict[str, Any], content: bytes | None) -> None:
        drive, parent = self.server.drive, about["parents"][0]["id"]
        if parent not in drive.items:
            return self.refuse(404)
        return self.send_json(drive.items[drive.add(about["title"], parent, content)].told())

    def send_file(self, content: bytes, fault: Fault | None) -> None:
        time.sleep(self.server.drive.pause)
        kind = fault.kind if fault else ""
        headers = {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "Content-Type": "application/octet-stream"}
        if kind == "quota page":
            return self.send_bytes(QUOTA_PAGE, 200, {"Content-Type": "text/html; charset=utf-8"})
        if content[:15].lower() == b"<!doctype html>":
            headers["Content-Type"] = "text/html; charset=utf-8"
        start, status = 0, 200
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.call.header("range"))
        fresh = self.call.header("if-range") in ("", headers["ETag"])
        if asked and content and fresh:
            start, status = int(asked[1]), 206
            if start >= len(content):
                return self.refuse(416)
            stop = min(int(asked[2] or len(content) - 1), len(content) - 1)
            headers["Content-Range"] = f"bytes {start}-{stop}/{len(content)}"
            content = content[: stop + 1]
        body = content[start:]
        if kind == "corrupt body":
            body = bytes([body[0] ^ 1]) + body[1:]
        if kind == "short body":
            body = body[: len(body) // 2]
        if kind == "dropped connection":
            self.close_connection = True
            return self.hang_up()
        if kind == "cut body":
            self.send_bytes(body, status, headers, only=len(body) // 2)
            return self.hang_up()
        if kind == "slow body":
            return self.send_slowly(body, status, headers)
        return self.send_bytes(body, status, headers)

    def send_slowly(self, body: bytes, status: int, headers: dict[str, str]) -> None:
        """Half of the body, then nothing: a reader without patience would wait for ever."""
        self.send_bytes(body, status, headers, only=len(body) // 2)
        self.server.awake.wait(30)
        self.hang_up()

    def hang_up(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.close()

    def fail(self, fault: Fault) -> None:
        if not fault.kind.split()[0].isdigit():
            return self.hang_up()
        status, _, reason = fault.kind.partition(" ")
        told = {"Retry-After": fault.retry_after, "Location": fault.location}
        return self.refuse(int(status), reason, {name: value for name, value in told.items() if value})

    def refuse(self, status: int, reason: str = "", headers: dict[str, str] | None = None) -> None:
        reason = reason or REASONS[status]
        error = {"domain": "global", "reason": reason, "message": f"emulated {reason}"}
        self.send_json({"error": {"code": status, "message": f"emulated {reason}", "errors": [error]}}, status, headers)

    def send_json(self, told: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_bytes(json.dumps(told).encode(), status, {"Content-Type": "application/json"} | (headers or {}))

    def send_bytes(self, body: bytes, status: int, headers: dict[str, str], only: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:only])
        self.wfile.flush()


class Server(ThreadingHTTPServer):
    daemon_threads = False  # all of them are over when the server is closed
    request_queue_size = 64

    def __init__(self, drive: Drive) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.drive = drive
        self.tls = drive.authority.context()
        self.awake = threading.Event()
        self.open: set[socket.socket] = set()

    def server_close(self) -> None:
        self.awake.set()
        for connection in list(self.open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed or that gave up is not our error."""
        del request, client_address


@contextmanager
def running(drive: Drive) -> Iterator[Drive]:
    server = Server(drive)
    drive.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield drive
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
