"""The listening page over a library, served in this process; and requests as a browser would never send them."""

import http.client
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pipeline.library.listening import Listening
from pipeline.player.server import listening, server


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Served:
    """A page that runs."""

    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str, method: str = "GET", body: Any = None, **headers: str) -> Answer:
        """The answer to a request whose path and headers are sent as they are; `_` in their names is `-`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        given = {name.replace("_", "-").title(): value for name, value in headers.items()}
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in ({"Host": f"127.0.0.1:{self.port}"} | given).items():
                connection.putheader(name, value)
            if isinstance(body, bytes):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body if isinstance(body, bytes) else None)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def post(self, path: str, body: bytes, **headers: str) -> Answer:
        """As the page itself sends it."""
        return self.ask(path, "POST", body, **{"origin": self.address, **headers})


@contextmanager
def served(songs: Listening) -> Iterator[Served]:
    with listening(0) as door:
        port = int(door.getsockname()[1])
        program = server(songs, port)
        thread = threading.Thread(target=program.run, kwargs={"sockets": [door]})
        thread.start()
        try:
            yield Served(port)
        finally:
            program.should_exit = True
            thread.join()
