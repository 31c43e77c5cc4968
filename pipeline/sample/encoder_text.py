"""The text that the sample's encoder learns from: short documents about two themes, in both languages at once.

The grammar is the one of the songs, so single lines come back; the documents are drawn with random numbers of their own
and differ from songs in form (no verse, no chorus, no line twice on purpose, nearly every line in two languages).
"""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

import numpy as np

from pipeline.sample.frames import grammar
from pipeline.sample.lexicon import romanise
from pipeline.sample.plan import LANGUAGES, THEMES, stream

PURPOSE: Final = 6  # of the random numbers; 0 to 5 are those of songs
LINES: Final = (4, 8)
MAIN: Final = 0.75  # of the lines
SECOND: Final = 0.10  # the rest is generic
WOVEN: Final = 0.75  # of the lines; without them the languages stay apart (reports/log.md)
MANNERS: Final = ("en", "bn", "roman", "mixed")  # of the other lines, in equal shares; mixed ones stand in the grammar
RUN: Final = 3  # words that a woven line has at most of one language before it turns to the other
ROMAN_RUNS: Final = 0.5  # of the Bangla runs of a woven line
ROMAN_MIXED: Final = 0.4  # of the mixed lines of the Bangla grammar


def documents(count: int, seed: int) -> list[str]:
    """`count` documents of a few lines each."""
    rng = stream(seed, PURPOSE)
    return [_document(rng) for _ in range(count)]


def _document(rng: np.random.Generator) -> str:
    """Most lines are about one theme, some about another or none."""
    main, second = rng.permutation(len(THEMES))[:2]
    themes = (THEMES[main], THEMES[second], "generic")
    shares = (MAIN, SECOND, 1 - MAIN - SECOND)
    about = rng.choice(len(themes), int(rng.integers(LINES[0], LINES[1] + 1)), p=shares)
    return "\n".join(_line(themes[which], rng) for which in about)


def _line(theme: str, rng: np.random.Generator) -> str:
    if rng.random() < WOVEN:
        return woven(_plain(theme, "en", rng), _plain(theme, "bn", rng), rng)
    manner = _one(MANNERS, rng)
    if manner == "mixed":
        return _mixed(theme, rng)
    return romanise(_plain(theme, "bn", rng)) if manner == "roman" else _plain(theme, manner, rng)


def _plain(theme: str, language: str, rng: np.random.Generator) -> str:
    """A line of the theme's verses or chorus."""
    rules = grammar(language)
    return rules.fill(_one([*rules.frames[theme], *rules.frames.get(f"{theme} chorus", ())], rng), rng)


def _mixed(theme: str, rng: np.random.Generator) -> str:
    """A line that is mixed in the grammar itself."""
    language = _one(LANGUAGES, rng)
    rules = grammar(language)
    line = rules.fill(_one(rules.frames[f"{theme} mixed"], rng), rng)
    return romanise(line) if language == "bn" and rng.random() < ROMAN_MIXED else line


def woven(english: str, bangla: str, rng: np.random.Generator) -> str:
    """A line that turns from the one to the other every few words; some of the Bangla ones in Latin letters."""
    pieces = (_runs(english, rng), [romanise(run) if rng.random() < ROMAN_RUNS else run for run in _runs(bangla, rng)])
    turn = int(rng.integers(2))
    said = [pair[(turn + place) % 2] for place, pair in enumerate(zip_longest(*pieces, fillvalue=""))]
    return " ".join(filter(None, said))


def _runs(line: str, rng: np.random.Generator) -> list[str]:
    """The line in pieces of one to `RUN` words."""
    words = line.split()
    runs: list[str] = []
    while words:
        size = int(rng.integers(1, RUN + 1))
        runs.append(" ".join(words[:size]))
        del words[:size]
    return runs


def _one(choices: Sequence[str], rng: np.random.Generator) -> str:
    return choices[int(rng.integers(len(choices)))]
