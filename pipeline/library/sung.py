"""What is sung in one new song: the words of a text beside it, else of its tags, as the stages would read them."""

from contextlib import suppress
from pathlib import Path

from pipeline.core.catalog import TEXTS
from pipeline.intake import sidecars, tags
from pipeline.intake.file_names import plain
from pipeline.intake.sidecars import FOLDERS, Sidecars
from pipeline.library.unusable import Unusable
from pipeline.text import clean


def words(song: Path) -> str:
    """The sung words; Unusable with the reason where none are known."""
    why = "no lyrics are known"
    for path in beside(song):
        try:
            return clean.read(sidecars.read(path).encode()).words
        except clean.Unreadable as error:
            why = f"{path.name}: {error}"
    try:
        if lyrics := tags.read(song).lyrics:
            return clean.read(lyrics.encode()).words
    except clean.Unreadable as error:
        why = f"its tags: {error}"
    except OSError as error:
        why = f"its tags cannot be read: {error.strerror}"
    raise Unusable(why)


def beside(song: Path) -> list[Path]:
    """The texts of a song: in its folder, or in a folder `lyrics` there."""
    texts: list[Path] = []
    with suppress(OSError):
        for path in song.parent.iterdir():
            if path.suffix.lower() in TEXTS:
                texts.append(path)
            elif plain(path.name) in FOLDERS and path.is_dir():
                texts += (text for text in path.iterdir() if text.suffix.lower() in TEXTS)
    return Sidecars(texts, [song]).beside(song)


def language(song: Path) -> str:
    """The language that the tags name, "" if they name none."""
    with suppress(OSError):
        return tags.read(song).language
    return ""
