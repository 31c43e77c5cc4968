"""The grammar of the sample lyrics: lines with slots, by theme, and the words that fit each slot.

`frames/<language>.txt` has sections: `[river]` lines of a theme, `[river chorus]` lines for its chorus alone,
`[river mixed]` lines with words of the other language among them, `[river titles]`. `{boat} = boat | ferry` are the
words for a slot.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

FOLDER: Final = Path(__file__).with_suffix("")
SLOT: Final = re.compile(r"\{(\w+)\}")
HEADING: Final = re.compile(r"\[([\w ]+)\]")
CHOICE: Final = re.compile(r"\{(\w+)\} = (.+)")


@dataclass(frozen=True)
class Grammar:
    """What can be sung in one language."""

    frames: dict[str, tuple[str, ...]]  # by section, such as "river" or "river mixed"
    slots: dict[str, tuple[str, ...]]

    def fill(self, frame: str, rng: np.random.Generator) -> str:
        """The frame with a word in each slot; no word comes twice in a line."""
        taken: set[str] = set()
        while slot := SLOT.search(frame):
            free = [word for word in self.slots[slot[1]] if word not in taken]
            word = free[int(rng.integers(len(free)))]
            taken.add(word)
            frame = frame[: slot.start()] + word + frame[slot.end() :]
        return frame


@cache
def grammar(language: str) -> Grammar:
    """The grammar in `frames/<language>.txt`, read once."""
    text = unicodedata.normalize("NFC", (FOLDER / f"{language}.txt").read_text(encoding="utf-8"))
    frames: dict[str, list[str]] = {}
    slots: dict[str, tuple[str, ...]] = {}
    section: list[str] = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        if heading := HEADING.fullmatch(line):
            section = frames.setdefault(heading[1], [])
        elif choice := CHOICE.fullmatch(line):
            slots[choice[1]] = tuple(choice[2].split(" | "))
        else:
            section.append(line)
    return Grammar({name: tuple(lines) for name, lines in frames.items()}, slots)
