"""Whether words in Latin letters are English, or Bangla or Hindi, from how they are spelt.

The likelihood of a word's letters in lists of common words (in common/) and the words beside it separate the three:
many words, such as `more` or `din`, are in more than one.
"""

import functools
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, get_args

Language = Literal["bn-Latn", "hi-Latn", "en"]
Romanised = Literal["bn-Latn", "hi-Latn"]

COMMON: Final = Path(__file__).parent / "common"  # lists of common words
MEMORY: Final = 4  # letters before a letter on which its odds depend
SWITCH: Final = 5.0  # nats that a change of language within a line costs
LATIN: Final[tuple[Language, ...]] = get_args(Language)
ROMANISED: Final[tuple[Romanised, ...]] = get_args(Romanised)


def of_words(words: Sequence[str]) -> list[Language]:
    """The likeliest language of each Latin word, where each change of language costs SWITCH (Viterbi)."""
    if not words:
        return []
    best: dict[Language, float] = dict.fromkeys(LATIN, 0.0)
    came: list[dict[Language, Language]] = []  # the best language before each word, by the language of the word
    for word in words:
        ahead: dict[Language, float] = {}
        came.append({})
        for language in LATIN:
            before = max(LATIN, key=lambda name: best[name] - SWITCH * (name != language))
            ahead[language] = best[before] - SWITCH * (before != language) + odds(word, language)
            came[-1][language] = before
        best = ahead
    way = [max(LATIN, key=lambda language: best[language])]
    for before_word in reversed(came[1:]):
        way.append(before_word[way[-1]])
    return way[::-1]


@functools.cache
def odds(word: str, language: Language) -> float:
    """How much likelier the letters of a word are in a language than in English, in nats."""
    return _log_likelihood(word, language) - _log_likelihood(word, "en")


def _log_likelihood(word: str, language: str) -> float:
    counts = _counts(language)
    marked = _marked(word)
    return sum(math.log(_chance(marked[max(0, at - MEMORY) : at], marked[at], counts)) for at in range(1, len(marked)))


def _chance(before: str, letter: str, counts: Counter[str]) -> float:
    """P(letter | the letters before it), backing off to fewer letters where the longer run is rare."""
    shorter = _chance(before[1:], letter, counts) if before else 1 / 30
    return (counts[before + letter] + shorter) / (counts[before + "*"] + 1)


@functools.cache
def _counts(language: str) -> Counter[str]:
    """How often each run of letters occurs in the list of words, and (with *) how often any letter follows it."""
    counts: Counter[str] = Counter()
    for word in (COMMON / f"{language}.txt").read_text(encoding="utf-8").split():
        marked = _marked(word)
        for at in range(1, len(marked)):
            for start in range(max(0, at - MEMORY), at + 1):
                counts[marked[start : at + 1]] += 1
                counts[marked[start:at] + "*"] += 1
    return counts


def _marked(word: str) -> str:
    """The word in plain letters between its start and its end."""
    plain = unicodedata.normalize("NFKD", word.lower())
    return f"^{re.sub('[^a-z]', '', plain)}$"
