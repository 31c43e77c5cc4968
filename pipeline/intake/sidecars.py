"""Lyrics: texts that lie beside songs, and those of tags, as plain UTF-8 without times."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.core.catalog import TEXTS
from pipeline.intake.file_names import plain
from pipeline.text import clean

LARGEST = 1_000_000  # bytes: the lyrics of one song have some thousand
FOLDERS = frozenset({"lyrics", "text", "texts"})  # where lyrics may lie
TRAILING = re.compile(r"[\s_.-]*[(\[]?lyrics?[)\]]?$")


class Sidecars:
    """The texts of a music folder by their songs: beside them, in a folder `lyrics` there, or in any such folder.

    In the last case the name must be that of a single song.
    """

    def __init__(self, texts: Sequence[Path], songs: Iterable[Path]) -> None:
        self._by_place: dict[tuple[Path | None, str], list[Path]] = defaultdict(list)
        self._songs = Counter(_stem(song.stem) for song in songs)
        for path in texts:
            folder, stem = path.parent, _stem(path.stem)
            self._by_place[folder, stem].append(path)
            if plain(folder.name) in FOLDERS:
                self._by_place[folder.parent, stem].append(path)
            if not FOLDERS.isdisjoint(map(plain, folder.parts)):
                self._by_place[None, stem].append(path)

    def beside(self, song: Path) -> list[Path]:
        """The texts of this song, those with times last."""
        called = dict.fromkeys((_stem(song.stem), _stem(song.name)))  # x.lrc, x.mp3.lrc
        texts = [path for stem in called for path in self._by_place.get((song.parent, stem), [])]
        if not texts and self._songs[_stem(song.stem)] == 1:
            texts = self._by_place.get((None, _stem(song.stem)), [])
        return sorted(texts, key=lambda path: TEXTS.index(path.suffix.lower()))


def _stem(name: str) -> str:
    stem = plain(name)
    return TRAILING.sub("", stem) or stem


def read(path: Path) -> str:
    """The words of a text file; raises clean.Unreadable with the reason where it has none."""
    try:
        if path.stat().st_size > LARGEST:
            raise clean.Unreadable("too large to be the lyrics of a song")
        raw = path.read_bytes()
    except OSError as error:
        raise clean.Unreadable(f"cannot be opened: {error.strerror or error}") from None
    text = _utf_16(raw) or clean.decoded(raw)[0]
    words = without_times(text)
    if not clean.WORD.search(words):
        raise clean.Unreadable("has no word")
    return words


def _utf_16(raw: bytes) -> str:
    """The text of UTF-16 without its mark: every second byte is zero where letters are Latin or lines end."""
    for encoding, zeros in (("utf-16-le", raw[1::2]), ("utf-16-be", raw[0::2])):
        if not raw.startswith(clean.UTF_16) and len(raw) % 2 == 0 and zeros.count(0) > len(zeros) / 10:
            try:
                text = raw.decode(encoding)
            except UnicodeDecodeError:
                continue
            if "\0" not in text:
                return text
    return ""


def without_times(text: str) -> str:
    """Lyrics without the time stamps and the head of .lrc."""
    lines = clean.STAMP.sub("", clean.ABOUT.sub("", text)).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.strip() for line in lines).strip()
