"""The table of tracks as people and spreadsheets write it: what can mean one thing only is read, and the log says how.

Any separator, UTF-8, UTF-16 and Windows-1252, `ID,Audio`, spaces after the commas, doubled columns. What could mean two
things is a Problem with its cause and its cure. A table in the project's own form comes out as it is.
"""

import codecs
import csv
import io
import logging
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pipeline.core.command import Problem

log = logging.getLogger(__name__)

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
NEEDED = ("id", "audio")
AGAIN = "save it as 'CSV UTF-8'"
# Letters outside ASCII stand alone or in pairs in the languages of Windows-1252; three in a row are another encoding.
FOREIGN = re.compile(r"[^\W\d_a-zA-Z]{3}")
UTF_8_LETTER = re.compile(rb"[\xc3-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}")

Grid = list[list[str]]


def read_sheet(file: Path, known: Sequence[str]) -> pd.DataFrame:
    """The table as texts; a column of `known` is found in any spelling."""
    text, notes = _decoded(file)
    separator, text = _separator(text, known)
    if separator != ",":
        notes.append(f"{SEPARATORS[separator]} between the cells")
    head, rows = _grid(file, text, separator, notes)
    names = _names(head, known, notes)
    table = pd.DataFrame(rows, columns=pd.Index(names), dtype=str)
    if len(set(names)) < len(names):
        table = _single(file, table, notes)
    if notes:
        log.info("%s is read with %s", file, "; ".join(notes))
    return table


def _decoded(file: Path) -> tuple[str, list[str]]:
    raw = file.read_bytes()
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _strictly(file, raw, "utf-16"), ["the encoding UTF-16"]
    if b"\0" in raw[:2] and len(raw) > 3:  # the names of the columns begin with Latin letters: one byte of two is zero
        return _strictly(file, raw, "utf-16-be" if raw[0] == 0 else "utf-16-le"), ["the encoding UTF-16"]
    try:
        return raw.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        where = f"{file} cannot be read: line {line} is not UTF-8"
    high = sum(byte > 127 for byte in raw)
    if 2 * sum(map(len, UTF_8_LETTER.findall(raw))) > high:
        raise Problem(f"{where}, other lines are: correct it, or {AGAIN}")
    text = _strictly(file, raw, "cp1252")
    if FOREIGN.search(text):
        raise Problem(f"{where}, and its letters could be those of several old encodings: {AGAIN}")
    return text, ["the encoding Windows-1252"]


def _strictly(file: Path, raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        raise Problem(f"{file} cannot be read: it is neither UTF-8 nor {encoding.upper()}: {AGAIN}") from None


def _separator(text: str, known: Sequence[str]) -> tuple[str, str]:
    """What stands between the cells, and the text without a first line `sep=;`, as Excel writes it.

    It is what cuts the columns that are needed out of the first line; where nothing does, a comma.
    """
    if stated := re.match(r'"?sep=([,;\t|])"?\r?\n', text):
        return stated[1], text[stated.end() :]
    first = text.lstrip("\r\n").partition("\n")[0]
    cut = {separator: {_plain(name, known) for name in first.rstrip("\r").split(separator)} for separator in SEPARATORS}
    best = max(SEPARATORS, key=lambda separator: len(cut[separator] & set(NEEDED)))  # the first of equals: a comma
    return best, text


def _grid(file: Path, text: str, separator: str, notes: list[str]) -> tuple[list[str], Grid]:
    """The names of the columns, and the rows, each with as many cells."""
    head, rows = _cut(file, text, separator, spaces=False)
    if any(name.startswith(" ") for name in head) or _spaced(head, rows):
        notes.append("the spaces between the cells left out")
        head, rows = _cut(file, text, separator, spaces=True)
    for number, row in enumerate(rows, start=1):
        if any(row[len(head) :]):
            cure = "put texts with commas in quotes"
            raise Problem(f"{file}: row {number} has more cells than the {len(head)} columns: {cure}")
    return head, [(row + [""] * len(head))[: len(head)] for row in rows]


def _cut(file: Path, text: str, separator: str, *, spaces: bool) -> tuple[list[str], Grid]:
    """The first row and the others; `spaces` says that those around the cells are not meant."""
    lines = io.StringIO(text, newline="")
    try:
        grid = [row for row in csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=spaces) if row]
    except csv.Error as error:
        raise Problem(f"{file} cannot be read ({error}): close every quote, and double those within a text") from None
    if not grid or not any(grid[0]):
        raise Problem(f"{file} is empty: its first line must name the columns")
    return grid[0], [[cell.strip() for cell in row] for row in grid[1:]] if spaces else grid[1:]


def _spaced(head: list[str], rows: Grid) -> bool:
    """Whether every row has a space before the path of its song."""
    column = next((place for place, name in enumerate(head) if name.strip().casefold() == "audio"), 0)
    return bool(rows) and column > 0 and all(row[column].startswith(" ") for row in rows if len(row) > column)


def _plain(name: str, known: Sequence[str]) -> str:
    """The name of a column in our spelling where it is one of ours."""
    stripped = name.strip().strip('"').strip()
    return stripped.casefold() if stripped.casefold() in known else stripped


def _names(head: list[str], known: Sequence[str], notes: list[str]) -> list[str]:
    """The names of the columns; one that has our very spelling wins over `ID`, which then stays as it is."""
    exact = set(head)
    names = [name if name in known or (_plain(name, known) in exact) else _plain(name, known) for name in head]
    renamed = [f"{name!r} as {new!r}" for name, new in zip(head, names, strict=True) if name.strip() != new]
    if renamed:
        notes.append(f"the columns {', '.join(renamed)}")
    return names


def _single(file: Path, table: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Each column once: doubled ones are joined where no row has two texts for it."""
    made = {}
    for name in dict.fromkeys(table.columns):
        columns = table.loc[:, table.columns == name]
        joined = [{cell for cell in row if cell} for row in columns.to_numpy().tolist()]
        wrong = next((number for number, texts in enumerate(joined, start=1) if len(texts) > 1), 0)
        if wrong:
            texts = " and ".join(map(repr, sorted(joined[wrong - 1])))
            cure = "rename one of them, or take it out" if name else "give each a name in the first line"
            raise Problem(f"{file}: there are {columns.shape[1]} columns {name!r}, and row {wrong} has {texts}: {cure}")
        made[name] = [next(iter(texts), "") for texts in joined]
        if columns.shape[1] > 1:
            notes.append(f"the {columns.shape[1]} columns {name!r} as one")
    if not any(made.get("", ["kept"])):
        del made[""]  # commas at the ends of all lines
    return pd.DataFrame(made, dtype=str)
