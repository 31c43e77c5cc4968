"""Serves the page on 127.0.0.1 until Ctrl-C."""

import errno
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from typing import Final

import uvicorn

from pipeline.core.command import Problem
from pipeline.player.app import app
from pipeline.player.catalogue import Catalogue

ADDRESS: Final = "127.0.0.1"
TRIED: Final = 20  # ports, the wanted one first
PATIENCE: Final = 1  # seconds for what is still being sent when it ends


def serve(songs: Catalogue, port: int, say: Callable[[str], None], *, browser: bool) -> None:
    """Serves the songs; `say` gets the lines for the person."""
    with listening(port) as door:
        free = int(door.getsockname()[1])
        program = server(songs, free)
        if port and free != port:
            say(f"port {port} is taken: {free} in its place")
        address = f"http://{ADDRESS}:{free}/"
        say(f"{address} (Ctrl-C ends it)")
        if browser and has_screen():
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        program.run(sockets=[door])


def server(songs: Catalogue, port: int) -> uvicorn.Server:
    """What answers on this port; it says nothing, and waits for nobody when it ends."""
    config = uvicorn.Config(
        app(songs, port),
        lifespan="off",
        ws="none",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=PATIENCE,
    )
    return uvicorn.Server(config)


def listening(port: int) -> socket.socket:
    """A socket on this port of 127.0.0.1, or on the next that is free; 0 takes any."""
    if not 0 <= port <= 65_535:
        raise Problem(f"--port is {port}: it must be from 0 (any that is free) to 65535")
    for candidate in range(port, min(port + TRIED, 65_536)):
        door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if os.name == "posix":
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that has just ended leaves it free
        try:
            door.bind((ADDRESS, candidate))
            door.listen(128)
        except OSError as error:
            door.close()
            if error.errno == errno.EACCES:
                raise Problem(f"port {candidate} is not for everyone: take one above 1023") from None
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return door
    raise Problem(f"ports {port} to {candidate} are taken: name another with --port")


def has_screen() -> bool:
    """Whether a browser would have a window: without a screen, Python would start a text browser in the terminal."""
    return sys.platform in ("win32", "darwin") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
