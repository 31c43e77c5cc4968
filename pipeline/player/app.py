"""The routes of the page. Songs are asked for by their ids, never by a path."""

import json
import logging
from pathlib import Path
from typing import Any, Final

import jinja2
from anyio import to_thread
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from pipeline.core.command import Problem
from pipeline.player import uploads
from pipeline.player.catalogue import Catalogue, Taken
from pipeline.player.guard import Guard
from pipeline.player.sound_types import sound_type

log = logging.getLogger(__name__)

ROOM: Final = Path(__file__).parent
SHARED: Final = (ROOM.parent / "site" / "preview.css", ROOM.parents[1] / "reports" / "assets" / "surbani.css")
KINDS: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
LONGEST: Final = 20_000_000  # bytes of a list that is saved


def app(songs: Catalogue, port: int) -> ASGIApp:
    """The page of these songs, as it is served on a port of 127.0.0.1."""
    site = Site(songs)
    routes = [
        Route("/", site.page),
        Route("/static/{name}", site.static),
        Route("/songs/{id}", site.song),
        Route("/api/library", site.library),
        Route("/api/near", site.near),
        Route("/api/playlists", site.save, methods=["POST"]),
        Route("/api/place", site.place, methods=["POST"]),
    ]
    handlers = {Problem: _problem, Exception: _failure}
    return Guard(Starlette(routes=routes, exception_handlers=handlers), port)


class Site:
    """What the routes answer; what never changes is made at the start."""

    def __init__(self, songs: Catalogue) -> None:
        self.songs = songs
        content = songs.content() | {"largest": uploads.LARGEST}
        self.content = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        loader = jinja2.FileSystemLoader(ROOM / "templates")
        environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
        self.html = environment.get_template("listen.html").render(about=content)
        self.files = {file.name: file for file in (*(ROOM / "static").iterdir(), *SHARED) if file.suffix in KINDS}
        self.placing = False

    async def page(self, _: Request) -> Response:
        return HTMLResponse(self.html)

    async def static(self, request: Request) -> Response:
        file = self.files.get(request.path_params["name"])
        return FileResponse(file, media_type=KINDS[file.suffix]) if file else _nothing()

    async def library(self, _: Request) -> Response:
        return Response(self.content, media_type="application/json")

    async def song(self, request: Request) -> Response:
        """The sound, whole or in part (Range); `?as=wav` for a browser that cannot decode the file."""
        read = self.songs.decoded if request.query_params.get("as") == "wav" else self.songs.file
        try:
            file = await to_thread.run_sync(read, request.path_params["id"], abandon_on_cancel=True)
        except Problem as problem:
            return PlainTextResponse(f"{problem}\n", 404)
        return FileResponse(file, media_type=sound_type(file.name))

    async def near(self, request: Request) -> Response:
        asked = request.query_params
        rows = await run_in_threadpool(
            self.songs.near, asked.get("id", ""), asked.get("by", ""), asked.get("language", "any")
        )
        return JSONResponse(rows)

    async def save(self, request: Request) -> Response:
        name, ids, replace = _list(await _body(request))
        try:
            return JSONResponse(await run_in_threadpool(self.songs.save, name, ids, replace=replace))
        except Taken as taken:
            return JSONResponse({"problem": str(taken), "taken": True}, 409)

    async def place(self, request: Request) -> Response:
        """Places one file at a time; the page sends several one after the other."""
        name = request.query_params.get("name", "")
        if self.placing:
            return _refused(409, "another song is being placed: wait for it")
        self.placing = True
        try:
            async with uploads.uploaded(request, name, uploads.LARGEST) as file:
                work = to_thread.run_sync(self.songs.place, file, name, abandon_on_cancel=True)  # Ctrl-C does not wait
                return JSONResponse(await work)
        except uploads.Refused as reason:
            return _refused(reason.code, str(reason))
        except ClientDisconnect:
            return Response()  # nobody reads it
        except OSError as error:
            return _refused(507, f"cannot be kept for a moment: {error.strerror}: make room on the disk")
        finally:
            self.placing = False


async def _body(request: Request) -> bytes:
    """A small body."""
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > LONGEST:
            raise Problem("the list is too long")
    return bytes(content)


def _list(body: bytes) -> tuple[str, list[str], bool]:
    """The name and the ids of a playlist, and whether it may replace an earlier one."""
    try:
        asked: Any = json.loads(body)
        name, ids, replace = asked["name"], asked["ids"], asked.get("replace", False)
        "".join([name, *ids]).encode()  # half a letter is no text
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Problem("that is no playlist") from None
    if not isinstance(ids, list):
        raise Problem("that is no playlist")
    return name, ids, replace is True


def _nothing() -> Response:
    return PlainTextResponse("there is no such page\n", 404)


def _refused(code: int, reason: str) -> Response:
    return JSONResponse({"problem": reason}, code)


def _problem(_: Request, problem: Exception) -> Response:
    return _refused(400, str(problem))


def _failure(request: Request, error: Exception) -> Response:
    log.error("%s failed", request.url.path, exc_info=error)
    return _refused(500, "this failed; the terminal says why")
