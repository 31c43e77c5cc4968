"""Letters of every script in a figure: fonts that the machine has, Noto first; Latin letters where no font has them."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from anyascii import anyascii
from matplotlib import font_manager
from matplotlib.font_manager import FontEntry

PLAIN = "DejaVu Sans"  # comes with matplotlib, and has Latin, Greek and Cyrillic letters
FAMILIES = ("Noto Sans", "Noto ", "")  # how the names of preferred fonts begin
JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"  # which some scripts are spelt with
NO_GLYPH = {"Cc", "Cf", "Cn", "Co", "Cs"}  # Unicode categories without a picture of their own: controls, unassigned
KANA = range(0x3040, 0x3100)


@dataclass(frozen=True)
class Letters:
    """The installed fonts that a run draws with, and the characters that they have."""

    families: tuple[str, ...]
    files: tuple[str, ...]  # of the families, for a process that has not found them yet
    known: frozenset[int]

    def __call__(self, text: str) -> str:
        """The text as it can be drawn: a word that no font has is written in Latin letters, never as boxes."""
        lines = ["".join(self._shown(letter) for letter in line) for line in _composed(text).split("\n")]
        return "\n".join(" ".join(map(self._word, line.split(" "))) for line in lines)

    def _shown(self, letter: str) -> str:
        if letter.isspace():
            return " "
        if letter in JOINERS:
            return letter if ord(letter) in self.known else ""
        return "" if _is_invisible(letter) else letter

    def _word(self, word: str) -> str:
        if _needs(word) <= self.known:
            return word
        latin = anyascii(word)
        return latin if _needs(latin) <= self.known else ""


def choose_letters(texts: Iterable[str]) -> Letters:
    """Fonts for these texts: matplotlib's own, and installed ones for what it lacks, each for as much as it has."""
    families, files = [PLAIN], []
    known = set(_characters(font_manager.findfont(PLAIN)))
    missing = set().union(*map(_needs, texts)) - known
    fonts = _installed() if missing else []
    for start in FAMILIES:
        candidates = [font for font in fonts if font.name.startswith(start)]
        while missing and (font := _widest(candidates, missing)):
            families.append(font.name)
            files.append(font.fname)
            known |= _characters(font.fname)
            missing -= known
    return Letters(tuple(families), tuple(files), frozenset(known))


def use_files(files: Iterable[str]) -> None:
    """Makes these fonts known to matplotlib; its own list is older than a font that was installed later."""
    listed = {font.fname for font in font_manager.fontManager.ttflist}
    for file in files:
        if file not in listed:
            try:
                font_manager.fontManager.addfont(file)
            except (OSError, RuntimeError, NotImplementedError):  # broken, or a font of bitmaps: passed over
                continue


def _installed() -> list[FontEntry]:
    """Upright fonts; one that draws the same box for all letters is none."""
    use_files(sorted(font_manager.findSystemFonts()))
    fonts = [font for font in font_manager.fontManager.ttflist if Path(font.fname).is_file()]
    return [font for font in fonts if font.style == "normal" and not font.name.startswith("Last Resort")]


def _widest(fonts: list[FontEntry], missing: set[int]) -> FontEntry | None:
    """The font that has most of the missing characters; of equal ones the regular one of the region."""
    region = "JP" if any(letter in KANA for letter in missing) else "SC"

    def place(font: FontEntry) -> tuple[object, ...]:
        return -len(_characters(font.fname) & missing), font.weight != 400, not font.name.endswith(region), font.name

    best = min(fonts, key=place, default=None)
    return best if best and _characters(best.fname) & missing else None


def _composed(text: str) -> str:
    """Accents as part of their letters, which more fonts have."""
    return unicodedata.normalize("NFC", text)


def _needs(text: str) -> set[int]:
    return {ord(letter) for letter in _composed(text) if not letter.isspace() and not _is_invisible(letter)}


def _is_invisible(letter: str) -> bool:
    """Controls, characters of no script, and the selectors of a letter's variants."""
    return unicodedata.category(letter) in NO_GLYPH or unicodedata.name(letter, "").startswith("VARIATION SELECTOR")


@cache
def _characters(file: str) -> frozenset[int]:
    try:
        return frozenset(font_manager.get_font(file).get_charmap())
    except (OSError, RuntimeError):  # a broken font of this machine is passed over
        return frozenset()
