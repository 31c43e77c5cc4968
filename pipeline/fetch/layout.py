"""Where each file of a source goes under data/, so that stage `tracks` finds the song, its words and its language."""

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from pipeline.core.catalog import LANGUAGES, SOUNDS

TABLES = {".csv", ".tsv"}
WORDS = {".txt", ".lrc"}  # the second has times in it, which stage `lyrics` takes out
KNOWN = {*LANGUAGES, *LANGUAGES.values()}
# Folders that say what kind of file is in them; their place is taken by audio/ and lyrics/.
KINDS = {
    "audio",
    "audios",
    "songs",
    "music",
    "sound",
    "sounds",
    "tracks",
    "mp3",
    "wav",
    "lyrics",
    "lyric",
    "text",
    "texts",
}
DEVICE = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(?=\s*(?:\.|$))", re.IGNORECASE)  # no name for a file in Windows
LONGEST = 180  # bytes of a name; file systems end at 255, and ".part" and numbers want room


def kind_of(path: str) -> str:
    """audio, lyrics or table by the ending; junk for what systems leave behind; nothing for all else."""
    parts, suffix = PurePosixPath(path).parts, PurePosixPath(path).suffix.lower()
    if any(part.startswith(".") or part == "__MACOSX" for part in parts):
        return "junk"
    for kind, suffixes in {"audio": SOUNDS, "lyrics": WORDS, "table": TABLES}.items():
        if suffix in suffixes:
            return kind
    return ""


@dataclass
class Plan:
    """The place of every file by its number in the source; and which source path is at each place of a song."""

    places: dict[int, str] = field(default_factory=dict)
    songs: dict[str, str] = field(default_factory=dict)  # place -> path in the source
    without_song: list[str] = field(default_factory=list)  # texts whose song is not there, or has another


def planned(paths: Sequence[str], pairs: dict[str, str] | None = None) -> Plan:
    """The places of songs and texts; `pairs` are texts of songs that a table names, by their paths in the source."""
    plan, taken = Plan(), set[str]()
    inner = dict(zip(range(len(paths)), _inner(paths), strict=True))
    order = sorted(range(len(paths)), key=lambda number: (paths[number], number))
    homes = dict[str, str]()  # a song's path in the source -> its place without audio/ and without suffix
    for number in order:
        if kind_of(paths[number]) == "audio":
            place = _free(f"audio/{inner[number]}", taken)
            plan.places[number], plan.songs[place] = place, paths[number]
            homes.setdefault(paths[number], place.removeprefix("audio/").rpartition(".")[0])
    words = _Words(paths, inner, homes)
    named = {text: homes[song] for song, text in (pairs or {}).items() if song in homes}
    for number in sorted(order, key=lambda number: paths[number].lower().endswith(".lrc")):  # .txt first, if both
        if kind_of(paths[number]) == "lyrics":
            home = named.get(paths[number]) or words.home(inner[number])
            if home and f"lyrics/{home}.txt".casefold() not in taken:
                taken.add(f"lyrics/{home}.txt".casefold())
                plan.places[number] = f"lyrics/{home}.txt"
            else:
                plan.without_song.append(paths[number])
    return plan


class _Words:
    """Finds the song of a text: by folder and stem, else by language and stem, else by a stem of one song."""

    def __init__(self, paths: Sequence[str], inner: dict[int, str], homes: dict[str, str]) -> None:
        self.known: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for number, path in enumerate(paths):
            if path in homes:
                for key in _keys(inner[number]):
                    self.known[key].add(homes[path])

    def home(self, inner: str) -> str:
        for key in _keys(inner):
            if len(self.known[key]) == 1:
                return next(iter(self.known[key]))
        return ""


def _keys(inner: str) -> list[tuple[str, ...]]:
    *folders, _ = (part.casefold() for part in PurePosixPath(inner).parts)
    stem = stem_of(inner)
    return [("path", *folders, stem), ("language", *folders[:1], stem), ("stem", stem)]


def stem_of(name: str) -> str:
    """What a song and its words have in common: the stem in one spelling, without a trailing word like `lyrics`."""
    stem = unicodedata.normalize("NFC", PurePosixPath(name).stem).casefold().strip()
    return re.sub(r"[\s_.-]*[(\[]?lyrics?[)\]]?$", "", stem) or stem


def _inner(paths: Sequence[str]) -> list[str]:
    """Each path below audio/ or lyrics/: allowed names, no folders that all share, the language first."""
    split = [[_allowed(part) for part in PurePosixPath(path).parts if part not in ("/", "..", ".")] for path in paths]
    wanted = [parts for path, parts in zip(paths, split, strict=True) if kind_of(path) in ("audio", "lyrics", "table")]
    shared = 0
    while wanted and all(len(parts) > shared + 1 for parts in wanted):
        names = {parts[shared] for parts in wanted}
        if len(names) > 1 or next(iter(names)).casefold() in KNOWN:
            break
        shared += 1
    return ["/".join(_ordered(parts[shared:])) for parts in split]


def _ordered(parts: list[str]) -> list[str]:
    *folders, name = parts or ["_"]
    folders = [f"{part}_" if kind_of(part) else part for part in folders if part.casefold() not in KINDS]  # no file's
    language = next((part for part in folders if part.casefold() in KNOWN), None)
    if language:
        folders.remove(language)
        folders.insert(0, language)
    return [*folders, name]


def _allowed(name: str) -> str:
    """The name as every system can write it, in one spelling."""
    name = unicodedata.normalize("NFC", name)
    name = "".join(char for char in name if unicodedata.category(char) != "Cf")  # joiners and other marks nobody sees
    name = "".join(char if char.isprintable() and char not in '\\/:*?"<>|' else "_" for char in name)
    name = DEVICE.sub(r"_\1", re.sub(r"^\.", "_", name).rstrip(" .")) or "_"
    if len(name.encode()) > LONGEST:
        stem, dot, suffix = name.rpartition(".")
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        name = stem.encode()[: LONGEST - 20].decode(errors="ignore").rstrip() + f"_{digest}{dot}{suffix}"
    return name


def _free(place: str, taken: set[str]) -> str:
    """The place, with a number where another file (whatever the case of its letters) has it."""
    stem, dot, suffix = place.rpartition(".")
    wish, number = place, 2
    while wish.casefold() in taken:
        wish, number = f"{stem}_{number}{dot}{suffix}", number + 1
    taken.add(wish.casefold())
    return wish


def common(names: Sequence[str], most: int = 3) -> str:
    """A few of the names, and how many more there are."""
    told = ", ".join(names[:most])
    return told + (f" and {len(names) - most} more" if len(names) > most else "")


def endings(paths: Sequence[str]) -> str:
    """How many files of each ending, for what is left out."""
    counts = Counter(PurePosixPath(path).suffix.lower() or "no ending" for path in paths)
    return ", ".join(f"{count} {ending}" for ending, count in counts.most_common(5))
