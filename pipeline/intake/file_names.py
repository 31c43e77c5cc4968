"""What the names of files and folders say: artist and title, and the language where a folder names one."""

import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from pipeline.core import languages

NUMBER = re.compile(  # of a track: "03 x", "3. x", "3 - x", "1-03 x", "CD1 03 x", but not "99 Luftballons"
    r"^(?:(?:cd|disc|disk)\s?\d+[\s._-]+)?(?:\d-)?(?:\d{1,3}(?:[._]\s*|\s+-\s+)|0\d{1,2}\s+|\d\d-)(?=\S)", re.IGNORECASE
)
DASH = re.compile(r"\s+[-\u2013\u2014]\s+")
SHORT = 3  # letters of a code; deeper in the tree, It, No or Am are as likely titles of albums
LONGEST = 300


def artist_and_title(stem: str) -> tuple[str, str]:
    """Of `03 - Nina Simone - Sinnerman`; without a dash, the title alone."""
    spaced = stem if " " in stem else stem.replace("_", " ")
    plain = NUMBER.sub("", spaced.strip()) or spaced
    artist, *rest = DASH.split(plain)
    if not rest:
        return "", one_line(plain)
    return one_line(artist), one_line(NUMBER.sub("", rest[-1]) or rest[-1])


def language(root: Path, path: Path, taken: Sequence[str]) -> str:
    """The code of the language that a folder above the song names.

    A folder that is called like one of `taken`, the artist or the album, names that.
    """
    called = {plain(name) for name in taken}
    for depth, folder in enumerate((root.name, *path.relative_to(root).parts[:-1])):
        name = plain(folder)
        if name in languages.FOLDERS and name not in called and (depth < 2 or len(name) > SHORT):
            return languages.code(name)
    return ""


def plain(name: str) -> str:
    """The name in one spelling, for comparisons."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def one_line(text: str, most: int | None = LONGEST) -> str:
    """The text without line breaks, control characters and bytes that are no letters, for a cell or a message."""
    kept = "".join(" " if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") else char for char in text)
    return " ".join(kept.split())[:most]


def shown(path: Path) -> str:
    """The path in one line, whatever bytes are in it."""
    return one_line(os.fsencode(path).decode("utf-8", errors="backslashreplace"), most=None)
