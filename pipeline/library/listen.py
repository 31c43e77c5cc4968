"""Command `listen`: a page of the library in the browser, on this computer alone.

A map of the songs with search and filters, a player with a queue, playlists to save (as `playlists` writes them, into
the same folder), and the place of a song that is dropped onto the page. It loads nothing from other hosts, and answers
only to 127.0.0.1; who else is logged in on this computer can open it too. Ctrl-C ends it.
"""

import argparse
import os
import sys
from contextlib import suppress
from pathlib import Path

from pipeline.core.command import Problem
from pipeline.library import printing
from pipeline.library.songs import Library

PORT = 8765
INSTALL = "pip install -e '.[listen]'"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=PORT, help=f"default: {PORT}; 0: any that is free")
    parser.add_argument("--no-browser", action="store_true", help="open no browser, only print the address")
    parser.add_argument("--out", type=Path, default=Path("playlists"), metavar="DIR", help="of playlists that you save")


def run(arguments: argparse.Namespace) -> int:
    with suppress(KeyboardInterrupt):
        _serve(arguments)
    return 0


def _serve(arguments: argparse.Namespace) -> None:
    try:
        from pipeline.player.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in ("starlette", "uvicorn"):
            raise Problem(f"`listen` needs starlette and uvicorn: run `{INSTALL}`") from None
        raise
    from pipeline.library.listening import Listening

    songs = Library.open()
    if not len(songs):
        raise Problem("the library has no songs: `python -m pipeline.library ingest FOLDER`, then `dvc repro`")
    printing.aside(songs.smallness)
    print(f"{len(songs)} songs; reading the map", file=sys.stderr, flush=True)
    shown = Listening(songs, arguments.out.resolve())
    try:
        serve(shown, arguments.port, lambda line: print(line, flush=True), browser=not arguments.no_browser)
    except KeyboardInterrupt:
        shown.close()
        if shown.busy:
            os._exit(0)  # Python would wait until the song is placed, for nobody
        raise
