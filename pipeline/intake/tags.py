"""What the tags of a sound file say, whatever its format: mutagen reads them, this gives them our names."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mutagen
from mutagen.apev2 import APEv2
from mutagen.id3 import ID3

from pipeline.core import languages
from pipeline.intake.big_tags import slim
from pipeline.intake.file_names import one_line
from pipeline.intake.sidecars import LARGEST, without_times

# Our name, and the keys of ID3, MP4, ASF, and of Vorbis and APE, whose case does not count.
KEYS = {
    "title": ("TIT2", "\xa9nam", "Title"),
    "artist": ("TPE1", "\xa9ART", "Author", "Artist", "TPE2", "aART", "AlbumArtist"),
    "album": ("TALB", "\xa9alb", "WM/AlbumTitle", "Album"),
    "genre": ("TCON", "\xa9gen", "WM/Genre", "Genre"),
    "year": ("TDRC", "TDOR", "TYER", "\xa9day", "WM/Year", "Date", "Year", "OriginalDate"),
    "language": ("TLAN", "----:com.apple.iTunes:LANGUAGE", "WM/Language", "Language"),
}
LYRICS = ("USLT", "\xa9lyr", "TXXX:LYRICS", "TXXX:UNSYNCEDLYRICS", "TXXX:UNSYNCED LYRICS", "WM/Lyrics", "Lyrics",
          "UnsyncedLyrics", "----:com.apple.iTunes:LYRICS", "SYLT", "SyncedLyrics")  # fmt: skip
ID3_ALONE = {".mp3", ".aac"}  # ID3 or APE, whose reader in mutagen would look for frames of sound first
BROKEN = "\ufffd"  # stands for bytes that are no UTF-8


@dataclass(frozen=True)
class Tags:
    """What the tags say, "" where nothing; `lyrics` without times."""

    title: str = ""
    artist: str = ""
    album: str = ""
    genre: str = ""
    year: str = ""
    language: str = ""
    lyrics: str = ""


def read(path: Path) -> Tags:
    """The tags of a file; none where it has none or they are broken beyond reading."""
    try:
        tags = _tags(path)
        cells = {name: _cell(tags, name) for name in KEYS}
        lyrics = _lyrics(tags)
    except OSError:
        raise
    except Exception:  # mutagen meets broken tags with errors of many kinds, and a song is worth more than its tags
        return Tags()
    year = re.search(r"\b(1[5-9]|20)\d\d\b", cells["year"])
    language = next(filter(None, map(languages.code, cells["language"].split("; "))), "")
    return Tags(**cells | {"year": year[0] if year else "", "language": language}, lyrics=lyrics)


def _tags(path: Path) -> Any:
    """The tags by key; an empty dictionary where there are none."""
    if path.suffix.lower() in ID3_ALONE:
        with suppress(mutagen.MutagenError):
            return ID3(slim(path))
        with suppress(mutagen.MutagenError):
            return APEv2(path)
        return {}
    with path.open("rb") as file:
        known = mutagen.File(file)
    return {} if known is None or known.tags is None else known.tags


def _values(tags: Any, key: str) -> Iterator[str]:
    """The texts under a key, in any of the forms that mutagen has for them."""
    if hasattr(tags, "getall") and (key.isupper() or key.startswith("TXXX:")):
        values = tags.getall(key)
    else:
        try:
            values = tags[key]
        except (KeyError, ValueError):  # ValueError: a key that this kind of tags cannot have
            values = []
    for value in values if isinstance(values, list) else [values]:
        if key == "TCON":
            yield from value.genres  # "(17)" is Rock
        elif key == "SYLT":
            yield _joined([text for text, _ in value.text])
        elif hasattr(value, "text"):
            yield from map(str, value.text if isinstance(value.text, list) else [value.text])
        elif isinstance(value, bytes):
            yield value.decode("utf-8", errors="replace")
        else:
            yield from str(value).split("\0")


def _joined(pieces: list[str]) -> str:
    """Sung pieces as lines: pieces may be words, and then line breaks are among them."""
    return ("" if any("\n" in piece for piece in pieces) else "\n").join(pieces)


def _cell(tags: Any, name: str) -> str:
    for key in KEYS[name]:
        texts = [one_line(text) for text in _values(tags, key) if BROKEN not in text]
        if text := "; ".join(dict.fromkeys(filter(None, texts))):
            return text
    return ""


def _lyrics(tags: Any) -> str:
    for key in LYRICS:
        for text in _values(tags, key):
            if (words := without_times(text)) and len(words) < LARGEST and any(map(str.isalpha, words)):
                return words
    return ""
