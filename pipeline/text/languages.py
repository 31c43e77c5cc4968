"""The language of each line of a text: Bangla, English, Bangla in Latin letters, or a mix of the two.

The script identifies Bangla. In Latin letters, the likelihood of a word's letters in two lists of common words (en.txt,
bn_latin.txt) and the words beside it separate English from Bangla: many words, such as `more` or `hate`, are in both.
A third language in Latin letters counts as the nearer of the two.
"""

import functools
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, get_args

from pipeline.text.clean import tokens

Language = Literal["bn", "bn_latin", "en", "mixed", "other"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)

MEMORY: Final = 4  # letters before a letter on which its odds depend
SWITCH: Final = 5.0  # nats that a change of language within a line costs
LATIN: Final[tuple[Language, ...]] = ("bn_latin", "en")


def of_lines(text: str) -> Counter[Language]:
    """How many lines of the text are in each language; a line without a word does not count."""
    return Counter(language for line in text.splitlines() if (language := of_line(line)))


def of_line(line: str) -> Language | None:
    """The language of a line: `mixed` for Bangla beside English, None without a word."""
    scripts = [(word, _script(word)) for word in tokens(line)]
    latin = [word for word, script in scripts if script == "latin"]
    counts = Counter[Language](of_words(latin))
    counts["bn"] = sum(script == "bengali" for _, script in scripts)
    counts["other"] = sum(script == "other" for _, script in scripts)
    if not counts.total():
        return None
    if counts["en"] and counts["bn"] + counts["bn_latin"]:
        return "mixed"
    return max(LANGUAGES, key=lambda language: counts[language])  # two scripts of Bangla are not a mix


@functools.cache
def _script(word: str) -> str:
    """The script of a word's first letter; "" for numbers."""
    first = next((char for char in word if char.isalpha()), "")
    name = unicodedata.name(first, "other") if first else ""
    known = {"BENGALI": "bengali", "LATIN": "latin", "": ""}
    return known.get(name.partition(" ")[0], "other")


def of_words(words: Sequence[str]) -> list[Language]:
    """The likeliest language of each Latin word, where each change of language costs SWITCH (Viterbi)."""
    if not words:
        return []
    best: dict[Language, float] = dict.fromkeys(LATIN, 0.0)
    came: list[dict[Language, Language]] = []  # the best language before each word, by the language of the word
    for word in words:
        odds: dict[Language, float] = {"bn_latin": bangla_odds(word), "en": 0.0}
        ahead: dict[Language, float] = {}
        came.append({})
        for language in LATIN:
            before = max(LATIN, key=lambda name: best[name] - SWITCH * (name != language))
            ahead[language] = best[before] - SWITCH * (before != language) + odds[language]
            came[-1][language] = before
        best = ahead
    way = [max(LATIN, key=lambda language: best[language])]
    for before_word in reversed(came[1:]):
        way.append(before_word[way[-1]])
    return way[::-1]


@functools.cache
def bangla_odds(word: str) -> float:
    """How much likelier the letters of a word are in romanised Bangla than in English, in nats."""
    return _log_likelihood(word, "bn_latin") - _log_likelihood(word, "en")


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
    for word in Path(__file__).with_name(f"{language}.txt").read_text(encoding="utf-8").split():
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
