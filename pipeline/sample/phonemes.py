"""What each phoneme asks of the vocal tract: formants, voicing and noise, as parts that follow one another.

Formant frequencies are those of an average long vocal tract; a voice scales them. The values are textbook averages,
rounded, and tuned by looking at spectrograms.
"""

from dataclasses import dataclass, replace
from typing import Final

Formants = tuple[float, float, float]


@dataclass(frozen=True)
class Part:
    """A stretch of one articulation."""

    seconds: float  # of a consonant; a vowel's parts share its note in proportion to this
    formants: Formants
    voice: float = 0.0  # level of the voiced source
    breath: float = 0.0  # level of noise shaped by the vocal tract
    hiss: float = 0.0  # level of noise of its own colour
    centre: float = 4000.0  # of the hiss, hertz
    width: float = 1000.0
    nasal: float = 0.0
    pull: float = 1.0  # 1: the formants are its own, 0: those of the vowel beside it


VOWELS: Final[dict[str, Formants]] = {
    "i": (290, 2290, 3010), "I": (400, 1990, 2600), "e": (430, 2120, 2720), "E": (560, 1840, 2550),
    "ae": (690, 1700, 2450), "a": (700, 1180, 2500), "V": (640, 1190, 2450), "O": (600, 880, 2500),
    "o": (450, 830, 2450), "U": (450, 1080, 2300), "u": (310, 830, 2300), "3": (480, 1350, 1690),
    "@": (500, 1480, 2500),
}  # fmt: skip
GLIDES: Final = {"ai": ("a", "I"), "au": ("a", "U"), "oi": ("O", "I"), "ei": ("e", "i"), "ou": ("o", "u")}

# where the formants point to while the mouth is closed at that place
LIPS: Final[Formants] = (250, 850, 2200)
TEETH: Final[Formants] = (250, 1500, 2700)
RIDGE: Final[Formants] = (250, 1800, 2800)
CURLED: Final[Formants] = (270, 1650, 1950)
PALATE: Final[Formants] = (250, 2200, 2900)
VELUM: Final[Formants] = (260, 1900, 2150)

BURST: Final = {  # place -> centre and width of the release noise in hertz, its level
    LIPS: (900.0, 900.0, 0.22), TEETH: (5600.0, 2600.0, 0.16), RIDGE: (4400.0, 1100.0, 0.42),
    CURLED: (2700.0, 700.0, 0.42), PALATE: (3400.0, 900.0, 0.4), VELUM: (1900.0, 600.0, 0.4),
}  # fmt: skip


def stop(place: Formants, *, voiced: bool, aspirated: bool = False) -> tuple[Part, ...]:
    """Closure (a murmur when voiced), release, and breath when aspirated (with voice in it when voiced)."""
    centre, width, level = BURST[place]
    closure = Part(0.05 if voiced else 0.06, place, voice=0.16 if voiced else 0.0, pull=0.8)
    release = Part(0.012, place, voice=0.2 if voiced else 0.0, hiss=level, centre=centre, width=width, pull=0.7)
    if not aspirated:
        return closure, release, Part(0.008, place, voice=0.5, hiss=level / 4, centre=centre, width=width, pull=0.5)
    breath = Part(0.05, place, voice=0.35 if voiced else 0.0, breath=0.3 if voiced else 0.36, pull=0.25)
    return closure, release, breath


def affricate(*, voiced: bool, aspirated: bool = False) -> tuple[Part, ...]:
    closure = Part(0.045, PALATE, voice=0.16 if voiced else 0.0, pull=0.8)
    rub = Part(0.05, PALATE, voice=0.2 if voiced else 0.0, hiss=0.26, centre=3500, width=1200, pull=0.7)
    breath = Part(0.04, PALATE, voice=0.3 if voiced else 0.0, breath=0.3, pull=0.25)
    return (closure, rub, breath) if aspirated else (closure, rub)


def rubbed(place: Formants, centre: float, width: float, level: float, *, voiced: bool) -> tuple[Part, ...]:
    """A fricative: noise of a colour, over a murmur when voiced."""
    hiss = level * (0.6 if voiced else 1.0)
    voice = 0.3 if voiced else 0.0
    return (Part(0.07 if voiced else 0.09, place, voice=voice, hiss=hiss, centre=centre, width=width, pull=0.7),)


def hum(second: float, third: float) -> tuple[Part, ...]:
    return (Part(0.065, (260, second, third), voice=0.5, nasal=1.0, pull=0.9),)


def glide(formants: Formants, voice: float = 0.7, seconds: float = 0.07) -> tuple[Part, ...]:
    return (Part(seconds, formants, voice=voice, pull=0.9),)


def _vowels() -> dict[str, tuple[Part, ...]]:
    table: dict[str, tuple[Part, ...]] = {name: (Part(1.0, f, voice=1.0),) for name, f in VOWELS.items()}
    for name, (first, second) in GLIDES.items():
        table[name] = Part(0.55, VOWELS[first], voice=1.0), Part(0.45, VOWELS[second], voice=0.95)
    for name in ("a", "o", "i", "u", "e", "ae", "O"):
        table[f"{name}~"] = tuple(replace(part, nasal=0.8) for part in table[name])
    return table


def _stops() -> dict[str, tuple[Part, ...]]:
    """Name, and for the Bangla places also the aspirate."""
    table = {
        "t": stop(RIDGE, voiced=False), "d": stop(RIDGE, voiced=True),
        "ch": affricate(voiced=False), "j": affricate(voiced=True),
        "chh": affricate(voiced=False, aspirated=True), "jh": affricate(voiced=True, aspirated=True),
    }  # fmt: skip
    places = {LIPS: ("p", "b"), TEETH: ("T", "D"), CURLED: ("tt", "dd"), VELUM: ("k", "g")}
    for place, (surd, voiced) in places.items():
        table[surd] = stop(place, voiced=False)
        table[voiced] = stop(place, voiced=True)
        table[f"{surd}h"] = stop(place, voiced=False, aspirated=True)
        table[f"{voiced}h"] = stop(place, voiced=True, aspirated=True)
    return table


PHONES: Final[dict[str, tuple[Part, ...]]] = {
    **_vowels(),
    **_stops(),
    "m": hum(950, 2100), "n": hum(1550, 2600), "ng": hum(2000, 2250),
    "s": rubbed(RIDGE, 6400, 1500, 0.34, voiced=False), "z": rubbed(RIDGE, 6200, 1500, 0.3, voiced=True),
    "sh": rubbed(PALATE, 3500, 1300, 0.26, voiced=False), "zh": rubbed(PALATE, 3400, 1000, 0.3, voiced=True),
    "f": rubbed(LIPS, 6000, 3500, 0.14, voiced=False), "v": rubbed(LIPS, 5500, 3500, 0.1, voiced=True),
    "th": rubbed(TEETH, 6500, 3000, 0.13, voiced=False), "dh": rubbed(TEETH, 5800, 3000, 0.09, voiced=True),
    "h": (Part(0.07, VOWELS["@"], breath=0.38, pull=0.05),),
    "r": glide((380, 1300, 1650)), "l": glide((330, 1150, 2700)),
    "y": glide((280, 2250, 3000)), "w": glide((300, 700, 2200)),
    "R": (Part(0.02, CURLED, voice=0.5, pull=0.7), Part(0.018, CURLED, voice=0.1, pull=0.9),
          Part(0.015, CURLED, voice=0.6, pull=0.4)),
}  # fmt: skip

BREATH_AFTER: Final = Part(0.04, VOWELS["@"], breath=0.34, pull=0.2)  # English p t k before a vowel


def is_vowel(name: str) -> bool:
    return name.rstrip("~") in VOWELS or name in GLIDES
