"""The table of songs after another look into the music folder: what a person edited stays, the rest is updated.

`ingested.csv` beside tracks.csv holds what was written last. A cell that differs from it was edited by hand, and a row
that is there alone was taken out by hand. What has left the folder is marked, never removed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from pipeline.core import catalog

FIELDS = ("title", "artist", "album", "year", "language", "genre", "lyrics")  # in tracks.csv, as the files say
KEPT = ("id", "path", "words", *FIELDS)  # in ingested.csv; `words` is a digest of the lyrics that were written
LEFT = "left"  # in tracks.csv: the day on which the song was missed first
COLUMNS = (*catalog.COLUMNS[:5], "album", "year", *catalog.COLUMNS[5:], LEFT)

Cells = Mapping[str, str]
Rows = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Arrival:
    """A song of the music folder: its file, what is to stand in the table, and its lyrics."""

    path: Path
    cells: Cells
    words: str


@dataclass
class Changes:
    """Ids by what has become of them."""

    new: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    taken_out: list[str] = field(default_factory=list)  # by hand


def rows_of(table: pd.DataFrame) -> Rows:
    return {str(row["id"]): {str(name): str(cell) for name, cell in row.items()} for row in table.to_dict("records")}


def merged(rows: Rows, before: Rows, arrivals: Mapping[str, Arrival]) -> Changes:
    """Brings `rows` up to date. `before` is what was written last, by id."""
    changes = Changes()
    for id_, arrival in arrivals.items():
        if id_ in rows:
            _update(rows[id_], before.get(id_), arrival.cells, changes)
        elif id_ in before:
            changes.taken_out.append(id_)
        else:
            rows[id_] = dict.fromkeys(COLUMNS, "") | {"id": id_, **arrival.cells}
            changes.new.append(id_)
    return changes


def _update(row: dict[str, str], last: Cells | None, cells: Cells, changes: Changes) -> None:
    """Takes over what the file says now, but for cells that a person edited; nothing is emptied."""
    id_ = row["id"]
    if row.get(LEFT):
        row[LEFT] = ""
        changes.returned.append(id_)
    old = dict(row)
    for name, cell in cells.items():
        untouched = name == "audio" or (last is not None and row.get(name, "") == last.get(name, ""))
        if cell and untouched:
            row[name] = cell
    if old != row:
        changes.updated.append(id_)


def mark_left(
    rows: Rows, before: Rows, arrivals: Mapping[str, Arrival], is_gone: Callable[[Path], bool], day: str
) -> list[str]:
    """Marks the songs that were brought in and are gone; gives those that are missed for the first time."""
    missed = []
    for id_, last in before.items():
        if id_ in rows and id_ not in arrivals and not rows[id_].get(LEFT) and is_gone(Path(last["path"])):
            rows[id_][LEFT] = day
            missed.append(id_)
    return missed
