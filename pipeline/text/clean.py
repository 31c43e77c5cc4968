"""Lyrics files as clean text: the sung words alone, in one Unicode form, so that equal words are equal strings.

No other module decodes lyrics or decides which lines are sung.
"""

import functools
import html
import itertools
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pipeline.text.scripts import UNSPACED

MARKS: Final = "".join(chr(code) for code in range(0x300, 0xFFFF) if unicodedata.category(chr(code)) in ("Mn", "Mc"))
# scikit-learn's own pattern cuts Bangla words at their vowel signs, which are marks and no \w. The zero-width
# (non-)joiners hold conjuncts together. An apostrophe belongs to a word only inside it.
WORD: Final = re.compile(rf"\w[\w{MARKS}\u200c\u200d]*(?:'\w[\w{MARKS}\u200c\u200d]*)*")

LETTER: Final = re.compile(rf"[^{MARKS}][{MARKS}]*")

JUNK_SHARE: Final = 0.05  # of characters that no text has; random bytes have over 0.1, a damaged text has a few
MAX_ROUNDS: Final = 50  # of cleaning; lyrics need one or two
END: Final = ("\n",)  # of a block: no line is equal to it, so no run of lines leads over it
UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")

JOINERS: Final = "\u200c\u200d"
VIRAMA: Final = 9  # the combining class of the sign that joins two consonants
ONE_SHAPE: Final = str.maketrans("‘’‚‛ʼʻ＇´`“”„‟", "'''''''''" + '""""')  # signs that keyboards choose, not singers

STAMP: Final = re.compile(r"[\[<]\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?[\]>]")  # .lrc: when a line or a word is sung
ABOUT: Final = re.compile(
    r"^\s*\[(?:ti|ar|al|au|by|re|ve|la|lang|id|length|offset|tool|lr|#)\s*:[^\]\n]*\]\s*$", re.IGNORECASE | re.MULTILINE
)  # .lrc: [ar:Name]
BREAK: Final = re.compile(r"<(?:br|p|/p|div|/div)\b[^<>\n]{0,80}>", re.IGNORECASE)
TAG: Final = re.compile(r"</?[a-z][^<>\n]{0,80}>", re.IGNORECASE)

_PLAIN: Final = r"chorus|verse|refrain|intro|outro|pre-?\s?chorus|কোরাস|ধুয়া|অন্তরা|স্থায়ী"
_NAMES: Final = unicodedata.normalize(
    "NFC",
    rf"{_PLAIN}|post-?\s?chorus|hook|bridge|break(?:down)?|interlude|instrumental|solo|coda|ending|repeat|stanza|rap"
    r"|couplet|antara|sthayi|asthayi|mukhra|sanchari|abhog|dhuya|dhua|আস্থায়ী|মুখড়া|সঞ্চারী|আভোগ|স্তবক|ভূমিকা|অংশ"
    r"|मुखड़ा|अंतरा|कोरस",
)
_TIMES: Final = r"(?:[x×]\s?\d{1,2}|\d{1,2}\s?[x×])"
_AGAIN: Final = rf"(?:{_TIMES}|\d{{1,2}}\s?(?:বার|times)|repeat(?:\s{_TIMES})?|bis)"
_NUMBER: Final = r"(?:\s?[#:.-]?\s?(?:\d{1,2}|[ivx]{1,4}))?"
_SECTION: Final = rf"(?:{_NAMES}){_NUMBER}"
_FLAGS: Final = re.IGNORECASE | re.MULTILINE
REPEAT: Final = re.compile(rf"[ ]*[(\[]\s?{_AGAIN}\s?[)\]]|(?:(?<=\s)|^){_TIMES}$", _FLAGS)  # "la la (x2)", "la la ×২"
SECTION: Final = re.compile(
    rf"^(?:\[[^\]\n]{{0,60}}\](?=$)|\[{_SECTION}\b[^\]\n]{{0,60}}\]|\({_SECTION}(?:\s?:[^)\n]{{0,40}})?\)|{_SECTION}\s?:|(?:{_PLAIN})(?:\s?\d{{1,2}})?(?=$))",
    _FLAGS,
)


class Unreadable(Exception):
    """The message is the reason why a file has no words."""


@dataclass(frozen=True)
class Text:
    """The clean words of a file, and a note on how they were decoded ("" for plain Unicode)."""

    words: str
    note: str


def read(raw: bytes) -> Text:
    """The sung words in the bytes of a lyrics file; raises Unreadable with the reason where there are none."""
    if not raw.strip():
        raise Unreadable("the file is empty")
    text, note = decoded(raw)
    words = clean(text)
    if not WORD.search(words):
        raise Unreadable("no word in it, only signs")
    return Text(words, note)


def plain(raw: bytes) -> str:
    """All that the file says, in one Unicode form; "" where it is no text."""
    try:
        return unicodedata.normalize("NFC", decoded(raw)[0]).strip()
    except Unreadable:
        return ""


def decoded(raw: bytes) -> tuple[str, str]:
    """The text of these bytes and a note: UTF-8, else UTF-16 where its mark says so, else line by line.

    There a line that is not UTF-8 is read as Windows-1252: pasted files mix the two.
    """
    if raw.startswith(UTF_16):
        return _text(raw.decode("utf-16", errors="replace")), ""
    if b"\x00" in raw:
        raise Unreadable("binary: it holds zero bytes (if it is UTF-16 without its mark, save it as UTF-8)")
    try:
        return _text(raw.decode("utf-8-sig")), ""
    except UnicodeDecodeError:
        lines = [_line(line) for line in raw.removeprefix(b"\xef\xbb\xbf").splitlines()]
        old = sum(not utf_8 for _, utf_8 in lines)
        return _text("\n".join(line for line, _ in lines)), f"{old} of {len(lines)} lines not UTF-8: as Windows-1252"


def _line(raw: bytes) -> tuple[str, bool]:
    try:
        return raw.decode("utf-8"), True
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace"), False


def _text(text: str) -> str:
    """`text`, unless too many of its characters occur in no text."""
    junk = sum(_junk(char) for char in text)
    if junk > JUNK_SHARE * len(text):
        raise Unreadable(f"binary: {junk} of {len(text)} characters occur in no text")
    return text


def _junk(char: str) -> bool:
    return char == "\ufffd" or (unicodedata.category(char) in ("Cc", "Cn", "Co", "Cs") and not char.isspace())


def clean(text: str) -> str:
    """The sung words alone: their lines, and one empty line between blocks. Cleaning twice changes nothing.

    Time stamps, section and repeat marks, HTML and invisible characters go ("(x2)" does not say what is repeated, so it
    is not written out). The steps repeat, since what a step removes may have hidden something from an earlier step.
    """
    for _ in range(MAX_ROUNDS):
        cleaner = functools.reduce(lambda made, step: step(made), STEPS, text)
        if cleaner == text:
            return text
        text = cleaner
    raise Unreadable(f"marks within marks, over {MAX_ROUNDS} deep, as no lyrics have them")


def _unicode(text: str) -> str:
    """NFC (which writes ড় always as ড and a nukta), one apostrophe, ৎ as one letter, no invisible characters."""
    text = text.translate(ONE_SHAPE).replace("\u09a4\u09cd\u200d", "\u09ce")
    if text.isascii() and text.isprintable():
        return text
    kept = [char for place, char in enumerate(text) if _visible(char) or _joins(text, place)]
    return unicodedata.normalize("NFC", "".join(kept))


def _visible(char: str) -> bool:
    return char == "\n" or unicodedata.category(char) not in ("Cc", "Cf", "Cs")


def _joins(text: str, place: int) -> bool:
    """Whether the character is a joiner beside a virama (ক্‌ষ, র‍্যাব) or, as Persian has it, between two letters."""
    if text[place] not in JOINERS or not 0 < place < len(text) - 1:
        return False
    before, after = text[place - 1], text[place + 1]
    if unicodedata.combining(before) == VIRAMA or unicodedata.combining(after) == VIRAMA:
        return True
    return text[place] == "\u200c" and all("\u0600" <= char <= "\u06ff" for char in (before, after))


def _spaces(text: str) -> str:
    """One space between words, one empty line between blocks."""
    lines = "\n".join(" ".join(line.split()) for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


STEPS: Final[tuple[Callable[[str], str], ...]] = (
    html.unescape,
    functools.partial(BREAK.sub, "\n"),
    functools.partial(TAG.sub, ""),
    _spaces,
    _unicode,
    functools.partial(ABOUT.sub, ""),
    functools.partial(STAMP.sub, ""),
    _spaces,
    functools.partial(REPEAT.sub, ""),
    functools.partial(SECTION.sub, "\n"),
    _spaces,
)


def tokens(text: str) -> list[str]:
    """The words in lower case, in order; pairs of letters where a script puts no spaces between words."""
    words = WORD.findall(text.lower())
    return words if text.isascii() else [token for word in words for token in _pairs(word)]


def _pairs(word: str) -> list[str]:
    """The word, or what lies around its runs of unspaced letters and each two neighbours within them."""
    if not UNSPACED.search(word):
        return [word]
    parts, end = [], 0
    for run in UNSPACED.finditer(word):
        parts += [word[end : run.start()]]
        letters = LETTER.findall(run.group())
        parts += [first + second for first, second in itertools.pairwise(letters)] or letters
        end = run.end()
    return [part for part in (*parts, word[end:]) if WORD.search(part)]


def folded(text: str) -> str:
    """The text without the repetitions of blocks of two or more lines, such as a chorus.

    Blocks lie between empty lines, or are runs of lines within them. Case and punctuation do not matter.
    """
    earlier = _Earlier([], {})
    pieces = [piece for block in text.split("\n\n") for piece in _new(block.split("\n"), earlier)]
    return "\n\n".join(pieces)


@dataclass(frozen=True)
class _Earlier:
    """The lines so far, as words, and the first place of each pair of neighbours among them."""

    lines: list[tuple[str, ...]]
    pairs: dict[tuple[tuple[str, ...], tuple[str, ...]], int]


def _new(block: list[str], earlier: _Earlier) -> list[str]:
    """The pieces of a block around the runs of lines that repeat earlier ones."""
    lines = [tuple(tokens(line)) for line in block]
    pieces: list[list[str]] = [[]]
    place = 0
    while place < len(block):
        run = _repeated(lines[place:], earlier)
        if run < 2:
            if pieces[-1]:
                earlier.pairs.setdefault((lines[place - 1], lines[place]), len(earlier.lines) - 1)
            earlier.lines.append(lines[place])
            pieces[-1].append(block[place])
            place += 1
        else:
            place += run
            earlier.lines.append(END)
            pieces.append([])
    earlier.lines.append(END)
    return ["\n".join(piece) for piece in pieces if piece]


def _repeated(ahead: list[tuple[str, ...]], earlier: _Earlier) -> int:
    """How many of the lines ahead repeat earlier lines in a row."""
    first = earlier.pairs.get((ahead[0], ahead[1])) if len(ahead) > 1 else None
    if first is None:
        return 0
    run = 2
    while run < len(ahead) and first + run < len(earlier.lines) and ahead[run] == earlier.lines[first + run]:
        run += 1
    return run
