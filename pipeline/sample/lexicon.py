"""The syllables of every word of the sample lyrics: a lexicon for each language.

`lexicon/en.tsv` holds word and syllables, `lexicon/bn.tsv` word, the same word in Latin letters, and syllables.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).with_suffix("")

# A word may hold an apostrophe (don't) or a hyphen (city-র: an English noun in a Bangla case).
TOKEN: Final = re.compile(r"[A-Za-z\u0980-\u09ff]+(?:['-][A-Za-z\u0980-\u09ff]+)*")


@dataclass(frozen=True)
class Word:
    """A written word and its sounds."""

    text: str
    language: str  # of its pronunciation: en or bn
    syllables: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Lexicon:
    """The words of both languages, by each way of writing them."""

    english: dict[str, Word]
    bangla: dict[str, Word]  # by Bengali script
    roman: dict[str, Word]  # the same words by Latin letters
    spelling: dict[str, str]  # Bengali script -> Latin letters


def pronounce(token: str) -> Word:
    """The word with this spelling: Bangla in Bengali script, else English, else Bangla in Latin letters."""
    key = unicodedata.normalize("NFC", token).lower()
    for table in (lexicon().bangla, lexicon().english, lexicon().roman):
        if key in table:
            return table[key]
    raise KeyError(f"no lexicon has {token!r}; add it to {FOLDER}/en.tsv or bn.tsv")


def words(line: str) -> tuple[Word, ...]:
    """The words of a line in the order they are sung."""
    return tuple(pronounce(token) for token in TOKEN.findall(line))


def romanise(line: str) -> str:
    """The line with its Bangla words in Latin letters, as people type them."""
    return TOKEN.sub(lambda token: lexicon().spelling.get(token[0], token[0]), unicodedata.normalize("NFC", line))


@cache
def lexicon() -> Lexicon:
    """Both tables, read once."""
    english = {text: Word(text, "en", _syllables(sounds)) for text, sounds in _rows("en.tsv")}
    bangla: dict[str, Word] = {}
    roman: dict[str, Word] = {}
    spelling: dict[str, str] = {}
    for text, latin, sounds in _rows("bn.tsv"):
        bangla[text] = Word(text, "bn", _syllables(sounds))
        spelling[text] = latin
        roman.setdefault(latin, bangla[text])  # a few words share their Latin letters, such as পড়ে and পরে: pore
    return Lexicon(english, bangla, roman, spelling)


def _rows(name: str) -> list[list[str]]:
    """The cells of a table, in the one Unicode form that is used everywhere."""
    text = unicodedata.normalize("NFC", (FOLDER / name).read_text(encoding="utf-8"))
    return [line.split("\t") for line in text.splitlines() if line]


def _syllables(sounds: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(syllable.split()) for syllable in sounds.split(" . "))
