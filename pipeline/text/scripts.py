"""The script in which words are written, and which scripts put no spaces between words."""

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Final

HAN: Final = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
KANA: Final = "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9d"
THAI: Final = "\u0e01-\u0e3a\u0e40-\u0e4e"
LAO: Final = "\u0e81-\u0ebd\u0ec0-\u0ecf\u0edc-\u0edf"
KHMER: Final = "\u1780-\u17d3\u17d7\u17dc\u17dd"
BURMESE: Final = "\u1000-\u103f\u1050-\u108f\u109a-\u109f\ua9e0-\ua9ef\uaa60-\uaa7f"
UNSPACED: Final = re.compile("|".join(f"[{script}]+" for script in (HAN + KANA, THAI, LAO, KHMER, BURMESE)))

NAMES: Final = {  # of scripts whose first word in Unicode is not their name
    "CJK": "Chinese", "HIRAGANA": "Japanese", "KATAKANA": "Japanese", "HANGUL": "Korean", "MYANMAR": "Burmese",
    "ORIYA": "Odia", "THAANA": "Thaana", "HALFWIDTH": "Japanese", "IDEOGRAPHIC": "Chinese",
}  # fmt: skip


@functools.lru_cache(1 << 14)
def of_letter(character: str) -> str:
    """The first word of a letter's name in Unicode, such as LATIN or CJK; "" for what is no letter."""
    if not character.isalpha():
        return ""
    first = unicodedata.name(character, "OTHER").partition(" ")[0].partition("-")[0]
    return {"FULLWIDTH": "LATIN", "HALFWIDTH": "KATAKANA", "IDEOGRAPHIC": "CJK"}.get(first, first)


def grouped(words: Iterable[str]) -> dict[str, list[str]]:
    """The words of each script. Chinese characters beside kana are Japanese."""
    groups: dict[str, list[str]] = {}
    for word in words:
        scripts = Counter(filter(None, map(of_letter, word)))
        if scripts:
            kana = scripts["HIRAGANA"] + scripts["KATAKANA"]
            groups.setdefault("HIRAGANA" if kana else scripts.most_common(1)[0][0], []).append(word)
    if "HIRAGANA" in groups and "CJK" in groups:
        groups["HIRAGANA"] += groups.pop("CJK")
    return groups


def of_text(text: str) -> str:
    """The name of the script of most letters, such as Latin, Bengali or Japanese; "" where there is no letter."""
    scripts = Counter(filter(None, map(of_letter, text)))
    kana = scripts.pop("HIRAGANA", 0) + scripts.pop("KATAKANA", 0)
    if kana:
        scripts["HIRAGANA"] = kana + scripts.pop("CJK", 0)
    if not scripts:
        return ""
    most = scripts.most_common(1)[0][0]
    return NAMES.get(most, most.capitalize())
