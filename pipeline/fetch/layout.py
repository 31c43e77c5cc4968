"""The place of each source file under data/, where stage `tracks` finds the song, its lyrics and its language."""

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from pipeline.core.catalog import SOUNDS
from pipeline.core.languages import FOLDERS

TABLES = {".csv", ".tsv"}
TEXTS = {".txt", ".lrc"}  # stage `lyrics` removes the times from .lrc
# Folder names that say the kind of the files in them; audio/ and lyrics/ replace them.
KIND_FOLDERS = {"audio", "audios", "songs", "music", "sound", "sounds", "tracks", "mp3", "wav",
                "lyrics", "lyric", "text", "texts"}  # fmt: skip
DEVICE = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(?=\s*(?:\.|$))", re.IGNORECASE)  # Windows reserves these names
MAX_NAME = 180  # bytes; file systems allow 255, and ".part" and numbers need room


def kind_of(path: str) -> str:
    """audio, lyrics or table by the suffix; junk for files that operating systems leave behind; else an empty text."""
    parts, suffix = PurePosixPath(path).parts, PurePosixPath(path).suffix.lower()
    if any(part.startswith(".") or part == "__MACOSX" for part in parts):
        return "junk"
    for kind, suffixes in {"audio": SOUNDS, "lyrics": TEXTS, "table": TABLES}.items():
        if suffix in suffixes:
            return kind
    return ""


@dataclass
class Plan:
    """The place of every file by its number in the source, and the source path of the song at each place."""

    places: dict[int, str] = field(default_factory=dict)
    songs: dict[str, str] = field(default_factory=dict)  # place -> path in the source
    without_song: list[str] = field(default_factory=list)  # texts whose song is missing or has another text


def place(paths: Sequence[str], text_of_song: dict[str, str] | None = None) -> Plan:
    """The places of songs and texts; `text_of_song` holds the texts that a table names, all by their source paths."""
    plan, taken = Plan(), set[str]()
    inner = dict(zip(range(len(paths)), _inner(paths), strict=True))
    order = sorted(range(len(paths)), key=lambda number: (paths[number], number))
    homes = dict[str, str]()  # source path of a song -> its place without audio/ and without suffix
    for number in order:
        if kind_of(paths[number]) == "audio":
            target = _free(f"audio/{inner[number]}", taken)
            plan.places[number], plan.songs[target] = target, paths[number]
            homes.setdefault(paths[number], target.removeprefix("audio/").rpartition(".")[0])
    finder = _SongFinder(paths, inner, homes)
    in_table = {text: homes[song] for song, text in (text_of_song or {}).items() if song in homes}
    for number in sorted(order, key=lambda number: paths[number].lower().endswith(".lrc")):  # .txt first, if both
        if kind_of(paths[number]) == "lyrics":
            home = in_table.get(paths[number]) or finder.home(inner[number])
            if home and f"lyrics/{home}.txt".casefold() not in taken:
                taken.add(f"lyrics/{home}.txt".casefold())
                plan.places[number] = f"lyrics/{home}.txt"
            else:
                plan.without_song.append(paths[number])
    return plan


class _SongFinder:
    """Finds the song of a text: by folder and stem, else by language and stem, else by a stem of one song."""

    def __init__(self, paths: Sequence[str], inner: dict[int, str], homes: dict[str, str]) -> None:
        self.homes: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for number, path in enumerate(paths):
            if path in homes:
                for key in _keys(inner[number]):
                    self.homes[key].add(homes[path])

    def home(self, inner: str) -> str:
        for key in _keys(inner):
            if len(self.homes[key]) == 1:
                return next(iter(self.homes[key]))
        return ""


def _keys(inner: str) -> list[tuple[str, ...]]:
    *folders, _ = (part.casefold() for part in PurePosixPath(inner).parts)
    stem = stem_of(inner)
    return [("path", *folders, stem), ("language", *folders[:1], stem), ("stem", stem)]


def stem_of(name: str) -> str:
    """The stem that a song and its text share: in one spelling, without a trailing word like `lyrics`."""
    stem = unicodedata.normalize("NFC", PurePosixPath(name).stem).casefold().strip()
    return re.sub(r"[\s_.-]*[(\[]?lyrics?[)\]]?$", "", stem) or stem


def _inner(paths: Sequence[str]) -> list[str]:
    """Each path below audio/ or lyrics/: allowed names, no folder that all files share, the language first."""
    split = [[_allowed(part) for part in PurePosixPath(path).parts if part not in ("/", "..", ".")] for path in paths]
    usable = [parts for path, parts in zip(paths, split, strict=True) if kind_of(path) in ("audio", "lyrics", "table")]
    shared = 0
    while usable and all(len(parts) > shared + 1 for parts in usable):
        names = {parts[shared] for parts in usable}
        if len(names) > 1 or next(iter(names)).casefold() in FOLDERS:
            break
        shared += 1
    return ["/".join(_ordered(parts[shared:])) for parts in split]


def _ordered(parts: list[str]) -> list[str]:
    *folders, name = parts or ["_"]
    folders = [part for part in folders if part.casefold() not in KIND_FOLDERS]
    folders = [f"{part}_" if kind_of(part) else part for part in folders]  # a folder must not look like a file
    language = next((part for part in folders if part.casefold() in FOLDERS), None)
    if language:
        folders.remove(language)
        folders.insert(0, language)
    return [*folders, name]


def _allowed(name: str) -> str:
    """The name in a form that every operating system can write, in one spelling."""
    name = unicodedata.normalize("NFC", name)
    name = "".join(char for char in name if unicodedata.category(char) != "Cf")  # joiners and other invisible marks
    name = "".join(char if char.isprintable() and char not in '\\/:*?"<>|' else "_" for char in name)
    name = DEVICE.sub(r"_\1", re.sub(r"^\.", "_", name).rstrip(" .")) or "_"
    if len(name.encode()) > MAX_NAME:
        stem, dot, suffix = name.rpartition(".")
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        name = stem.encode()[: MAX_NAME - 20].decode(errors="ignore").rstrip() + f"_{digest}{dot}{suffix}"
    return name


def _free(place: str, taken: set[str]) -> str:
    """The place, with a number if another file has it; the case of letters does not distinguish files."""
    stem, dot, suffix = place.rpartition(".")
    free, number = place, 2
    while free.casefold() in taken:
        free, number = f"{stem}_{number}{dot}{suffix}", number + 1
    taken.add(free.casefold())
    return free


def shortened(names: Sequence[str], most: int = 3) -> str:
    """The first names, and the number of the others."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def suffix_counts(paths: Sequence[str]) -> str:
    """The number of files of each suffix."""
    counts = Counter(PurePosixPath(path).suffix.lower() or "without suffix" for path in paths)
    return ", ".join(f"{count} {suffix}" for suffix, count in counts.most_common(5))
