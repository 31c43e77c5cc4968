"""The languages that the project knows: a code and an English name each, and the other ways in which tables name them.

A code is that of ISO 639-1 where there is one, else of ISO 639-3; `-Latn` behind it says that a language of another
script is written in Latin letters.
"""

import re
from typing import Final

NAMES: Final = {
    "af": "Afrikaans", "am": "Amharic", "ar": "Arabic", "as": "Assamese", "az": "Azerbaijani", "be": "Belarusian",
    "bg": "Bulgarian", "bn": "Bangla", "bn-Latn": "Bangla in Latin letters", "bo": "Tibetan", "bs": "Bosnian",
    "ca": "Catalan", "ceb": "Cebuano", "cs": "Czech", "cy": "Welsh", "da": "Danish", "de": "German", "dv": "Dhivehi",
    "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian",
    "fi": "Finnish", "fr": "French", "ga": "Irish", "gd": "Scottish Gaelic", "gl": "Galician", "gu": "Gujarati",
    "he": "Hebrew", "hi": "Hindi", "hi-Latn": "Hindi in Latin letters", "hr": "Croatian", "ht": "Haitian Creole",
    "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian", "is": "Icelandic", "it": "Italian", "ja": "Japanese",
    "jv": "Javanese", "ka": "Georgian", "kk": "Kazakh", "km": "Khmer", "kn": "Kannada", "ko": "Korean",
    "ku": "Kurdish", "ky": "Kyrgyz", "la": "Latin", "lo": "Lao", "lt": "Lithuanian", "lv": "Latvian",
    "mk": "Macedonian", "ml": "Malayalam", "mn": "Mongolian", "mr": "Marathi", "ms": "Malay", "my": "Burmese",
    "ne": "Nepali", "nl": "Dutch", "no": "Norwegian", "or": "Odia", "pa": "Punjabi", "pl": "Polish", "ps": "Pashto",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "si": "Sinhala", "sk": "Slovak", "sl": "Slovenian",
    "so": "Somali", "sq": "Albanian", "sr": "Serbian", "sv": "Swedish", "sw": "Swahili", "ta": "Tamil", "te": "Telugu",
    "th": "Thai", "tl": "Filipino", "tr": "Turkish", "tt": "Tatar", "uk": "Ukrainian", "ur": "Urdu", "uz": "Uzbek",
    "vi": "Vietnamese", "yi": "Yiddish", "yo": "Yoruba", "zh": "Chinese",
}  # fmt: skip
UNSURE: Final = "unsure"

THREE_LETTERS: Final = {  # ISO 639-3, and 639-2 where that differs
    "af": "afr", "am": "amh", "ar": "ara arb arz", "as": "asm", "az": "aze", "be": "bel", "bg": "bul", "bn": "ben",
    "bo": "bod tib", "bs": "bos", "ca": "cat", "ceb": "ceb", "cs": "ces cze", "cy": "cym wel", "da": "dan",
    "de": "deu ger", "dv": "div", "el": "ell gre", "en": "eng", "es": "spa", "et": "est", "eu": "eus baq",
    "fa": "fas per", "fi": "fin", "fr": "fra fre", "ga": "gle", "gd": "gla", "gl": "glg", "gu": "guj", "he": "heb iw",
    "hi": "hin", "hr": "hrv", "ht": "hat", "hu": "hun", "hy": "hye arm", "id": "ind", "is": "isl ice", "it": "ita",
    "ja": "jpn", "jv": "jav", "ka": "kat geo", "kk": "kaz", "km": "khm", "kn": "kan", "ko": "kor", "ku": "kur",
    "ky": "kir", "la": "lat", "lo": "lao", "lt": "lit", "lv": "lav", "mk": "mkd mac", "ml": "mal", "mn": "mon",
    "mr": "mar", "ms": "msa may", "my": "mya bur", "ne": "nep", "nl": "nld dut", "no": "nor nob nno nb nn",
    "or": "ori", "pa": "pan", "pl": "pol", "ps": "pus", "pt": "por", "ro": "ron rum", "ru": "rus", "si": "sin",
    "sk": "slk slo", "sl": "slv", "so": "som", "sq": "sqi alb", "sr": "srp", "sv": "swe", "sw": "swa", "ta": "tam",
    "te": "tel", "th": "tha", "tl": "tgl fil", "tr": "tur", "tt": "tat", "uk": "ukr", "ur": "urd", "uz": "uzb",
    "vi": "vie", "yi": "yid", "yo": "yor", "zh": "zho chi cmn yue",
}  # fmt: skip
OTHER_NAMES: Final = {  # of each language: in itself, and what else it is called in English
    "ar": ["العربية"], "bg": ["български"], "bn": ["bengali", "বাংলা"],
    "bn-Latn": ["romanised bangla", "romanized bangla", "bn_latin", "banglish"], "ca": ["català"], "cs": ["čeština"],
    "da": ["dansk"], "de": ["deutsch"], "el": ["ελληνικά"], "es": ["español", "castellano", "castilian"],
    "eu": ["euskara"], "fa": ["farsi", "فارسی"], "fi": ["suomi"], "fr": ["français", "francais"], "ga": ["gaeilge"],
    "gd": ["gàidhlig", "gaelic"], "he": ["עברית"], "hi": ["हिन्दी", "हिंदी"],
    "hi-Latn": ["romanised hindi", "romanized hindi", "hinglish"], "hr": ["hrvatski"], "ht": ["haitian", "creole"],
    "hu": ["magyar"], "id": ["bahasa indonesia"], "is": ["íslenska"], "it": ["italiano"], "ja": ["日本語"],
    "ko": ["한국어"], "my": ["myanmar"], "nl": ["nederlands", "flemish"], "no": ["norsk", "bokmål", "nynorsk"],
    "or": ["oriya"], "pa": ["panjabi", "ਪੰਜਾਬੀ"], "pl": ["polski"], "pt": ["português", "portugues"], "ro": ["română"],
    "ru": ["русский"], "sk": ["slovenčina"], "sl": ["slovene", "slovenščina"], "sr": ["српски", "srpski"],
    "sv": ["svenska"], "sw": ["kiswahili"], "ta": ["தமிழ்"], "te": ["తెలుగు"], "th": ["ไทย"],
    "tl": ["tagalog", "pilipino"], "tr": ["türkçe"], "uk": ["українська"], "ur": ["اردو"], "vi": ["tiếng việt"],
    "zh": ["mandarin", "cantonese", "中文", "汉语", "漢語"],
}  # fmt: skip
_CODES: Final = {
    **{name.casefold(): code for code, name in NAMES.items()},
    **{short: code for code, written in THREE_LETTERS.items() for short in written.split()},
    **{called: code for code, written in OTHER_NAMES.items() for called in written},
    **{code.casefold(): code for code in NAMES},
}
# Names by which a folder of songs may be called. Latin is left out: there it is a genre.
FOLDERS: Final = frozenset(_CODES) - {"latin", "lat", "la"}


def code(written: str) -> str:
    """The code of a language that is written as a code, a tag such as `de-AT`, or a name; "" for any other text."""
    plain = " ".join(written.casefold().split())
    tag = re.match(r"([a-z]{2,3})[-_](?:[a-z]{4}[-_]?)?(?:[a-z]{2}|[0-9]{3})?$", plain)
    return _CODES.get(plain, "") or _CODES.get(plain.replace("_", "-"), "") or (_CODES.get(tag[1], "") if tag else "")


def name(code: str) -> str:
    """The English name of a code; what is no code stays as it is."""
    base, _, letters = code.partition("-")
    return NAMES.get(code) or (f"{NAMES[base]} in Latin letters" if base in NAMES and letters == "Latn" else code)
