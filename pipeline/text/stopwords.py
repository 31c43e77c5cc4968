"""Words that say little by themselves, such as `the`, `nicht` or `na na`: a list for each of sixty languages.

English, Bangla and Hindi have lists beside this file, the other languages those of the Python package stopwordsiso
(MIT). Where a language has none, or writes no spaces, so that its tokens are pairs of letters, the corpus says which
words are everywhere.
"""

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import stopwordsiso

from pipeline.text.clean import clean, tokens

OWN: Final = {file.stem: file for file in sorted((Path(__file__).parent / "stop").glob("*.txt"))}
SUNG: Final = "sung"  # the list of what is sung in any language
COMPLETE: Final = ("en", "bn-Latn", "hi-Latn")  # whose own list is all: the English one of the package has `fire`
SAME_LIST: Final = {"bs": "hr"}
PARTS: Final = {  # what stands before an apostrophe
    "fr": "l d j m t s n c qu jusqu lorsqu puisqu",
    "it": "l d c m t s v n un all dall dell nell sull quest quell",
    "ca": "l d m t s n",
}
PAIRS: Final = ("ja", "km", "lo", "my", "th", "zh")
EVERYWHERE: Final = 0.5  # of the texts of a language without a list: a word of more of them counts as a stop word
FEW: Final = 10  # texts, of which nothing is everywhere


@functools.cache
def of(code: str) -> frozenset[str]:
    """The stop words of a language, as `clean.tokens` writes words."""
    lists = [OWN[name].read_text(encoding="utf-8").split() for name in (SUNG, code) if name in OWN]
    lists.append(PARTS.get(code, "").split())
    if code not in COMPLETE:
        lists.append(sorted(stopwordsiso.stopwords(SAME_LIST.get(code, code))))
    made = (tokens(clean(word)) for words in lists for word in words)
    return frozenset(word[0] for word in made if len(word) == 1)


def is_one(word: str, code: str) -> bool:
    """Whether a token is a stop word of the language, or is made of such at its apostrophes, as `don't` and `l'un`."""
    return word in of(code) or all(part in of(code) for part in word.split("'"))


def among(words: Sequence[str], texts: Mapping[str, Sequence[str]]) -> list[str]:
    """Those of the words that are stop words in one of the languages, each with its texts."""
    frequent: set[str] = set()
    for code, many in texts.items():
        if code in PAIRS or of(code) == of(""):
            frequent |= everywhere(many)
    return [word for word in words if word and (word in frequent or any(is_one(word, code) for code in texts))]


def everywhere(texts: Sequence[str]) -> set[str]:
    """The tokens that most texts have; none if the texts are few."""
    counts = Counter(word for text in texts for word in set(tokens(text)))
    return {word for word, count in counts.items() if count > EVERYWHERE * len(texts)} if len(texts) >= FEW else set()
