"""What was read of each file, kept by its path, size and time: a second run reads what is new alone.

A damaged or unwritable ledger is replaced by an empty one in memory; deleting it is always safe.
"""

import contextlib
import json
import logging
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

from pipeline.core import cache, command, workers
from pipeline.intake.walk import Sighting

log = logging.getLogger(__name__)

BATCH = 32
FORM = 1  # of what is kept; another number begins anew
TABLE = "CREATE TABLE IF NOT EXISTS files (kind TEXT, path BLOB, size INT, changed INT, held TEXT, UNIQUE (kind, path))"


class Ledger:
    """JSON values by kind and file."""

    def __init__(self, folder: Path | None = None) -> None:
        place = folder or cache.place()
        try:
            if place is None:
                raise OSError("there is no home folder")
            place.mkdir(parents=True, exist_ok=True)
            self._base = _opened(place / f"ingest-{FORM}.sqlite")
        except (OSError, sqlite3.Error) as error:
            log.warning("what is read cannot be kept for the next run (%s)", error)
            self._base = sqlite3.connect(":memory:")
            self._base.execute(TABLE)

    def get(self, kind: str, seen: Sighting) -> Any:
        """What is kept of this very version of the file, or None."""
        row = self._base.execute(
            "SELECT held FROM files WHERE kind = ? AND path = ? AND size = ? AND changed = ?",
            (kind, os.fsencode(seen.path), seen.size, seen.changed),
        ).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, kind: str, values: Mapping[Sighting, Any]) -> None:
        """Keeps a value for each file, in one step."""
        rows = [
            (kind, os.fsencode(seen.path), seen.size, seen.changed, json.dumps(value)) for seen, value in values.items()
        ]
        try:
            with self._base:
                self._base.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", rows)
        except sqlite3.Error as error:  # a full disk, a ledger that another run holds
            log.warning("what was read of %d files cannot be kept for the next run (%s)", len(rows), error)

    def kept_or_made(
        self, kind: str, files: Sequence[Sighting], make: Callable[[Sighting], Any], what: str
    ) -> dict[Sighting, Any]:
        """A value for each file, most of them kept; with a bar and an estimate for those that `make` makes.

        None is a value that is not kept. What is made is kept in batches, so that Ctrl-C loses a few alone.
        """
        held = {seen: self.get(kind, seen) for seen in files}
        ahead = iter(command.progress([seen for seen in files if held[seen] is None], what))
        with ThreadPoolExecutor(workers.cores()) as pool:
            while batch := list(islice(ahead, BATCH)):
                made = dict(zip(batch, pool.map(make, batch), strict=True))
                self.put(kind, {seen: value for seen, value in made.items() if value is not None})
                held |= made
        return held

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._base.close()


def _opened(file: Path) -> sqlite3.Connection:
    try:
        return _connected(file)
    except sqlite3.DatabaseError:  # damaged
        with contextlib.suppress(FileNotFoundError):
            file.unlink()
        return _connected(file)


def _connected(file: Path) -> sqlite3.Connection:
    base = sqlite3.connect(file)
    try:
        base.execute(TABLE)
    except sqlite3.Error:
        base.close()
        raise
    return base
