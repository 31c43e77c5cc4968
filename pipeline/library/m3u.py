"""Playlists as M3U8 that players open: UTF-8, paths relative to the list, a title and a length for each song."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

LONGEST: Final = 80  # letters of a file's name
HEAVIEST: Final = 200  # bytes of it: systems take 255, and an ending is added
UNSAFE: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')  # in the name of a file, on some system
ADDRESS: Final = re.compile(r"[#?]|%[0-9A-Fa-f]{2}")  # VLC reads these in a path as parts of an address, mpv as letters


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
        shown = " - ".join(filter(None, (one_line(entry.artist), one_line(entry.title)))) or _readable(entry.file.stem)
        lines += [f"#EXTINF:{round(entry.seconds) if entry.seconds > 0 else -1},{one_line(shown)}"]
        lines += [_address(entry.file, folder)]
    return "\n".join(lines) + "\n"


def _address(file: Path, folder: Path) -> str:
    """The path from the list to the song.

    Each begins with a dot, so that none is read as a comment or as an option. A name with a line break, with a blank
    at its end, with bytes that are no UTF-8, or with what some players take for an address, can only be written as
    an address of the whole path.
    """
    path = Path(os.path.relpath(file, folder)).as_posix()
    if one_line(path) != path or not _is_unicode(path) or ADDRESS.search(path):
        return "file://" + quote(os.fsencode(Path.cwd() / file))
    return path if path.startswith("../") else f"./{path}"


def _is_unicode(path: str) -> bool:
    return os.fsencode(path).decode(errors="replace") == path


def _readable(name: str) -> str:
    """The name of a file, which need not be UTF-8, in one line."""
    return one_line(os.fsencode(name).decode(errors="replace"))


def one_line(words: str) -> str:
    return " ".join(words.split()) if re.search(r"[\x00-\x1f\x7f\x85\u2028\u2029]|^\s|\s$", words) else words


def file_name(name: str) -> str:
    """The name as that of a file, on any system."""
    plain = " ".join(UNSAFE.sub(" ", name).split())[:LONGEST]
    plain = plain.encode()[:HEAVIEST].decode(errors="ignore").strip(". ")
    return plain or "playlist"
