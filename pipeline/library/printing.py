"""Tables as text for a terminal: columns aligned by how wide letters are drawn."""

import sys
import unicodedata
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

WIDEST = 36  # of a cell


def table(rows: pd.DataFrame) -> str:
    """The table with its head, one line per row."""
    cells = [[str(name) for name in rows], *([cell(value) for value in row] for row in rows.itertuples(index=False))]
    widths = [max(map(width, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(text + " " * (wide - width(text)) for text, wide in zip(row, widths, strict=True)) for row in cells
    ]
    return "\n".join(line.rstrip() for line in lines)


def named(song: Mapping[Hashable, Any]) -> str:
    """Artist and title, as far as they are known."""
    return " - ".join(filter(None, (song["artist"], song["title"]))) or str(song["id"])


def aside(text: str) -> None:
    """A line for the person beside the output, which programs may read."""
    if text:
        print(line(text), file=sys.stderr)


def cell(value: object) -> str:
    """A value in one line and at most WIDEST letters."""
    text = f"{value:.3f}" if isinstance(value, float) else line(str(value))
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 3]}..."


def line(text: str) -> str:
    """The text without anything that would move the cursor."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def width(text: str) -> int:
    """Columns that a terminal needs: none for a mark on a letter, two for an East Asian sign."""
    marks = sum(unicodedata.category(letter) in ("Mn", "Me", "Cf") for letter in text)
    return len(text) - marks + sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
