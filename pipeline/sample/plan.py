"""The planted truth: every factor of every track, dealt so that no factor predicts another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pipeline.sample.modes import KEYS
from pipeline.sample.voices import BY_NAME, VOICES, Voice

CLIP: Final = 30.0  # seconds in the middle of a track that the pipeline hears
LANGUAGES: Final = ("en", "bn")
THEMES: Final = ("river", "rain", "city", "love", "protest", "work", "festival")

# Shares differ a little between the languages and are never 0: a factor must not predict the language.
GENRES: Final[dict[str, dict[str, float]]] = {
    "en": {"pop": 0.23, "rock": 0.22, "folk": 0.18, "hiphop": 0.20, "art": 0.17},
    "bn": {"pop": 0.20, "rock": 0.19, "folk": 0.22, "hiphop": 0.18, "art": 0.21},
}
MODES: Final[dict[str, dict[str, float]]] = {
    "en": {"ionian": 0.17, "dorian": 0.12, "mixolydian": 0.12, "aeolian": 0.16, "pentatonic": 0.12, "bhupali": 0.08,
           "khamaj": 0.07, "bhairavi": 0.05, "bhairav": 0.04, "kalyan": 0.07},
    "bn": {"ionian": 0.12, "dorian": 0.09, "mixolydian": 0.08, "aeolian": 0.12, "pentatonic": 0.10, "bhupali": 0.13,
           "khamaj": 0.11, "bhairavi": 0.09, "bhairav": 0.07, "kalyan": 0.09},
}  # fmt: skip
PALETTES: Final[dict[str, dict[str, dict[str, float]]]] = {  # genre -> palette -> share by language
    "pop": {"epiano-pad": {"en": 0.40, "bn": 0.34}, "epiano-guitar": {"en": 0.36, "bn": 0.32},
            "epiano-harmonium": {"en": 0.24, "bn": 0.34}},
    "rock": {"two-guitars": {"en": 0.42, "bn": 0.36}, "guitar-organ": {"en": 0.34, "bn": 0.32},
             "guitar-dotara": {"en": 0.24, "bn": 0.32}},
    "folk": {"guitar-banjo": {"en": 0.36, "bn": 0.24}, "guitar-flute": {"en": 0.36, "bn": 0.38},
             "dotara-ektara": {"en": 0.28, "bn": 0.38}},
    "hiphop": {"808-epiano": {"en": 0.42, "bn": 0.34}, "808-flute": {"en": 0.33, "bn": 0.33},
               "808-sitar": {"en": 0.25, "bn": 0.33}},
    "art": {"sitar-tabla": {"en": 0.30, "bn": 0.36}, "esraj-tabla": {"en": 0.34, "bn": 0.34},
            "harmonium-flute": {"en": 0.36, "bn": 0.30}},
}  # fmt: skip
TEMPOS: Final = {"pop": (92, 126), "rock": (104, 146), "folk": (84, 128), "hiphop": (76, 104), "art": (66, 98)}
WALTZ: Final = {"pop": 0.12, "rock": 0.12, "folk": 0.4, "hiphop": 0.05, "art": 0.35}  # share of 6/8
MIXED_PER_LANGUAGE: Final = 10 / 90
ROMAN: Final = 8 / 90  # of the Bangla tracks
WITHOUT_LYRICS: Final = 0.08
UNUSUAL: Final = ("mp3", "flac", "stereo", "wav")  # in turn, one track in 25, at least one of each
ARTIST_SIZE: Final = (6, 12)

FIRST: Final = ("Copper", "Paper", "Shapla", "Distant", "Monsoon", "Little", "Kash", "Velvet", "Ferry", "Nodi",
                "Orange", "Midnight", "Shimul", "Tin", "Quiet", "Borsha")  # fmt: skip
SECOND: Final = ("Kingfisher", "Lanterns", "Engine", "Orchard", "Ghat", "Radio", "Harbour", "Mela", "Compass",
                 "Sparrows", "Telegraph", "Pathik", "Workshop", "Tide", "Akash", "Umbrellas")  # fmt: skip


@dataclass(frozen=True)
class Track:
    """The factors of one track."""

    number: int
    id: str
    language: str  # of most lines
    mixing: str  # plain, mixed (some lines of the second language) or roman (Bangla in Latin letters)
    genre: str
    theme: str
    second_theme: str
    tempo: int  # quarter notes a minute
    key: str
    mode: str
    meter: str
    singer: str
    palette: str
    artist: str
    form: str  # ogg, mp3, flac, wav, or stereo (ogg at 44.1 kHz)
    has_lyrics: bool
    seconds: float


@dataclass(frozen=True)
class Artist:
    name: str
    voice: Voice
    style: str  # its favourite genre
    size: int


def stream(seed: int, *key: int) -> np.random.Generator:
    """The random numbers of one purpose, independent of all other purposes."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def tracks(count: int, seed: int) -> tuple[Track, ...]:
    """The factors of `count` tracks."""
    rng = stream(seed, 0)
    slots = [artist for artist in _artists(count, rng) for _ in range(artist.size)]
    languages = _languages(slots, rng)
    factors: dict[int, dict[str, str]] = {}
    for language in LANGUAGES:
        factors |= _factors(language, [i for i, name in enumerate(languages) if name == language], slots, rng)
    forms = _forms(count, rng)
    silent = set(rng.choice(count, round(WITHOUT_LYRICS * count), replace=False).tolist())
    made: list[Track] = []
    for i in rng.permutation(count).tolist():
        number = 1 + sum(track.language == languages[i] for track in made)
        tempo, key, meter, seconds = _tempo_key_meter_seconds(factors[i]["genre"], rng)
        made.append(Track(
            number=len(made), id=f"{languages[i]}_{number:03d}", language=languages[i], **factors[i], tempo=tempo,
            key=key, meter=meter, singer=slots[i].voice.name, artist=slots[i].name, form=forms[i],
            has_lyrics=i not in silent, seconds=seconds,
        ))  # fmt: skip
    return tuple(made)


def _forms(count: int, rng: np.random.Generator) -> list[str]:
    """The file format of each track."""
    unusual = [UNUSUAL[i % len(UNUSUAL)] for i in range(min(max(len(UNUSUAL), count // 25), count))]
    return [str(form) for form in rng.permutation([*unusual, *["ogg"] * (count - len(unusual))])]


def _tempo_key_meter_seconds(genre: str, rng: np.random.Generator) -> tuple[int, str, str, float]:
    low, high = TEMPOS[genre]
    tempo, key = int(rng.integers(low, high + 1)), str(rng.choice(KEYS))
    meter = "6/8" if rng.random() < WALTZ[genre] else "4/4"
    return tempo, key, meter, round(float(rng.uniform(34.1, 35.7)), 2)


def _artists(count: int, rng: np.random.Generator) -> list[Artist]:
    """Artists of 6 to 12 tracks that make up `count`, with the voices and favourite genres dealt in turn."""
    number = max(1, round(count / 9))
    sizes, names = _artist_sizes(count, number, rng), _artist_names(number, rng)
    bilingual = [voice for voice in VOICES if len(voice.languages) == 2]
    monolingual = [voice for voice in VOICES if len(voice.languages) == 1]
    voices = [*(bilingual[i] for i in rng.permutation(len(bilingual))), *monolingual]
    styles = rng.permutation([list(GENRES["en"])[i % 5] for i in range(number)])
    return [Artist(name, voices[i % len(voices)], str(styles[i]), sizes[i]) for i, name in enumerate(names)]


def _artist_sizes(count: int, number: int, rng: np.random.Generator) -> list[int]:
    """Tracks per artist: equal at first, then uneven by moving tracks between random pairs."""
    low, high = ARTIST_SIZE
    sizes = [count // number + (i < count % number) for i in range(number)]
    for _ in range(4 * number):
        giver, taker = rng.integers(number, size=2)
        if giver != taker and sizes[giver] > low and sizes[taker] < high:
            sizes[giver] -= 1
            sizes[taker] += 1
    return sizes


def _artist_names(number: int, rng: np.random.Generator) -> list[str]:
    """Random names; a number follows when all names are used."""
    names = [f"{first} {second}" for first in FIRST for second in SECOND]
    order = [names[i] for i in rng.permutation(len(names))]
    return [order[i % len(order)] + (f" {i // len(order) + 1}" if i >= len(order) else "") for i in range(number)]


def _languages(slots: Sequence[Artist], rng: np.random.Generator) -> list[str]:
    """Half the tracks in each language, and about half the tracks of a bilingual artist."""
    languages: list[str] = []
    for artist in dict.fromkeys(slots):
        allowed = artist.voice.languages
        turn = int(rng.integers(len(allowed)))
        languages += [allowed[(turn + i) % len(allowed)] for i in range(artist.size)]
    free = [i for i in rng.permutation(len(slots)).tolist() if len(slots[i].voice.languages) == 2]
    surplus = languages.count("en") - (len(slots) + 1) // 2
    source, target = ("en", "bn") if surplus > 0 else ("bn", "en")
    for i in free:
        if surplus == 0:
            break
        if languages[i] == source:
            languages[i] = target
            surplus += -1 if surplus > 0 else 1
    return languages


def _factors(
    language: str, places: Sequence[int], slots: Sequence[Artist], rng: np.random.Generator
) -> dict[int, dict[str, str]]:
    """Genre (near the artist's style), palette, mode, themes and mixing of one language's tracks, by place."""
    count = len(places)
    left = {genre: _quota(GENRES[language], count, rng).count(genre) for genre in GENRES[language]}
    modes = _quota(MODES[language], count, rng)
    themes = _quota(dict.fromkeys(THEMES, 1 / len(THEMES)), count, rng)
    mixed = round(MIXED_PER_LANGUAGE * count)
    roman = round(ROMAN * count) if language == "bn" else 0
    mixing = rng.permutation(["mixed"] * mixed + ["roman"] * roman + ["plain"] * (count - mixed - roman))
    chosen: dict[int, dict[str, str]] = {}
    for turn, index in enumerate(rng.permutation(count).tolist()):
        place = places[index]
        weights = {genre: n * (3.0 if genre == slots[place].style else 1.0) for genre, n in left.items()}
        genre = _draw(weights, rng)
        left[genre] -= 1
        palette = _draw({name: share[language] for name, share in PALETTES[genre].items()}, rng)
        second = _draw({theme: 1.0 for theme in THEMES if theme != themes[turn]}, rng)
        chosen[place] = {"genre": genre, "palette": palette, "mode": modes[turn], "theme": themes[turn],
                         "second_theme": second, "mixing": str(mixing[turn])}  # fmt: skip
    return chosen


def _quota(shares: Mapping[str, float], count: int, rng: np.random.Generator) -> list[str]:
    """`count` names in random order, in proportion to their shares up to rounding."""
    exact = {name: share * count for name, share in shares.items()}
    dealt = [name for name, share in exact.items() for _ in range(int(share))]
    rest = sorted(shares, key=lambda name: int(exact[name]) - exact[name])
    dealt += rest[: count - len(dealt)]
    return [dealt[i] for i in rng.permutation(count)]


def _draw(weights: Mapping[str, float], rng: np.random.Generator) -> str:
    names = list(weights)
    share = np.array([weights[name] for name in names])
    return names[int(rng.choice(len(names), p=share / share.sum()))]


def voice(track: Track) -> Voice:
    return BY_NAME[track.singer]
