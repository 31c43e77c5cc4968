"""The files of a music folder: songs and texts, each once, and what is left out with its reason."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.core.catalog import SOUNDS, TEXTS

MACOS = "holds what macOS notes about another file, and no sound"
HIDDEN, HIDDEN_FOLDER = "is hidden", "is a hidden folder"
HARMLESS = (MACOS, HIDDEN, HIDDEN_FOLDER)


@dataclass(frozen=True)
class Sighting:
    """A file as it was when the folder was walked."""

    path: Path
    size: int
    changed: int  # nanoseconds since 1970


@dataclass
class Walk:
    """What lies in a folder and all folders below it, by path."""

    songs: list[Sighting] = field(default_factory=list)
    texts: list[Path] = field(default_factory=list)
    left_out: dict[Path, str] = field(default_factory=dict)  # path -> reason


def walked(root: Path) -> Walk:
    """Everything below `root`. Links are followed, each folder is entered once, and what is hidden is passed by."""
    walk, entered = Walk(), set[tuple[int, int]]()
    ahead = [root]
    while ahead:
        folder = ahead.pop()
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in entered:
                continue  # a link that leads back
            entered.add((status.st_dev, status.st_ino))
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            walk.left_out[folder] = failure(error)
            continue
        ahead += reversed(list(_folders(entries, walk)))
    return walk


def _folders(entries: list[os.DirEntry[str]], walk: Walk) -> Iterator[Path]:
    """The folders among the entries; files go into the walk."""
    for entry in entries:
        path = Path(entry.path)
        kind = path.suffix.lower()
        try:
            status = entry.stat()
        except OSError as error:
            if kind in SOUNDS:
                walk.left_out[path] = failure(error)
            continue
        if stat.S_ISDIR(status.st_mode):
            if entry.name.startswith(".") or entry.name == "__MACOSX":
                walk.left_out[path] = HIDDEN_FOLDER
            else:
                yield path
        elif kind in SOUNDS:
            if entry.name.startswith("."):
                walk.left_out[path] = MACOS if entry.name.startswith("._") else HIDDEN
            elif stat.S_ISREG(status.st_mode):
                walk.songs.append(Sighting(path, status.st_size, status.st_mtime_ns))
            else:
                walk.left_out[path] = "is no file"
        elif kind in TEXTS and stat.S_ISREG(status.st_mode) and not entry.name.startswith("."):
            walk.texts.append(path)


def failure(error: OSError) -> str:
    """Why the system did not open a file, as the end of a sentence that begins with its name."""
    if isinstance(error, FileNotFoundError):
        return "is gone: it vanished while the folder was read, or is a link to nothing"
    return f"cannot be opened: {error.strerror or error}"
