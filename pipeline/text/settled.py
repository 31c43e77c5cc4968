"""In which languages a track is, from what its lines are and from what the table of tracks says.

The table wins: lines whose language nothing settles are in the table's, and so is a track whose lyrics are mostly in
another one, which is reported.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pipeline.core import languages
from pipeline.core.languages import UNSURE
from pipeline.text.language import WRITTEN_IN

# Lines of one of these pass for another one: a model of single lines can hardly separate them.
ALIKE: Final = ({"hr", "sr", "bs"}, {"id", "ms"}, {"no", "da"}, {"hi", "ur"})
LATN: Final = "Latn"  # stands behind the code of a language that is written in Latin letters against its custom
MOSTLY: Final = 0.5  # of the lines: a larger share in one other language contradicts the table


@dataclass(frozen=True)
class Contradiction:
    """The lyrics are mostly in another language than the table says."""

    table: str
    heard: str
    share: float  # of the lines


@dataclass(frozen=True)
class Settled:
    """The share of each language in a track, which sum to 1 or, where nothing is known, to 0."""

    shares: dict[str, float]
    contradiction: Contradiction | None = None


def with_letters(heard: Mapping[str, float], written: str) -> dict[str, float]:
    """The shares of the lines, where romanised ones are of the table's language if that has letters of its own.

    Hindi and Bangla are all that can be heard in Latin letters, and lines of other such languages resemble them more
    than they do English.
    """
    table = languages.code(written)
    if not table or table in WRITTEN_IN["LATIN"]:
        return dict(heard)
    shares: dict[str, float] = {}
    for code, share in heard.items():
        into = f"{_base(table)}-{LATN}" if code.endswith(f"-{LATN}") else code
        shares[into] = shares.get(into, 0.0) + share
    return shares


def settled(heard: Mapping[str, float], written: str) -> Settled:
    """From the shares of the lines, as `with_letters` gives them, and the language as the table writes it."""
    table = languages.code(written)
    sure = {code: share for code, share in heard.items() if code != UNSURE}
    if not table:
        total = sum(sure.values())
        return Settled({code: share / total for code, share in sure.items()})
    most = max(sure, key=lambda code: sure[code], default=table)
    if not same(most, table) and sure[most] > MOSTLY:
        return Settled({table: 1.0}, Contradiction(table, most, sure[most]))
    shares: dict[str, float] = {}
    for code, share in (*sure.items(), (table, 1 - sum(sure.values()))):
        into = table if same(code, table) and _base(code) != _base(table) else code
        shares[into] = shares.get(into, 0.0) + share
    return Settled({code: share for code, share in shares.items() if share > 0})


def same(code: str, than: str) -> bool:
    """Whether two codes are of one language, in whatever letters, or of two that lines can hardly separate."""
    bases = {_base(code), _base(than)}
    return len(bases) == 1 or any(bases <= alike for alike in ALIKE)


def _base(code: str) -> str:
    return code.partition("-")[0]
