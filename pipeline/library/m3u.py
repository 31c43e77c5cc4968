"""Playlists as M3U8 that players open: UTF-8, paths relative to the list, a title and a length for each song."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

LONGEST: Final = 80  # letters of a file's name
UNSAFE: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')  # in the name of a file, on some system


@dataclass(frozen=True)
class Entry:
    """A song of a playlist."""

    file: Path
    seconds: float
    artist: str
    title: str


def text(entries: Iterable[Entry], name: str, folder: Path) -> str:
    """The playlist as it lies in `folder`."""
    lines = ["#EXTM3U", f"#PLAYLIST:{one_line(name)}"]
    for entry in entries:
        shown = " - ".join(filter(None, (one_line(entry.artist), one_line(entry.title)))) or entry.file.stem
        lines += [f"#EXTINF:{round(entry.seconds) if entry.seconds > 0 else -1},{one_line(shown)}"]
        lines += [_address(entry.file, folder)]
    return "\n".join(lines) + "\n"


def _address(file: Path, folder: Path) -> str:
    """The path from the list to the song.

    A line that begins with # would be a comment, so each path begins with a dot. A name with a line break, or one
    with a blank at its end or bytes that are no UTF-8, can only be written as an address of the whole path.
    """
    path = Path(os.path.relpath(file, folder)).as_posix()
    if one_line(path) != path or not _is_unicode(path):
        return "file://" + quote(os.fsencode(Path.cwd() / file))
    return path if path.startswith("../") else f"./{path}"


def _is_unicode(path: str) -> bool:
    return path.encode(errors="replace").decode() == path


def one_line(words: str) -> str:
    return " ".join(words.split()) if re.search(r"[\x00-\x1f\x7f\x85\u2028\u2029]|^\s|\s$", words) else words


def file_name(name: str) -> str:
    """The name as that of a file, on any system."""
    plain = " ".join(UNSAFE.sub(" ", name).split())[:LONGEST].strip(". ")
    return plain or "playlist"
