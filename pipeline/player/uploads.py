"""A file that a browser sends, kept in a temporary folder for as long as it is needed."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from starlette.requests import Request

from pipeline.player.sound_types import suffix

LARGEST: Final = 500_000_000  # bytes: an hour of WAV is 600 MB, of FLAC 300 MB


class Refused(Exception):
    """A file that is not taken: the code of the answer, and why."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@asynccontextmanager
async def uploaded(request: Request, name: str, largest: int = LARGEST) -> AsyncIterator[Path]:
    """The body of a request as a file. Of its name, which is a stranger's, only the suffix is used."""
    ending = suffix(name)
    if not ending:
        raise Refused(415, "is no sound file and no lyrics (.txt, .lrc)")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > largest:
        raise _too_large(largest)
    with tempfile.TemporaryDirectory(prefix="surbani-drop-") as folder:
        file = Path(folder) / f"song{ending}"
        size = 0
        with file.open("wb") as target:
            async for part in request.stream():
                size += len(part)
                if size > largest:
                    raise _too_large(largest)
                target.write(part)
        yield file


def _too_large(largest: int) -> Refused:
    return Refused(413, f"is larger than {largest / 1e6:g} MB")
